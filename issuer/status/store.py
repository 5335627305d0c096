"""Tables of issued copies and of status lists."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Index, UniqueConstraint, update
from sqlmodel import Field, Session, SQLModel, col, select

from issuer.sources.model import PersonId
from issuer.status.model import CredentialRecord, Place, RecordId, Status
from issuer.status.usecases import ListPolicy, OpenList, Published
from madang.core.catalog.certificate_type import IdentityLevel, TypeId

_PERCENT = 100


class CredentialRow(SQLModel, table=True):
    """One issued copy; see `CredentialRecord`."""

    __tablename__ = "credential"
    __table_args__ = (
        UniqueConstraint("tenant", "list_number", "list_index"),
        UniqueConstraint("tenant", "digest"),
        Index("credential_holder", "tenant", "holder"),
        Index("credential_batch", "tenant", "batch"),
    )

    id: str = Field(primary_key=True)
    tenant: str
    batch: str
    digest: bytes
    holder: str
    person: str
    type_id: str
    identity: bool
    level: str
    list_number: int
    list_index: int
    status: str
    expires_at: int


class StatusListRow(SQLModel, table=True):
    """One status list; `token` is empty when it has to be published anew."""

    __tablename__ = "status_list"

    tenant: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    size: int
    used: int = 0
    token: str = ""
    issued_at: int = 0


class RecordStore:
    """Records of issued copies in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, records: Iterable[CredentialRecord]) -> None:
        """Keep new records."""
        self._session.add_all(_row(tenant, record) for record in records)

    def by_digest(self, tenant: str, digest: bytes) -> CredentialRecord | None:
        """Return the record of a copy."""
        wanted = select(CredentialRow).where(
            CredentialRow.tenant == tenant, CredentialRow.digest == digest
        )
        row = self._session.exec(wanted).first()
        return None if row is None else _record(row)

    def identities(self, tenant: str, holders: Sequence[str]) -> list[CredentialRecord]:
        """Return the copies that prove identity and are bound to any of these keys."""
        wanted = select(CredentialRow).where(
            CredentialRow.tenant == tenant,
            col(CredentialRow.holder).in_(holders),
            col(CredentialRow.identity).is_(True),
        )
        return [_record(row) for row in self._session.exec(wanted)]

    def held(self, tenant: str, holder: str, digests: Sequence[bytes]) -> set[bytes]:
        """Return which of the copies are bound to a holder key."""
        wanted = select(CredentialRow.digest).where(
            CredentialRow.tenant == tenant,
            CredentialRow.holder == holder,
            col(CredentialRow.digest).in_(digests),
        )
        return set(self._session.exec(wanted))

    def set_status(self, tenant: str, batch: str, status: Status) -> int:
        """Change the status of all copies of one issue; return their number."""
        lists = self._session.execute(
            update(CredentialRow)
            .where(col(CredentialRow.tenant) == tenant, col(CredentialRow.batch) == batch)
            .values(status=status.value)
            .returning(col(CredentialRow.list_number))
        ).all()
        numbers = {number for (number,) in lists}
        self._session.execute(
            update(StatusListRow)
            .where(col(StatusListRow.tenant) == tenant, col(StatusListRow.number).in_(numbers))
            .values(token="")
        )
        return len(lists)


class ListStore:
    """Status lists in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, tenant: str, count: int, policy: ListPolicy) -> OpenList:
        """Return a list with room for `count` more, and count them as used."""
        newest = (
            select(StatusListRow)
            .where(StatusListRow.tenant == tenant)
            .order_by(col(StatusListRow.number).desc())
            .limit(1)
            .with_for_update()
        )
        row = self._session.exec(newest).first()
        if row is None or (row.used + count) * _PERCENT > row.size * policy.fill_percent:
            number = 1 if row is None else row.number + 1
            row = StatusListRow(tenant=tenant, number=number, size=policy.size)
        row.used += count
        self._session.add(row)
        return OpenList(row.number, row.size)

    def taken(self, tenant: str, number: int, indexes: Sequence[int]) -> set[int]:
        """Return which of the indexes are in use."""
        wanted = select(CredentialRow.list_index).where(
            CredentialRow.tenant == tenant,
            CredentialRow.list_number == number,
            col(CredentialRow.list_index).in_(indexes),
        )
        return set(self._session.exec(wanted))

    def size(self, tenant: str, number: int) -> int | None:
        """Return the size of a list."""
        row = self._session.get(StatusListRow, (tenant, number))
        return None if row is None else row.size

    def published(self, tenant: str, number: int) -> Published | None:
        """Return a list as it was published last, None if it changed since or never was."""
        row = self._session.get(StatusListRow, (tenant, number))
        return None if row is None or not row.token else Published(row.token, row.issued_at)

    def marked(self, tenant: str, number: int) -> Iterable[tuple[int, Status]]:
        """Return the indexes that are not valid."""
        wanted = select(CredentialRow.list_index, CredentialRow.status).where(
            CredentialRow.tenant == tenant,
            CredentialRow.list_number == number,
            CredentialRow.status != Status.VALID.value,
        )
        return [(index, Status(status)) for index, status in self._session.exec(wanted)]

    def publish(self, tenant: str, number: int, published: Published) -> None:
        """Keep a published list."""
        self._session.execute(
            update(StatusListRow)
            .where(col(StatusListRow.tenant) == tenant, col(StatusListRow.number) == number)
            .values(token=published.token, issued_at=published.issued_at)
        )


def _row(tenant: str, record: CredentialRecord) -> CredentialRow:
    return CredentialRow(
        id=record.id,
        tenant=tenant,
        batch=record.batch,
        digest=record.digest,
        holder=record.holder,
        person=record.person,
        type_id=record.type_id,
        identity=record.identity,
        level=record.level.value,
        list_number=record.place.number,
        list_index=record.place.index,
        status=record.status.value,
        expires_at=record.expires_at,
    )


def _record(row: CredentialRow) -> CredentialRecord:
    return CredentialRecord(
        id=RecordId(row.id),
        batch=row.batch,
        digest=row.digest,
        holder=row.holder,
        person=PersonId(row.person),
        type_id=TypeId(row.type_id),
        identity=row.identity,
        level=IdentityLevel(row.level),
        place=Place(row.list_number, row.list_index),
        status=Status(row.status),
        expires_at=row.expires_at,
    )
