"""The events of an ERC-1056 registry, as whoever read the chain hands them in."""

from dataclasses import dataclass
from typing import Final, TypeAlias

MAX_EVENTS: Final = 1_000
MAX_VALUE: Final = 4_096


@dataclass(frozen=True, slots=True)
class DIDOwnerChanged:
    """Another account controls the identity now.

    Attributes:
        identity: the address, `0x` and 40 hexadecimal digits.
        owner: the new controller's address; all zeros end the identity.
        at: time of the block, seconds since the epoch.
    """

    identity: str
    owner: str
    at: int


@dataclass(frozen=True, slots=True)
class DIDDelegateChanged:
    """An account may sign for the identity until a time; a time that has passed takes it back.

    Attributes:
        identity: as above.
        delegate_type: bytes32: "veriKey" or "sigAuth", filled up with zeros.
        delegate: the account's address.
        valid_to: seconds since the epoch.
        at: time of the block, seconds since the epoch.
    """

    identity: str
    delegate_type: bytes
    delegate: str
    valid_to: int
    at: int


@dataclass(frozen=True, slots=True)
class DIDAttributeChanged:
    """The identity has a key or a service until a time.

    Attributes:
        identity: as above.
        name: bytes32: "did/pub/<algorithm>/<purpose>/<encoding>" or "did/svc/<name>".
        value: the key or the service's address.
        valid_to: seconds since the epoch.
        at: time of the block, seconds since the epoch.
    """

    identity: str
    name: bytes
    value: bytes
    valid_to: int
    at: int


Event: TypeAlias = DIDOwnerChanged | DIDDelegateChanged | DIDAttributeChanged


@dataclass(frozen=True, slots=True)
class History:
    """What a registry says of one identity.

    Attributes:
        address: the identity's; for a DID of a public key, as whoever read the chain derived it.
        events: all of them, in the order of the chain.
        at: time that the document is wanted for, seconds since the epoch; later events are left
            out.
    """

    address: str
    events: tuple[Event, ...]
    at: int
