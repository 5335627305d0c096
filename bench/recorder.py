"""What a service makes durable: `python -m bench.recorder OUT MODULE ARGUMENTS...`.

Runs a module until it is told to end. SIGUSR1 begins: of every transaction of SQLite that is
committed from then on, the statements that change something become a line of OUT, in JSON.
"""

import json
import runpy
import signal
import sys
from pathlib import Path
from typing import Any, Final, TextIO

from sqlalchemy import event
from sqlalchemy.pool import Pool

CHANGING: Final = ("INSERT", "UPDATE", "DELETE")
BACKGROUND: Final = (
    "UPDATE outbox",
    "INSERT INTO status_list_token",
    "INSERT INTO kept_status_list",
)
"""What begins or belongs to a transaction between the requests: indexes that the log has given,
and lists that are published or fetched."""


class Recorder:
    """Writes down what is committed; one connection at a time is in a transaction.

    Args:
        target: where the lines go.
    """

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self._on = False
        self._open: list[str] = []

    def begin(self, *_: object) -> None:
        """Begin with what is committed from now on."""
        self._on = True

    def watch(self, connection: Any, _: object) -> None:
        """See every statement of a connection."""
        connection.set_trace_callback(self._see)

    def _see(self, sql: str) -> None:
        if sql.startswith("BEGIN"):
            self._open = []
        elif sql.startswith(CHANGING):
            self._open.append(sql)
        elif sql == "COMMIT" and self._on and _is_of_a_request(self._open):
            self._target.write(json.dumps(self._open) + "\n")
            self._target.flush()


def _is_of_a_request(changes: list[str]) -> bool:
    return bool(changes) and not any(each.startswith(BACKGROUND) for each in changes)


def main() -> None:
    """Run a module under the recorder."""
    target, sys.argv = Path(sys.argv[1]), sys.argv[3:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with target.open("w", encoding="utf-8") as opened:
        recorder = Recorder(opened)
        event.listen(Pool, "connect", recorder.watch)
        signal.signal(signal.SIGUSR1, recorder.begin)
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
