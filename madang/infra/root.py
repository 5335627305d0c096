"""The key of a municipality's root, which opens for two officers together and for neither alone.

It is sealed in a file under both passphrases, or lies in a token whose PIN has two parts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.split import SCRYPT_N, Passphrases, SplitError, seal, unseal
from madang.infra.hsm import HsmError, PinError, Token
from madang.infra.ids import Ids

ROOT_LABEL, ROOT_ID = "{tenant}/root", b"\0\1"
_CHANCE_BYTES: Final = 44


class Root(Protocol):
    """Where a root's key is."""

    def make(self, passphrases: Passphrases) -> dict[str, Any]:
        """Make the key; return what is to be kept of it."""
        ...

    def open(self, kept: dict[str, Any], passphrases: Passphrases) -> ec.EllipticCurvePrivateKey:
        """Return the key open.

        Raises:
            SplitError, HsmError: with these two it does not open.
        """
        ...


@dataclass(frozen=True, slots=True)
class RootFile:
    """A root in a file.

    Attributes:
        tenant: whose; the file opens for no other.
        ids: draws salts and the nonce.
    """

    tenant: str
    ids: Ids

    def make(self, passphrases: Passphrases) -> dict[str, Any]:
        """Make the key and seal it."""
        key = ec.generate_private_key(ec.SECP256R1())
        jwk = PublicKey.from_native(key.public_key()).to_jwk()
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        chance = self.ids.bytes(_CHANCE_BYTES)
        sealed = seal(der, passphrases, chance=chance, context=self._context(jwk), n=SCRYPT_N)
        return {"jwk": jwk, "sealed": base64url.encode(sealed)}

    def open(self, kept: dict[str, Any], passphrases: Passphrases) -> ec.EllipticCurvePrivateKey:
        """Unseal the key; SplitError if these two do not open it."""
        try:
            jwk, sealed = kept["jwk"], base64url.decode(kept["sealed"])
            der = unseal(sealed, passphrases, context=self._context(jwk), n=SCRYPT_N)
            key = load_der_private_key(der, None)
        except (KeyError, TypeError, AttributeError, EncodingError) as error:
            raise SplitError(f"the root's file is not what was written: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SplitError("the root's file holds no P-256 key")
        return key

    def _context(self, jwk: dict[str, Any]) -> bytes:
        return strict_json.dumps({"root_of": self.tenant, "jwk": jwk}).encode()


@dataclass(frozen=True, slots=True)
class RootToken:
    """A root in a token of its own, whose PIN is one officer's part and then the other's.

    Attributes:
        tenant: whose.
        module: the vendor's PKCS#11 library.
        label: the token's.
        transport_pin: the PIN with which the token came; the ceremony replaces it.
    """

    tenant: str
    module: Path
    label: str
    transport_pin: str = field(default="", repr=False)

    def make(self, passphrases: Passphrases) -> dict[str, Any]:
        """Replace the PIN by the two parts, and make the key inside."""
        Token(self.module, self.label, self.transport_pin).change_pin(_pin(passphrases))
        token = self._token(passphrases)
        public = token.create_p256(self._label, ROOT_ID)
        token.close()
        return {"jwk": public.to_jwk(), "token": self.label}

    def open(self, kept: dict[str, Any], passphrases: Passphrases) -> ec.EllipticCurvePrivateKey:
        """Open the token by both parts; SplitError or HsmError if it does not."""
        token = self._token(passphrases)
        try:
            public = token.public_key(self._label, ROOT_ID)
        except PinError as error:
            raise SplitError(
                "it does not open: both officers' secrets are needed, in the order of the"
                " ceremony; mind that tokens lock after some wrong tries"
            ) from error
        if public.to_jwk() != kept.get("jwk"):
            raise HsmError(f"the token {self.label!r} holds another key than the ceremony made")
        return TokenKey(token, self._label, public)

    def _token(self, passphrases: Passphrases) -> Token:
        return Token(self.module, self.label, _pin(passphrases))

    @property
    def _label(self) -> str:
        return ROOT_LABEL.format(tenant=self.tenant)


def _pin(parts: Passphrases) -> str:
    return parts.first + parts.second


def public_key(kept: dict[str, Any]) -> PublicKey:
    """Return the root's public half; SplitError if what was kept is damaged."""
    try:
        return PublicKey.from_jwk(kept["jwk"])
    except (KeyError, AttributeError, KeyFormatError) as error:
        raise SplitError(f"the root's file is not what was written: {error}") from error


def _inside(*_: object, **__: object) -> NoReturn:
    raise HsmError("the key is in a token and does not leave it")


class TokenKey(ec.EllipticCurvePrivateKey):
    """A key of a token where the cryptography package expects one of its own, to sign alone."""

    def __init__(self, token: Token, label: str, public: PublicKey) -> None:
        self._token, self._label, self._public = token, label, public

    @property
    def curve(self) -> ec.EllipticCurve:
        """Return P-256."""
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        """Return 256."""
        return self.curve.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the other half."""
        native = self._public.native
        if not isinstance(native, ec.EllipticCurvePublicKey):
            raise HsmError("the root's key is not P-256")
        return native

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # noqa: ANN401 - any buffer
        """Return the DER signature over SHA-256 of the data; HsmError for another hash."""
        if getattr(signature_algorithm.algorithm, "name", "") != "sha256":
            _inside()
        raw = self._token.sign_p256(self._label, ROOT_ID, bytes(data))
        return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))

    exchange: Callable[..., Any] = _inside
    private_numbers: Callable[..., Any] = _inside
    private_bytes: Callable[..., Any] = _inside

    def __copy__(self) -> "TokenKey":
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "TokenKey":
        return self
