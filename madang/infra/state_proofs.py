"""State proofs and headers as nodes give them: Ethereum JSON-RPC, and CometBFT's own RPC."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from madang.core.evidence.finality.cometbft import Commit, Vote, timestamp
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.heads import HeadEvidence
from madang.core.evidence.finality.model import Engine, Validator
from madang.core.evidence.finality.qbft import SealedHeader
from madang.core.evidence.storage import ics23, rlp
from madang.core.evidence.storage.ics23 import IavlState
from madang.core.evidence.storage.mpt import TrieState
from madang.core.evidence.storage.protobuf import bytes_field, number_field
from madang.core.evidence.storage.slots import Place
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import Caller, ProofUnavailable
from madang.infra.rpc import RpcError, number, understood

TRIES: Final = 5
"""A block may come between two questions."""
_NUMBERS: Final = frozenset(
    {
        *("difficulty", "number", "gasLimit", "gasUsed", "timestamp"),
        *("baseFeePerGas", "blobGasUsed", "excessBlobGas"),
    }
)
_ALWAYS: Final = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot"),
    *("logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData"),
    *("mixHash", "nonce"),
)
_LATER: Final = (
    *("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas"),
    *("parentBeaconBlockRoot", "requestsHash"),
)
"""Fields of a header in the order of its RLP; the later ones came one after the other."""
_STORE_PATH: Final = f"/store/{ics23.STORE.decode()}/key"
_FOR_BLOCK: Final = 2
"""`BLOCK_ID_FLAG_COMMIT`: the validator voted for this block."""
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class EthereumProofs:
    """Proofs by `eth_getProof` of the newest block.

    Attributes:
        rpc: the node.
        engine: QBFT or DEVELOPMENT.
    """

    rpc: Caller
    engine: Engine

    async def prove(self, place: Place) -> tuple[TrieState, HeadEvidence]:
        """Return proof and header; see `proofs.StateProofs`."""
        slots = ["0x" + each.hex() for each in place.slots(PRIMITIVES)]
        address = "0x" + place.address.hex()
        for _ in range(TRIES):
            latest = await self.rpc.call("eth_blockNumber")
            block = await self.rpc.call("eth_getBlockByNumber", latest, False)  # noqa: FBT003 - JSON
            proof = await self.rpc.call("eth_getProof", address, slots, latest)
            with understood("eth_getProof"):
                nodes = _nodes(proof)
                header = rlp.encode(_header(block))
                # A node without past states answers for the newest block, whatever was asked.
                if PRIMITIVES.keccak(nodes[0]) == _data(block["stateRoot"]):
                    return TrieState(nodes), self._head(header, _data(block["hash"]))
        raise ProofUnavailable("blocks come faster than the node can be asked; ask again")

    def _head(self, header: bytes, hash_: bytes) -> HeadEvidence:
        if self.engine is Engine.QBFT:
            return SealedHeader(header)
        if PRIMITIVES.keccak(header) != hash_:
            raise RpcError("eth_getBlockByNumber: the header has fields that are not known")
        return PlainHeader(header, hash_)


@dataclass(frozen=True, slots=True)
class CometProofs:
    """Proofs of cosmos/evm by CometBFT's RPC; its `eth_getProof` names no header.

    Attributes:
        rpc: the node's CometBFT address.
    """

    rpc: Caller

    async def prove(self, place: Place) -> tuple[IavlState, HeadEvidence]:
        """Return proof and header; see `proofs.StateProofs`."""
        status = await self.rpc.call("status")
        with understood("status"):
            height = int(status["sync_info"]["latest_block_height"])
        if height <= 2:  # noqa: PLR2004 - the engine proves nothing of its first blocks
            raise ProofUnavailable("the chain has just begun; ask again in a while")
        proofs = [await self._query(key, height - 1) for key in ics23.keys(place, PRIMITIVES)]
        stores = {store for _, store in proofs}
        if len(stores) != 1:
            raise ProofUnavailable("the node changed its state while it was asked; ask again")
        root, packed, code = (value for value, _ in proofs)
        return IavlState(root, packed, code, stores.pop()), await self._commit(height)

    async def _query(self, key: bytes, height: int) -> tuple[bytes, bytes]:
        answer = await self.rpc.call("abci_query", _STORE_PATH, key.hex(), str(height), True)  # noqa: FBT003 - JSON
        with understood("abci_query"):
            response = answer["response"]
            if response["code"] or not response["value"]:
                raise ProofUnavailable(
                    "the contract holds nothing of this log; is it anchored yet?"
                )
            value, store = (base64.b64decode(each["data"]) for each in response["proofOps"]["ops"])
            return value, store

    async def _commit(self, height: int) -> Commit:
        answer = await self.rpc.call("commit", str(height))
        with understood("commit"):
            signed = answer["signed_header"]
            found = commit_of(signed["header"], signed["commit"])
            if found.hash.hex() != signed["commit"]["block_id"]["hash"].lower():
                raise RpcError("commit: the header has fields that are not known")
            return found

    async def validators(self) -> tuple[Validator, ...]:
        """Return the validators of the newest block."""
        answer = await self.rpc.call("validators", None, "1", str(_PAGE))
        with understood("validators"):
            found = tuple(
                Validator(base64.b64decode(each["pub_key"]["value"]), int(each["voting_power"]))
                for each in answer["validators"]
            )
            if len(found) != int(answer["total"]):
                raise RpcError(f"validators: more than {_PAGE}, which is more than are read")
            return found

    async def network(self) -> str:
        """Return CometBFT's chain id."""
        status = await self.rpc.call("status")
        with understood("status"):
            return str(status["node_info"]["network"])


