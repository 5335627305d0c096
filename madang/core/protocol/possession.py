"""Proof that the sender holds a key: a JWT signed by the key in its own header."""

from collections.abc import Mapping
from dataclasses import dataclass

from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import decode_chain
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.holder_did import holder_key
from madang.core.protocol.message import Refusal
from madang.core.protocol.typed_jwt import (
    Window,
    check_audience,
    check_window,
    open_typed,
    sign_typed,
    text_claim,
    verified_claims,
)
from madang.core.trust.x509 import MAX_CHAIN, ChainError, leaf_key

_KEY_HEADERS = ("jwk", "kid", "x5c")


@dataclass(frozen=True, slots=True)
class Possession:
    """What was proved.

    Attributes:
        key: the key whose possession was proved.
        nonce: the nonce inside; the caller must consume it. None when there was none.
        issuer: the claim `iss`: who says to have made it. None when there was none.
        named: the DID URL by which the key was named; None when it stood in `jwk`
            or in the first certificate of `x5c`.
        header: the protected header, for what else a type of proof has there.
    """

    key: PublicKey
    nonce: str | None
    issuer: str | None
    named: str | None
    header: Mapping[str, object]


def check_possession(
    compact: str, *, typ: str, audience: str, window: Window, max_bytes: int, refuse: Refusal
) -> Possession:
    """Check a proof of possession: type, key, signature, audience, time.

    Args:
        compact: the JWT.
        typ: the type it must have, so that it is good for one purpose only.
        audience: the identifier it must be made for.
        window: when it counts.
        max_bytes: largest JWT read.
        refuse: makes the error to raise out of a reason.
    """
    opened = open_typed(compact, typ=typ, max_bytes=max_bytes, refuse=refuse)
    key = _own_key(opened.header, refuse)
    claims = verified_claims(opened, key, refuse)
    check_audience(claims, audience, refuse)
    check_window(claims, window, refuse)
    nonce, issuer = (
        text_claim(claims, name, refuse) if name in claims else None for name in ("nonce", "iss")
    )
    kid = opened.header.get("kid")
    return Possession(key, nonce, issuer, kid, opened.header)


def make_possession(
    signer: Signer,
    *,
    typ: str,
    audience: str,
    nonce: str | None,
    issued_at: int,
    issuer: str | None = None,
    header: Mapping[str, object] | None = None,
) -> str:
    """Return a proof that the signer's key is held.

    Args:
        signer: the key.
        typ: the type.
        audience: the identifier it is made for.
        nonce: of the audience, None where it gives none.
        issued_at: epoch seconds.
        issuer: the claim `iss`, None to leave it out.
        header: further members; `kid` with a DID URL takes the place of `jwk`.
    """
    claims: dict[str, object] = {"aud": audience, "iat": issued_at}
    claims |= {"nonce": nonce} if nonce is not None else {}
    claims |= {"iss": issuer} if issuer is not None else {}
    more = dict(header or {})
    own = {} if "kid" in more else {"jwk": signer.public_key.to_jwk()}
    return sign_typed(typ, claims, own | more, signer)


def _own_key(header: Mapping[str, object], refuse: Refusal) -> PublicKey:
    present = [name for name in _KEY_HEADERS if name in header]
    if len(present) != 1:
        raise refuse("the header should have exactly one of jwk, kid and x5c")
    kid, jwk = header.get("kid"), header.get("jwk")
    if isinstance(kid, str):
        return holder_key(kid, refuse)
    if "x5c" in header:
        return _certified_key(header, refuse)
    if not isinstance(jwk, Mapping):
        raise refuse("the key should be an object in the header jwk, or a DID URL in kid")
    try:
        return PublicKey.from_jwk(jwk)
    except KeyFormatError as error:
        raise refuse(f"the header jwk: {error}") from None


def _certified_key(header: Mapping[str, object], refuse: Refusal) -> PublicKey:
    """Return the key in the first certificate; what the chain says of it is not looked at."""
    try:
        chain = decode_chain(header)
        if not 0 < len(chain) <= MAX_CHAIN:
            raise refuse(f"the header x5c should have one to {MAX_CHAIN} certificates")
        return leaf_key(chain[0])
    except (EnvelopeError, ChainError) as error:
        raise refuse(f"the header x5c: {error}") from None
