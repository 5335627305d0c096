"""The bound of the flows to the byte: the same commits, one signature, one verification.

Served by uvicorn without a framework: `uvicorn bench.bare:app`. BENCH_DATABASE is a copy of the
service's database; BENCH_COMMITS holds what the service then wrote, a line per transaction
(`bench.recorder`), and is written again by the driver alone. Requests are received and not read.
"""

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from madang.core.keys.signing import checker_for
from madang.core.keys.software import generate_p256

SIGNER = generate_p256("bound")
CHECKER = checker_for(SIGNER.public_key)
DATA = b"x" * 1000
SIGNATURE = SIGNER.sign(DATA)
_LITERAL: Final = re.compile(r"x'([0-9a-f]*)'|'((?:[^']|'')*)'|\b(\d+)\b|\bNULL\b", re.IGNORECASE)

Statement = tuple[str, list[Any]]


def prepared(sql: str) -> Statement:
    """Return a statement with parameters, and what stood there."""
    values: list[Any] = []

    def out(found: re.Match[str]) -> str:
        blob, text, number = found.groups()
        if blob is not None:
            values.append(bytes.fromhex(blob))
        elif text is not None:
            values.append(text.replace("''", "'"))
        else:
            values.append(None if number is None else int(number))
        return "?"

    return _LITERAL.sub(out, sql), values


def _database() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["BENCH_DATABASE"], isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _transactions() -> Iterator[list[str]]:
    lines = Path(os.environ["BENCH_COMMITS"]).read_text("utf-8").splitlines()
    yield from map(json.loads, lines)


DATABASE, COMMITS = _database(), [[*map(prepared, each)] for each in _transactions()]
_LEFT: Final = iter(COMMITS)


def recorded(table: str) -> Iterator[Any]:
    """Give the values of all rows that recorded commits put into a table."""
    for sql, values in (statement for commit in COMMITS for statement in commit):
        if sql.startswith(f"INSERT INTO {table} "):
            yield from values


def commit() -> None:
    """Write the next recorded transaction again."""
    DATABASE.execute("BEGIN IMMEDIATE")
    for sql, values in next(_LEFT):
        DATABASE.execute(sql, values)
    DATABASE.execute("COMMIT")


def _verify() -> None:
    if not CHECKER.check(SIGNATURE, DATA):
        raise RuntimeError("the sample does not verify")


STEPS: Final[dict[str, Callable[[], object]]] = {
    "c": commit,
    "s": lambda: SIGNER.sign(DATA),
    "v": _verify,
}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Do what the letters of the path say, c commit, s sign, v verify; answer so many bytes."""
    if scope["type"] != "http":
        return
    await receive()
    _, letters, size = scope["path"].split("/")
    for letter in letters:
        STEPS[letter]()
    headers = [(b"content-length", size.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * int(size)})
