"""Client authentication by a signed JWT, private_key_jwt (RFC 7523, FAPI 2.0 section 5.3.2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer, checker_for
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oauth.errors import invalid_client
from madang.core.protocol.typed_jwt import (
    ALGORITHMS,
    Window,
    check_audience,
    sign_typed,
    text_claim,
    time_claim,
)

ASSERTION_TYPES = frozenset({None, "JWT", "client-authentication+jwt"})
"""``typ`` of an assertion; those of other purposes are never taken for one (RFC 8725 3.11)."""
_OWN_TYP = "client-authentication+jwt"


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that holds; the caller takes its id.

    Attributes:
        jti: its own id, to be taken once.
        expires_at: seconds since 1970; until then the id must be remembered.
    """

    jti: str
    expires_at: int


def make_assertion(
    signer: Signer, client_id: str, audience: str, *, jti: str, issued_at: int, seconds: int = 60
) -> str:
    """Return a client assertion.

    Args:
        signer: the client's key; its ``key_id`` names it in the client's key set.
        client_id: who authenticates.
        audience: the authorization server's issuer identifier.
        jti: chance, new for each assertion.
        issued_at: seconds since 1970.
        seconds: how long it counts.
    """
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued_at,
        "exp": issued_at + seconds,
    }
    return sign_typed(_OWN_TYP, claims, {"kid": signer.key_id}, signer)


def open_assertion(compact: str, *, limits: Limits = DEFAULT_LIMITS) -> Jws:
    """Take an assertion apart; nothing in it is believed yet.

    Raises:
        OAuthError: ``invalid_client``.
    """
    try:
        opened = jws.parse(compact, max_bytes=limits.jwt_bytes)
    except EnvelopeError as error:
        raise invalid_client(f"the client assertion: {error}") from None
    if opened.header.get("typ") not in ASSERTION_TYPES:
        raise invalid_client(f"the client assertion's typ should be {_OWN_TYP} or JWT")
    if opened.header["alg"] not in ALGORITHMS:
        names = ", ".join(sorted(ALGORITHMS))
        raise invalid_client(f"the client assertion's alg should be one of {names}")
    return opened


def subject_of(opened: Jws) -> str:
    """Return the client that an assertion claims to be of, for looking its keys up."""
    return text_claim(_claims(opened), "sub", invalid_client)


def _claims(opened: Jws) -> dict[str, object]:
    try:
        return dict(jws.claims(opened))
    except EnvelopeError as error:
        raise invalid_client(f"the client assertion: {error}") from None


def check_assertion(
    opened: Jws, keys: Sequence[PublicKey], *, client_id: str, audience: str, window: Window
) -> Assertion:
    """Check an assertion, all but replay (RFC 7523 section 3).

    Args:
        opened: from `open_assertion`.
        keys: those of the client that may have signed it.
        client_id: whose it should be.
        audience: this server's issuer identifier, as one string (FAPI 2.0 section 5.3.2.1).
        window: `max_age` bounds how far ahead its end may be.

    Raises:
        OAuthError: ``invalid_client``.
    """
    if not any(jws.verify(opened, checker_for(key)) for key in keys):
        raise invalid_client("the client assertion is not signed by a key of this client")
    claims = _claims(opened)
    if (claims.get("iss"), claims.get("sub")) != (client_id, client_id):
        raise invalid_client("the client assertion's iss and sub should both be the client_id")
    check_audience(claims, audience, invalid_client)
    expires_at = time_claim(claims, "exp", invalid_client)
    if expires_at <= window.now - window.max_skew:
        raise invalid_client("the client assertion has expired; sign a new one")
    if expires_at > window.now + window.max_age + window.max_skew:
        raise invalid_client(f"the client assertion should expire within {window.max_age} seconds")
    for name in ("iat", "nbf"):
        if name in claims and time_claim(claims, name, invalid_client) > (
            window.now + window.max_skew
        ):
            raise invalid_client(f"the client assertion's {name} is in the future; check the clock")
    return Assertion(text_claim(claims, "jti", invalid_client), expires_at)
