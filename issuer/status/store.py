"""Tables of issued copies."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Index, UniqueConstraint, bindparam, insert, select, update
from sqlmodel import Field, Session, SQLModel, col

from issuer.sources.model import PersonId
from issuer.status.model import CredentialRecord, Place, RecordId, Status
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.infra.statements import Prepared, Row


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
_COPIES: Any = select(_TABLE).where(_TABLE.c.tenant == bindparam("tenant"))
_BY_DIGEST = Prepared(_COPIES.where(_TABLE.c.digest == bindparam("digest")))
_IDENTITIES = Prepared(
    _COPIES.where(_TABLE.c.holder == bindparam("holder"), _TABLE.c.identity.is_(True))
)
_OF_BATCH = (_TABLE.c.tenant == bindparam("tenant"), _TABLE.c.batch == bindparam("batch"))
_STATUSES = Prepared(select(_TABLE.c.status).where(*_OF_BATCH).distinct())
_HOLDERS = Prepared(select(_TABLE.c.holder).where(*_OF_BATCH).distinct())
_HELD = select(_TABLE.c.digest).where(
    _TABLE.c.tenant == bindparam("tenant"),
    _TABLE.c.holder == bindparam("holder"),
    _TABLE.c.digest.in_(bindparam("digests", expanding=True)),
)
_ADD = Prepared(insert(_TABLE))


class RecordStore:
    """Records of issued copies in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, records: Iterable[CredentialRecord]) -> None:
        """Keep new records."""
        _ADD.run_each(self._session, [_row(tenant, record) for record in records])

    def by_digest(self, tenant: str, digest: bytes) -> CredentialRecord | None:
        """Return the record of a copy."""
        row = _BY_DIGEST.first(self._session, {"tenant": tenant, "digest": digest})
        return None if row is None else _record(row)

    def identities(self, tenant: str, holders: Sequence[str]) -> list[CredentialRecord]:
        """Return the copies that prove identity and are bound to any of these keys."""
        return [
            _record(row)
            for holder in holders
            for row in _IDENTITIES.all(self._session, {"tenant": tenant, "holder": holder})
        ]

    def statuses(self, tenant: str, batch: str) -> set[Status]:
        """Return the statuses that the copies of a certificate have."""
        found = _STATUSES.all(self._session, {"tenant": tenant, "batch": batch})
        return {Status(row.status) for row in found}

    def holders(self, tenant: str, batch: str) -> set[str]:
        """Return the thumbprints of the keys that the copies of a certificate are bound to."""
        found = _HOLDERS.all(self._session, {"tenant": tenant, "batch": batch})
        return {row.holder for row in found}

    def held(self, tenant: str, holder: str, digests: Sequence[bytes]) -> set[bytes]:
        """Return which of the copies are bound to a holder key."""
        wanted = {"tenant": tenant, "holder": holder, "digests": [*digests]}
        return set(self._session.execute(_HELD, wanted).scalars())

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


def _record(row: Row) -> CredentialRecord:
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
