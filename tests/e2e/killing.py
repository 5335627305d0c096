"""Serve one service that kills its own process at a named place: `-m tests.e2e.killing`.

The service is the real one with its production adapters; one of them is wrapped, so that SIGKILL
comes at exactly one point of the service's work. Nothing in the product knows of this.
"""

import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn
from sqlalchemy import event
from sqlmodel import Session

from ledger_node.publisher.files import LogFiles
from madang.core.merkle.tiles import Tile
from madang.infra.db import Database

PACKAGES = {"log": "ledger_node", "witness": "ledger_node.witness"}
BEFORE, AFTER = "before", "after"


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


@dataclass(frozen=True)
class Commit:
    """The first transaction that runs such a statement.

    Attributes:
        statement: how the SQL begins.
        word: what stands among its values; "" for anything.
    """

    statement: str
    word: str = ""


COMMITS = {
    "token": Commit("INSERT INTO access_token"),
    "credential": Commit("INSERT INTO credential"),
    "decision": Commit("UPDATE eligibility_check"),
    "accept": Commit("INSERT INTO log_entry", "'credential'"),
    "sequence": Commit("UPDATE log_entry"),
    "receipt": Commit("UPDATE chain_transaction"),
    "cosignature": Commit("INSERT INTO log_cosignature"),
    "witnessed": Commit("INSERT INTO witness_head"),
}


class KillingDatabase(Database):
    """A database whose process ends just before or just after one commit."""

    def __init__(self, url: str, commit: Commit, when: str) -> None:
        super().__init__(url)
        self._commit = commit
        self._when = when
        self._seen = False
        event.listen(self.engine, "connect", self._watch)

    def _watch(self, connection: Any, _record: object) -> None:
        connection.set_trace_callback(self._look)

    def _look(self, sql: str) -> None:
        if sql.startswith(self._commit.statement) and self._commit.word in sql:
            self._seen = True

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self._seen = False
        with super().transaction() as session:
            yield session
            session.flush()
            if self._seen and self._when == BEFORE:
                die()
        if self._seen:
            die()


def killing_files(place: str, when: str) -> type[LogFiles]:
    """Return published files whose process ends around the first new tile or checkpoint."""

    class KillingFiles(LogFiles):
        def write(self, tile: Tile, content: bytes) -> None:
            if (place, when) == ("tile", BEFORE):
                die()
            super().write(tile, content)
            if (place, when) == ("tile", AFTER):
                die()

        def publish(self, note: str) -> None:
            new = place == "checkpoint" and note != self.checkpoint()
            if new and when == BEFORE:
                die()
            super().publish(note)
            if new:
                die()

    return KillingFiles


def killing_chain(chain: Any, when: str) -> Any:
    """Return a chain whose process ends around the sending of the first transaction."""

    class KillingChain(chain):  # type: ignore[misc]
        async def send(self, transaction: bytes) -> None:
            if when == AFTER:
                await super().send(transaction)
            die()

    return KillingChain


def application(service: str, place: str, when: str) -> tuple[Any, int]:
    """Return the service, ready to die, and its port."""
    package = PACKAGES.get(service, service)
    module = importlib.import_module(f"{package}.app")
    settings = importlib.import_module(f"{package}.settings").Settings()
    deps = module.production(settings)
    if place in COMMITS:
        database = KillingDatabase(settings.database(service), COMMITS[place], when)
        deps = replace(deps, database=database)
    elif place == "send":
        wiring = importlib.import_module("ledger_node.wiring")
        wiring.RpcChain = killing_chain(wiring.RpcChain, when)
    else:
        module.LogFiles = killing_files(place, when)
    return module.build(settings, deps), settings.port


if __name__ == "__main__":
    app, port = application(*sys.argv[1:4])
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_config=None)
