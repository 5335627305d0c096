"""How each log is doing, for everybody to see: sizes and fixed words, nothing of a person."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.exc import OperationalError

from ledger_node.chain.engine import EngineError
from ledger_node.publisher.model import LogHead
from madang.infra.chain import ChainError
from madang.infra.rpc import RpcError, WrongNodeError

WAITS = (ChainError, EngineError, RpcError, OperationalError, OSError)
"""What a log waits for and tries again."""


@dataclass
class Condition:
    """How one log is doing.

    Attributes:
        held: whether it was held against what others remember of it; nothing is signed before.
        stopped: why nothing is signed until somebody looked, "" for nothing.
        waiting: fixed word for what the chain waits for, "" for nothing.
    """

    held: bool = False
    stopped: str = ""
    waiting: str = ""

    @property
    def signs(self) -> bool:
        """Tell whether new heads may be signed."""
        return self.held and not self.stopped


def word(error: Exception) -> str:
    """Return the fixed word for an error that is waited for."""
    match error:
        case WrongNodeError(kind=kind) | ChainError(kind=kind):
            return kind
        case RpcError():
            return "no_answer" if error.code is None else "node_error"
        case EngineError():
            return "engine"
        case OperationalError():
            return "database"
    return "disk"


class Heads(Protocol):
    """Heads of one log in one transaction."""

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        ...

    def newest_anchored(self) -> LogHead | None:
        """Return the largest head that is on the chain for good."""
        ...


class HeadsOfLog(Protocol):
    """Opens the heads of one log."""

    def __call__(self) -> AbstractContextManager[Heads]:
        """Return the heads as they are in one transaction."""
        ...


def told(
    conditions: Mapping[str, Condition], logs: Mapping[str, HeadsOfLog], now: int
) -> dict[str, Any]:
    """Return each log's sizes, its seconds since the newest final anchor, and what it waits for."""
    return {"logs": {tenant: _log(each, logs[tenant], now) for tenant, each in conditions.items()}}


def _log(condition: Condition, log: HeadsOfLog, now: int) -> dict[str, Any]:
    with log() as heads:
        newest, final = heads.newest(), heads.newest_anchored()
    since = None if final is None or final.block_time is None else max(0, now - final.block_time)
    return {
        "size": 0 if newest is None else newest.size,
        "final_size": 0 if final is None else final.size,
        "seconds_since_final": since,
        "waiting": condition.waiting or None,
        "stopped": bool(condition.stopped),
    }
