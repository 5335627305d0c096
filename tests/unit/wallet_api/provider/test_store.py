"""The provider's tables: what is over goes, what holds stays."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from madang.infra.db import Database
from wallet_api.provider import store
from wallet_api.provider.model import Bounds, Instance, InstanceId, Place

BOUNDS = Bounds(300, 300, 60, 8, 50, 60, 3600)


@pytest.fixture
def base(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    made.create(*store.TABLES)
    yield made
    made.close()


def test_the_seal_is_drawn_once_for_all_processes(base: Database) -> None:
    for fresh in (b"first", b"second"):
        with base.transaction() as session:
            assert store.seal_secret(session, fresh) == b"first"


def test_what_is_over_is_swept_and_its_status_stays(base: Database) -> None:
    name = InstanceId("a")
    with base.transaction() as session:
        instances, lists = store.InstanceStore(session), store.ListStore(session)
        instances.keep("hanbit", Instance(name, "thumb", b"hash"))
        lists.open("hanbit", BOUNDS, b"k")
        instances.attested("hanbit", name, Place(1, 3), until=100)
        instances.attested("hanbit", name, Place(1, 5), until=101)
        store.NonceStore(session).use(b"old", until=100)
        store.NonceStore(session).use(b"new", until=101)
        lists.invalidate("hanbit", [Place(1, 3)])
        assert instances.places("hanbit", name, now=100) == [Place(1, 5)]
    with base.transaction() as session:
        store.sweep(session, 100)
    with base.reading() as session:
        assert store.InstanceStore(session).places("hanbit", name, now=0) == [Place(1, 5)]
        assert [row.hash for row in session.exec(select(store.UsedNonceRow))] == [b"new"]
        statuses = store.ListStore(session).statuses("hanbit", 1)
        assert statuses is not None
        assert [statuses.get(index) for index in range(8)] == [0, 0, 0, 1, 0, 0, 0, 0]


def test_a_full_list_is_followed_by_another_and_its_order_forgotten(base: Database) -> None:
    with base.transaction() as session:
        lists = store.ListStore(session)
        given = [lists.open("hanbit", BOUNDS, bytes([n])) for n in range(5)]
        other = lists.open("saebyeol", BOUNDS, b"other")
    assert [(each.number, each.position, each.key) for each in given] == [
        (1, 0, b"\0"),
        (1, 1, b"\0"),
        (1, 2, b"\0"),
        (1, 3, b"\0"),
        (2, 0, b"\4"),
    ]
    assert (other.number, other.position) == (1, 0)
    with base.reading() as session:
        assert session.get_one(store.WalletListRow, ("hanbit", 1)).key is None
