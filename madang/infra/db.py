"""One database of one service: durable transactions, nothing else.

SQLite for a first run, PostgreSQL in production; what differs between them stays here and in
`madang.infra.statements`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, create_engine

BUSY_MILLISECONDS = 10_000
_MEMORY = "sqlite://"


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
        with self._open("BEGIN IMMEDIATE") as (session, connection):
            yield session
            if session.in_transaction():  # as soon as it holds or reads an object
                session.flush()
            connection.connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a consistent view that changes nothing."""
        with self._open("BEGIN") as (session, _):
            yield session

    @contextmanager
    def _open(self, begin: str) -> Iterator[tuple[Session, Connection]]:
        """Open a transaction of the driver, which ends undone unless it was committed."""
        with self.engine.connect() as connection, self._translated():
            session = Session(connection, expire_on_commit=False)
            if self._sqlite:
                connection.connection.cursor().execute(begin)
            try:
                yield session, connection
            finally:
                if session.in_transaction():
                    session.close()  # what was read stays readable after the block

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise what SQLAlchemy would where prepared statements meet the driver's own errors."""
        driver = self.engine.dialect.loaded_dbapi
        try:
            yield
        except driver.Error as error:
            told = DBAPIError.instance(None, None, error, driver.Error, hide_parameters=True)
            raise told from error

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


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
