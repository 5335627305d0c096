"""Tables of issued copies."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Index, Row, UniqueConstraint, bindparam, insert, select, update
from sqlmodel import Field, Session, SQLModel, col

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


_TABLE = SQLModel.metadata.tables["credential"]
_COPIES = select(_TABLE).where(_TABLE.c.tenant == bindparam("tenant"))
_BY_DIGEST = _COPIES.where(_TABLE.c.digest == bindparam("digest"))
_IDENTITIES = _COPIES.where(
    _TABLE.c.holder.in_(bindparam("holders", expanding=True)), _TABLE.c.identity.is_(True)
)
_STATUSES = (
    select(_TABLE.c.status)
    .where(_TABLE.c.tenant == bindparam("tenant"), _TABLE.c.batch == bindparam("batch"))
    .distinct()
)
_HOLDERS = (
    select(_TABLE.c.holder)
    .where(_TABLE.c.tenant == bindparam("tenant"), _TABLE.c.batch == bindparam("batch"))
    .distinct()
)
_HELD = select(_TABLE.c.digest).where(
    _TABLE.c.tenant == bindparam("tenant"),
    _TABLE.c.holder == bindparam("holder"),
    _TABLE.c.digest.in_(bindparam("digests", expanding=True)),
)
_ADD = insert(_TABLE)


class RecordStore:
    """Records of issued copies in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection = session.connection()

    def add(self, tenant: str, records: Iterable[CredentialRecord]) -> None:
        """Keep new records."""
        rows = [_row(tenant, record) for record in records]
        if rows:
            self._connection.execute(_ADD, rows)

    def by_digest(self, tenant: str, digest: bytes) -> CredentialRecord | None:
        """Return the record of a copy."""
        row = self._connection.execute(_BY_DIGEST, {"tenant": tenant, "digest": digest}).first()
        return None if row is None else _record(row)

    def identities(self, tenant: str, holders: Sequence[str]) -> list[CredentialRecord]:
        """Return the copies that prove identity and are bound to any of these keys."""
        wanted = {"tenant": tenant, "holders": [*holders]}
        return [_record(row) for row in self._connection.execute(_IDENTITIES, wanted)]

    def statuses(self, tenant: str, batch: str) -> set[Status]:
        """Return the statuses that the copies of a certificate have."""
        found = self._connection.execute(_STATUSES, {"tenant": tenant, "batch": batch})
        return {Status(status) for status in found.scalars()}

    def holders(self, tenant: str, batch: str) -> set[str]:
        """Return the thumbprints of the keys that the copies of a certificate are bound to."""
        found = self._connection.execute(_HOLDERS, {"tenant": tenant, "batch": batch})
        return set(found.scalars())

    def held(self, tenant: str, holder: str, digests: Sequence[bytes]) -> set[bytes]:
        """Return which of the copies are bound to a holder key."""
        wanted = {"tenant": tenant, "holder": holder, "digests": [*digests]}
        return set(self._connection.execute(_HELD, wanted).scalars())

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


def _row(tenant: str, record: CredentialRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "tenant": tenant,
        "batch": record.batch,
        "digest": record.digest,
        "holder": record.holder,
        "person": record.person,
        "type_id": record.type_id,
        "identity": record.identity,
        "level": record.level.value,
        "list_number": record.place.number,
        "list_index": record.place.index,
        "status": record.status.value,
        "expires_at": record.expires_at,
    }


def _record(row: Row[Any]) -> CredentialRecord:
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
