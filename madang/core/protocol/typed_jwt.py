"""JWTs that carry an explicit type (RFC 8725 section 3.11), and the claims all of them share."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer, checker_for
from madang.core.protocol.message import Refusal

ALGORITHMS = frozenset({"ES256", "EdDSA"})
"""Signature algorithms that any of our JWTs may use; never ``none``, never a shared secret."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a signed statement still counts.

    Attributes:
        now: the time of the check, seconds since 1970.
        max_age: how long after ``iat`` it counts, in seconds.
        max_skew: how far the other clock may run ahead or behind, in seconds.
    """

    now: int
    max_age: int
    max_skew: int


def sign_typed(
    typ: str, claims: Mapping[str, object], header: Mapping[str, object], by: Signer
) -> str:
    """Return a compact JWT of that type."""
    payload = strict_json.dumps(dict(claims)).encode()
    return jws.sign(payload, {"typ": typ, **header}, by)


def sign_certified(typ: str, claims: Mapping[str, object], by: Signer) -> str:
    """Return a compact JWT of that type, with the signer's `kid` and its chain in `x5c`."""
    payload = strict_json.dumps(claims).encode()
    protected = _certified(typ, by.algorithm, by.key_id, by.certificate_chain)
    return jws.sign_protected(payload, protected, by)


@lru_cache(maxsize=jws.HEADERS_KEPT)
def _certified(typ: str, algorithm: str, key_id: str, chain: tuple[bytes, ...]) -> str:
    header = {"typ": typ, "kid": key_id, **jws.chain_header(chain)}
    return jws.protect(header, algorithm)


def open_typed(compact: str, *, typ: str, max_bytes: int, refuse: Refusal) -> Jws:
    """Take a JWT apart and check its type and algorithm; the signature is not checked yet."""
    try:
        opened = jws.parse(compact, max_bytes=max_bytes)
    except EnvelopeError as error:
        raise refuse(str(error)) from None
    if opened.header.get("typ") != typ:
        raise refuse(f"the JWT's typ should be {typ}")
    if opened.header["alg"] not in ALGORITHMS:
        raise refuse(f"the JWT's alg should be one of {', '.join(sorted(ALGORITHMS))}")
    return opened


def verified_claims(opened: Jws, key: PublicKey, refuse: Refusal) -> dict[str, object]:
    """Return the claims if the signature is the key's."""
    if not jws.verify(opened, checker_for(key)):
        raise refuse("the signature is not that of the expected key")
    try:
        return dict(jws.claims(opened))
    except EnvelopeError as error:
        raise refuse(str(error)) from None


def text_claim(claims: Mapping[str, object], name: str, refuse: Refusal) -> str:
    """Return a claim that must be text with at least one character."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise refuse(f"the claim {name} should be a string that is not empty")
    return value


def time_claim(claims: Mapping[str, object], name: str, refuse: Refusal) -> int:
    """Return a claim that must be a whole number of seconds since 1970."""
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise refuse(f"the claim {name} should be a whole number of seconds since 1970")
    return value


def check_audience(claims: Mapping[str, object], audience: str, refuse: Refusal) -> None:
    """Require that the JWT is meant for exactly this audience."""
    if claims.get("aud") != audience:
        raise refuse(f"the claim aud should be {audience}")


def check_window(claims: Mapping[str, object], window: Window, refuse: Refusal) -> None:
    """Check ``iat``, and ``exp`` and ``nbf`` where present (RFC 7519 section 4.1)."""
    issued = time_claim(claims, "iat", refuse)
    if issued > window.now + window.max_skew:
        raise refuse("the claim iat is in the future; check the device's clock")
    if issued < window.now - window.max_age - window.max_skew:
        raise refuse(f"the claim iat is more than {window.max_age} seconds old; sign a new one")
    if "exp" in claims and time_claim(claims, "exp", refuse) <= window.now - window.max_skew:
        raise refuse("the claim exp has passed; sign a new one")
    if "nbf" in claims and time_claim(claims, "nbf", refuse) > window.now + window.max_skew:
        raise refuse("the claim nbf is in the future; check the device's clock")
