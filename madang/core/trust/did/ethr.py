"""did:ethr: an account of an Ethereum chain, and what an ERC-1056 registry says of it.

Keys of accounts are on secp256k1. They are represented, and sign nothing here. Addresses are told
apart by their digits alone: the letter case of EIP-55 is a check sum by Keccak, which is not
available to these functions, so one that is wrong is not noticed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.trust.did.erc1056 import History
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.identifier import specific
from madang.core.trust.did.model import (
    RECOVERY,
    SECP256K1,
    DidDocument,
    VerificationMethod,
)
from madang.core.trust.did.registry import Registry

METHOD: Final = "ethr"
MAINNET: Final = "mainnet"
CHAINS: Final[Mapping[str, int]] = MappingProxyType({MAINNET: 1, "sepolia": 11_155_111})
"""Chain ids of the public networks; those of others are an argument."""

_ETHR = re.compile(
    r"(?:(?P<network>0x[0-9a-fA-F]{1,16}|[a-z][a-z0-9-]*(?::[a-z0-9-]+)*):)?"
    r"0x(?P<account>[0-9a-fA-F]{66}|[0-9a-fA-F]{40})"
)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_ADDRESS_DIGITS: Final = 40


@dataclass(frozen=True, slots=True)
class EthrDid:
    """The parts of a did:ethr.

    Attributes:
        chain_id: of the chain.
        address: in small letters; None when the DID is a public key.
        public_key: compressed point on secp256k1 in hexadecimal; None when it is an address.
    """

    chain_id: int
    address: str | None
    public_key: str | None


def parse(did: str, chains: Mapping[str, int] = CHAINS) -> EthrDid:
    """Return the parts of a did:ethr.

    Args:
        did: the DID; without a network it is on the main one.
        chains: chain id of each network that is known by a name.

    Raises:
        DidError: did_malformed, did_method, unknown_network.
    """
    found = _ETHR.fullmatch(specific(did, METHOD))
    if found is None:
        raise DidError("did_malformed", f"{did[:80]!r} has no address and no public key")
    network = found["network"] or MAINNET
    chain_id = int(network, 16) if network.startswith("0x") else chains.get(network)
    if chain_id is None:
        raise DidError("unknown_network", f"the chain id of {network[:40]!r} is not known")
    account = found["account"].lower()
    if len(account) == _ADDRESS_DIGITS:
        return EthrDid(chain_id, f"0x{account}", None)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), bytes.fromhex(account))
    except ValueError as error:
        raise DidError("did_malformed", "the public key is not on secp256k1") from error
    return EthrDid(chain_id, None, account)


def resolve(
    did: str, history: History | None = None, *, chains: Mapping[str, int] = CHAINS
) -> DidDocument:
    """Return the document of an account.

    Args:
        did: the DID.
        history: what the registry says; None where there is no registry to ask. A caller that
            has one and does not ask it takes back nothing that was taken back on the chain.
        chains: chain id of each network that is known by a name.

    Raises:
        DidError: did_malformed, did_method, unknown_network, history_malformed,
            history_of_another.
    """
    parts = parse(did, chains)
    if history is None:
        return _document(did, parts, parts.address, Registry(did, parts.chain_id))
    address = history.address.lower()
    if not _ADDRESS.fullmatch(address):
        raise DidError("history_malformed", "a history is of an address")
    if parts.address not in {None, address}:
        raise DidError("history_of_another", "the history is of another address")
    registry = Registry(did, parts.chain_id)
    registry.read(history)
    if registry.deactivated:
        return DidDocument(did)
    own = registry.owner in {None, address}
    return _document(did, parts, registry.owner or address, registry, keep_key=own)


def _document(
    did: str, parts: EthrDid, owner: str | None, registry: Registry, *, keep_key: bool = True
) -> DidDocument:
    own: list[VerificationMethod] = []
    if owner is not None:
        account = {"blockchainAccountId": f"eip155:{parts.chain_id}:{owner}"}
        own.append(VerificationMethod(f"{did}#controller", RECOVERY, did, other=account))
    # The key of the DID counts for as long as its own account is the controller.
    if parts.public_key is not None and keep_key:
        key = {"publicKeyHex": parts.public_key}
        own.append(VerificationMethod(f"{did}#controllerKey", SECP256K1, did, other=key))
    names = tuple(method.id for method in own)
    return DidDocument(
        did,
        (*own, *registry.methods()),
        (*names, *registry.authentication()),
        (*names, *registry.assertion_method()),
        service=registry.services(),
    )
