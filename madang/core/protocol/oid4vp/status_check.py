"""Verification step 7: the status of presented credentials (Token Status List section 8.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from madang.core.envelope import cose, jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import SignatureChecker, checker_for
from madang.core.protocol.oid4vp import verdict
from madang.core.protocol.oid4vp.verdict import StatusReference, StatusSource, Step, StepFailure
from madang.core.status import identifier_list, token_cwt, token_jwt
from madang.core.status.errors import StatusError
from madang.core.status.identifier_list import IdentifierList
from madang.core.status.token import ListClaims
from madang.core.status.token_status_list import (
    INVALID,
    MAX_BYTES,
    SUSPENDED,
    VALID,
    StatusList,
)
from madang.core.trust.foreign import ForeignAnchors
from madang.core.trust.model import TrustList
from madang.core.trust.registry import TrustError

Statuses: TypeAlias = StatusList | IdentifierList


@dataclass(frozen=True, slots=True)
class AgedList:
    """A list that should have been fetched again and could not be.

    Attributes:
        statuses: the list; it has not expired.
        age: seconds since it was fetched.
    """

    statuses: Statuses
    age: int


StatusLookup: TypeAlias = Statuses | AgedList | StatusError
"""A list that can be relied upon, the same without news of it, or why there is none."""

UNREACHABLE = "status_list_unreachable"
UNKNOWN = "status_unknown"

_CLAUSE = "Token Status List 8.3"
_WORDS = {
    INVALID: (verdict.REVOKED, "the credential is revoked"),
    SUSPENDED: (verdict.SUSPENDED, "the credential is suspended"),
}


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """A list that its issuer signed.

    Attributes:
        token: the claims around it.
        statuses: the list.
        size: bytes that it takes, about.
    """

    token: ListClaims
    statuses: Statuses
    size: int


def read_status_list(
    data: bytes,
    source: StatusSource,
    *,
    media_type: str,
    trust: TrustList,
    now: int,
    max_bytes: int = MAX_BYTES,
) -> VerifiedList | StatusError:
    """Verify a fetched list for the credentials of one issuer and type.

    Args:
        data: as fetched from ``source.uri``.
        source: whose list it must be.
        media_type: the form: a status list as JWT or as CWT, or an identifier list.
        trust: who attests what; the list's chain must lead where the credential's does, or to the
            anchor that the source names.
        now: seconds since 1970.
        max_bytes: largest list, also when unpacked.
    """

    def checker(chain: Sequence[bytes]) -> SignatureChecker:
        if source.anchor is not None:
            return checker_for(ForeignAnchors((source.anchor,)).validated(chain, now=now).key)
        # Of an issuer that was removed, what it issued before still counts, and so do its lists.
        key = trust.issuer_key(source.vct, source.issuer, chain, at=None, now=now)
        return checker_for(key)

    try:
        if media_type != token_jwt.MEDIA_TYPE:
            cwt = token_cwt.parse(data, max_bytes=max_bytes)
            key = checker(cose.x5chain(cwt.message))
            if media_type == identifier_list.MEDIA_TYPE:
                found = identifier_list.verify(cwt, uri=source.uri, checker=key, now=now)
                return VerifiedList(found, found.listed, found.listed.size)
            token = token_cwt.verify(cwt, uri=source.uri, checker=key, now=now)
        else:
            jwt = token_jwt.parse(data, max_bytes=max_bytes)
            key = checker(jws.decode_chain(jwt.header))
            token = token_jwt.verify(jwt, uri=source.uri, checker=key, now=now, max_bytes=max_bytes)
        statuses = token.packed.unpack(max_bytes=max_bytes)
        return VerifiedList(token, statuses, len(statuses.values) + len(token.packed.lst))
    except StatusError as error:
        return error
    except (TrustError, EnvelopeError) as error:
        return StatusError("status_list_issuer", str(error))


def status_age(
    reference: StatusReference, statuses: Mapping[StatusSource, StatusLookup]
) -> int | None:
    """Return how many seconds ago an aged list was fetched; None for one that is in its time."""
    lookup = statuses.get(reference.source)
    return lookup.age if isinstance(lookup, AgedList) else None


def status_failure(
    query_id: str, reference: StatusReference, statuses: Mapping[StatusSource, StatusLookup]
) -> StepFailure | None:
    """Return why the status speaks against a credential; None when it is valid."""
    lookup = statuses.get(reference.source, StatusError(UNREACHABLE, "no list was fetched"))
    if isinstance(lookup, StatusError):
        return StepFailure(Step.STATUS, lookup.code, _CLAUSE, str(lookup), query_id)
    found = lookup.statuses if isinstance(lookup, AgedList) else lookup
    try:
        value = _status_in(found, reference.index)
    except StatusError as error:
        return StepFailure(Step.STATUS, error.code, _CLAUSE, str(error), query_id)
    if value == VALID:
        return None
    code, detail = _WORDS.get(value, (UNKNOWN, "the list holds a value that is not known here"))
    return StepFailure(Step.STATUS, code, _CLAUSE, detail, query_id)


def _status_in(found: Statuses, index: int | bytes) -> int:
    """Return the status at a place; StatusError for none, or for a list of the other kind."""
    if isinstance(found, StatusList) and isinstance(index, int):
        return found.get(index)
    if isinstance(found, IdentifierList) and isinstance(index, bytes):
        return found.get(index)
    raise StatusError("status_list_type", "a list of another kind than the credential names")
