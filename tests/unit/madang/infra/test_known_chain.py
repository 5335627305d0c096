"""A node is held against chain id, genesis, and the newest block that was final before."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from madang.infra.chain import Block
from madang.infra.known_chain import KnownChain
from madang.infra.rpc import Rpc, WrongNodeError

ID = 8283
FINAL = Block(5, "0x" + "05" * 32, 5)


@dataclass
class Node(Rpc):
    """A node of some chain."""

    chain_id: int = ID
    genesis: str = "0x" + "aa" * 32
    height: int = 9
    branch: str = ""

    async def call(self, method: str, *params: object) -> Any:
        if method == "eth_chainId":
            return hex(self.chain_id)
        at = int(str(params[0]), 16)
        if at > self.height:
            return None
        hash_ = self.genesis if at == 0 else self.branch or "0x" + f"{at:02x}" * 32
        return {"number": hex(at), "hash": hash_, "timestamp": "0x1"}


def _check(known: KnownChain, node: Node) -> None:
    asyncio.run(known.check(node))


def test_a_node_of_the_chain_is_taken() -> None:
    _check(KnownChain(ID, "0x" + "aa" * 32, lambda: FINAL), Node())


@pytest.mark.parametrize(
    ("node", "kind", "told"),
    [
        (Node(chain_id=1), "other_chain", f"its chain id is 1, expected {ID}"),
        (Node(genesis="0x" + "bb" * 32), "other_chain", "its genesis is 0xbb"),
        (Node(height=4), "behind", "behind or forked: it has no block 5"),
        (Node(branch="0x" + "99" * 32), "forked", "behind or forked: its block 5 is 0x99"),
    ],
    ids=["chain id", "genesis", "behind", "forked"],
)
def test_another_node_is_refused_by_name(node: Node, kind: str, told: str) -> None:
    with pytest.raises(WrongNodeError, match=told) as caught:
        _check(KnownChain(ID, "0x" + "aa" * 32, lambda: FINAL), node)
    assert caught.value.kind == kind


def test_before_there_is_a_record_the_first_node_tells_the_chain_for_all() -> None:
    known = KnownChain(ID, None, lambda: None)
    _check(known, Node())
    with pytest.raises(WrongNodeError, match="genesis"):
        _check(known, Node(genesis="0x" + "bb" * 32))
    _check(known, Node())


def test_a_node_that_is_refused_tells_nothing() -> None:
    known = KnownChain(ID, None, lambda: FINAL)
    with pytest.raises(WrongNodeError, match="behind"):
        _check(known, Node(height=4, genesis="0x" + "bb" * 32))
    _check(known, Node())
