from pathlib import Path

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Field, Session, SQLModel, col

from madang.infra.db import Database, sqlite_url
from madang.infra.statements import Prepared


class Chair(SQLModel, table=True):
    __tablename__ = "chair_of_the_statements_test"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    free: bool = True
    seal: bytes = b""


TABLE = SQLModel.metadata.tables["chair_of_the_statements_test"]
ADD = Prepared(insert(TABLE))
ALL = Prepared(select(TABLE).where(TABLE.c.id > 0).order_by(TABLE.c.id))
NAMED = Prepared(select(TABLE).where(TABLE.c.name == bindparam("name"), TABLE.c.free.is_(True)))
TAKE = Prepared(
    update(TABLE)
    .where(TABLE.c.name == bindparam("of"))
    .values(free=bindparam("to"))
    .returning(TABLE.c.id, TABLE.c.free)
)
OLD = Prepared(delete(TABLE).where(TABLE.c.id < bindparam("first")))
A, B = ({"name": name, "free": True, "seal": name.encode()} for name in "ab")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = Database(sqlite_url(tmp_path / "b.sqlite"))
    opened.create(Chair)
    return opened


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.name for row in ALL.all(session, {})]


def test_rows_have_the_columns_names_and_types(database: Database) -> None:
    with database.transaction() as session:
        assert ADD.run(session, A) == 1
    with database.reading() as session:
        found = NAMED.first(session, {"name": "a"})
        assert (found.id, found.name, found.free, found.seal) == (1, "a", True, b"a")
        assert isinstance(found.free, bool)
        assert NAMED.first(session, {"name": "b"}) is None


def test_one_that_always_gives_a_row_says_when_it_does_not(database: Database) -> None:
    with database.reading() as session, pytest.raises(LookupError):
        NAMED.one(session, {"name": "a"})


def test_many_rows_at_once_none_and_one(database: Database) -> None:
    with database.transaction() as session:
        told = [ADD.run_each(session, rows) for rows in ([], [A], [B, {**B, "name": "c"}])]
    assert (told, names(database)) == ([0, 1, 2], ["a", "b", "c"])


def test_a_change_tells_what_it_changed(database: Database) -> None:
    with database.transaction() as session:
        ADD.run_each(session, [A, B])
        assert TAKE.first(session, {"of": "b", "to": False}) == (2, False)
        assert TAKE.first(session, {"of": "c", "to": False}) is None
        assert OLD.run(session, {"first": 2}) == 1
    assert names(database) == ["b"]


def test_statements_and_objects_share_the_transaction(database: Database) -> None:
    def both() -> None:
        with database.transaction() as session:
            ADD.run(session, A)
            session.add(Chair(name="b"))
            session.flush()
            assert [row.name for row in ALL.all(session, {})] == ["a", "b"]
            assert session.exec(select(col(Chair.name))).all() == [("a",), ("b",)]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        both()
    assert names(database) == []


def test_a_value_that_is_missing_stops_the_transaction(database: Database) -> None:
    with database.transaction() as session:
        ADD.run(session, A)
    with pytest.raises(KeyError), database.transaction() as session:
        ADD.run(session, {"name": "b"})
    assert names(database) == ["a"]


def test_a_value_that_was_not_there_before_is_not_left_out(database: Database) -> None:
    add = Prepared(insert(TABLE))

    def both() -> None:
        with database.transaction() as session:
            add.run(session, A)
            add.run(session, {**B, "id": 7})

    with pytest.raises(TypeError, match="3 columns"):
        both()
    assert names(database) == []


def test_errors_are_the_same_and_repeat_nothing(database: Database) -> None:
    personal = {"name": "Kim Haneul", "free": True, "seal": b""}
    with pytest.raises(IntegrityError) as raised, database.transaction() as session:
        ADD.run_each(session, [personal, personal])
    assert "Kim" not in str(raised.value)
    with (
        pytest.raises(OperationalError),
        database.transaction() as session,
    ):
        Prepared(select(bindparam("x")).where(TABLE.c.id.op("nonsense")(1))).all(session, {"x": 1})


def test_they_need_a_transaction_of_the_database(database: Database) -> None:
    with Session(database.engine) as session, pytest.raises(TypeError, match="transaction"):
        ALL.all(session, {})


def test_a_locked_database_is_told_as_before(tmp_path: Path) -> None:
    first, second = (Database(sqlite_url(tmp_path / "b.sqlite")) for _ in range(2))
    first.create(Chair)
    with first.transaction():
        with second.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=1")
        with pytest.raises(OperationalError, match="locked"), second.transaction():
            pass