def commit_of(header: Mapping[str, Any], commit: Mapping[str, Any]) -> Commit:
    """Return a header and its votes from CometBFT's JSON; any error of Python where it is none."""
    parts = commit["block_id"]["parts"]
    votes = tuple(
        Vote(place, *_time(each["timestamp"]), base64.b64decode(each["signature"]))
        for place, each in enumerate(commit["signatures"])
        if each["block_id_flag"] == _FOR_BLOCK
    )
    return Commit(
        header=_comet_header(header),
        parts=int(parts["total"]),
        parts_hash=bytes.fromhex(parts["hash"]),
        round=int(commit["round"]),
        votes=votes,
    )


def _comet_header(header: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the fields as `Header.Hash` of CometBFT hashes them."""
    version = header["version"]
    last = header["last_block_id"]
    parts = number_field(1, int(last["parts"]["total"]))
    parts += bytes_field(2, bytes.fromhex(last["parts"]["hash"]))
    hashes = (
        *("last_commit_hash", "data_hash", "validators_hash", "next_validators_hash"),
        *("consensus_hash", "app_hash", "last_results_hash", "evidence_hash", "proposer_address"),
    )
    return (
        number_field(1, int(version["block"])) + number_field(2, int(version.get("app", 0))),
        bytes_field(1, header["chain_id"].encode()),
        number_field(1, int(header["height"])),
        timestamp(*_time(header["time"])),
        bytes_field(1, bytes.fromhex(last["hash"])) + bytes_field(2, parts, always=True),
        *(bytes_field(1, bytes.fromhex(header[name])) for name in hashes),
    )


def _time(text: str) -> tuple[int, int]:
    """Return seconds and nanoseconds of a time in UTC (RFC 3339), as CometBFT writes it."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    return seconds, int(fraction.ljust(9, "0")) if fraction else 0


def _nodes(proof: Mapping[str, Any]) -> tuple[bytes, ...]:
    paths: list[Sequence[str]] = [proof["accountProof"]]
    paths += [each["proof"] for each in proof["storageProof"]]
    return tuple(dict.fromkeys(_data(node) for path in paths for node in path))


def _header(block: Mapping[str, Any]) -> list[rlp.Rlp]:
    later = [name for name in _LATER if name in block]
    if list(_LATER[: len(later)]) != later:
        raise ValueError("a header lacks a field in the middle")
    return [_field(name, block[name]) for name in (*_ALWAYS, *later)]


def _field(name: str, value: str) -> bytes:
    if name not in _NUMBERS:
        return _data(value)
    quantity = number(value)
    return quantity.to_bytes((quantity.bit_length() + 7) // 8)


def _data(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
