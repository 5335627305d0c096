"""Two workers on one database: what one decided is not undone by what the other had read before."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, select

from issuer.status.list_store import ListStore
from issuer.status.model import Place, Reason, Status, StatusFinal
from issuer.status.store import CredentialRow, RecordStore
from issuer.status.usecases import Change, change_status
from madang.core.status.token_status_list import INVALID
from madang.infra.db import Database
from tests.unit.issuer.status.test_staggering import STAGGER, Desk, policy


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
