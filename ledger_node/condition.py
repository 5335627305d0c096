"""How each log is doing, for everybody to see: sizes and fixed words, nothing of a person."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.exc import OperationalError

from ledger_node.chain.engine import EngineError
from ledger_node.publisher.model import LogDamagedError, LogHead
from madang.core.merkle.note import NoteError
from madang.core.merkle.tiles import TileError
from madang.core.merkle.tree import TreeError
from madang.infra.chain import ChainError
from madang.infra.clock import Clock
from madang.infra.rpc import RpcError, WrongNodeError

WAITS = (ChainError, EngineError, RpcError, OperationalError, OSError)
"""What a log waits for and tries again."""
DAMAGED = (LogDamagedError, NoteError, TileError, TreeError, UnicodeDecodeError)
"""What holds a log, and no other, until somebody has looked at it."""


@dataclass
class Condition:
    """How one log is doing.

    Attributes:
        compared: whether it was compared with what the chain has of it; nothing is signed before.
        waiting: fixed word for what the chain waits for, "" for nothing.
        behind: fixed word for what keeps its files or its database from it, "" for nothing.
    """

    compared: bool = False
    waiting: str = ""
    behind: str = ""


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


class Writer(Protocol):
    """The one writer of a log."""

    @property
    def damage(self) -> str:
        """Return why the log is held, "" for nothing."""
        ...


@dataclass(frozen=True)
class Health:
    """What everybody may know of the logs.

    Attributes:
        writers: of each log, by tenant.
        conditions: on the way to the chain.
        logs: their heads.
        clock: tells how long ago the newest anchor was.
    """

    writers: Mapping[str, Writer]
    conditions: Mapping[str, Condition]
    logs: Mapping[str, HeadsOfLog]
    clock: Clock

    def __call__(self) -> dict[str, Any]:
        """Return each log's sizes, the seconds since its newest anchor, and what it waits for."""
        return {"logs": {tenant: self._log(tenant) for tenant in self.writers}}

    def _log(self, tenant: str) -> dict[str, Any]:
        with self.logs[tenant]() as heads:
            newest, final = heads.newest(), heads.newest_anchored()
        time = None if final is None else final.block_time
        condition = self.conditions[tenant]
        return {
            "size": 0 if newest is None else newest.size,
            "final_size": 0 if final is None else final.size,
            "seconds_since_final": None if time is None else max(0, self.clock.now() - time),
            "waiting": condition.behind or condition.waiting or None,
            "held": bool(self.writers[tenant].damage),
        }
