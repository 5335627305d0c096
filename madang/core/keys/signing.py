"""Signing and checking as protocols, so that a key may live in a file or in a device."""

from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from madang.core.keys.jwk import PublicKey

SCALAR_BYTES = 32
SIGNATURE_BYTES = 64
ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())


class Signer(Protocol):
    """A private key that signs, wherever it is kept.

    Attributes:
        algorithm: JWS algorithm (RFC 7518, RFC 8037): "ES256" or "EdDSA".
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
        """Return the signature over `data`, 64 bytes: r and s, or the Ed25519 signature."""
        ...


class SignatureChecker(Protocol):
    """A public key that checks signatures of one algorithm."""

    @property
    def algorithm(self) -> str:
        """Return the JWS algorithm."""
        ...

    def check(self, signature: bytes, data: bytes) -> bool:
        """Tell whether `signature` (64 bytes, raw) is the key's over `data`."""
        ...


@dataclass(frozen=True, slots=True)
class _P256Checker:
    key: ec.EllipticCurvePublicKey
    algorithm: str = "ES256"

    def check(self, signature: bytes, data: bytes) -> bool:
        if len(signature) != SIGNATURE_BYTES:
            return False
        r = int.from_bytes(signature[:SCALAR_BYTES], "big")
        s = int.from_bytes(signature[SCALAR_BYTES:], "big")
        try:
            self.key.verify(encode_dss_signature(r, s), data, ECDSA_SHA256)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Ed25519Checker:
    key: ed25519.Ed25519PublicKey
    algorithm: str = "EdDSA"

    def check(self, signature: bytes, data: bytes) -> bool:
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


def checker_for(key: PublicKey) -> SignatureChecker:
    """Return the checker of a public key (RFC 7518 section 3.4, RFC 8037 section 3.1)."""
    native = key.native
    if isinstance(native, ed25519.Ed25519PublicKey):
        return _Ed25519Checker(native)
    return _P256Checker(native)
