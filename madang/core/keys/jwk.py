"""Public keys and their JWKs (RFC 7517, RFC 7518 section 6.2, RFC 8037, draft-ietf-cose-dilithium).

Three types: EC on P-256, P-384 and P-521, OKP with Ed25519, AKP with ML-DSA-44 and ML-DSA-65.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError

ES256: Final = "ES256"
ES384: Final = "ES384"
ES512: Final = "ES512"
EDDSA: Final = "EdDSA"
ML_DSA_44: Final = "ML-DSA-44"
ML_DSA_65: Final = "ML-DSA-65"

SIGNATURE: Final = "sig"
ENCRYPTION: Final = "enc"
_OPERATIONS: Final = MappingProxyType(
    {SIGNATURE: frozenset({"verify"}), ENCRYPTION: frozenset({"deriveKey", "deriveBits"})}
)
"""Operations for each use (RFC 7517 section 4.3). The public half of an ECDH pair has none of its
own in Web Cryptography, so an empty list is accepted for it, and so is the pair's."""
_OTHER_NAMES: Final = MappingProxyType({EDDSA: "Ed25519", ES256: "ESP256"})
"""Fully specified names of the same algorithms (RFC 9864)."""
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})

NativeKey: TypeAlias = (
    ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
)


class KeyFormatError(ValueError):
    """A key is not one this project uses, or is malformed; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a type together with its curve fixes, or with its algorithm for AKP.

    Attributes:
        algorithm: of JWS.
        members: those of the JWK that hold the key.
        size: bytes in each of them.
        load: makes the cryptography package's key of these bytes, all in a row.
    """

    algorithm: str
    members: tuple[str, ...]
    size: int
    load: Callable[[bytes], NativeKey]


def _on(curve: ec.EllipticCurve) -> Callable[[bytes], NativeKey]:
    """Return what makes a key of x and y: an uncompressed point (SEC 1 section 2.3.4)."""
    return lambda x_y: ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + x_y)


