"""Public keys as Multikey: multibase of a multicodec prefix and the key (CID 1.0 section 2.2.2)."""

from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from madang.core.encoding import base58
from madang.core.encoding.errors import EncodingError
from madang.core.keys.jwk import PublicKey
from madang.core.trust.did.errors import DidError

BASE58_BTC: Final = "z"

_PREFIXES: Final = MappingProxyType(
    {
        "Ed25519": b"\xed\x01",
        "P-256": b"\x80\x24",
        "P-384": b"\x81\x24",
        "P-521": b"\x82\x24",
    }
)
"""The table of multicodec, each number as an unsigned varint."""
_CURVES: Final = MappingProxyType(
    {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
)


def encode(key: PublicKey) -> str:
    """Return a key on a curve as Multikey; DidError("key_unusable") for other kinds."""
    prefix = _PREFIXES.get(key.crv or "")
    if prefix is None:
        raise DidError("key_unusable", f"{key.algorithm} has no Multikey here")
    native = key.native
    if isinstance(native, ec.EllipticCurvePublicKey):
        raw = native.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    else:
        raw = native.public_bytes_raw()
    return BASE58_BTC + base58.encode(prefix + raw)


def decode(text: str) -> PublicKey:
    """Read a Multikey.

    Raises:
        DidError: multikey_malformed; key_unusable for a kind of key that signs nothing here,
            secp256k1 among them.
    """
    if not text.startswith(BASE58_BTC):
        raise DidError("multikey_malformed", "multibase of base58btc begins with z")
    try:
        data = base58.decode(text[1:])
    except EncodingError as error:
        raise DidError("multikey_malformed", str(error)) from error
    for name, prefix in _PREFIXES.items():
        if data.startswith(prefix):
            return _key(name, data[len(prefix) :])
    raise DidError("key_unusable", f"no key of one of {', '.join(_PREFIXES)}")


def _key(name: str, raw: bytes) -> PublicKey:
    curve = _CURVES.get(name)
    # Multikey knows compressed points alone, so that one key has one text.
    if curve is not None and raw[:1] not in {b"\x02", b"\x03"}:
        raise DidError("multikey_malformed", f"no compressed point on {name}")
    try:
        if curve is None:
            return PublicKey.from_native(ed25519.Ed25519PublicKey.from_public_bytes(raw))
        return PublicKey.from_native(ec.EllipticCurvePublicKey.from_encoded_point(curve, raw))
    except ValueError as error:
        raise DidError("multikey_malformed", f"no key of {name}") from error
