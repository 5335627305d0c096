"""Agreement on a key by ECDH (ISO/IEC 18013-5 section 9.1.3.5), as a protocol and in memory."""

from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from madang.core.encoding import base64url
from madang.core.formats.mdoc.errors import MdocError
from madang.core.keys.jwk import PublicKey

KEY_BYTES = 32


class Agreement(Protocol):
    """A private key that agrees on secrets, wherever it is kept."""

    @property
    def public_key(self) -> PublicKey:
        """Return the other half."""
        ...

    def shared_secret(self, other: PublicKey) -> bytes:
        """Return the x coordinate of the shared point; MdocError for another kind of key."""
        ...


class SoftwareAgreement:
    """An Agreement over a P-256 key of the cryptography package."""

    __slots__ = ("_private_key", "public_key")

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self.public_key = PublicKey.from_native(private_key.public_key())

    def shared_secret(self, other: PublicKey) -> bytes:
        """Return the x coordinate of the shared point (section 9.1.1.4, BSI TR-03111 4.3.1)."""
        native = other.native
        if not isinstance(native, ec.EllipticCurvePublicKey) or other.crv != self.public_key.crv:
            raise MdocError("key_agreement", "ISO 18013-5 9.1.1.4", "keys of one curve were due")
        return self._private_key.exchange(ec.ECDH(), native)


class JwkAgreement:
    """An Agreement over a private P-256 JWK, which is read when it is used: few devices use it."""

    def __init__(self, jwk: Mapping[str, str]) -> None:
        self._jwk = jwk

    @cached_property
    def _own(self) -> SoftwareAgreement:
        private = int.from_bytes(base64url.decode(self._jwk["d"]))
        return SoftwareAgreement(ec.derive_private_key(private, ec.SECP256R1()))

    @property
    def public_key(self) -> PublicKey:
        """Return the other half."""
        return self._own.public_key

    def shared_secret(self, other: PublicKey) -> bytes:
        """Return the x coordinate of the shared point; MdocError for another kind of key."""
        return self._own.shared_secret(other)


def derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """Return 32 bytes by HKDF with SHA-256 (RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(secret)
