"""Two workers on one database: what one decided is not undone by what the other had read before."""

from collections.abc import Callable, Mapping

import pytest
from sqlmodel import Session, select

from issuer.status.list_store import ListRow, ListStore
from issuer.status.model import Flip, Place, Reason, Status, StatusFinal
from issuer.status.store import CredentialRow, RecordStore
from issuer.status.usecases import Change, OpenList, change_status
from madang.core.status.token_status_list import INVALID
from madang.infra.db import Database
from tests.unit.issuer.status.test_staggering import STAGGER, Desk, policy
from tests.unit.issuer.world import TENANT


class SlowRecords(RecordStore):
    """Somebody else decides between an officer's look at a record and the change of it."""

    def __init__(self, session: Session, meanwhile: Callable[[], object]) -> None:
        super().__init__(session)
        self._meanwhile = meanwhile

    def set_status(self, tenant: str, batch: str, status: Status) -> list[Place]:
        self._meanwhile()
        return super().set_status(tenant, batch, status)


def digest_at(session: Session, index: int) -> bytes:
    return session.exec(select(CredentialRow.digest).where(CredentialRow.list_index == index)).one()


def test_a_revocation_stays_though_another_officer_had_read_a_suspension() -> None:
    desk = Desk(Database(), policy())
    indexes = desk.issue(4)
    desk.change(indexes[0], Status.SUSPENDED, Reason.LOST_DEVICE)
    with desk.database.transaction() as session:
        records, lists = RecordStore(session), ListStore(session)
        one, other = (digest_at(session, index) for index in indexes[:2])

        def revoke() -> None:
            change = Change(other, Status.INVALID, Reason.LOST_DEVICE)
            change_status(desk.work(), records, lists, change, desk.policy)

        slow = SlowRecords(session, revoke)
        release = Change(one, Status.VALID, Reason.INQUIRY_CLOSED)
        with pytest.raises(StatusFinal):
            change_status(desk.work(), slow, lists, release, desk.policy)
        assert {*session.exec(select(CredentialRow.status))} == {Status.INVALID.value}
    desk.sweep(2 * STAGGER)
    assert desk.shown(indexes) == [INVALID] * 4
    desk.database.close()


class TestListsBegunAtOnce:
    class Late(ListStore):
        """Another worker begins the same list just before."""

        def _begin(self, tenant: str, full: ListRow | None, size: int, key: bytes) -> None:
            super()._begin(tenant, full, size, b"of another worker".ljust(32))
            super()._begin(tenant, full, size, key)

    def test_the_second_gives_places_of_the_list_that_the_first_began(self) -> None:
        desk = Desk(Database(), policy())
        for number in (1, 2):
            with desk.database.transaction() as session:
                given = self.Late(session).open(TENANT, 4, policy(), bytes(32))
                assert given == OpenList(number, 100_000, b"of another worker".ljust(32), 0)
                session.get_one(ListRow, (TENANT, number)).used = 100_000
        desk.database.close()


def test_lists_change_in_one_order_whoever_changes_them() -> None:
    """So that no two workers wait for one another."""
    desk, changed = Desk(Database(), policy()), []

    class Watched(ListStore):
        def set(self, tenant: str, number: int, changes: Mapping[int, Status]) -> int:
            changed.append((tenant, number))
            return len(changes)

    with desk.database.transaction() as session:
        for tenant, number in (("b", 1), ("a", 2), ("a", 1)):
            flip = Flip(Place(number, 0), Status.INVALID, 0)
            Watched(session).plan(tenant, [flip], now=0)
        assert Watched(session).apply(0) == 3
    assert changed == [("a", 1), ("a", 2), ("b", 1)]
    desk.database.close()
