"""AnchorLog on a network, spoken to with eth_account and JSON-RPC alone."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3.utils.address import get_create_address

from contracts import artifacts
from ledger_node.network.network import Network
from madang.core.merkle.tree import Tree, leaf_hash

DELAY = 86_400
ACCOUNTS: list[LocalAccount] = [Account.from_key(bytes([number]) * 32) for number in range(1, 7)]
STRANGER: LocalAccount = Account.from_key(bytes([99]) * 32)
APPEND = "append(bytes32,uint64,bytes32,bytes32[])"


class Refused(Exception):  # noqa: N818 - it is an answer
    """The node's error message."""


def call(url: str, method: str, *params: object) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = httpx.post(url, json=body, timeout=10, trust_env=False).json()
    if "error" in answer:
        raise Refused(answer["error"]["message"])
    return answer["result"]


def data(signature: str, types: Sequence[str], *values: object) -> bytes:
    return keccak(text=signature)[:4] + encode(types, values)


def signed(account: LocalAccount, nonce: int, to: str | None, payload: bytes, gas: int) -> str:
    fields: dict[str, Any] = {
        "chainId": 262_144,
        "nonce": nonce,
        "gas": gas,
        "gasPrice": 0,
        "value": 0,
        "data": payload,
    }
    if to is not None:
        fields["to"] = to
    return "0x" + bytes(account.sign_transaction(fields).raw_transaction).hex()


def hash_of(raw: str) -> str:
    return "0x" + keccak(hexstr=raw).hex()


def receipt(url: str, raw: str, seconds: float = 20) -> dict[str, Any]:
    """Wait until the transaction is in a block; unknown ones answer an error, not null."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found: dict[str, Any] | None = call(url, "eth_getTransactionReceipt", hash_of(raw))
        except Refused:
            found = None
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{hash_of(raw)} is in no block after {seconds} s")


def count(url: str, account: LocalAccount) -> int:
    return int(call(url, "eth_getTransactionCount", account.address, "latest"), 16)


def deployment() -> bytes:
    arguments = encode(["address", "uint256"], [ACCOUNTS[0].address, DELAY])
    return artifacts.load("AnchorLog").bytecode + arguments


@dataclass
class Ledger:
    """The contract, and a log of each account in it."""

    network: Network
    address: str
    trees: dict[str, Tree] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)

    @classmethod
    def deployed(cls, network: Network) -> "Ledger":
        url, account = network.rpc_urls[0], ACCOUNTS[0]
        nonce = count(url, account)
        raw = signed(account, nonce, None, deployment(), 4_000_000)
        call(url, "eth_sendRawTransaction", raw)
        assert int(receipt(url, raw)["status"], 16) == 1
        return cls(network, str(get_create_address(account.address, nonce)))

    def send(self, account: LocalAccount, payload: bytes, gas: int, at: int = 0) -> str:
        url = self.network.rpc_urls[at]
        nonce = self.nonces.setdefault(account.address, count(url, account))
        raw = signed(account, nonce, self.address, payload, gas)
        call(url, "eth_sendRawTransaction", raw)
        self.nonces[account.address] += 1
        return raw

    def log_id(self, account: LocalAccount, at: int = 0) -> bytes:
        payload = data("idOf(address,bytes32)", ["address", "bytes32"], account.address, bytes(32))
        return bytes(self.ask(payload, at))

    def ask(self, payload: bytes, at: int = 0) -> bytes:
        request = {"to": self.address, "data": "0x" + payload.hex()}
        answer = call(self.network.rpc_urls[at], "eth_call", request, "latest")
        return bytes.fromhex(answer[2:])

    def open(self, account: LocalAccount) -> None:
        if account.address not in self.trees:
            raw = self.send(account, data("open(bytes32)", ["bytes32"], bytes(32)), 80_000)
            assert int(receipt(self.network.rpc_urls[0], raw)["status"], 16) == 1
            self.trees[account.address] = Tree()

    def grow(self, account: LocalAccount, entries: int) -> bytes:
        """Add entries to the account's log and return the call that brings the head."""
        tree = self.trees[account.address]
        old = tree.size
        for number in range(old, old + entries):
            tree.append(leaf_hash(number.to_bytes(8)))
        proof = tree.consistency_proof(old, tree.size) if old else ()
        return data(
            APPEND,
            ["bytes32", "uint64", "bytes32", "bytes32[]"],
            self.log_id(account),
            tree.size,
            tree.root(),
            list(proof),
        )

    def append(self, account: LocalAccount, entries: int, at: int = 0) -> str:
        return self.send(account, self.grow(account, entries), 120_000, at)

    def head(self, account: LocalAccount, at: int = 0) -> tuple[int, bytes]:
        """Return size and root as one validator has them."""
        payload = data("head(bytes32)", ["bytes32"], self.log_id(account, at))
        _, size, _, root = decode(["address", "uint64", "uint32", "bytes32"], self.ask(payload, at))
        return int(size), bytes(root)
