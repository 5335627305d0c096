"""What a wallet says became of the copies it was sent (OpenID4VCI 1.0 section 11)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Message, read_json
from madang.core.protocol.oid4vci.errors import invalid_notification_request


class Event(StrEnum):
    """What became of all copies of one answer."""

    ACCEPTED = "credential_accepted"
    FAILURE = "credential_failure"
    DELETED = "credential_deleted"


class NotificationRequest(Message):
    """A notification (section 11.1)."""

    notification_id: Annotated[str, Field(min_length=1, max_length=256)]
    event: Annotated[Event, Field(strict=False)]
    event_description: (
        Annotated[str, StringConstraints(pattern=r"^[ !#-\[\]-~]*$", max_length=1_000)] | None
    ) = None


def parse_notification(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> NotificationRequest:
    """Read a notification; unknown members are ignored.

    Raises:
        CredentialError: invalid_notification_request.
    """
    return read_json(NotificationRequest, data, limits, invalid_notification_request)
