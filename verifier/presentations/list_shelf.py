"""Table of fetched status lists, so that a counter without a network has them after a restart."""

from dataclasses import asdict, dataclass

from sqlalchemy import delete, func
from sqlmodel import Field, SQLModel, col, select

from madang.infra.db import Database
from madang.infra.statements import Upsert


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list as it was fetched; its signature is checked again whenever it is taken out.

    Attributes:
        uri: where from.
        media_type: of its form.
        token: the signed list.
        fetched_at: epoch seconds.
        expires_at: epoch seconds; no use after that.
    """

    uri: str
    media_type: str
    token: bytes
    fetched_at: int
    expires_at: int


class KeptListRow(SQLModel, table=True):
    """One kept list; see `KeptList`."""

    __tablename__ = "kept_status_list"

    uri: str = Field(primary_key=True)
    media_type: str
    token: bytes
    fetched_at: int
    expires_at: int


_CHANGING = ("media_type", "token", "fetched_at", "expires_at")
_KEEP = Upsert(
    KeptListRow,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["uri"], set_={name: insert.excluded[name] for name in _CHANGING}
    ),
)


class ListShelf:
    """Keeps fetched lists in the database, the newest of them within bounds.

    Args:
        database: the service's own.
        lists: most lists.
        size: most bytes of all together.
    """

    def __init__(self, database: Database, lists: int, size: int) -> None:
        self._database = database
        self._lists = lists
        self._size = size

    def get(self, uri: str) -> KeptList | None:
        """Return the list kept of an address."""
        with self._database.reading() as session:
            row = session.get(KeptListRow, uri)
        return None if row is None else KeptList(**row.model_dump())

    def put(self, kept: KeptList, *, now: int) -> None:
        """Keep a list; what has expired by now goes, then the oldest beyond the bounds."""
        with self._database.transaction() as session:
            _KEEP.run(session, asdict(kept))
            session.execute(delete(KeptListRow).where(col(KeptListRow.expires_at) <= now))
            sizes = select(KeptListRow.uri, func.length(KeptListRow.token)).order_by(
                col(KeptListRow.fetched_at).desc(), col(KeptListRow.uri)
            )
            total, over = 0, []
            for count, (uri, size) in enumerate(session.exec(sizes), 1):
                total += size
                if count > self._lists or total > self._size:
                    over.append(uri)
            session.execute(delete(KeptListRow).where(col(KeptListRow.uri).in_(over)))
