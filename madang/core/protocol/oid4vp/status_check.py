"""Verification step 7: the status of presented credentials (Token Status List section 8.3)."""

from collections.abc import Mapping
from typing import TypeAlias

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import checker_for
from madang.core.protocol.oid4vp import verdict
from madang.core.protocol.oid4vp.verdict import StatusReference, StatusSource, Step, StepFailure
from madang.core.status import token_status_list
from madang.core.status.token_status_list import INVALID, SUSPENDED, VALID, StatusError, StatusList
from madang.core.trust.model import TrustError, TrustList

StatusLookup: TypeAlias = StatusList | StatusError
"""A list that can be relied upon, or why there is none."""

UNREACHABLE = "status_list_unreachable"
UNKNOWN = "status_unknown"

_CLAUSE = "Token Status List 8.3"
_WORDS = {
    INVALID: (verdict.REVOKED, "the credential is revoked"),
    SUSPENDED: (verdict.SUSPENDED, "the credential is suspended"),
}


def read_status_list(
    compact: str,
    source: StatusSource,
    *,
    trust: TrustList,
    now: int,
    max_bytes: int = token_status_list.MAX_BYTES,
) -> StatusLookup:
    """Verify a fetched Status List Token for the credentials of one issuer and type.

    Args:
        compact: as fetched from ``source.uri``.
        source: whose list it must be.
        trust: who attests what; the list's chain must lead where the credential's does.
        now: seconds since 1970.
        max_bytes: largest list, also when unpacked.
    """
    try:
        parsed = token_status_list.parse_token(compact, max_bytes=max_bytes)
        chain = jws.decode_chain(parsed.header)
        key = trust.issuer_key(source.vct, source.issuer, chain, now=now)
        checker = checker_for(key)
        return token_status_list.verify_token(
            parsed, uri=source.uri, checker=checker, now=now, max_bytes=max_bytes
        )
    except StatusError as error:
        return error
    except (TrustError, EnvelopeError) as error:
        return StatusError("status_list_issuer", str(error))


def status_failure(
    query_id: str, reference: StatusReference, statuses: Mapping[StatusSource, StatusLookup]
) -> StepFailure | None:
    """Return why the status speaks against a credential; None when it is valid."""
    lookup = statuses.get(reference.source, StatusError(UNREACHABLE, "no list was fetched"))
    if isinstance(lookup, StatusError):
        return StepFailure(Step.STATUS, lookup.code, _CLAUSE, str(lookup), query_id)
    try:
        value = lookup.get(reference.index)
    except StatusError as error:
        return StepFailure(Step.STATUS, error.code, _CLAUSE, str(error), query_id)
    if value == VALID:
        return None
    code, detail = _WORDS.get(value, (UNKNOWN, "the list holds a value that is not known here"))
    return StepFailure(Step.STATUS, code, _CLAUSE, detail, query_id)
