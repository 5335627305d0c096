"""Check a key binding JWT (RFC 9901 section 7.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.formats.sd_jwt.model import SdJwt, digest_of
from madang.core.formats.sd_jwt.present import KEY_BINDING_TYPE
from madang.core.formats.sd_jwt.verdict import Failure
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for

_CLAUSE = "RFC 9901 7.3"


@dataclass(frozen=True, slots=True)
class BindingExpectation:
    """What the key binding JWT has to say.

    Attributes:
        audience: the verifier's full client identifier.
        nonce: of this verifier's request.
        max_age: seconds that `iat` may lie in the past.
        max_skew: seconds that `iat` may lie ahead.
    """

    audience: str
    nonce: str
    max_age: int = 300
    max_skew: int = 60


def holder_key(claims: dict[str, Any]) -> PublicKey:
    """Return the key in `cnf.jwk` (RFC 7800 section 3.2); KeyFormatError if there is none."""
    cnf = claims.get("cnf")
    jwk = cnf.get("jwk") if isinstance(cnf, dict) else None
    if not isinstance(jwk, dict):
        raise KeyFormatError("the credential has no cnf.jwk")
    return PublicKey.from_jwk(jwk)


def failures(
    sd_jwt: SdJwt, expected: BindingExpectation, *, key: PublicKey | None, now: int
) -> Iterator[Failure]:
    """Yield every failed step of the key binding, none if it is good.

    The steps (5.b to 5.h): algorithm, signature, typ, iat, nonce and aud, sd_hash, other times.

    Args:
        sd_jwt: the presentation.
        expected: what the key binding JWT has to say.
        key: that in `cnf`; without one the signature is not judged, as the lack of a key is
            a failure of its own.
        now: seconds since the epoch.
    """
    if sd_jwt.key_binding is None:
        yield _failure("key_binding_missing", "the presentation ends without a key binding JWT")
        return
    try:
        parsed = jws.parse(sd_jwt.key_binding)
        claims = jws.claims(parsed)
    except EnvelopeError as error:
        yield _failure("key_binding_malformed", str(error))
        return
    if key is not None:
        yield from _signature(parsed, key)
    if parsed.header.get("typ") != KEY_BINDING_TYPE:
        yield _failure("key_binding_typ", f"typ {parsed.header.get('typ')!r}, expected kb+jwt")
    yield from _creation(claims.get("iat"), expected, now)
    if claims.get("nonce") != expected.nonce:
        yield _failure("key_binding_nonce", "nonce is not that of this request")
    if claims.get("aud") != expected.audience:
        yield _failure("key_binding_aud", "aud is not this verifier's client identifier")
    if claims.get("sd_hash") != digest_of(sd_jwt.bound_part, sd_jwt.hash_name):
        yield _failure("key_binding_sd_hash", "sd_hash is not that of this presentation")
    yield from _validity(claims, expected.max_skew, now)


def _signature(parsed: Jws, key: PublicKey) -> Iterator[Failure]:
    if parsed.header["alg"] != key.algorithm:
        yield _failure("key_binding_alg", f"alg {parsed.header['alg']!r}, the key's was expected")
    elif not jws.verify(parsed, checker_for(key)):
        yield _failure("key_binding_signature", "not signed by the key in cnf")


def _creation(issued_at: object, expected: BindingExpectation, now: int) -> Iterator[Failure]:
    if not isinstance(issued_at, int) or isinstance(issued_at, bool):
        yield _failure("key_binding_iat", "iat is missing or not a whole number")
    elif issued_at < now - expected.max_age:
        yield _failure("key_binding_iat", f"iat is older than {expected.max_age} s")
    elif issued_at > now + expected.max_skew:
        yield _failure("key_binding_iat", f"iat is more than {expected.max_skew} s ahead")


def _validity(claims: dict[str, Any], skew: int, now: int) -> Iterator[Failure]:
    """Yield what is wrong with times that a key binding need not have (step 5.h, RFC 7519)."""
    for name in ("exp", "nbf"):
        value = claims.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            yield _failure(f"key_binding_{name}", f"{name} is not a whole number")
        elif now >= value + skew if name == "exp" else value > now + skew:
            yield _failure(f"key_binding_{name}", f"the time is not within {name}")


def _failure(code: str, detail: str) -> Failure:
    return Failure(code, _CLAUSE, detail)
