"""The AnchorLog contract on a chain: calls, signed transactions, events.

Signing and encoding come from web3 and eth_account; what goes over the wire goes through `Rpc`,
so that limits and errors are one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3
from web3.types import Nonce
from web3.utils.address import get_create_address

from contracts.addresses import Deployment
from madang.infra.rpc import Rpc, RpcError, number, understood

# `append` took 86,039 gas at worst; some engines charge half of the limit, so it is tight.
APPEND_GAS = 120_000
OPEN_GAS = 80_000
DEPLOY_GAS = 4_000_000
RECEIPT_SECONDS = 30.0
_POLL_SECONDS = 0.05
_UNKNOWN_RECEIPT = -32000


class ChainError(RuntimeError):
    """The chain is not the expected one or does not hold what was expected."""


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
    """What became of a transaction."""

    succeeded: bool
    block: int
    block_time: int
    gas_used: int
    contract: str | None


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
    """A chain behind a JSON-RPC address."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    async def identity(self) -> tuple[int, str]:
        """Return chain id and genesis hash; RpcError if the node does not answer.

        The genesis is block 1 where the engine, such as one on CometBFT, has no block 0.
        """
        chain_id = number(await self.rpc.call("eth_chainId"))
        genesis = await self._block("0x0") or await self._block("0x1")
        with understood("eth_getBlockByNumber"):
            return chain_id, str(genesis["hash"])

    async def _block(self, which: str) -> Any:  # noqa: ANN401 - any JSON value
        return await self.rpc.call("eth_getBlockByNumber", which, False)  # noqa: FBT003 - JSON

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

    async def transaction_count(self, address: str) -> int:
        """Return how many transactions of the address are in blocks."""
        return number(await self.rpc.call("eth_getTransactionCount", address, "latest"))

    async def send(self, transaction: bytes) -> None:
        """Hand over a signed transaction; one that is in a block already is no error."""
        hash_ = "0x" + keccak(transaction).hex()
        try:
            await self.rpc.call("eth_sendRawTransaction", "0x" + transaction.hex())
        except RpcError:
            if await self.rpc_transaction(hash_) is None:
                raise

    async def rpc_transaction(self, transaction_hash: str) -> Mapping[str, Any] | None:
        """Return the transaction as the node knows it, in a block or waiting."""
        found: Mapping[str, Any] | None = await self.rpc.call(
            "eth_getTransactionByHash", transaction_hash
        )
        return found

    async def receipt(self, transaction_hash: str) -> Receipt | None:
        """Return what became of a transaction; None while it is in no block."""
        try:
            found = await self.rpc.call("eth_getTransactionReceipt", transaction_hash)
        except RpcError as error:
            if error.code == _UNKNOWN_RECEIPT:
                return None
            raise
        if found is None:
            return None
        with understood("eth_getTransactionReceipt"):
            number_of_block = found["blockNumber"]
        block = await self._block(number_of_block)
        with understood("eth_getTransactionReceipt"):
            return Receipt(
                succeeded=number(found["status"]) == 1,
                block=number(number_of_block),
                block_time=number(block["timestamp"]),
                gas_used=number(found["gasUsed"]),
                contract=found.get("contractAddress"),
            )


async def wait_for_receipt(
    chain: Chain, transaction_hash: str, seconds: float = RECEIPT_SECONDS
) -> Receipt:
    """Wait until a transaction is in a block; ChainError when it takes longer than `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline:
        receipt = await chain.receipt(transaction_hash)
        if receipt is not None:
            return receipt
        await asyncio.sleep(_POLL_SECONDS)
    raise ChainError(f"transaction {transaction_hash} is in no block after {seconds:g} s")


class AnchorLog:
    """The contract AnchorLog at one address of one chain.

    Args:
        rpc: the node that is asked.
        abi: the contract's ABI.
        address: where it was deployed.
    """

    def __init__(self, rpc: Rpc, abi: Sequence[Any], address: str) -> None:
        self._rpc = rpc
        self.address = to_checksum_address(address)
        self._contract = Web3().eth.contract(address=self.address, abi=abi)

    def open_call(self, label: bytes) -> bytes:
        """Return the call data of `open(label)`."""
        return self._encode("open", label)

    def append_call(self, log_id: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bytes:
        """Return the call data of `append(logId, size, root, proof)`."""
        return self._encode("append", log_id, size, root, list(proof))

    def _encode(self, name: str, *arguments: object) -> bytes:
        return bytes.fromhex(str(self._contract.encode_abi(name, args=list(arguments)))[2:])

    async def head(self, log_id: bytes) -> Head:
        """Return the present head of a log."""
        found = await self._call("head", log_id)
        with understood("head"):
            owner, size, time, root = found[0]
            return Head(str(owner), int(size), int(time), bytes(root))

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

    async def anchors(self, log_id: bytes) -> list[Anchor]:
        """Return every head that the contract has accepted for a log, oldest first."""
        event = self._contract.events.Appended()
        topics = [event.topic, "0x" + log_id.hex()]
        query = {"address": self.address, "fromBlock": "0x0", "toBlock": "latest", "topics": topics}
        logs = await self._rpc.call("eth_getLogs", query)
        with understood("eth_getLogs"):
            return [_anchor(entry) for entry in logs]


def _anchor(entry: Mapping[str, Any]) -> Anchor:
    size, root = Web3().codec.decode(["uint64", "bytes32"], bytes.fromhex(entry["data"][2:]))
    return Anchor(int(size), bytes(root), number(entry["blockNumber"]), entry["transactionHash"])


def _abi_type(output: Mapping[str, Any]) -> str:
    if output["type"] != "tuple":
        return str(output["type"])
    return "(" + ",".join(_abi_type(part) for part in output["components"]) + ")"
