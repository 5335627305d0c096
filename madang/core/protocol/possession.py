"""Proof that the sender holds a key: a JWT signed by the key in its own header."""

from collections.abc import Mapping
from dataclasses import dataclass

from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import Signer
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

_KEY_HEADERS = ("jwk", "kid", "x5c")


@dataclass(frozen=True, slots=True)
class Possession:
    """What was proved.

    Attributes:
        key: the key whose possession was proved.
        nonce: the nonce inside; the caller must consume it. None when there was none.
    """

    key: PublicKey
    nonce: str | None


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
    nonce = text_claim(claims, "nonce", refuse) if "nonce" in claims else None
    return Possession(key, nonce)


def make_possession(
    signer: Signer, *, typ: str, audience: str, nonce: str | None, issued_at: int
) -> str:
    """Return a proof that the signer's key is held."""
    claims: dict[str, object] = {"aud": audience, "iat": issued_at}
    if nonce is not None:
        claims["nonce"] = nonce
    return sign_typed(typ, claims, {"jwk": signer.public_key.to_jwk()}, signer)


def _own_key(header: Mapping[str, object], refuse: Refusal) -> PublicKey:
    present = [name for name in _KEY_HEADERS if name in header]
    if len(present) != 1:
        raise refuse("the header should have exactly one of jwk, kid and x5c")
    jwk = header.get("jwk")
    if not isinstance(jwk, Mapping):
        raise refuse("the key should be an object in the header jwk; other forms are not accepted")
    try:
        return PublicKey.from_jwk(jwk)
    except KeyFormatError as error:
        raise refuse(f"the header jwk: {error}") from None
