"""A log is held against any earlier head of itself, and against nothing else."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.publisher.model import LogDamagedError, LogHead
from ledger_node.remembered import Remembered, compare
from madang.core.merkle.tree import Tree, leaf_hash

TREE = Tree(leaf_hash(bytes([at])) for at in range(60))
OTHER = Tree(leaf_hash(bytes([at, at])) for at in range(60))


@dataclass
class Log:
    """A log of so many entries."""

    size: int
    origin: str = "log.example/hanbit/log"

    def newest(self) -> LogHead | None:
        return LogHead(self.size, TREE.root(self.size), "") if self.size else None

    def prove(self, old: int, new: int) -> list[bytes]:
        return TREE.consistency_proof(old, new)


@given(size=st.integers(0, 60), seen=st.integers(0, 60))
def test_every_earlier_head_is_its_own_and_a_later_one_stops_it(size: int, seen: int) -> None:
    remembered = Remembered("a witness", seen, TREE.root(seen))
    if seen <= size:
        compare(Log(size), remembered)
        return
    told = f"a witness has a head of {seen} entries; the log here has {size} and is older"
    with pytest.raises(LogDamagedError, match=told):
        compare(Log(size), remembered)


@given(size=st.integers(1, 60), seen=st.integers(1, 60))
def test_a_head_of_another_history_stops_it_always(size: int, seen: int) -> None:
    told = "older" if seen > size else "is not the same log"
    with pytest.raises(LogDamagedError, match=told):
        compare(Log(size), Remembered("the chain", seen, OTHER.root(seen)))


def test_nobody_who_remembers_nothing_stops_it() -> None:
    compare(Log(0), Remembered("the chain", 0, bytes(32)))
    compare(Log(5), Remembered("the chain", 0, bytes(32)))
