"""What a municipality keeps as an issuer beside the keys that sign, in one encrypted key file.

Every process of the issuer opens the same file, so that all recognise one another's nonces and
open what was encrypted to any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from madang.core.encoding import base64url
from madang.core.envelope import jwe
from madang.core.keys.jwk import PublicKey
from madang.infra.keystore import Keystore, KeystoreError
from madang.infra.setup import ENCRYPTION

SECRET_BYTES: Final = 32
_P256_BYTES: Final = 32
_INFO: Final = b"madang issuer secret"
_PUBLIC: Final = ("kty", "crv", "x", "y", "use", "alg", "kid")


@dataclass(frozen=True, slots=True)
class IssuerSecrets:
    """Of one municipality.

    Attributes:
        decryption: private P-256 JWK of its key for encrypted requests.
        secret: 32 bytes for names and nonces that only it can make.
    """

    decryption: Mapping[str, str]
    secret: bytes

    @property
    def encryption(self) -> dict[str, Any]:
        """Return the public half as the metadata have it."""
        return {name: self.decryption[name] for name in _PUBLIC}


class Secrets(Protocol):
    """Gives a municipality's secrets."""

    def __call__(self, tenant: str, /) -> IssuerSecrets:
        """Return them."""
        ...


def secrets_of(key: ec.EllipticCurvePrivateKey) -> IssuerSecrets:
    """Return what follows from a key for encrypted requests."""
    public = PublicKey.from_native(key.public_key())
    scalar = key.private_numbers().private_value.to_bytes(_P256_BYTES)
    whole = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    hkdf = HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=None, info=_INFO)
    marks = {"use": "enc", "alg": jwe.ALG, "kid": public.thumbprint()}
    jwk = {**public.to_jwk(), **marks, "d": base64url.encode(scalar)}
    return IssuerSecrets(jwk, hkdf.derive(whole))


def kept_secrets(keys: Keystore) -> Secrets:
    """Return what opens a municipality's file once; KeystoreError there if it cannot be opened."""

    @cache
    def opened(tenant: str) -> IssuerSecrets:
        key = keys.private_key(tenant, ENCRYPTION)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeystoreError(f"the key {tenant}/{ENCRYPTION} is not on P-256")
        return secrets_of(key)

    return opened
