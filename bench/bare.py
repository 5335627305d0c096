"""The bound of the flows: the same requests and durable commits, one signature, one verification.

Served by uvicorn without a framework: `uvicorn bench.bare:app`, its database in BENCH_DATABASE.
"""

import os
import sqlite3
from typing import Any

from madang.core.keys.signing import checker_for
from madang.core.keys.software import generate_p256

SIGNER = generate_p256("bound")
CHECKER = checker_for(SIGNER.public_key)
DATA = b"x" * 1000
SIGNATURE = SIGNER.sign(DATA)


def _database() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["BENCH_DATABASE"], isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, data BLOB)")
    return connection


DATABASE = _database()


def _commit() -> None:
    DATABASE.execute("BEGIN IMMEDIATE")
    DATABASE.execute("INSERT INTO row (data) VALUES (?)", (DATA,))
    DATABASE.execute("COMMIT")


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Do what the letters of the path say: c commits, s signs, v verifies."""
    if scope["type"] != "http":
        return
    await receive()
    for letter in scope["path"][1:]:
        if letter == "c":
            _commit()
        elif letter == "s":
            SIGNER.sign(DATA)
        elif letter == "v" and not CHECKER.check(SIGNATURE, DATA):
            raise RuntimeError("the sample does not verify")
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})
