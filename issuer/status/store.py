"""Tables of issued copies."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Index, UniqueConstraint, update
from sqlmodel import Field, Session, SQLModel, col, select

from issuer.sources.model import PersonId
from issuer.status.model import CredentialRecord, Place, RecordId, Status
from madang.core.catalog.certificate_type import IdentityLevel, TypeId


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


class ReplacementRow(SQLModel, table=True):
    """One issue that took the place of another."""

    __tablename__ = "credential_replacement"

    tenant: str = Field(primary_key=True)
    batch: str = Field(primary_key=True)
    replaced_by: str


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

    def statuses(self, tenant: str, batch: str) -> set[Status]:
        """Return the statuses that the copies of a certificate have."""
        wanted = select(CredentialRow.status).where(
            CredentialRow.tenant == tenant, CredentialRow.batch == batch
        )
        return {Status(status) for status in self._session.exec(wanted.distinct())}

    def held(self, tenant: str, holder: str, digests: Sequence[bytes]) -> set[bytes]:
        """Return which of the copies are bound to a holder key."""
        wanted = select(CredentialRow.digest).where(
            CredentialRow.tenant == tenant,
            CredentialRow.holder == holder,
            col(CredentialRow.digest).in_(digests),
        )
        return set(self._session.exec(wanted))

    def set_status(self, tenant: str, batch: str, status: Status) -> list[Place]:
        """Change the status of all copies of one issue; return their places, none if final.

        The same statement looks and changes: what another worker made final meanwhile stays.
        """
        changes = update(CredentialRow).where(
            col(CredentialRow.tenant) == tenant, col(CredentialRow.batch) == batch
        )
        if status is not Status.INVALID:
            changes = changes.where(col(CredentialRow.status) != Status.INVALID.value)
        changed = self._session.execute(
            changes.values(status=status.value).returning(
                col(CredentialRow.list_number), col(CredentialRow.list_index)
            )
        )
        return [Place(number, index) for number, index in changed]

    def replace(self, tenant: str, batch: str, by: str) -> None:
        """Keep that one issue took the place of another."""
        self._session.merge(ReplacementRow(tenant=tenant, batch=batch, replaced_by=by))


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
