"""What is known of an issued copy, and how its status may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from issuer.sources.model import PersonId
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.core.status import token_status_list

RecordId = NewType("RecordId", str)


class Status(StrEnum):
    """Status of a certificate."""

    VALID = "valid"
    INVALID = "invalid"
    SUSPENDED = "suspended"


VALUES: Mapping[Status, int] = MappingProxyType(
    {
        Status.VALID: token_status_list.VALID,
        Status.INVALID: token_status_list.INVALID,
        Status.SUSPENDED: token_status_list.SUSPENDED,
    }
)
"""Value of each status in the lists (draft-ietf-oauth-status-list section 7.1)."""


class Reason(StrEnum):
    """Why an officer changed a status."""

    HOLDER_REQUEST = "holder_request"
    LOST_DEVICE = "lost_device"
    FACTS_CHANGED = "facts_changed"
    ISSUED_IN_ERROR = "issued_in_error"
    UNDER_INQUIRY = "under_inquiry"
    INQUIRY_CLOSED = "inquiry_closed"
    REISSUE = "reissue"


EMERGENCIES = frozenset({Reason.LOST_DEVICE, Reason.ISSUED_IN_ERROR})
"""Reasons for which all copies change in the next list, though that links them: somebody else
may hold the keys, or it was never true."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy's status stands.

    Attributes:
        number: of the list, from 1.
        index: in the list.
    """

    number: int
    index: int


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of one copy's published status.

    Attributes:
        place: where it stands.
        status: the new one.
        due: epoch seconds from when on lists show it.
    """

    place: Place
    status: Status
    due: int


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """One issued copy; no claim is kept.

    Attributes:
        id: opaque; also the key of its log entry.
        batch: opaque; the same for all copies of one issue.
        digest: SHA-256 of the issuer-signed JWT.
        holder: thumbprint of the holder key.
        person: key in the municipality's register.
        type_id: the certificate type.
        identity: whether the copy proves identity, so that others may be bound to its key.
        level: level of the proofing behind it.
        place: where its status stands.
        status: now; what the lists show follows within a bound.
        expires_at: epoch seconds.
    """

    id: RecordId
    batch: str
    digest: bytes
    holder: str
    person: PersonId
    type_id: TypeId
    identity: bool
    level: IdentityLevel
    place: Place
    status: Status
    expires_at: int

    def holds(self, now: int) -> bool:
        """Tell whether the copy is valid now."""
        return self.status is Status.VALID and now < self.expires_at


class UnknownCredential(LookupError):  # noqa: N818 - a state of the records
    """This municipality issued no such certificate; another one may have."""


class StatusFinal(ValueError):  # noqa: N818 - a state of the record
    """An invalid certificate stays invalid."""


class NotReplaced(ValueError):  # noqa: N818 - a state of the records
    """No valid certificate of the same person and type is named that takes the place of this."""


class NoSuchList(LookupError):  # noqa: N818 - a state of the lists
    """No status list of this number."""


class NoHistory(ValueError):  # noqa: N818 - a state of the lists
    """A list as it was at another time is not told."""


class NoSuchForm(ValueError):  # noqa: N818 - a state of the lists
    """A list has none of the forms that the reader accepts."""
