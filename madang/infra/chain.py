"""The AnchorLog contract on a chain: calls, signed transactions, events, and what is final.

Signing and encoding come from web3 and eth_account; what goes over the wire goes through
`JsonRpc`, so that limits and errors are one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3
from web3.types import Nonce
from web3.utils.address import get_create_address

from contracts.addresses import Deployment
from madang.infra.rpc import JsonRpc, RpcError, WrongNodeError, counted, digest, number, understood

# Some engines charge half of the limit at least, so limits are tight. `append` took 52,490 gas for
# a first head, and 35,600 with 1,640 for each hash of the proof at worst.
OPEN_GAS: Final = 60_000
ACCEPT_GAS: Final = 60_000
_FIRST_GAS: Final = 60_000
_APPEND_GAS: Final = 45_000
_HASH_GAS: Final = 2_000
RECEIPT_SECONDS: Final = 30.0
RESEND_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02
_LONGEST_POLL_SECONDS: Final = 0.5
_UNKNOWN: Final = -32000
"""What some engines (cosmos/evm) answer for a receipt or transaction that they do not have."""
_LEAST_BLOCKS: Final = 1_000
"""Smallest range of blocks for which events are asked for, if a node refuses larger ones."""


def append_gas(hashes: int) -> int:
    """Return the gas limit of an `append` with so many hashes in its proof."""
    return max(_FIRST_GAS, _APPEND_GAS + _HASH_GAS * hashes)


class ChainError(RuntimeError):
    """The chain does not hold what was expected, or does not take what was sent.

    Attributes:
        kind: a fixed word for it.
    """

    def __init__(self, message: str, kind: str = "refused") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a chain.

    Attributes:
        number: its height.
        hash: "0x…".
        time: seconds since the epoch.
    """

    number: int
    hash: str
    time: int


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a log as the contract has it.

    Attributes:
        owner: address that may append; zero address when the log is not open.
        size: number of entries that the owner claims; 0 before the first append.
        time: seconds since the epoch of the block that took it.
        root: Merkle tree hash, 32 bytes.
    """

    owner: str
    size: int
    time: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change of a log's owner that waits.

    Attributes:
        successor: address that has to accept; zero address when nothing waits.
        ready: seconds since the epoch from which on it can.
    """

    successor: str
    ready: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """One accepted head, from the contract's events."""

    size: int
    root: bytes
    block: int
    transaction: str


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to be sent, any number of times: the chain takes it once."""

    raw: bytes
    hash: str
    sender: str
    nonce: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction.

    Attributes:
        succeeded: whether it was not reverted.
        block: the one it is in.
        gas_used: gas the whole transaction took.
    """

    succeeded: bool
    block: Block
    gas_used: int


class ChainAccount:
    """A secp256k1 account that signs transactions.

    Args:
        private_key: 32 bytes.
        chain_id: the chain the signatures are for.
    """

    def __init__(self, private_key: bytes, chain_id: int) -> None:
        self._account = Account.from_key(private_key)
        self._chain_id = chain_id
        self.address: str = str(self._account.address)

    def sign(self, *, nonce: int, to: str | None, data: bytes, gas: int) -> SignedTransaction:
        """Sign a call of `to`, or the creation of a contract when `to` is None; no fee."""
        fields: dict[str, Any] = {
            "chainId": self._chain_id,
            "nonce": nonce,
            "gas": gas,
            "gasPrice": 0,
            "value": 0,
            "data": data,
        }
        if to is not None:
            fields["to"] = to
        signed = self._account.sign_transaction(fields)
        raw = bytes(signed.raw_transaction)
        return SignedTransaction(raw, "0x" + bytes(signed.hash).hex(), self.address, nonce)


def contract_address(sender: str, nonce: int) -> str:
    """Return the address that a contract created by this transaction gets."""
    return str(get_create_address(to_checksum_address(sender), Nonce(nonce)))


