"""Signers whose private key is in memory."""

from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import ECDSA

PrivateKey: TypeAlias = (
    ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
)


class SoftwareSigner:
    """A Signer over a key of the cryptography package.

    Args:
        private_key: on P-256, P-384 or P-521, Ed25519, or ML-DSA; KeyFormatError for other curves.
        key_id: name under which the public key is published.
        certificate_chain: DER, leaf first, root left out.
    """

    __slots__ = ("_ecdsa", "_private_key", "algorithm", "certificate_chain", "key_id", "public_key")

    def __init__(
        self, private_key: PrivateKey, key_id: str, certificate_chain: tuple[bytes, ...] = ()
    ) -> None:
        self._private_key = private_key
        self.key_id = key_id
        self.certificate_chain = certificate_chain
        self.public_key = PublicKey.from_native(private_key.public_key())
        self.algorithm = self.public_key.algorithm
        if isinstance(private_key, ec.EllipticCurvePrivateKey):
            self._ecdsa = ECDSA[self.algorithm]

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`: r and s (RFC 7518 section 3.4), RFC 8037, FIPS 204."""
        key = self._private_key
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data)
        r, s = decode_dss_signature(key.sign(data, self._ecdsa.hashing))
        size = self._ecdsa.scalar_bytes
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def generate_p256(key_id: str) -> SoftwareSigner:
    """Return a signer with a new P-256 key."""
    return SoftwareSigner(ec.generate_private_key(ec.SECP256R1()), key_id)


def generate_p384(key_id: str) -> SoftwareSigner:
    """Return a signer with a new P-384 key."""
    return SoftwareSigner(ec.generate_private_key(ec.SECP384R1()), key_id)


def generate_p521(key_id: str) -> SoftwareSigner:
    """Return a signer with a new P-521 key."""
    return SoftwareSigner(ec.generate_private_key(ec.SECP521R1()), key_id)


def generate_ed25519(key_id: str) -> SoftwareSigner:
    """Return a signer with a new Ed25519 key."""
    return SoftwareSigner(ed25519.Ed25519PrivateKey.generate(), key_id)


def generate_ml_dsa_44(key_id: str) -> SoftwareSigner:
    """Return a signer with a new ML-DSA-44 key."""
    return SoftwareSigner(mldsa.MLDSA44PrivateKey.generate(), key_id)


def generate_ml_dsa_65(key_id: str) -> SoftwareSigner:
    """Return a signer with a new ML-DSA-65 key."""
    return SoftwareSigner(mldsa.MLDSA65PrivateKey.generate(), key_id)
