"""Signers whose private key is in memory."""

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import ECDSA_SHA256, SCALAR_BYTES

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class SoftwareSigner:
    """A Signer over a key of the cryptography package.

    Args:
        private_key: P-256 or Ed25519; KeyFormatError for other curves.
        key_id: name under which the public key is published.
        certificate_chain: DER, leaf first, root left out.
    """

    __slots__ = ("_private_key", "algorithm", "certificate_chain", "key_id", "public_key")

    def __init__(
        self, private_key: PrivateKey, key_id: str, certificate_chain: tuple[bytes, ...] = ()
    ) -> None:
        self._private_key = private_key
        self.key_id = key_id
        self.certificate_chain = certificate_chain
        self.public_key = PublicKey.from_native(private_key.public_key())
        self.algorithm = self.public_key.algorithm

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`, 64 bytes (RFC 7518 section 3.4, RFC 8037)."""
        key = self._private_key
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(data)
        r, s = decode_dss_signature(key.sign(data, ECDSA_SHA256))
        return r.to_bytes(SCALAR_BYTES, "big") + s.to_bytes(SCALAR_BYTES, "big")


def generate_p256(key_id: str) -> SoftwareSigner:
    """Return a signer with a new P-256 key."""
    return SoftwareSigner(ec.generate_private_key(ec.SECP256R1()), key_id)


def generate_ed25519(key_id: str) -> SoftwareSigner:
    """Return a signer with a new Ed25519 key."""
    return SoftwareSigner(ed25519.Ed25519PrivateKey.generate(), key_id)
