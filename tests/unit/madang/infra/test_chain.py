"""Whatever a node answers, callers see a value or RpcError and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import artifacts
from madang.infra.chain import AnchorLog, ChainAccount, Head, RpcChain, contract_address
from madang.infra.rpc import Rpc, RpcError, number

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
    "receipt": lambda rpc: RpcChain(rpc).receipt("0x00"),
    "code": lambda rpc: RpcChain(rpc).code_hash(ADDRESS),
    "head": lambda rpc: AnchorLog(rpc, ABI, ADDRESS).head(bytes(32)),
    "log_id": lambda rpc: AnchorLog(rpc, ABI, ADDRESS).log_id(ADDRESS, bytes(32)),
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
    """A node whose chain begins with block 1."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def call(self, method: str, *params: object) -> Any:
        if method == "eth_chainId":
            return "0x7"
        self.asked.append(params[0])
        block = {"number": "0x1", "hash": "0x" + "1b" * 32, "timestamp": "0x5"}
        return block if params[0] == "0x1" else None


def test_the_genesis_is_block_1_where_there_is_no_block_0() -> None:
    assert asyncio.run(RpcChain(NoBlockZero()).identity()) == (7, "0x" + "1b" * 32)


def test_a_head_is_read_as_the_contract_gives_it() -> None:
    words = [bytes(12) + bytes.fromhex("11" * 20), (5).to_bytes(32), (7).to_bytes(32), b"r" * 32]
    answer = "0x" + b"".join(words).hex()
    head = asyncio.run(AnchorLog(Answers(answer), ABI, ADDRESS).head(bytes(32)))
    assert head == Head(ADDRESS, 5, 7, b"r" * 32)


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