def call_data(abi: Sequence[Any], name: str, *arguments: object) -> bytes:
    """Return the call data of a contract's function."""
    encoded = Web3().eth.contract(abi=abi).encode_abi(name, args=list(arguments))
    return bytes.fromhex(str(encoded)[2:])


class Chain(Protocol):
    """What the publisher needs of a chain."""

    async def identity(self) -> tuple[int, str]:
        """Return chain id and genesis hash."""
        ...

    async def transaction_count(self, address: str) -> int:
        """Return how many transactions of the address are in blocks."""
        ...

    async def send(self, transaction: bytes) -> None:
        """Hand over a signed transaction; one that the chain knows already is no error."""
        ...

    async def receipt(self, transaction_hash: str) -> Receipt | None:
        """Return what became of a transaction; None while it is in no block."""
        ...


class RpcChain:
    """A chain behind one or more JSON-RPC addresses."""

    def __init__(self, rpc: JsonRpc) -> None:
        self.rpc = rpc

    async def identity(self) -> tuple[int, str]:
        """Return chain id and genesis hash; RpcError if the node does not answer.

        The genesis is block 1 where the engine, such as one on CometBFT, has no block 0; asked
        for it, some answer with block 1.
        """
        chain_id = number(await self.rpc.call("eth_chainId"))
        genesis = await self._block("0x0") or await self._block("0x1")
        if genesis is None or genesis.number > 1:
            raise RpcError("the node has neither block 0 nor block 1")
        return chain_id, genesis.hash

    async def block(self, which: int | str) -> Block | None:
        """Return a block by number or tag; None for one that the node does not have.

        Raises:
            RpcError: the node does not answer, or answers with the block of another number.
        """
        found = await self._block(hex(which) if isinstance(which, int) else which)
        if found is not None and isinstance(which, int) and found.number != which:
            raise RpcError(f"asked for block {which}, the node answers block {found.number}")
        return found

    async def _block(self, which: str) -> Block | None:
        try:
            found = await self.rpc.call("eth_getBlockByNumber", which, False)  # noqa: FBT003 - JSON
        except RpcError as error:
            if error.code is None:
                raise
            return None
        if found is None:
            return None
        with understood("eth_getBlockByNumber"):
            at, hash_, time = found["number"], found["hash"], found["timestamp"]
            return Block(counted(at), digest(hash_), counted(time))

    async def final_block(self, depth: int | None) -> Block | None:
        """Return the newest block that is final by the engine's own rule; None while there is none.

        Args:
            depth: None where the engine tells it itself by the tag `finalized`; else a block is
                final when so many follow it, none where the engine never takes a block back.
        """
        if depth is None:
            return await self.block("finalized")
        newest = await self.block("latest")
        if newest is None or newest.number < depth:
            return None
        return newest if depth == 0 else await self.block(newest.number - depth)

    async def follow(self, known: Block) -> None:
        """Hold the node against a block that was final before.

        Raises:
            WrongNodeError: the node is behind it, or on another branch.
            RpcError: the node does not answer.
        """
        found = await self.block(known.number)
        if found is None:
            raise WrongNodeError(
                "behind",
                f"the node is behind or forked: it has no block {known.number}, which was final"
                f" as {known.hash}. Let it catch up, or name another node",
            )
        if found.hash != known.hash:
            raise WrongNodeError(
                "forked",
                f"the node is behind or forked: its block {known.number} is {found.hash}, and"
                f" {known.hash} was final. Name a node of the chain that was used before",
            )

    async def code_hash(self, address: str) -> str:
        """Return keccak-256 of the code at an address, "0x…"."""
        code = str(await self.rpc.call("eth_getCode", address, "latest"))
        with understood("eth_getCode"):
            return "0x" + keccak(hexstr=code).hex()

    async def mismatches(self, deployment: Deployment) -> tuple[tuple[str, str, str], ...]:
        """Return what the node has otherwise, as `Deployment.mismatches`; () is good.

        Raises:
            RpcError: the node does not answer.
        """
        chain_id, genesis = await self.identity()
        codes = {
            name: await self.code_hash(contract.address)
            for name, contract in deployment.contracts.items()
        }
        return deployment.mismatches(chain_id=chain_id, genesis_hash=genesis, code_hashes=codes)

    async def estimate(self, sender: str, to: str | None, data: bytes) -> int:
        """Return the gas that a transaction would take now.

        Raises:
            RpcError: with a code where the transaction would be reverted.
        """
        fields = {"from": sender, "data": "0x" + data.hex(), "gasPrice": "0x0"}
        if to is not None:
            fields["to"] = to
        return counted(await self.rpc.call("eth_estimateGas", fields))

    async def transaction_count(self, address: str) -> int:
        """Return how many transactions of the address are in blocks."""
        return counted(await self.rpc.call("eth_getTransactionCount", address, "latest"))

    async def send(self, transaction: bytes) -> None:
        """Hand over a signed transaction; one that is in a block already is no error."""
        hash_ = "0x" + keccak(transaction).hex()
        try:
            await self.rpc.call("eth_sendRawTransaction", "0x" + transaction.hex())
        except RpcError as error:
            if error.code is None or await self._known("eth_getTransactionByHash", hash_) is None:
                raise

    async def _known(self, method: str, transaction_hash: str) -> Any:  # noqa: ANN401 - any JSON
        try:
            return await self.rpc.call(method, transaction_hash)
        except RpcError as error:
            if error.code == _UNKNOWN:
                return None
            raise

    async def receipt(self, transaction_hash: str) -> Receipt | None:
        """Return what became of a transaction; None while it is in no block of the node's chain.

        Raises:
            RpcError: the node does not answer, or answers for another transaction.
        """
        found = await self._known("eth_getTransactionReceipt", transaction_hash)
        if found is None:
            return None
        with understood("eth_getTransactionReceipt"):
            if digest(found["transactionHash"]) != transaction_hash:
                raise RpcError("the node answers with the receipt of another transaction")
            block = await self.block(counted(found["blockNumber"]))
            if block is None or block.hash != digest(found["blockHash"]):
                return None  # the block was taken back in between
            return Receipt(
                succeeded=number(found["status"]) == 1,
                block=block,
                gas_used=counted(found["gasUsed"]),
            )


