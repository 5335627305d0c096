"""A PostgreSQL of a test process's own, in a folder that is gone with it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from madang.infra.child import ending_with_parent

_INSTALLED = Path("/usr/lib/postgresql")
_OWNER = "postgres"
"""Of the programs in Debian; they refuse to run as root."""
_SECONDS, _POLL_SECONDS = 30.0, 0.02
_SETTINGS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class PostgreSql:
    """A running server, reached only by a socket in its folder."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, and give its address as SQLAlchemy writes it."""
        name = f"test_{next(self._numbers)}"
        self.say(f"CREATE DATABASE {name}")
        yield f"postgresql://{_OWNER}@/{name}?host={self.folder}"
        self.say(f"DROP DATABASE {name} WITH (FORCE)")

    def say(self, statement: str) -> None:
        where = {"host": str(self.folder), "user": _OWNER, "dbname": "postgres"}
        with psycopg.connect(**where, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Iterator[PostgreSql]:
    """Start a server, and end it by its process; skips by name where none is installed."""
    found = sorted(_INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL absent")
    folder = Path(tempfile.mkdtemp(prefix="madang-pg-"))  # a socket's address has to be short
    try:
        with _started(found[-1].parent, folder) as process:
            yield _ready(PostgreSql(folder), process)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(programs: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    runs: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL, **_as_owner(folder)}
    make = [programs / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    command = [*make, "--username", _OWNER, "--pgdata", folder / "data"]
    subprocess.run(command, check=True, capture_output=True, **runs)
    settings = [part for each in _SETTINGS for part in ("-c", each)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, *settings],
            stdout=log,
            stderr=log,
            preexec_fn=ending_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - only a system call
            **runs,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)  # it ends all connections and waits for nobody
            process.wait(_SECONDS)


def _as_owner(folder: Path) -> dict[str, Any]:
    """Return what lets a child run as the owner of the programs, where root starts it."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam(_OWNER)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _ready(server: PostgreSql, process: subprocess.Popen[bytes]) -> PostgreSql:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.say("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(_POLL_SECONDS)
        else:
            return server
    raise AssertionError(f"PostgreSQL did not start:\n{(server.folder / 'log').read_text('utf-8')}")
