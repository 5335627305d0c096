"""What the events of an ERC-1056 registry leave of keys and services at a time."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519

from madang.core.keys.jwk import PublicKey
from madang.core.trust.did import multikey
from madang.core.trust.did.erc1056 import (
    MAX_EVENTS,
    MAX_VALUE,
    DIDAttributeChanged,
    DIDDelegateChanged,
    DIDOwnerChanged,
    Event,
    History,
)
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.model import ED25519, RECOVERY, SECP256K1, Service, VerificationMethod

NOBODY: Final = "0x" + 40 * "0"

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_KEY = re.compile(r"did/pub/(?P<algorithm>\w+)(?:/(?P<purpose>\w+)(?:/\w+)?)?", re.ASCII)
_SERVICE = re.compile(r"did/svc/(?P<type>\w+)", re.ASCII)
_VERIFIES, _AUTHENTICATES = "veriKey", "sigAuth"
_TYPES: Final = (("Secp256k1", SECP256K1), ("RSA", "RsaVerificationKey2018"))
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Key:
    method: VerificationMethod
    purpose: str


class Registry:
    """Keys and services of one identity, changed by one event after the other.

    Args:
        did: the identity's.
        chain_id: of its chain.

    Attributes:
        owner: the address that controls the identity, None while nothing says so.
        deactivated: whether nobody controls it any more, from when on nothing counts.
    """

    def __init__(self, did: str, chain_id: int) -> None:
        self._did = did
        self._chain_id = chain_id
        self._keys: dict[tuple[str, str], _Key] = {}
        self._services: dict[tuple[str, bytes], Service] = {}
        self._key_number = self._service_number = 0
        self.owner: str | None = None
        self.deactivated = False

    def read(self, history: History) -> None:
        """Take in the events up to the time of the history.

        Raises:
            DidError: history_malformed for too many or too large ones, an address that is none,
                or times that go back; history_of_another for an event of another identity.
        """
        _check(history)
        for event in history.events:
            if event.at > history.at or self.deactivated:
                return
            self._apply(event, history.at)

    def methods(self) -> tuple[VerificationMethod, ...]:
        """Return the keys."""
        return tuple(key.method for key in self._keys.values())

    def authentication(self) -> tuple[str, ...]:
        """Return the ids of those that authenticate."""
        return self._ids(_AUTHENTICATES)

    def assertion_method(self) -> tuple[str, ...]:
        """Return the ids of those that sign: one that authenticates signs as well."""
        return self._ids(_VERIFIES, _AUTHENTICATES)

    def services(self) -> tuple[Service, ...]:
        """Return the services."""
        return tuple(self._services.values())

    def _ids(self, *purposes: str) -> tuple[str, ...]:
        return tuple(key.method.id for key in self._keys.values() if key.purpose in purposes)

    def _apply(self, event: Event, at: int) -> None:
        match event:
            case DIDOwnerChanged():
                self.owner = event.owner.lower()
                self.deactivated = self.owner == NOBODY
            case DIDDelegateChanged():
                self._delegate(event, valid=_valid(event, at))
            case DIDAttributeChanged():
                name = _text(event.name)
                if name.startswith("did/pub/"):
                    self._key(name, event, valid=_valid(event, at))
                elif name.startswith("did/svc/"):
                    self._service(name, event, valid=_valid(event, at))

    def _delegate(self, event: DIDDelegateChanged, *, valid: bool) -> None:
        # Each event has its number, valid or not, so that the ids of the others never move.
        self._key_number += 1
        purpose, delegate = _text(event.delegate_type), event.delegate.lower()
        self._keys.pop((purpose, delegate), None)
        if valid and purpose in {_VERIFIES, _AUTHENTICATES}:
            account = {"blockchainAccountId": f"eip155:{self._chain_id}:{delegate}"}
            method = VerificationMethod(self._key_id(), RECOVERY, self._did, other=account)
            self._keys[purpose, delegate] = _Key(method, purpose)

    def _key(self, name: str, event: DIDAttributeChanged, *, valid: bool) -> None:
        self._key_number += 1
        place, found = (name, event.value.hex()), _KEY.fullmatch(name)
        self._keys.pop(place, None)
        if valid and found is not None:
            method = self._method(found["algorithm"], event.value)
            self._keys[place] = _Key(method, found["purpose"] or "")

    def _service(self, name: str, event: DIDAttributeChanged, *, valid: bool) -> None:
        self._service_number += 1
        place, found, endpoint = (name, event.value), _SERVICE.fullmatch(name), _text(event.value)
        self._services.pop(place, None)
        if valid and found is not None and endpoint:
            name = f"{self._did}#service-{self._service_number}"
            self._services[place] = Service(name, (found["type"],), endpoint)

    def _key_id(self) -> str:
        return f"{self._did}#delegate-{self._key_number}"

    def _method(self, algorithm: str, value: bytes) -> VerificationMethod:
        """Return a key; one of Ed25519 can be used, the others are represented."""
        if algorithm == "Ed25519" and len(value) == _KEY_BYTES:
            native = ed25519.Ed25519PublicKey.from_public_bytes(value)
            multibase = multikey.encode(PublicKey.from_native(native))
            return VerificationMethod(
                self._key_id(), ED25519, self._did, public_key_multibase=multibase
            )
        kind = dict(_TYPES).get(algorithm, algorithm)
        return VerificationMethod(
            self._key_id(), kind, self._did, other={"publicKeyHex": value.hex()}
        )


def _check(history: History) -> None:
    if len(history.events) > MAX_EVENTS:
        raise DidError("history_malformed", f"more than {MAX_EVENTS} events")
    if any(later.at < earlier.at for earlier, later in pairwise(history.events)):
        raise DidError("history_malformed", "the times of the events go back")
    for event in history.events:
        if event.identity.lower() != history.address.lower():
            raise DidError("history_of_another", "an event is of another identity")
        if isinstance(event, DIDAttributeChanged):
            if len(event.value) > MAX_VALUE:
                raise DidError("history_malformed", f"a value of more than {MAX_VALUE} bytes")
            continue
        address = event.owner if isinstance(event, DIDOwnerChanged) else event.delegate
        if not _ADDRESS.fullmatch(address.lower()):
            raise DidError("history_malformed", "an owner or a delegate is no address")


def _valid(event: DIDDelegateChanged | DIDAttributeChanged, at: int) -> bool:
    """Tell whether an event still counts; one that ends with its own block takes something back."""
    return event.valid_to >= at and event.valid_to > event.at


def _text(raw: bytes) -> str:
    """Return text that is filled up with zeros; empty if it is no text."""
    try:
        return raw.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return ""
