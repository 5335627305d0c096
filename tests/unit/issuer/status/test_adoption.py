"""A state folder of the version before opens, and its lists go on."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import select

from issuer.app import TABLES
from issuer.status.adoption import adopt
from issuer.status.list_store import ListRow, ListStore
from issuer.status.store import CredentialRow
from issuer.status.usecases import ListPolicy, draw_places
from issuer.work import Work
from madang.core.status.permutation import KEY_BYTES
from madang.infra.db import Database, sqlite_url
from madang.infra.ids import SeededIds
from madang.infra.tenancy import TenantId

OLD = (
    "CREATE TABLE status_list (tenant VARCHAR NOT NULL, number INTEGER NOT NULL,"
    " size INTEGER NOT NULL, used INTEGER NOT NULL, token VARCHAR NOT NULL,"
    " issued_at INTEGER NOT NULL, PRIMARY KEY (tenant, number))"
)
POLICY = ListPolicy(100, 90, 300, 86_400, 0, 120)


def row(index: int, status: str) -> CredentialRow:
    return CredentialRow(
        id=f"r{index}",
        tenant="t",
        batch="b",
        digest=bytes([index]),
        holder="h",
        person="p",
        type_id="x",
        identity=True,
        level="high",
        list_number=1,
        list_index=index,
        status=status,
        expires_at=1,
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = sqlite_url(tmp_path / "issuer.sqlite")
    with sqlite3.connect(url.removeprefix("sqlite:///")) as old:
        old.execute(OLD)
        old.execute("INSERT INTO status_list VALUES ('t', 1, 16, 3, 'a.b.c', 7)")
    old.close()
    made = Database(url)
    made.create(*TABLES)
    with made.transaction() as session:
        session.add_all([row(3, "invalid"), row(5, "suspended"), row(6, "valid")])
    yield made
    made.close()


def test_the_old_lists_keep_their_statuses(database: Database) -> None:
    adopt(database)
    with database.reading() as session:
        statuses = ListStore(session).statuses("t", 1)
    assert statuses is not None
    assert [statuses.get(index) for index in range(16)] == [0, 0, 0, 1, 0, 2] + [0] * 10


def test_no_more_is_given_of_them(database: Database) -> None:
    adopt(database)
    work = Work(TenantId("t"), "i", 1, SeededIds("a"), lambda *_: None)
    with database.transaction() as session:
        places = draw_places(work, ListStore(session), 4, POLICY)
    assert {place.number for place in places} == {2}
    with database.reading() as session:
        heads = {each.number: each for each in session.exec(select(ListRow))}
    assert (heads[1].size, heads[1].used, heads[1].key) == (16, 3, None)
    assert len(heads[2].key or b"") == KEY_BYTES


def test_it_is_done_once(database: Database) -> None:
    for _ in range(2):
        adopt(database)
    assert not inspect(database.engine).has_table("status_list")
    with database.reading() as session:
        assert len(session.exec(select(ListRow)).all()) == 1
