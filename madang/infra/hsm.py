"""Signing keys in a hardware module by PKCS#11: P-256, made inside, never outside.

One session a process stays open: opening one for each signature costs fifteen times as much. A
module that was taken out and put back is opened once more by the next signature.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from madang.core.keys.jwk import ES256, PublicKey
from madang.core.keys.signing import ECDSA

SIGNATURE_BYTES: Final = 2 * ECDSA[ES256].scalar_bytes
PIN_ERRORS: Final = (
    pkcs11.PinIncorrect,
    pkcs11.PinInvalid,
    pkcs11.PinLenRange,
    pkcs11.PinLocked,
    pkcs11.PinExpired,
)
_SIZES: Final = (65, 33)  # of a point on P-256, in full and compressed
_NEVER_OUTSIDE: Final = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
Found = TypeVar("Found")


class HsmError(RuntimeError):
    """A hardware module does not do its part; the message says what to look at."""


class PinError(HsmError):
    """A token is not opened by the PIN that was given."""


@cache
def open_token(module: Path, label: str, pin: str) -> "Token":
    """Return the one `Token` of this process for these three.

    A module knows one login for each process, so everybody shares it.
    """
    return Token(module, label, pin)


@dataclass
class Token:
    """A token of a module, open while the process lives; threads take turns.

    Attributes:
        module: the vendor's PKCS#11 library.
        label: the token's name.
        pin: the user's.
    """

    module: Path
    label: str
    pin: str = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _session: pkcs11.Session | None = field(default=None, init=False, repr=False)
    _keys: dict[tuple[str, bytes, ObjectClass], Any] = field(
        default_factory=dict, init=False, repr=False
    )
    _stale: bool = field(default=False, init=False, repr=False)
    _refused: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        """A child shares neither the parent's session nor a lock that a thread held there."""
        self._lock = threading.Lock()
        self._forget()

    def exists(self, label: str, key_id: bytes) -> bool:
        """Tell whether the token has a private key of this name."""
        return self._do(lambda session: self._find(session, label, key_id)) is not None

    def create_p256(self, label: str, key_id: bytes) -> PublicKey:
        """Make a pair that stays in the token; HsmError if there is one of this name."""

        def make(session: pkcs11.Session) -> None:
            if self._find(session, label, key_id) is not None:
                raise HsmError(f"{self._named(label, key_id)} is there already; it is kept")
            with session.token.open(rw=True) as writing:
                parameters = writing.create_domain_parameters(
                    KeyType.EC,
                    {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")},
                    local=True,
                )
                parameters.generate_keypair(
                    id=key_id,
                    label=label,
                    store=True,
                    capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                    private_template=_NEVER_OUTSIDE,
                )

        self._do(make)
        return self.public_key(label, key_id)

    def public_key(self, label: str, key_id: bytes) -> PublicKey:
        """Return the public half; HsmError if it is missing or not P-256."""

        def read(session: pkcs11.Session) -> bytes:
            key = self._found(session, label, key_id, ObjectClass.PUBLIC_KEY)
            return bytes(key[Attribute.EC_POINT])

        point = _bare(self._do(read))
        try:
            native = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError as error:
            raise HsmError(f"{self._named(label, key_id)} is not P-256") from error
        return PublicKey.from_native(native)

    def sign_p256(self, label: str, key_id: bytes, data: bytes) -> bytes:
        """Return r and s over SHA-256 of `data`, 64 bytes; HsmError if the token does not."""
        digest = hashlib.sha256(data).digest()

        def sign(session: pkcs11.Session) -> bytes:
            key = self._found(session, label, key_id, ObjectClass.PRIVATE_KEY)
            return bytes(key.sign(digest, mechanism=Mechanism.ECDSA))

        signature = self._do(sign)
        if len(signature) != SIGNATURE_BYTES:
            raise HsmError(
                f"the token {self.label!r} gives a signature of {len(signature)} bytes; r and s"
                f" in {SIGNATURE_BYTES} were expected"
            )
        return signature

    def change_pin(self, pin: str) -> None:
        """Replace the user's PIN; HsmError if the token does not take it."""

        def change(session: pkcs11.Session) -> None:
            with session.token.open(rw=True) as writing:
                try:
                    writing.set_pin(self.pin, pin)
                except PIN_ERRORS as error:
                    raise HsmError(
                        f"the token {self.label!r} does not take the new PIN"
                        f" ({type(error).__name__}); its PINs may be shorter"
                    ) from error

        self._do(change)
        self.close()

    def close(self) -> None:
        """Log out of the token; the next call opens it again."""
        with self._lock:
            if self._session is not None:
                self._session.close()
            self._forget()

    def _do(self, work: Callable[[pkcs11.Session], Found]) -> Found:
        """Do `work` in the session, once more in a new one if the module has lost the first."""
        with self._lock:
            try:
                return work(self._opened())
            except pkcs11.PKCS11Error:
                self._forget()
            try:
                return work(self._opened())
            except pkcs11.PKCS11Error as error:
                self._forget()
                raise HsmError(
                    f"the token {self.label!r} does not answer ({type(error).__name__}), tried"
                    " twice; put it in and look at MADANG_PKCS11_MODULE and MADANG_PKCS11_TOKEN"
                ) from error

    def _opened(self) -> pkcs11.Session:
        if self._session is None:
            self._session = self._open()
        return self._session

    def _open(self) -> pkcs11.Session:
        if self._refused or not self.pin:
            raise self._pin_error("was refused before" if self._refused else "is empty")
        try:
            library = pkcs11.lib(str(self.module))
        except (RuntimeError, pkcs11.PKCS11Error) as error:
            raise HsmError(
                f"no PKCS#11 library at {self.module}; MADANG_PKCS11_MODULE names the vendor's"
            ) from error
        if self._stale:
            library.reinitialize()
            self._stale = False
        try:
            return library.get_token(token_label=self.label).open(user_pin=self.pin)
        except PIN_ERRORS as error:
            # Never tried again: a few wrong PINs lock a token for everybody.
            self._refused = True
            raise self._pin_error(f"is refused ({type(error).__name__})") from error

    def _pin_error(self, why: str) -> PinError:
        return PinError(
            f"the PIN of the token {self.label!r} {why}; MADANG_PKCS11_PIN must be the user's,"
            " and the process started again"
        )

    def _forget(self) -> None:
        self._session, self._stale = None, True
        self._keys.clear()

    def _found(self, session: pkcs11.Session, label: str, key_id: bytes, kind: ObjectClass) -> Any:  # noqa: ANN401 - the library's own
        key = self._find(session, label, key_id, kind)
        if key is None:
            raise HsmError(
                f"{self._named(label, key_id)} is not there; `madang prepare` makes what is missing"
            )
        return key

    def _find(
        self,
        session: pkcs11.Session,
        label: str,
        key_id: bytes,
        kind: ObjectClass = ObjectClass.PRIVATE_KEY,
    ) -> Any:  # noqa: ANN401 - the library's own
        known = self._keys.get((label, key_id, kind))
        if known is not None:
            return known
        wanted = {Attribute.CLASS: kind, Attribute.LABEL: label, Attribute.ID: key_id}
        found = list(session.get_objects(wanted))
        if len(found) > 1:
            raise HsmError(f"{self._named(label, key_id)} is there {len(found)} times; once is due")
        if not found:
            return None
        return self._keys.setdefault((label, key_id, kind), found[0])

    def _named(self, label: str, key_id: bytes) -> str:
        return f"the key {label!r} with id {key_id.hex()} of the token {self.label!r}"


def _bare(point: bytes) -> bytes:
    """Return a point without the OCTET STRING around it, which some modules leave away."""
    for size in _SIZES:
        if len(point) == size + 2 and point.startswith(bytes((4, size))):
            return point[2:]
    return point


@dataclass(frozen=True, slots=True)
class HsmSigner:
    """A Signer whose key is in a token.

    Attributes:
        token: where the key is.
        label: the key's CKA_LABEL.
        identifier: its CKA_ID.
        public_key: the other half.
        key_id: name under which it is published.
        certificate_chain: DER, leaf first, root left out.
    """

    token: Token
    label: str
    identifier: bytes
    public_key: PublicKey
    key_id: str
    certificate_chain: tuple[bytes, ...] = ()
    algorithm: str = ES256

    def sign(self, data: bytes) -> bytes:
        """Return r and s, 64 bytes (RFC 7518 section 3.4); HsmError if the token does not."""
        return self.token.sign_p256(self.label, self.identifier, data)


@dataclass(frozen=True, slots=True)
class HsmKeys:
    """The keys of some purposes in a token: label `<tenant>/<purpose>`, id the version's number.

    Attributes:
        token: where they are.
        purposes: whose new keys are made here.
    """

    token: Token
    purposes: frozenset[str]

    def makes(self, name: str) -> bool:
        """Tell whether a new key of this name belongs into the token."""
        return name.partition(".")[0] in self.purposes

    def exists(self, tenant: str, name: str) -> bool:
        """Tell whether the token has this key."""
        return self.makes(name) and self.token.exists(*_place(tenant, name))

    def create_p256(self, tenant: str, name: str) -> None:
        """Make a key; HsmError if there is one already."""
        self.token.create_p256(*_place(tenant, name))

    def signer(self, tenant: str, name: str, chain: tuple[bytes, ...]) -> HsmSigner:
        """Return the signer; HsmError if there is no such key."""
        place = _place(tenant, name)
        key = self.token.public_key(*place)
        return HsmSigner(self.token, *place, key, key.thumbprint(), chain)


def _place(tenant: str, name: str) -> tuple[str, bytes]:
    purpose, _, number = name.partition(".")
    return f"{tenant}/{purpose}", int(number or 1).to_bytes(2)
