"""Whatever a node answers, callers see a value or RpcError and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import artifacts
from madang.infra.chain import (
    AnchorLog,
    Block,
    ChainAccount,
    Head,
    RpcChain,
    append_gas,
    contract_address,
)
from madang.infra.rpc import Rpc, RpcError, WrongNodeError, number

ABI = artifacts.load("AnchorLog").abi
ADDRESS = "0x" + "11" * 20
GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.binary(max_size=40).map(lambda data: "0x" + data.hex()),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["hash", "status", "blockNumber", "timestamp", "gasUsed", "data"]), inner
    ),
    max_leaves=6,
)  # fmt: skip


class Answers(Rpc):
    """A node that answers the same to everything."""

    def __init__(self, value: Any) -> None:
        self.value = value

    async def call(self, method: str, *params: object) -> Any:  # noqa: ARG002 - the port has them
        return self.value


CALLS: dict[str, Callable[[Rpc], Awaitable[object]]] = {
    "identity": lambda rpc: RpcChain(rpc).identity(),
    "count": lambda rpc: RpcChain(rpc).transaction_count(ADDRESS),
    "receipt": lambda rpc: RpcChain(rpc).receipt("0x" + "ab" * 32),
    "final": lambda rpc: RpcChain(rpc).final_block(3),
    "finalized": lambda rpc: RpcChain(rpc).final_block(None),
    "estimate": lambda rpc: RpcChain(rpc).estimate(ADDRESS, None, b""),
    "code": lambda rpc: RpcChain(rpc).code_hash(ADDRESS),
    "head": lambda rpc: AnchorLog(rpc, ABI, ADDRESS).head(bytes(32)),
    "log_id": lambda rpc: AnchorLog(rpc, ABI, ADDRESS).log_id(ADDRESS, bytes(32)),
    "rotation": lambda rpc: AnchorLog(rpc, ABI, ADDRESS).rotation(bytes(32)),
    "anchors": lambda rpc: AnchorLog(rpc, ABI, ADDRESS).anchors(bytes(32), 5),
}


@pytest.mark.parametrize("call", CALLS)
@given(value=GARBAGE)
def test_garbage_raises_only_the_nodes_error(call: str, value: Any) -> None:
    with suppress(RpcError):
        asyncio.run(_await(CALLS[call](Answers(value))))


async def _await(call: Awaitable[object]) -> object:
    return await call


class NoBlockZero(Rpc):
    """A node whose chain begins with another block than 0.

    Args:
        first: number of its first block.
        answers: whether it answers with that where block 0 is asked for.
    """

    def __init__(self, first: int, *, answers: bool) -> None:
        self._first, self._answers = first, answers

    async def call(self, method: str, *params: object) -> Any:
        if method == "eth_chainId":
            return "0x7"
        found = {"number": hex(self._first), "hash": "0x" + "1b" * 32, "timestamp": "0x5"}
        return found if self._answers or params[0] == hex(self._first) else None


@pytest.mark.parametrize("answers", [True, False])
def test_the_genesis_is_block_1_where_there_is_no_block_0(*, answers: bool) -> None:
    chain = RpcChain(NoBlockZero(1, answers=answers))
    assert asyncio.run(chain.identity()) == (7, "0x" + "1b" * 32)
    with pytest.raises(RpcError, match="block"):
        asyncio.run(RpcChain(NoBlockZero(2, answers=answers)).identity())


@dataclass
class Blocks(Rpc):
    """A node with blocks up to a height, and what it says to the tag `finalized`."""

    height: int
    finalized: Any = None
    branch: int = 0

    async def call(self, method: str, *params: object) -> Any:  # noqa: ARG002 - the port has them
        which = str(params[0])
        if which == "finalized":
            if isinstance(self.finalized, RpcError):
                raise self.finalized
            return None if self.finalized is None else self._block(self.finalized)
        at = self.height if which == "latest" else int(which, 16)
        return self._block(at) if at <= self.height else None

    def _block(self, at: int) -> dict[str, str]:
        return {"number": hex(at), "hash": f"0x{self.branch:02x}{at:062x}", "timestamp": hex(at)}


@pytest.mark.parametrize(
    ("finalized", "depth", "final"),
    [
        (7, None, 7),
        (10, None, 10),
        (None, None, None),
        (RpcError("finalized block not found", -39001), None, None),
        (7, 0, 10),
        (None, 0, 10),
        (None, 3, 7),
        (10, 3, 7),
        (None, 10, 0),
        (None, 11, None),
    ],
    ids=range(10),
)
def test_a_block_is_final_by_the_engines_own_rule_and_never_by_a_guess(
    finalized: Any, depth: int | None, final: int | None
) -> None:
    found = asyncio.run(RpcChain(Blocks(10, finalized)).final_block(depth))
    assert (None if found is None else found.number) == final


def test_a_node_that_does_not_answer_tells_of_no_final_block_either() -> None:
    with pytest.raises(RpcError):
        asyncio.run(RpcChain(Blocks(10, RpcError("away"))).final_block(None))


@pytest.mark.parametrize(
    ("node", "kind"),
    [(Blocks(9), None), (Blocks(5), None), (Blocks(4), "behind"), (Blocks(9, branch=1), "forked")],
    ids=["newer", "same", "behind", "forked"],
)
def test_a_node_has_to_have_what_was_final_before(node: Blocks, kind: str | None) -> None:
    known = Block(5, f"0x{5:064x}", 5)
    if kind is None:
        asyncio.run(RpcChain(node).follow(known))
        return
    with pytest.raises(WrongNodeError, match="the node is behind or forked") as caught:
        asyncio.run(RpcChain(node).follow(known))
    assert caught.value.kind == kind


class Capped(Rpc):
    """A node that gives events of so many blocks at once, one for each thousandth block."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.asked: list[tuple[int, int]] = []

    async def call(self, method: str, *params: object) -> Any:  # noqa: ARG002 - the port has them
        query: Any = params[0]
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        if last - first >= self.cap:
            raise RpcError(f"maximum [from, to] blocks distance: {self.cap}", -32000)
        self.asked.append((first, last))
        return [_event(at) for at in range(first, last + 1) if at % 1_000 == 0]