async def wait_for_receipt(
    chain: Chain, transaction_hash: str, raw: bytes, seconds: float = RECEIPT_SECONDS
) -> Receipt:
    """Send a transaction until it is in a block; it may be in one already.

    A node may refuse it at first (the first burst of a fresh account, a full pool), or lose it
    again, so the same bytes are sent again and again.

    Raises:
        ChainError: it is in no block after `seconds`, with what the node says to it.
        RpcError: the node does not answer.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    pause, again, told = _POLL_SECONDS, 0.0, ""
    while (receipt := await chain.receipt(transaction_hash)) is None:
        now = loop.time()
        if now >= deadline:
            raise ChainError(
                f"transaction {transaction_hash} is in no block after {seconds:g} s{told}",
                "no_block",
            )
        if now >= again:
            again = now + RESEND_SECONDS
            told = await _sent(chain, raw)
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_POLL_SECONDS)
    return receipt


async def _sent(chain: Chain, raw: bytes) -> str:
    """Send, and return what the node says against it."""
    try:
        await chain.send(raw)
    except RpcError as error:
        if error.code is None:
            raise
        return f"; the node says: {error}"
    return ""


class AnchorLog:
    """The contract AnchorLog at one address of one chain.

    Args:
        rpc: the node that is asked.
        abi: the contract's ABI.
        address: where it was deployed.
    """

    def __init__(self, rpc: JsonRpc, abi: Sequence[Any], address: str) -> None:
        self._rpc = rpc
        self.address = to_checksum_address(address)
        self._contract = Web3().eth.contract(address=self.address, abi=abi)

    def open_call(self, label: bytes) -> bytes:
        """Return the call data of `open(label)`."""
        return self._encode("open", label)

    def append_call(self, log_id: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bytes:
        """Return the call data of `append(logId, size, root, proof)`."""
        return self._encode("append", log_id, size, root, list(proof))

    def propose_owner_call(self, log_id: bytes, successor: str) -> bytes:
        """Return the call data of `proposeOwner(logId, successor)`."""
        return self._encode("proposeOwner", log_id, to_checksum_address(successor))

    def accept_owner_call(self, log_id: bytes) -> bytes:
        """Return the call data of `acceptOwner(logId)`."""
        return self._encode("acceptOwner", log_id)

    def _encode(self, name: str, *arguments: object) -> bytes:
        return bytes.fromhex(str(self._contract.encode_abi(name, args=list(arguments)))[2:])

    async def head(self, log_id: bytes) -> Head:
        """Return the present head of a log."""
        found = await self._call("head", log_id)
        with understood("head"):
            owner, size, time, root = found[0]
            return Head(to_checksum_address(owner), int(size), int(time), bytes(root))

    async def rotation(self, log_id: bytes) -> Rotation:
        """Return the change of a log's owner that waits."""
        found = await self._call("rotation", log_id)
        with understood("rotation"):
            successor, ready, _ = found[0]
            return Rotation(to_checksum_address(successor), int(ready))

    async def log_id(self, owner: str, label: bytes) -> bytes:
        """Return the id of the log that `owner` has opened under `label`."""
        found = await self._call("idOf", to_checksum_address(owner), label)
        with understood("idOf"):
            return bytes(found[0])

    async def _call(self, name: str, *arguments: object) -> tuple[Any, ...]:
        data = "0x" + self._encode(name, *arguments).hex()
        answer = await self._rpc.call("eth_call", {"to": self.address, "data": data}, "latest")
        function = self._contract.get_function_by_name(name)
        types = [_abi_type(output) for output in function.abi["outputs"]]
        with understood("eth_call"):
            return tuple(Web3().codec.decode(types, bytes.fromhex(str(answer)[2:])))

    async def anchors(self, log_id: bytes, last: int) -> list[Anchor]:
        """Return every head that the contract has accepted for a log, oldest first.

        Args:
            log_id: of the log.
            last: number of the last block that counts, such as that of the final one.
        """
        topics = [self._contract.events.Appended().topic, "0x" + log_id.hex()]
        logs = await self._events(topics, 0, last)
        with understood("eth_getLogs"):
            return [_anchor(entry) for entry in logs]

    async def _events(self, topics: Sequence[str], first: int, last: int) -> list[Any]:
        """Return events in a range of blocks, in parts where a node refuses so many at once."""
        query = {
            "address": self.address,
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "topics": topics,
        }
        try:
            found = await self._rpc.call("eth_getLogs", query)
        except RpcError as error:
            if error.code is None or last - first < _LEAST_BLOCKS:
                raise
        else:
            with understood("eth_getLogs"):
                return [*found]
        middle = (first + last) // 2
        earlier = await self._events(topics, first, middle)
        return earlier + await self._events(topics, middle + 1, last)


def _anchor(entry: Mapping[str, Any]) -> Anchor:
    size, root = Web3().codec.decode(["uint64", "bytes32"], bytes.fromhex(entry["data"][2:]))
    at, hash_ = counted(entry["blockNumber"]), digest(entry["transactionHash"])
    return Anchor(int(size), bytes(root), at, hash_)


def _abi_type(output: Mapping[str, Any]) -> str:
    if output["type"] != "tuple":
        return str(output["type"])
    return "(" + ",".join(_abi_type(part) for part in output["components"]) + ")"
