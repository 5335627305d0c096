"""Table of the published snapshots: what was signed last is served after a restart too."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Field, Session, SQLModel

from ledger_node.accreditation.model import PublishedSnapshot
from madang.infra.db import Database


class SnapshotRow(SQLModel, table=True):
    """The newest snapshot of one municipality; see `PublishedSnapshot`."""

    __tablename__ = "accreditation_snapshot"

    tenant: str = Field(primary_key=True)
    version: int
    block: int
    time: int
    compact: str
    second: str


class SqlSnapshots:
    """Implements `PublishedSnapshots` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def newest(self, tenant: str) -> PublishedSnapshot | None:
        """Return the one of a municipality; None before the first."""
        row = self._session.get(SnapshotRow, tenant)
        if row is None:
            return None
        return PublishedSnapshot(row.version, row.block, row.time, row.compact, row.second)

    def keep(self, tenant: str, snapshot: PublishedSnapshot) -> None:
        """Keep another one in its place."""
        self._session.merge(
            SnapshotRow(
                tenant=tenant,
                version=snapshot.version,
                block=snapshot.block,
                time=snapshot.time,
                compact=snapshot.compact,
                second=snapshot.second,
            )
        )


class SqlSnapshotStores:
    """Opens the store; implements `SnapshotStores`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def __call__(self) -> Iterator[SqlSnapshots]:
        """Return the store inside one transaction."""
        with self._database.transaction() as session:
            yield SqlSnapshots(session)
