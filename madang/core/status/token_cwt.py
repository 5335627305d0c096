"""Status List Token in CWT format (draft-ietf-oauth-status-list, section 5.2)."""

from typing import Any, Final

from madang.core.envelope import cose, cwt
from madang.core.envelope.cwt import Cwt
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import SignatureChecker, Signer
from madang.core.status.errors import StatusError
from madang.core.status.token import (
    LIST_CLAIM,
    MAX_SKEW,
    TTL_CLAIM,
    StatusListToken,
    Times,
    token_of,
)
from madang.core.status.token_status_list import MAX_BYTES, PackedList, malformed

MEDIA_TYPE: Final = "application/statuslist+cwt"
"""Also the type in the protected header. No CoAP number is registered yet that could replace it."""


def encode(token: StatusListToken, signer: Signer) -> bytes:
    """Return the CWT as a tagged COSE_Sign1; arguments as of `token_jwt.encode`."""
    claims: dict[int, Any] = {
        cwt.SUB: token.uri,
        cwt.IAT: token.issued_at,
        cwt.EXP: token.expires_at,
        TTL_CLAIM: token.ttl,
        LIST_CLAIM: token.packed.to_cbor(),
    }
    said = {key: value for key, value in claims.items() if value is not None}
    return cwt.encode(said, signer, typ=MEDIA_TYPE)


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> Cwt:
    """Take a token apart, so that its header can tell the key; nothing is checked.

    Raises:
        StatusError: status_list_malformed or status_list_too_large.
    """
    if len(data) > max_bytes:
        raise StatusError("status_list_too_large", f"token of more than {max_bytes} bytes")
    try:
        return cwt.parse(data, max_bytes=max_bytes)
    except EnvelopeError as error:
        raise malformed(str(error)) from error


def read(parsed: Cwt) -> StatusListToken:
    """Return the claims of a token whose signature somebody else has checked or will check.

    Raises:
        StatusError: status_list_type or status_list_malformed.
    """
    kind = parsed.message.header.get(cose.TYP)
    if kind != MEDIA_TYPE:
        raise StatusError("status_list_type", f"type {kind!r}, not {MEDIA_TYPE}")
    claims = parsed.claims
    times = Times(*(claims.get(key) for key in (cwt.IAT, cwt.EXP, TTL_CLAIM, cwt.NBF)))
    return token_of(claims.get(cwt.SUB), times, PackedList.from_cbor(claims.get(LIST_CLAIM)))


def verify(
    parsed: Cwt, *, uri: str, checker: SignatureChecker, now: int, max_skew: int = MAX_SKEW
) -> StatusListToken:
    """Return the claims of a token that can be relied upon now; as `token_jwt.verify`."""
    if parsed.message.header.get(cose.TYP) == MEDIA_TYPE and not cwt.verify(parsed, checker):
        raise StatusError("status_list_signature", "not signed by the issuer's key")
    token = read(parsed)
    token.check(uri, now, max_skew)
    return token
