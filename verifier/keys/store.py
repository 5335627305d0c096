"""Table of the keys of agencies' programs."""

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from madang.infra import journal
from verifier.keys.model import ApiKey


class ApiKeyRow(SQLModel, table=True):
    """One key; see `ApiKey`."""

    __tablename__ = "api_key"

    hash: bytes = Field(primary_key=True)
    id: str = Field(unique=True)
    tenant: str = Field(index=True)
    name: str
    created_at: int
    revoked_at: int | None = None


class SqlKeyBook:
    """Implements `KeyBook` in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        row = ApiKeyRow(
            hash=key.hash, id=key.id, tenant=key.tenant, name=key.name, created_at=key.created_at
        )
        self._session.add(row)

    def by_hash(self, digest: bytes) -> ApiKey | None:
        """Return the key of this hash; None if there is none."""
        row = self._session.get(ApiKeyRow, digest)
        return None if row is None else ApiKey(**row.model_dump())

    def all(self, tenant: str) -> tuple[ApiKey, ...]:
        """Return the keys of a tenant, the newest first."""
        found = select(ApiKeyRow).where(ApiKeyRow.tenant == tenant)
        newest = found.order_by(col(ApiKeyRow.created_at).desc(), col(ApiKeyRow.id))
        return tuple(ApiKey(**row.model_dump()) for row in self._session.exec(newest))

    def revoke(self, tenant: str, key: str, *, now: int) -> bool:
        """End a key; False if the tenant has none of this id that counts."""
        mine = (col(ApiKeyRow.tenant) == tenant) & (col(ApiKeyRow.id) == key)
        counting = mine & col(ApiKeyRow.revoked_at).is_(None)
        ended = self._session.execute(update(ApiKeyRow).where(counting).values(revoked_at=now))
        return bool(getattr(ended, "rowcount", 0))

    def note(self, tenant: str, code: str, *, now: int, reference: str, actor: str) -> None:
        """Write a line in the journal."""
        journal.record(self._session, tenant, code, at=now, reference=reference, actor=actor)
