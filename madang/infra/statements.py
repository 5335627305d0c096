"""Statements that are made once and run on the driver's own cursor (ADR 0045).

What a service does for everybody is always the same few statements. SQLAlchemy writes them, once
for each kind of database; to run them takes the driver alone.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import Session, SQLModel

from madang.infra.db import DriverSession

_INSERTS: Final = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
Insert: TypeAlias = sqlite.Insert | postgresql.Insert
Values: TypeAlias = Mapping[str, Any]
Row: TypeAlias = Any
"""A tuple whose members are named as the columns."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one kind of driver takes it.

    Attributes:
        text: SQL.
        columns: how many values an INSERT has; None for other statements.
        arguments: what stands for its parameters.
        row: makes a row of what the driver gives.
    """

    text: str
    columns: int | None
    arguments: Callable[[Values], Any]
    row: Callable[[Sequence[Any]], Row]


class Prepared:
    """A statement with parameters: those of an INSERT are its columns, others are named in it.

    It sees what statements wrote; what was added to the session as objects, after a flush only.

    Args:
        statement: of SQLAlchemy's Core.
        others: of the dialects for which it has to be written in another way.
    """

    def __init__(
        self, statement: Executable, others: Mapping[str, Executable] | None = None
    ) -> None:
        self._statement = statement
        self._others = others or {}
        self._compiled: dict[str, _Compiled] = {}

    def run(self, session: Session, values: Values) -> int:
        """Run it; return how many rows it concerned."""
        cursor, _ = self._execute(session, values)
        count: int = cursor.rowcount
        return count

    def run_each(self, session: Session, rows: Sequence[Values]) -> int:
        """Run it for each of some rows, which have the same members; return how many it concerned.

        Without a row nothing is run.
        """
        if len(rows) < 2:  # noqa: PLR2004 - one is run as one
            return self.run(session, rows[0]) if rows else 0
        cursor, compiled = self._ready(session, rows[0])
        cursor.executemany(compiled.text, [compiled.arguments(row) for row in rows])
        count: int = cursor.rowcount
        return count

    def first(self, session: Session, values: Values) -> Row | None:
        """Return the first row; None for none."""
        cursor, compiled = self._execute(session, values)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else compiled.row(row)

    def one(self, session: Session, values: Values) -> Row:
        """Return the first row of a statement that always gives one."""
        found = self.first(session, values)
        if found is None:
            raise LookupError("a row was expected")
        return found

    def all(self, session: Session, values: Values) -> list[Row]:
        """Return all rows."""
        cursor, compiled = self._execute(session, values)
        return [compiled.row(row) for row in cursor.fetchall()]

    def _execute(self, session: Session, values: Values) -> tuple[Any, _Compiled]:
        cursor, compiled = self._ready(session, values)
        cursor.execute(compiled.text, compiled.arguments(values))
        return cursor, compiled

    def _ready(self, session: Session, values: Values) -> tuple[Any, _Compiled]:
        if not isinstance(session, DriverSession):
            raise TypeError("a statement is run in a transaction of madang.infra.db.Database")
        name = session.dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            statement = self._others.get(name, self._statement)
            compiled = self._compiled[name] = _compiled(statement, session.dialect, [*values])
        if compiled.columns is not None and compiled.columns < len(values):
            raise TypeError(f"{compiled.columns} columns were expected, as before: {compiled.text}")
        return session.cursor(), compiled


def replacing(insert: Insert) -> Insert:
    """Say that a whole new row takes the place of the one that is there."""
    table = insert.table
    keys = {column.name for column in table.primary_key}
    others = {each.name: insert.excluded[each.name] for each in table.c if each.name not in keys}
    return insert.on_conflict_do_update(index_elements=[*keys], set_=others)


class Upsert(Prepared):
    """An INSERT that says what becomes of a row that is there already.

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
        made = {name: build(insert(model)) for name, insert in inserts.items()}
        super().__init__(made["sqlite"], made)


def _compiled(statement: Any, dialect: Dialect, columns: list[str]) -> _Compiled:  # noqa: ANN401
    """Compile a statement; `columns` are the parameters of an INSERT."""
    named = None
    if statement.is_insert:
        statement, named = statement.inline(), columns
    made: SQLCompiler = statement.compile(dialect=dialect, column_keys=named)
    count = None if named is None else len(named)
    return _Compiled(str(made), count, _arguments(made, dialect), _row(statement, dialect))


def _arguments(made: SQLCompiler, dialect: Dialect) -> Callable[[Values], Any]:
    binds = made.binds
    fixed = {name: bind.value for name, bind in binds.items() if not bind.required}
    kinds = {name: bind.type.dialect_impl(dialect) for name, bind in binds.items()}
    # Every driver takes bytes as they are.
    found = {
        name: None if isinstance(kind, LargeBinary) else kind.bind_processor(dialect)
        for name, kind in kinds.items()
    }
    turns = [(name, turn) for name, turn in found.items() if turn is not None]
    order = made.positiontup
    names = [*binds] if order is None else order

    def turned(values: Values) -> Values:
        if not fixed and not turns:
            return values
        whole = {**fixed, **values}
        for name, turn in turns:
            whole[name] = turn(whole[name])
        return whole

    if order is None:

        def named(values: Values) -> Values:
            whole = turned(values)
            return {name: whole[name] for name in names}

        return named
    if len(names) < 2:  # noqa: PLR2004 - itemgetter gives a tuple of two and more only
        return lambda values: tuple(turned(values)[name] for name in names)
    take = itemgetter(*names)
    return take if not fixed and not turns else lambda values: take(turned(values))


def _row(statement: Any, dialect: Dialect) -> Callable[[Sequence[Any]], Row]:  # noqa: ANN401
    columns = statement.exported_columns
    kind = namedtuple("Row", columns.keys())  # type: ignore[misc]  # noqa: PYI024 - of any names
    found = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns]
    turns = [(place, turn) for place, turn in enumerate(found) if turn is not None]
    if not turns:
        return kind._make

    def row(given: Sequence[Any]) -> Row:
        members = [*given]
        for place, turn in turns:
            members[place] = turn(members[place])
        return kind(*members)

    return row
