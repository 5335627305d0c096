"""One database of one service: durable transactions, nothing else.

SQLite for a first run, PostgreSQL in production; what differs between them stays in this file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, CursorResult, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, create_engine

BUSY_MILLISECONDS = 10_000
_MEMORY = "sqlite://"
_INSERTS: Final = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
Insert: TypeAlias = sqlite.Insert | postgresql.Insert


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file; makes its folder, and a file only its owner reads.

    SQLite gives the files beside it, where the newest transactions are, the same permissions.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    return f"sqlite:///{path}"


class Database:
    """Opens transactions.

    Args:
        url: SQLAlchemy address; "sqlite://" is a database in memory, gone with the object.
    """

    def __init__(self, url: str = _MEMORY) -> None:
        self.engine = _engine(url)
        self._sqlite = self.engine.dialect.name == "sqlite"

    def create(self, *models: type[SQLModel]) -> None:
        """Create the tables of the models that do not exist yet, and indexes that they lack."""
        tables: list[Table] = [model.__table__ for model in models]  # type: ignore[attr-defined]
        SQLModel.metadata.create_all(self.engine, tables=tables)
        for index in (index for table in tables for index in table.indexes):
            index.create(self.engine, checkfirst=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a transaction: committed and on the disk when the block ends, undone on an error.

        Never await inside: a transaction holds the one writer's place of its database.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            if self._sqlite:
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            with _ended(session):
                yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a consistent view that changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            if self._sqlite:
                session.connection().exec_driver_sql("BEGIN")
            yield session
            session.expunge_all()  # what was read stays readable after the block
            session.rollback()

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


class Upsert:
    """An INSERT that says what becomes of a row that is there already, made once per dialect.

    One statement does it: nobody else's row comes between a look and the writing.

    Args:
        model: the table.
        build: completes the statement; a row that is there stays as it is unless this says else.
    """

    def __init__(
        self,
        model: type[SQLModel],
        build: Callable[[Insert], Insert] = lambda insert: insert.on_conflict_do_nothing(),
    ) -> None:
        inserts: Mapping[str, Any] = _INSERTS
        self._made = {name: build(insert(model)) for name, insert in inserts.items()}

    def run(
        self, connection: Connection, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> CursorResult[Any]:
        """Insert a row, or several at once."""
        return connection.execute(self._made[connection.dialect.name], rows)


@contextmanager
def _ended(session: Session) -> Iterator[None]:
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise


def _engine(url: str) -> Engine:
    """Return the engine; its errors, which end in logs, do not repeat what was to be stored."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    more: dict[str, Any] = {"poolclass": StaticPool} if url == _MEMORY else {}
    threads = {"check_same_thread": False}
    engine = create_engine(url, connect_args=threads, hide_parameters=True, **more)
    event.listen(engine, "connect", _durable)
    return engine


def _durable(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
    """Write ahead, flush every commit to the disk, wait for other writers."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.close()
