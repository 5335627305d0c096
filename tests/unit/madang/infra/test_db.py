import contextlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import event, func
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection
from sqlmodel import Field, SQLModel, select

from madang.infra.db import Database, OtherTablesError, sqlite_url
from madang.infra.statements import Prepared, Upsert, replacing


class Thing(SQLModel, table=True):
    __tablename__ = "thing_of_the_database_test"
    id: int | None = Field(default=None, primary_key=True)
    name: str


@pytest.fixture(params=["memory", "file", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        address: str = request.getfixturevalue("postgresql")
        return address
    return "sqlite://" if request.param == "memory" else sqlite_url(tmp_path / "a" / "b.sqlite")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    opened.create(Thing)
    opened.create(Thing)
    yield opened
    opened.close()


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(thing.name for thing in session.exec(select(Thing)))


def test_only_the_owner_reads_the_files(tmp_path: Path) -> None:
    opened = Database(sqlite_url(tmp_path / "a" / "b.sqlite"))
    opened.create(Thing)
    with opened.transaction() as session:
        session.add(Thing(name="a"))
    files = sorted((tmp_path / "a").iterdir())
    assert [path.name for path in files] == ["b.sqlite", "b.sqlite-shm", "b.sqlite-wal"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    opened.close()


def test_a_transaction_that_ends_well_is_kept(database: Database) -> None:
    with database.transaction() as session:
        session.add(Thing(name="a"))
    assert names(database) == ["a"]


def test_one_statement_keeps_a_row_whether_there_is_one_or_not(database: Database) -> None:
    keep = Upsert(
        Thing,
        lambda insert: insert.on_conflict_do_update(
            index_elements=["id"], set_={"name": insert.excluded["name"]}
        ),
    )
    for name in ("a", "b"):
        with database.transaction() as session:
            keep.run(session, {"id": 1, "name": name})
        assert names(database) == [name]


def test_one_statement_leaves_a_row_that_is_there_and_tells_so(database: Database) -> None:
    told = []
    for name in ("a", "b"):
        with database.transaction() as session:
            told.append(Upsert(Thing).run(session, {"id": 1, "name": name}))
    assert (names(database), told) == (["a"], [1, 0])


def test_an_error_does_not_repeat_what_was_to_be_stored(database: Database) -> None:
    with database.transaction() as session:
        session.add(Thing(name="a"))

    def twice() -> None:
        with database.transaction() as session:
            session.add_all([Thing(id=2, name="Kim Haneul"), Thing(id=2, name="Kim Haneul")])

    with pytest.raises(IntegrityError) as raised:
        twice()
    assert "Kim" not in str(raised.value)
    assert names(database) == ["a"]


def test_a_transaction_that_breaks_leaves_nothing(database: Database) -> None:
    def break_it() -> None:
        with database.transaction() as session:
            session.add(Thing(name="a"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_it()
    assert names(database) == []


@pytest.mark.parametrize("way", ["reading", "transaction"])
def test_what_one_block_held_is_not_the_next_one_s(database: Database, way: str) -> None:
    def leave() -> None:
        with getattr(database, way)() as session:
            session.add(Thing(name="a"))
            if way == "transaction":
                raise RuntimeError

    with contextlib.suppress(RuntimeError):
        leave()
    with database.transaction() as session:
        assert not session.new
        session.add(Thing(name="b"))
    with database.reading() as session:
        assert not list(session)
    assert names(database) == ["b"]


def test_what_was_read_stays_readable_after_the_block(database: Database) -> None:
    with database.transaction() as session:
        session.add(Thing(name="a"))
    with database.reading() as session:
        things = list(session.exec(select(Thing)))
    assert [thing.name for thing in things] == ["a"]


@pytest.mark.parametrize("way", ["transaction", "reading"])
def test_a_database_that_is_away_is_told_as_one_that_is_locked(tmp_path: Path, way: str) -> None:
    away = Database(f"sqlite:///{tmp_path}/away/b.sqlite")
    with pytest.raises(OperationalError, match="unable to open"), getattr(away, way)():
        pass


def test_a_session_that_cannot_be_closed_gives_its_connection_back(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "x.sqlite"))
    database.create(Thing)
    held = []

    def break_it() -> None:
        with database.transaction() as session:
            held.append(session)
            session.add(Thing(name="a"))
            session.flush()
            raise RuntimeError

    def lose(_: object) -> None:
        raise ConnectionError

    event.listen(database.engine, "rollback", lose, once=True)
    with pytest.raises(ConnectionError):
        break_it()
    with database.transaction() as session:
        session.add(Thing(name="b"))
    assert names(database) == ["b"]


def test_a_reading_block_changes_nothing(database: Database) -> None:
    with database.reading() as session:
        session.add(Thing(name="a"))
        session.flush()
    assert names(database) == []


def test_commits_are_durable(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "x.sqlite"))
    with database.reading() as session:
        connection = session.connection()
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


class TakenMeanwhile(list[PoolProxiedConnection]):
    """Held a connection a moment ago; another thread has it now."""

    def __bool__(self) -> bool:
        return True


def test_two_threads_do_not_take_the_same_connection(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "x.sqlite"))
    database.create(Thing)
    database._idle = TakenMeanwhile()
    assert names(database) == []


WRITER = """
import sys
from sqlalchemy.pool import PoolProxiedConnection
from sqlmodel import Field, SQLModel
from madang.infra.db import Database
class Thing(SQLModel, table=True):
    __tablename__ = "thing_of_the_database_test"
    id: int | None = Field(default=None, primary_key=True)
    name: str
database = Database(sys.argv[1])
for number in range(50):
    with database.transaction() as session:
        session.add(Thing(name=f"{sys.argv[2]}-{number}"))
"""


def test_two_processes_write_without_losing_a_row(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "x.sqlite")
    database = Database(url)
    database.create(Thing)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(names(database)) == 100


def test_a_whole_row_takes_the_place_of_another(database: Database) -> None:
    keep = Upsert(Thing, replacing)
    for name in ("a", "b"):
        with database.transaction() as session:
            keep.run(session, {"id": 1, "name": name})
        assert names(database) == [name]


def test_a_table_of_another_version_is_told_in_words(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {Thing.__tablename__} DROP COLUMN name")
    with pytest.raises(OtherTablesError, match=f"the table {Thing.__tablename__} lacks name"):
        database.create(Thing)


def test_of_processes_that_start_at_once_each_finds_its_tables(postgresql: str) -> None:
    opened = [Database(postgresql) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert [*pool.map(lambda database: database.create(Thing), opened)] == [None] * 6
    for each in opened:
        each.close()


def test_a_connection_that_the_server_ended_is_replaced(postgresql: str) -> None:
    opened, other = Database(postgresql), Database(postgresql)
    opened.create(Thing)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()"
    with other.engine.connect() as connection:
        connection.exec_driver_sql(f"{end} AND datname = current_database()")
    assert names(opened) == []
    opened.close()
    other.close()


def test_a_server_that_ends_the_connection_is_told_of_and_called_again(postgresql: str) -> None:
    opened = Database(postgresql)
    opened.create(Thing)
    end = select(func.pg_terminate_backend(func.pg_backend_pid()).label("ended"))

    def by_statement() -> None:
        with opened.transaction() as session:
            session.add(Thing(name="a"))
            session.flush()
            Prepared(end).all(session, {})

    def before_the_end() -> None:
        with opened.transaction() as session:
            session.add(Thing(name="b"))
            with suppress(OperationalError):
                session.exec(end)

    for broken in (by_statement, before_the_end):
        with pytest.raises(DBAPIError):
            broken()
        with opened.transaction() as session:
            session.add(Thing(name="c"))
    assert names(opened) == ["c", "c"]
    opened.close()


def test_a_server_that_is_not_there_is_told_of_as_ever(tmp_path: Path) -> None:
    away = Database(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    with pytest.raises(OperationalError), away.transaction():
        pass