def _event(at: int) -> dict[str, str]:
    data = "0x" + at.to_bytes(32).hex() + "11" * 32
    return {"data": data, "blockNumber": hex(at), "transactionHash": "0x" + "00" * 32}


def test_events_come_in_parts_where_a_node_gives_not_all_at_once() -> None:
    node = Capped(2_500)
    found = asyncio.run(AnchorLog(node, ABI, ADDRESS).anchors(bytes(32), 20_000))
    assert [each.block for each in found] == list(range(0, 20_001, 1_000))
    assert node.asked[0][0] == 0
    assert node.asked[-1][1] == 20_000
    assert all(one[1] + 1 == other[0] for one, other in pairwise(node.asked))


def test_a_node_that_gives_no_events_at_all_is_not_asked_for_ever() -> None:
    with pytest.raises(RpcError, match="distance"):
        asyncio.run(AnchorLog(Capped(0), ABI, ADDRESS).anchors(bytes(32), 10**9))


@pytest.mark.parametrize("hashes", [0, 1, 7, 17, 40, 64])
def test_the_limit_of_gas_is_enough_and_less_than_twice_of_what_is_taken(hashes: int) -> None:
    """Worst cases as they were measured: a first head, and each hash of a proof twice hashed."""
    taken = 52_490 if hashes == 0 else 35_700 + 1_640 * hashes
    assert taken < append_gas(hashes) < 2 * taken


def test_a_head_is_read_as_the_contract_gives_it() -> None:
    words = [bytes(12) + bytes.fromhex("11" * 20), (5).to_bytes(32), (7).to_bytes(32), b"r" * 32]
    answer = "0x" + b"".join(words).hex()
    head = asyncio.run(AnchorLog(Answers(answer), ABI, ADDRESS).head(bytes(32)))
    assert head == Head(ADDRESS, 5, 7, b"r" * 32)


HASH = "0x" + "ab" * 32
KEPT = [0, 2**63 - 1]


@dataclass
class Told(Rpc):
    """A node whose answers are well formed, with one thing in them that no database takes."""

    changed: dict[str, Any]

    async def call(self, method: str, *params: object) -> Any:  # noqa: ARG002 - the port has them
        block = {"number": "0x5", "hash": HASH, "timestamp": "0x5"}
        receipt = {"transactionHash": HASH, "blockNumber": "0x5", "blockHash": HASH}
        receipt |= {"status": "0x1", "gasUsed": "0x5"}
        event = {"data": "0x" + "00" * 64, "blockNumber": "0x5", "transactionHash": HASH}
        answers: dict[str, Any] = {
            "eth_getBlockByNumber": block | self.changed,
            "eth_getTransactionReceipt": receipt | self.changed,
            "eth_getLogs": [event | self.changed],
            "eth_getTransactionCount": self.changed.get("count", "0x5"),
        }
        return answers[method]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ("finalized", "number"),
        ("finalized", "timestamp"),
        ("receipt", "gasUsed"),
        ("receipt", "blockNumber"),
        ("count", "count"),
        ("anchors", "blockNumber"),
    ],
)
def test_a_number_that_no_database_takes_is_no_answer(call: str, field: str) -> None:
    for fine in KEPT:
        with suppress(RpcError):
            asyncio.run(_await(CALLS[call](Told({field: hex(fine)}))))
    with pytest.raises(RpcError, match="too large"):
        asyncio.run(_await(CALLS[call](Told({field: hex(2**63)}))))


@pytest.mark.parametrize("value", [None, {}, 5, "", "0xab", "0x" + "zz" * 32, HASH + "00"])
@pytest.mark.parametrize(
    ("call", "field"),
    [
        ("finalized", "hash"),
        ("receipt", "transactionHash"),
        ("receipt", "blockHash"),
        ("anchors", "transactionHash"),
    ],
)
def test_what_is_no_hash_is_no_answer(call: str, field: str, value: Any) -> None:
    asyncio.run(_await(CALLS[call](Told({field: HASH}))))
    with pytest.raises(RpcError):
        asyncio.run(_await(CALLS[call](Told({field: value}))))


@pytest.mark.parametrize("value", [None, 5, "5", "", "0x", "0xzz", [], {}])
def test_a_quantity_is_hexadecimal_text(value: object) -> None:
    with pytest.raises(RpcError):
        number(value)
    assert number("0x10") == 16


def test_the_same_account_and_nonce_give_the_same_transaction_and_address() -> None:
    one, other = (ChainAccount(b"\x01" * 32, 1) for _ in range(2))
    made = [each.sign(nonce=3, to=ADDRESS, data=b"x", gas=50_000) for each in (one, other)]
    assert made[0] == made[1]
    assert contract_address(one.address, 0) != contract_address(one.address, 1)
