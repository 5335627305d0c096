"""What the provider knows of a wallet, and what it refuses."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from madang.core.protocol.error_body import printable

InstanceId = NewType("InstanceId", str)


class Code(StrEnum):
    """Why a call is refused; told to the wallet."""

    INVALID_REQUEST = "invalid_request"
    INVALID_PROOF = "invalid_proof"
    INVALID_NONCE = "invalid_nonce"
    INSTANCE_UNKNOWN = "instance_unknown"
    INSTANCE_REVOKED = "instance_revoked"


class ProviderRefused(Exception):  # noqa: N818 - a refusal, not a mistake of ours
    """A wallet's call is refused.

    Attributes:
        code: fixed word.
        description: a sentence for whoever builds a wallet.
    """

    def __init__(self, code: Code, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = printable(description)


class NoSuchInstance(LookupError):  # noqa: N818 - a state of the records
    """An administrator names no wallet of this municipality."""


class NoSuchList(LookupError):  # noqa: N818 - a state of the lists
    """No status list of this number, or none in a form that the reader takes."""


def invalid_request(reason: str) -> ProviderRefused:
    """Return the refusal of a body that is not what the call needs."""
    return ProviderRefused(Code.INVALID_REQUEST, reason)


def invalid_proof(reason: str) -> ProviderRefused:
    """Return the refusal of a proof."""
    return ProviderRefused(Code.INVALID_PROOF, reason)


def invalid_nonce() -> ProviderRefused:
    """Return the refusal of a nonce that is over, used or not of this provider."""
    told = "the nonce is not good (any more); fetch one from the nonce endpoint for each call"
    return ProviderRefused(Code.INVALID_NONCE, told)


def instance_unknown() -> ProviderRefused:
    """Return the refusal of a wallet that is not registered here."""
    told = "no wallet is registered with this key or code; register the instance's key first"
    return ProviderRefused(Code.INSTANCE_UNKNOWN, told)


def instance_revoked() -> ProviderRefused:
    """Return the refusal of a wallet that was revoked."""
    told = "this wallet was revoked and is not attested again; register a new instance"
    return ProviderRefused(Code.INSTANCE_REVOKED, told)


@dataclass(frozen=True, slots=True)
class Instance:
    """A registered wallet; nothing is known of its holder.

    Attributes:
        id: opaque.
        thumbprint: of the key of the instance.
        code_hash: SHA-256 of the holder's revocation code.
        revoked_at: epoch seconds; None while it is not.
    """

    id: InstanceId
    thumbprint: str
    code_hash: bytes
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attestation's status stands.

    Attributes:
        number: of the list, from 1.
        index: in the list.
    """

    number: int
    index: int


@dataclass(frozen=True, slots=True)
class ListState:
    """The list from which places are given.

    Attributes:
        number: of the list.
        size: statuses in it.
        key: of its secret order.
        position: the first that is free in that order.
    """

    number: int
    size: int
    key: bytes
    position: int


@dataclass(frozen=True, slots=True)
class Statements:
    """What the provider says of all its wallets.

    Attributes:
        client_id: the wallet as an OAuth client; the provider's identifier where it is empty.
        name: of the wallet, for people.
        link: where people read about it; the guide's first page where it is empty.
        key_storage: how well keys are kept (OpenID4VCI 1.0 appendix D.2).
        user_authentication: how well their use is guarded (the same).
        wallet_seconds: life of a wallet attestation.
        key_seconds: life of a key attestation.
    """

    client_id: str
    name: str
    link: str
    key_storage: tuple[str, ...]
    user_authentication: tuple[str, ...]
    wallet_seconds: int
    key_seconds: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times and sizes, in seconds and statuses.

    Attributes:
        nonce_seconds: life of a nonce.
        proof_seconds: oldest proof accepted.
        skew_seconds: how far other clocks may be off.
        list_size: statuses in one list.
        list_fill_percent: a new list is begun when so much of one is used.
        list_ttl: how long readers may keep a list.
        list_seconds: life of a published list.
    """

    nonce_seconds: int
    proof_seconds: int
    skew_seconds: int
    list_size: int
    list_fill_percent: int
    list_ttl: int
    list_seconds: int
