"""Tables of the cases."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Field, Session, SQLModel, col, delete, select

from counter.cases.model import (
    Asked,
    Case,
    CaseId,
    Ground,
    Link,
    Offered,
    OfferId,
    OfferState,
    Opened,
    PresentationId,
    PresentationState,
    Stage,
    TypeId,
)
from counter.cases.offices import Clerk
from madang.infra import journal
from madang.infra.clock import Clock
from madang.infra.db import Database


class CaseRow(SQLModel, table=True):
    """One case.

    Attributes:
        kind: "opened", "offered" or "asked".
        thing: id of the offer or presentation.
        state: as last seen.
        ground: on what the offer was made.
        words: types of the offer, or failures of the presentation, with spaces between.
    """

    __tablename__ = "counter_case"

    id: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    opened_at: int = Field(index=True)
    kind: str = "opened"
    thing: str = ""
    state: str = ""
    ground: str = ""
    words: str = ""


class StatusTimeRow(SQLModel, table=True):
    """From when the status of what was shown in a case is; see `Asked`."""

    __tablename__ = "counter_status_time"

    case_id: str = Field(primary_key=True)
    as_of: int


class LinkRow(SQLModel, table=True):
    """What a wallet scans and types, for as long as it can."""

    __tablename__ = "counter_link"

    tenant: str = Field(primary_key=True)
    thing: str = Field(primary_key=True)
    case_id: str = Field(index=True)
    uri: str
    tx_code: str
    expires_at: int = Field(index=True)


class SqlCaseBook:
    """Implements `CaseBook` for one clerk's municipality.

    Args:
        session: open transaction.
        clerk: who acts.
        now: epoch seconds.
    """

    def __init__(self, session: Session, clerk: Clerk, now: int) -> None:
        self._session = session
        self._clerk = clerk
        self._now = now

    def get(self, case: str) -> Case | None:
        """Return a case of this municipality."""
        row = self._session.get(CaseRow, case)
        if row is None or row.tenant != self._clerk.tenant:
            return None
        time = self._session.get(StatusTimeRow, case)
        return _case(row, None if time is None else time.as_of)

    def of_offer(self, offer: OfferId) -> CaseId | None:
        """Return the case of this municipality that is at this offer."""
        wanted = select(CaseRow.id).where(
            CaseRow.tenant == self._clerk.tenant, CaseRow.kind == "offered", CaseRow.thing == offer
        )
        found = self._session.exec(wanted).first()
        return None if found is None else CaseId(found)

    def newest(self, most: int) -> tuple[Case, ...]:
        """Return cases, newest first."""
        found = (
            select(CaseRow, StatusTimeRow.as_of)
            .outerjoin(StatusTimeRow, col(StatusTimeRow.case_id) == col(CaseRow.id))
            .where(CaseRow.tenant == self._clerk.tenant)
            .order_by(col(CaseRow.opened_at).desc(), col(CaseRow.id))
            .limit(most)
        )
        return tuple(_case(row, as_of) for row, as_of in self._session.exec(found))

    def keep(self, case: Case) -> None:
        """Keep a new case, or a known one in its new stage."""
        self._session.merge(_row(case))
        as_of = case.stage.status_as_of if isinstance(case.stage, Asked) else None
        if as_of is None:
            mine = col(StatusTimeRow.case_id) == case.id
            self._session.execute(delete(StatusTimeRow).where(mine))
        else:
            self._session.merge(StatusTimeRow(case_id=case.id, as_of=as_of))

    def link(self, thing: str) -> Link | None:
        """Return a link that is still good."""
        row = self._session.get(LinkRow, (self._clerk.tenant, thing))
        if row is None or row.expires_at <= self._now:
            return None
        return Link(row.thing, row.uri, row.tx_code, row.expires_at)

    def keep_link(self, case: CaseId, link: Link) -> None:
        """Keep a link; every earlier one of the case is deleted."""
        self.drop_links(case)
        self._session.add(
            LinkRow(
                tenant=self._clerk.tenant,
                thing=link.thing,
                case_id=case,
                uri=link.uri,
                tx_code=link.tx_code,
                expires_at=link.expires_at,
            )
        )

    def drop_links(self, case: CaseId) -> None:
        """Delete the links of a case."""
        mine = col(LinkRow.tenant) == self._clerk.tenant
        self._session.execute(delete(LinkRow).where(mine, col(LinkRow.case_id) == case))

    def note(self, code: str, reference: str) -> None:
        """Add a line to the journal."""
        tenant, actor = self._clerk.tenant, self._clerk.pseudonym
        journal.record(self._session, tenant, code, at=self._now, actor=actor, reference=reference)


class SqlCaseBooks:
    """Opens transactions; see `Books`.

    Args:
        database: the counter's own.
        clock: tells the time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def __call__(self, clerk: Clerk) -> Iterator[SqlCaseBook]:
        """Open a transaction on the cases of a municipality."""
        with self._database.transaction() as session:
            yield SqlCaseBook(session, clerk, self._clock.now())

    def sweep(self, case_seconds: int) -> None:
        """Delete links that are of no more use, and cases that are old.

        Args:
            case_seconds: how long after its opening a case is kept.
        """
        now = self._clock.now()
        with self._database.transaction() as session:
            session.execute(delete(LinkRow).where(col(LinkRow.expires_at) <= now))
            old = col(CaseRow.opened_at) <= now - case_seconds
            cases = select(CaseRow.id).where(old)
            session.execute(delete(StatusTimeRow).where(col(StatusTimeRow.case_id).in_(cases)))
            session.execute(delete(CaseRow).where(old))


def _case(row: CaseRow, status_as_of: int | None) -> Case:
    return Case(CaseId(row.id), row.tenant, row.opened_at, _stage(row, status_as_of))


def _stage(row: CaseRow, status_as_of: int | None) -> Stage:
    words = tuple(row.words.split())
    if row.kind == "offered":
        types = tuple(map(TypeId, words))
        return Offered(OfferId(row.thing), Ground(row.ground), types, OfferState(row.state))
    if row.kind == "asked":
        state = PresentationState(row.state)
        return Asked(PresentationId(row.thing), state, words, status_as_of)
    return Opened()


def _row(case: Case) -> CaseRow:
    row = CaseRow(id=case.id, tenant=case.tenant, opened_at=case.opened_at)
    stage = case.stage
    if isinstance(stage, Offered):
        row.kind, row.thing, row.state = "offered", stage.offer, stage.state.value
        row.ground, row.words = stage.ground.value, " ".join(stage.types)
    elif isinstance(stage, Asked):
        row.kind, row.thing, row.state = "asked", stage.presentation, stage.state.value
        row.words = " ".join(stage.failures)
    return row
