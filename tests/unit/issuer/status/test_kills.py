"""The process ends by SIGKILL before each statement, and just before and after the commit."""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from issuer.status.list_store import ListRow, ListStore
from issuer.status.publishing import Published
from issuer.status.store import CredentialRow
from madang.core.status import token_jwt
from madang.core.status.token_status_list import INVALID, VALID
from madang.infra.db import Database, sqlite_url
from madang.infra.ids import SeededIds
from tests.unit.issuer.status.test_staggering import STAGGER, Desk, policy
from tests.unit.issuer.world import TENANT

FORM = token_jwt.MEDIA_TYPE
_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload([__name__])


class MortalDatabase(Database):
    """A database whose process is killed at the n-th chance: a statement, a commit, its end."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.chances: int | None = None
        event.listen(self.engine, "connect", self._watch)

    def _watch(self, connection: Any, _record: object) -> None:
        connection.set_trace_callback(self._chance)

    def _chance(self, *_: object) -> None:
        if self.chances == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.chances is not None:
            self.chances -= 1

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with super().transaction() as session:
            yield session
        self._chance()


def act(url: str, name: str, chances: int) -> None:
    database = MortalDatabase(url)
    desk = Desk(database, policy())
    desk.ids = SeededIds(f"{name} {chances}")
    database.chances = chances
    ACTS[name](desk)


def issue(desk: Desk) -> None:
    desk.issue(4)


def revoke(desk: Desk) -> None:
    desk.change(indexes(desk)[0])


def sweep(desk: Desk) -> None:
    desk.sweep(STAGGER)


ACTS: Mapping[str, Callable[[Desk], None]] = {"issue": issue, "revoke": revoke, "sweep": sweep}


def indexes(desk: Desk) -> list[int]:
    with desk.database.reading() as session:
        return sorted(session.exec(select(CredentialRow.list_index)))


@dataclass(frozen=True)
class Found:
    """What is in the database after a kill."""

    copies: int
    given: int
    statuses: frozenset[str]
    waiting: int
    shown: frozenset[int]
    published: bool


def found(desk: Desk) -> Found:
    with desk.database.reading() as session:
        statuses = list(session.exec(select(CredentialRow.status)))
        given = session.exec(select(ListRow.used)).one()
        published = ListStore(session).published(TENANT, 1, FORM) is not None
    shown = frozenset(desk.shown(indexes(desk)))
    waiting = len(desk.waiting())
    return Found(len(statuses), given, frozenset(statuses), waiting, shown, published)


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """Return a database where a certificate of four copies is issued and its list published."""
    path = tmp_path / "begun.sqlite"
    desk = Desk(Database(sqlite_url(path)), policy())
    issue(desk)
    with desk.database.transaction() as session:
        ListStore(session).publish(TENANT, 1, FORM, Published(b"a", desk.now, "k"))
    desk.database.close()
    return path


def killed(begun: Path, *names: str) -> Iterator[Desk]:
    """Yield a desk over what is left by each kill of the last act, until one lives through it."""
    for chances in range(100):
        path = begun.with_name(f"{names[-1]} {chances}.sqlite")
        shutil.copy(begun, path)
        for name in names[:-1]:
            before = Desk(Database(sqlite_url(path)), policy())
            ACTS[name](before)
            before.database.close()
        child = _SPAWN.Process(target=act, args=(sqlite_url(path), names[-1], chances))
        child.start()
        child.join()
        desk = Desk(Database(sqlite_url(path)), policy())
        desk.ids = SeededIds("after the kill")
        yield desk
        desk.database.close()
        if child.exitcode != -signal.SIGKILL:
            assert child.exitcode == 0
            break


BEGUN = Found(4, 4, frozenset({"valid"}), 0, frozenset({VALID}), published=True)
REVOKED = Found(4, 4, frozenset({"invalid"}), 4, frozenset({VALID}), published=True)
SHOWN = Found(4, 4, frozenset({"invalid"}), 0, frozenset({INVALID}), published=False)


def in_order(seen: list[Found], before: Found, after: Found) -> None:
    """Hold what every kill left against all and nothing, the turn at the commit."""
    assert len(seen) > 5
    assert seen == [before] * (len(seen) - 2) + [after] * 2


def test_issuing_gives_places_with_the_copies_or_not_at_all(begun: Path) -> None:
    seen = []
    for desk in killed(begun, "issue"):
        seen.append(found(desk))
        desk.issue(4)
        assert len({*indexes(desk)}) == seen[-1].copies + 4
    in_order(seen, BEGUN, Found(8, 8, BEGUN.statuses, 0, BEGUN.shown, published=True))


def test_a_revocation_plans_all_its_changes_or_none(begun: Path) -> None:
    seen = []
    for desk in killed(begun, "revoke"):
        seen.append(found(desk))
        revoke(desk)
        sweep(desk)
        assert found(desk) == SHOWN
    in_order(seen, BEGUN, REVOKED)


def test_a_sweep_shows_each_change_once_or_leaves_it_waiting(begun: Path) -> None:
    seen = []
    for desk in killed(begun, "revoke", "sweep"):
        seen.append(found(desk))
        sweep(desk)
        assert found(desk) == SHOWN
    in_order(seen, REVOKED, SHOWN)
