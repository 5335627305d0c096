"""Status List Token in JWT format (draft-ietf-oauth-status-list, section 5.1)."""

from typing import Any, Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.signing import SignatureChecker, Signer
from madang.core.status.errors import StatusError
from madang.core.status.token import MAX_SKEW, StatusListToken, Times, token_of
from madang.core.status.token_status_list import MAX_BYTES, PackedList, malformed

TYPE: Final = "statuslist+jwt"
MEDIA_TYPE: Final = "application/statuslist+jwt"


def encode(token: StatusListToken, signer: Signer) -> str:
    """Return the compact JWT.

    Args:
        token: the claims.
        signer: the issuer's key; it goes into `jwk`, its certificates into `x5c`.
    """
    # Some readers look into no certificate for the key. What vouches for it is the chain.
    key = {"kid": signer.key_id, "jwk": signer.public_key.to_jwk()}
    chain = jws.chain_header(signer.certificate_chain)
    header: dict[str, Any] = {"typ": TYPE, **key, **chain}
    payload = {
        "sub": token.uri,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "ttl": token.ttl,
        "status_list": token.packed.to_json(),
    }
    said = {name: value for name, value in payload.items() if value is not None}
    return jws.sign(strict_json.dumps(said).encode(), header, signer)


def parse(compact: str | bytes, *, max_bytes: int = MAX_BYTES) -> Jws:
    """Take a token apart, so that its header can tell the key; nothing is checked.

    Raises:
        StatusError: status_list_malformed or status_list_too_large.
    """
    if len(compact) > max_bytes:
        raise StatusError("status_list_too_large", f"token of more than {max_bytes} bytes")
    try:
        return jws.parse(compact, max_bytes=max_bytes)
    except EnvelopeError as error:
        raise malformed(str(error)) from error


def read(parsed: Jws, *, max_bytes: int = MAX_BYTES) -> StatusListToken:
    """Return the claims of a token whose signature somebody else has checked or will check.

    Raises:
        StatusError: status_list_type or status_list_malformed.
    """
    if parsed.header.get("typ") != TYPE:
        raise StatusError("status_list_type", f"typ {parsed.header.get('typ')!r}, not {TYPE}")
    try:
        claims = strict_json.loads(parsed.payload, max_bytes=max_bytes)
    except EncodingError as error:
        raise malformed(str(error)) from error
    if not isinstance(claims, dict):
        raise malformed("the payload is not a JSON object")
    times = Times(claims.get("iat"), claims.get("exp"), claims.get("ttl"), claims.get("nbf"))
    return token_of(claims.get("sub"), times, PackedList.from_json(claims.get("status_list")))


def verify(
    parsed: Jws,
    *,
    uri: str,
    checker: SignatureChecker,
    now: int,
    max_bytes: int = MAX_BYTES,
    max_skew: int = MAX_SKEW,
) -> StatusListToken:
    """Return the claims of a token that can be relied upon now (section 8.3, steps 3 and 4).

    Args:
        parsed: the token.
        uri: the address that the referenced token names.
        checker: of the issuer's key; a MAC has none and is refused.
        now: seconds since the epoch.
        max_bytes: largest payload.
        max_skew: seconds that the issuer's clock may be ahead.

    Raises:
        StatusError: status_list_type, status_list_signature, status_list_malformed,
            status_list_subject, status_list_expired or status_list_not_yet_valid.
    """
    if parsed.header.get("typ") == TYPE and not jws.verify(parsed, checker):
        raise StatusError("status_list_signature", "not signed by the issuer's key")
    token = read(parsed, max_bytes=max_bytes)
    token.check(uri, now, max_skew)
    return token
