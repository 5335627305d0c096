"""Public keys and their JWKs (RFC 7517, RFC 7518 section 6.2, RFC 8037), P-256 and Ed25519."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from madang.core.encoding import base64url, canonical_json
from madang.core.encoding.errors import EncodingError

ES256: Final = "ES256"
EDDSA: Final = "EdDSA"

_COORDINATE_BYTES = 32
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

NativeKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class KeyFormatError(ValueError):
    """A key is not one this project uses, or is malformed; the message says what is wrong."""


@dataclass(frozen=True)
class PublicKey:
    """A public key by its JWK members.

    Attributes:
        kty: "EC" or "OKP".
        crv: "P-256" or "Ed25519".
        x: base64url of 32 bytes.
        y: base64url of 32 bytes for P-256, None for Ed25519.
    """

    kty: str
    crv: str
    x: str
    y: str | None = None

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> "PublicKey":
        """Read a public JWK; members that do not define the key are ignored.

        Raises:
            KeyFormatError: private members, another type or curve, a coordinate of the wrong
                length, or a point that is not on the curve.
        """
        private = sorted(_PRIVATE_MEMBERS & jwk.keys())
        if private:
            raise KeyFormatError(f"a public JWK was expected, this one holds {private[0]!r}")
        match jwk.get("kty"), jwk.get("crv"):
            case "EC", "P-256":
                key = cls("EC", "P-256", _coordinate(jwk, "x"), _coordinate(jwk, "y"))
            case "OKP", "Ed25519":
                key = cls("OKP", "Ed25519", _coordinate(jwk, "x"))
            case kty, crv:
                raise KeyFormatError(
                    f"kty {kty!r} with crv {crv!r}; EC with P-256 or OKP with Ed25519 was expected"
                )
        _ = key.native
        return key

    @classmethod
    def from_native(cls, native: object) -> "PublicKey":
        """Wrap a key of the cryptography package; KeyFormatError for other kinds."""
        if isinstance(native, ed25519.Ed25519PublicKey):
            raw = native.public_bytes(Encoding.Raw, PublicFormat.Raw)
            return cls("OKP", "Ed25519", base64url.encode(raw))
        if isinstance(native, ec.EllipticCurvePublicKey) and native.curve.name == "secp256r1":
            numbers = native.public_numbers()
            x, y = (n.to_bytes(_COORDINATE_BYTES, "big") for n in (numbers.x, numbers.y))
            return cls("EC", "P-256", base64url.encode(x), base64url.encode(y))
        raise KeyFormatError(f"{type(native).__name__}: a P-256 or Ed25519 key was expected")

    @classmethod
    def from_certificate(cls, der: bytes) -> "PublicKey":
        """Read the subject's key of an X.509 certificate; KeyFormatError if there is none."""
        try:
            native = x509.load_der_x509_certificate(der).public_key()
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
            raise KeyFormatError("not an X.509 certificate with a key of a known kind") from error
        return cls.from_native(native)

    @cached_property
    def native(self) -> NativeKey:
        """Return the key as the cryptography package has it."""
        x = base64url.decode(self.x)
        try:
            if self.y is None:
                return ed25519.Ed25519PublicKey.from_public_bytes(x)
            point = b"\x04" + x + base64url.decode(self.y)
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError as error:
            raise KeyFormatError(f"the point is not on {self.crv}") from error

    @property
    def algorithm(self) -> str:
        """Return the JWS algorithm of this key: ES256 or EdDSA."""
        return ES256 if self.crv == "P-256" else EDDSA

    def to_jwk(self) -> dict[str, str]:
        """Return the JWK with its required members alone."""
        jwk = {"kty": self.kty, "crv": self.crv, "x": self.x}
        return jwk if self.y is None else {**jwk, "y": self.y}

    def thumbprint(self) -> str:
        """Return the SHA-256 JWK thumbprint (RFC 7638), base64url."""
        return base64url.encode(hashlib.sha256(canonical_json.encode(self.to_jwk())).digest())


def _coordinate(jwk: Mapping[str, object], name: str) -> str:
    text = jwk.get(name)
    if not isinstance(text, str):
        raise KeyFormatError(f"JWK member {name!r} is missing or not text")
    try:
        size = len(base64url.decode(text))
    except EncodingError as error:
        raise KeyFormatError(f"JWK member {name!r}: {error}") from error
    if size != _COORDINATE_BYTES:
        raise KeyFormatError(f"JWK member {name!r} has {size} bytes, expected {_COORDINATE_BYTES}")
    return text
