"""The bound of the flows: the same requests and durable commits, one signature, one verification.

Served by uvicorn without a framework: `uvicorn bench.bare:app`. BENCH_DATABASE is a copy of the
service's database; BENCH_COMMITS holds what the service then wrote, a line per transaction
(`bench.recorder`), and is written again by the driver alone. With BENCH_COMMITS empty, a commit is
one row of a thousand bytes.
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
    connection.execute("CREATE TABLE IF NOT EXISTS bench_row (id INTEGER PRIMARY KEY, data BLOB)")
    return connection


def _commits() -> Iterator[list[Statement]]:
    recorded = os.environ["BENCH_COMMITS"]
    if not recorded:
        while True:
            yield [("INSERT INTO bench_row (data) VALUES (?)", [DATA])]
    lines = Path(recorded).read_text("utf-8").splitlines()
    yield from [[prepared(sql) for sql in json.loads(line)] for line in lines]


DATABASE, COMMITS = _database(), _commits()


def _commit() -> None:
    DATABASE.execute("BEGIN IMMEDIATE")
    for sql, values in next(COMMITS):
        DATABASE.execute(sql, values)
    DATABASE.execute("COMMIT")


def _verify() -> None:
    if not CHECKER.check(SIGNATURE, DATA):
        raise RuntimeError("the sample does not verify")


STEPS: Final[dict[str, Callable[[], object]]] = {
    "c": _commit,
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
