"""Signing and checking (RFC 7518, RFC 8037, FIPS 204) as protocols: a key may be in a device."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeAlias, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from madang.core.keys.jwk import ES256, ES384, ES512, PublicKey

PlainKey: TypeAlias = ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """What ECDSA is on one curve (RFC 7518 section 3.4).

    Attributes:
        scalar_bytes: of r and of s; a signature has twice as many.
        hashing: what the cryptography package wants to be told.
    """

    scalar_bytes: int
    hashing: ec.ECDSA


ECDSA: Final = MappingProxyType(
    {
        ES256: Ecdsa(32, ec.ECDSA(hashes.SHA256())),
        ES384: Ecdsa(48, ec.ECDSA(hashes.SHA384())),
        ES512: Ecdsa(66, ec.ECDSA(hashes.SHA512())),
    }
)
"""By JWS algorithm; each has its own curve."""


class Signer(Protocol):
    """A private key that signs, wherever it is kept.

    Attributes:
        algorithm: JWS algorithm (RFC 7518, RFC 8037), such as "ES256".
        key_id: name under which the public key is published.
        certificate_chain: X.509 certificates in DER, leaf first, root left out; may be empty.
        public_key: the other half.
    """

    @property
    def algorithm(self) -> str:
        """Return the JWS algorithm."""
        ...

    @property
    def key_id(self) -> str:
        """Return the name of the key."""
        ...

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        """Return the certificates in DER, leaf first, root left out."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """Return the other half."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`: r and s, or what the algorithm makes."""
        ...


class SignatureChecker(Protocol):
    """A public key that checks signatures of one algorithm."""

    @property
    def algorithm(self) -> str:
        """Return the JWS algorithm."""
        ...

    def check(self, signature: bytes, data: bytes) -> bool:
        """Tell whether `signature` (raw, r and s for ECDSA) is the key's over `data`."""
        ...


class _EcdsaChecker(NamedTuple):
    key: ec.EllipticCurvePublicKey
    algorithm: str

    def check(self, signature: bytes, data: bytes) -> bool:
        ecdsa = ECDSA[self.algorithm]
        size = ecdsa.scalar_bytes
        if len(signature) != 2 * size:
            return False
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        try:
            self.key.verify(encode_dss_signature(r, s), data, ecdsa.hashing)
        except InvalidSignature:
            return False
        return True


class _PlainChecker(NamedTuple):
    """Ed25519, and ML-DSA without a context and without hashing first, as JOSE and COSE have it."""

    key: PlainKey
    algorithm: str

    def check(self, signature: bytes, data: bytes) -> bool:
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


def checker_for(key: PublicKey) -> SignatureChecker:
    """Return the checker of a public key (RFC 7518 section 3.4, RFC 8037 section 3.1, ML-DSA)."""
    # Asked of the name: the package's kinds of keys are slow to tell apart.
    algorithm = key.algorithm
    if algorithm in ECDSA:
        return _EcdsaChecker(cast("ec.EllipticCurvePublicKey", key.native), algorithm)
    return _PlainChecker(cast("PlainKey", key.native), algorithm)
