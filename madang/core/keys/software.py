"""Signers whose private key is in memory (RFC 7518, RFC 8037, FIPS 204)."""

from collections.abc import Callable
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import ECDSA

_LONG_LENGTH = 0x80
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

    __slots__ = ("_private_key", "_sign", "algorithm", "certificate_chain", "key_id", "public_key")

    def __init__(
        self, private_key: PrivateKey, key_id: str, certificate_chain: tuple[bytes, ...] = ()
    ) -> None:
        self._private_key = private_key
        self.key_id = key_id
        self.certificate_chain = certificate_chain
        self.public_key = PublicKey.from_native(private_key.public_key())
        self.algorithm = self.public_key.algorithm
        self._sign = _signing(private_key, self.algorithm)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`: r and s (RFC 7518 section 3.4), RFC 8037, FIPS 204."""
        return self._sign(data)


def _signing(key: PrivateKey, algorithm: str) -> Callable[[bytes], bytes]:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign
    sign, ecdsa = key.sign, ECDSA[algorithm]
    return lambda data: _raw(sign(data, ecdsa.hashing), ecdsa.scalar_bytes)


def _raw(der: bytes, size: int) -> bytes:
    """Return r and s of a signature just made: SEQUENCE of two INTEGERs, each below 128 bytes.

    An INTEGER has no zeros before it but one that keeps it from being negative.
    """
    at = 4 if der[1] < _LONG_LENGTH else 5
    end = at + der[at - 1]
    r, s = der[at:end], der[end + 2 :]
    return r[-size:].rjust(size, b"\0") + s[-size:].rjust(size, b"\0")


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
