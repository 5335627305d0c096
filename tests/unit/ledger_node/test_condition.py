"""What a log waits for is told by fixed words, never by what an error says."""

import re

import pytest
from sqlalchemy.exc import OperationalError

from ledger_node.chain.engine import EngineError
from ledger_node.condition import WAITS, word
from madang.infra.chain import ChainError
from madang.infra.rpc import RpcError, WrongNodeError

WORDS = {
    "no_answer": RpcError("away"),
    "node_error": RpcError("bad", -32000),
    "other_chain": WrongNodeError("other_chain", "another"),
    "behind": WrongNodeError("behind", "behind"),
    "refused": ChainError("refused"),
    "no_block": ChainError("late", "no_block"),
    "engine": EngineError("gone"),
    "database": OperationalError("", None, Exception("locked")),
    "disk": OSError(28, "full"),
}


@pytest.mark.parametrize("expected", WORDS)
def test_each_error_that_is_waited_for_has_a_word(expected: str) -> None:
    error = WORDS[expected]
    assert isinstance(error, WAITS)
    assert word(error) == expected
    assert re.fullmatch(r"[a-z_]+", expected)