_KINDS: Final = MappingProxyType(
    {
        ("EC", "P-256"): _Kind(ES256, ("x", "y"), 32, _on(ec.SECP256R1())),
        ("EC", "P-384"): _Kind(ES384, ("x", "y"), 48, _on(ec.SECP384R1())),
        ("EC", "P-521"): _Kind(ES512, ("x", "y"), 66, _on(ec.SECP521R1())),
        ("OKP", "Ed25519"): _Kind(EDDSA, ("x",), 32, ed25519.Ed25519PublicKey.from_public_bytes),
        ("AKP", ML_DSA_44): _Kind(
            ML_DSA_44, ("pub",), 1312, mldsa.MLDSA44PublicKey.from_public_bytes
        ),
        ("AKP", ML_DSA_65): _Kind(
            ML_DSA_65, ("pub",), 1952, mldsa.MLDSA65PublicKey.from_public_bytes
        ),
    }
)
_KNOWN = ", ".join(" ".join(pair) for pair in _KINDS)
_CURVES: Final = MappingProxyType(
    {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
)
"""JWK name of each curve by its name in the cryptography package."""


@dataclass(frozen=True)
class PublicKey:
    """A public key by its JWK members; those that its type does not have are None.

    Attributes:
        kty: "EC", "OKP" or "AKP".
        crv: "P-256", "P-384", "P-521" or "Ed25519"; what an EC or OKP is told by.
        x: base64url of 32, 48 or 66 bytes, 32 for Ed25519.
        y: the same, for EC alone.
        alg: "ML-DSA-44" or "ML-DSA-65"; what an AKP is told by.
        pub: base64url of 1,312 or 1,952 bytes, for AKP alone.
    """

    kty: str
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    alg: str | None = None
    pub: str | None = None

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object], *, use: str = SIGNATURE) -> "PublicKey":
        """Read a public JWK; members that neither define nor restrict the key are ignored.

        Args:
            jwk: as it came.
            use: what the key is wanted for; a JWK that says otherwise by `use`, `key_ops` or
                `alg` is refused (RFC 7517 sections 4.2 to 4.4).

        Raises:
            KeyFormatError: private members, another type, curve or algorithm, a member of the
                wrong length, a point that is not on the curve, or a key for another use.
        """
        if not _PRIVATE_MEMBERS.isdisjoint(jwk.keys()):
            private = sorted(_PRIVATE_MEMBERS & jwk.keys())
            raise KeyFormatError(f"a public JWK was expected, this one holds {private[0]!r}")
        kty = jwk.get("kty")
        selector = _selector(kty)
        name = jwk.get(selector)
        kind = _KINDS.get((str(kty), str(name)))
        if kind is None:
            raise KeyFormatError(f"kty {kty!r} with {selector} {name!r}; known are {_KNOWN}")
        members = {member: _text(jwk, member, kind.size) for member in kind.members}
        _check_use(jwk, use, kind.algorithm)
        key = cls(str(kty), **{selector: str(name)}, **members)
        _ = key.native
        return key

    @classmethod
    def from_native(cls, native: object) -> "PublicKey":
        """Wrap a key of the cryptography package; KeyFormatError for other kinds."""
        match native:
            case ec.EllipticCurvePublicKey() if native.curve.name in _CURVES:
                name = _CURVES[native.curve.name]
                numbers, size = native.public_numbers(), _KINDS["EC", name].size
                x, y = (n.to_bytes(size, "big") for n in (numbers.x, numbers.y))
                return cls("EC", name, base64url.encode(x), base64url.encode(y))
            case ed25519.Ed25519PublicKey():
                return cls("OKP", "Ed25519", base64url.encode(native.public_bytes_raw()))
            case mldsa.MLDSA44PublicKey():
                pub = base64url.encode(native.public_bytes_raw())
                return cls("AKP", alg=ML_DSA_44, pub=pub)
            case mldsa.MLDSA65PublicKey():
                pub = base64url.encode(native.public_bytes_raw())
                return cls("AKP", alg=ML_DSA_65, pub=pub)
        raise KeyFormatError(f"{type(native).__name__}: expected was a key of one of {_KNOWN}")

    @classmethod
    def from_point(cls, crv: str, x: bytes, y: bytes) -> "PublicKey":
        """Make a key of a point; KeyFormatError for another curve, length, or a point off it."""
        kind = _KINDS.get(("EC", crv))
        if kind is None or len(x) != kind.size or len(y) != kind.size:
            raise KeyFormatError(f"crv {crv!r} with x and y of {len(x)} and {len(y)} bytes")
        key = cls("EC", crv, base64url.encode(x), base64url.encode(y))
        try:
            # What `native` keeps, without reading the texts that were just written.
            key.__dict__["native"] = kind.load(x + y)
        except ValueError as error:
            raise KeyFormatError(f"the point is not on {crv}") from error
        return key

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
        kind = self._kind
        try:
            parts = [base64url.decode(getattr(self, member)) for member in kind.members]
        except EncodingError as error:
            raise KeyFormatError(f"JWK member {' or '.join(kind.members)}: {error}") from error
        try:
            return kind.load(b"".join(parts))
        except ValueError as error:
            raise KeyFormatError(f"the point is not on {self.crv or self.alg}") from error

    @property
    def algorithm(self) -> str:
        """Return the JWS algorithm of this key: ES256, ES384, ES512, EdDSA or its `alg`."""
        return self._kind.algorithm

    @property
    def _kind(self) -> _Kind:
        return _KINDS[self.kty, str(self.crv or self.alg)]

    def to_jwk(self) -> dict[str, str]:
        """Return the JWK with its required members alone."""
        members = ("kty", "crv", "x", "y", "alg", "pub")
        return {name: value for name in members if (value := getattr(self, name)) is not None}

    def thumbprint(self) -> str:
        """Return the SHA-256 JWK thumbprint (RFC 7638), base64url.

        Of an AKP it covers kty, alg and pub (draft-ietf-cose-dilithium section 6).
        """
        # Names of members and values need no escapes: base64url, or words known here.
        names = ("alg", "crv", "kty", "pub", "x", "y")
        given = ((name, getattr(self, name)) for name in names)
        members = ",".join([f'"{name}":"{value}"' for name, value in given if value is not None])
        return base64url.encode(hashlib.sha256(f"{{{members}}}".encode()).digest())


def _check_use(jwk: Mapping[str, object], use: str, algorithm: str) -> None:
    """Refuse a key whose JWK keeps it for something else (RFC 7517 sections 4.2 to 4.4)."""
    if jwk.get("use", use) != use:
        raise KeyFormatError(f"the JWK's use is {str(jwk['use'])[:20]!r}, {use!r} was expected")
    operations = jwk.get("key_ops")
    if operations is not None:
        listed = {str(each) for each in operations} if isinstance(operations, list) else {""}
        if not (_OPERATIONS[use] & listed or (use == ENCRYPTION and not listed)):
            raise KeyFormatError(f"the JWK's key_ops name none of {sorted(_OPERATIONS[use])}")
    if use == SIGNATURE and jwk.get("alg", algorithm) not in (
        algorithm,
        _OTHER_NAMES.get(algorithm),
    ):
        raise KeyFormatError(f"the JWK's alg is {str(jwk['alg'])[:20]!r}, not {algorithm}")


def _selector(kty: object) -> str:
    """Return which member says what kind of its type a key is."""
    return "alg" if kty == "AKP" else "crv"


def _text(jwk: Mapping[str, object], name: str, expected: int) -> str:
    text = jwk.get(name)
    if not isinstance(text, str):
        raise KeyFormatError(f"JWK member {name!r} is missing or not text")
    size = len(text) * 3 // 4
    if size != expected:
        raise KeyFormatError(f"JWK member {name!r} has {size} bytes, expected {expected}")
    return text
