"""One database of one service: durable transactions, nothing else.

SQLite for a first run, PostgreSQL in production; what differs between them stays here and in
`madang.infra.statements`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, func, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection, StaticPool
from sqlmodel import Session, SQLModel, create_engine

BUSY_MILLISECONDS = 10_000
_MEMORY = "sqlite://"
_CREATING = select(func.pg_advisory_xact_lock(0x6D6164616E67))  # any number, but the same for all


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file; makes its folder, and a file only its owner reads.

    SQLite gives the files beside it, where the newest transactions are, the same permissions.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    return f"sqlite:///{path}"


class OtherTablesError(RuntimeError):
    """A database is another version's; the message says what to do."""


class Database:
    """Opens transactions.

    Args:
        url: SQLAlchemy address; "sqlite://" is a database in memory, gone with the object.
    """

    def __init__(self, url: str = _MEMORY) -> None:
        self.engine = _engine(url)
        self._sqlite = self.engine.dialect.name == "sqlite"
        self._idle: list[DriverSession] = []

    def create(self, *models: type[SQLModel]) -> None:
        """Create the tables of the models that do not exist yet, and indexes that they lack.

        Of several processes that start at once, one creates and the others find all there.

        Raises:
            OtherTablesError: a table was made by another version, and lacks columns.
        """
        tables: list[Table] = [model.__table__ for model in models]  # type: ignore[attr-defined]
        with self.engine.begin() as connection:
            if not self._sqlite:
                connection.execute(_CREATING)
            there = {*inspect(connection).get_table_names()}
            known = [table for table in tables if table.name in there]
            fresh = [table for table in tables if table.name not in there]
            SQLModel.metadata.create_all(connection, tables=fresh, checkfirst=False)
            _check_columns(connection, known)
            for index in (index for table in known for index in table.indexes):
                index.create(connection, checkfirst=True)

    def transaction(self) -> AbstractContextManager[Session]:
        """Open a transaction: committed and on the disk when the block ends, undone on an error.

        Never await inside: a transaction holds the one writer's place of its database.
        """
        return _Block(self, "BEGIN IMMEDIATE" if self._sqlite else "", keeps=True)

    def reading(self) -> AbstractContextManager[Session]:
        """Open a consistent view that changes nothing; what was read stays readable after it."""
        return _Block(self, "BEGIN" if self._sqlite else "", keeps=False)

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().driver.close()
        self.engine.dispose()

    def take(self) -> "DriverSession":
        """Return a session over a connection of the driver, for one transaction."""
        try:
            return self._idle.pop()
        except IndexError:  # asked first, another thread might take the last one in between
            return DriverSession(self.engine, self.engine.raw_connection())

    def give_back(self, session: "DriverSession") -> None:
        """Take a session back whose transaction has ended.

        Connections of SQLite cannot break: they stay out of the pool, which would look after each
        of them.
        """
        if self._sqlite:
            self._idle.append(session)
        else:
            session.driver.close()


class DriverSession(Session):
    """A session over one connection of the driver, which prepared statements use as it is.

    Attributes:
        driver: the connection, as the pool gave it.
        dialect: kind of the database.
        cursor: makes one on the connection itself.
    """

    def __init__(self, engine: Engine, driver: PoolProxiedConnection) -> None:
        super().__init__(expire_on_commit=False)
        if driver.dbapi_connection is None:
            raise TypeError("a connection of the driver was expected, this one is given back")
        self.driver = driver
        self.dialect = engine.dialect
        self.cursor = driver.dbapi_connection.cursor
        self._engine = engine
        self._connection: Connection | None = None

    def get_bind(self, *_: Any, **__: Any) -> Connection:  # noqa: ANN401 - as the session has it
        """Return the same connection for statements on objects, made when the first one comes."""
        if self._connection is None:
            self._connection = Connection(self._engine, self.driver)
        return self._connection

    def end(self) -> None:
        """Undo what was not committed, and forget the objects."""
        if self.in_transaction():  # as soon as it holds or reads an object
            self.close()
            self._connection = None
        if self.driver.is_valid:
            self.driver.rollback()


class _Block:
    """One transaction of the driver; see `Database.transaction`.

    A class and no generator: every request passes here.
    """

    __slots__ = ("_begin", "_database", "_keeps", "_session")

    def __init__(self, database: Database, begin: str, *, keeps: bool) -> None:
        self._database = database
        self._begin = begin
        self._keeps = keeps

    def __enter__(self) -> Session:
        session = None
        try:
            session = self._session = self._database.take()
            if self._begin:
                session.cursor().execute(self._begin)
        except self._mistakes as error:
            if session is not None:
                session.driver.close()
            raise self._told(error) from error
        return session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        session = self._session
        try:
            if error is None and self._keeps:
                self._commit(session)
        except self._mistakes as mistake:
            raise self._told(mistake) from mistake
        finally:
            self._end(session)
        if isinstance(error, self._mistakes):
            raise self._told(error) from error

    def _commit(self, session: DriverSession) -> None:
        if session.in_transaction():
            session.flush()
        if not session.driver.is_valid:
            raise self._mistakes("the connection was lost in the transaction")
        session.driver.commit()

    def _end(self, session: DriverSession) -> None:
        """Undo whatever was not committed; a connection that is gone has undone it."""
        undone = False
        try:
            session.end()
            undone = True
        except (self._mistakes, DBAPIError):
            pass
        finally:
            if undone:
                self._database.give_back(session)
            elif session.driver.is_valid:
                session.driver.invalidate()

    @property
    def _mistakes(self) -> type[Exception]:
        found: type[Exception] = self._database.engine.dialect.loaded_dbapi.Error
        return found

    def _told(self, error: BaseException) -> BaseException:
        """Return what SQLAlchemy would raise: prepared statements meet the driver's own errors."""
        return DBAPIError.instance(None, None, error, self._mistakes, hide_parameters=True)


def _check_columns(connection: Connection, tables: Sequence[Table]) -> None:
    if not tables:
        return
    names = {table.name: {column.name for column in table.columns} for table in tables}
    found = inspect(connection).get_multi_columns(filter_names=[*names])
    for (_, table), columns in found.items():
        missing = names[table] - {column["name"] for column in columns}
        if missing:
            raise OtherTablesError(
                f"the table {table} lacks {', '.join(sorted(missing))}: another version made it,"
                " and there are no migrations; start that version on it, or this one on an empty"
                " database (MADANG_DATABASE_URL)"
            )


def _engine(url: str) -> Engine:
    """Return the engine; its errors, which end in logs, do not repeat what was to be stored."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    # The connection that was used last has the pages and the statements at hand.
    more: dict[str, Any] = {"poolclass": StaticPool} if url == _MEMORY else {"pool_use_lifo": True}
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
