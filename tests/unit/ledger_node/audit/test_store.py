"""Searching: the same entries as by looking at each one, by indexes alone."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ledger_node.audit import store
from ledger_node.audit.model import Criteria, Tally
from ledger_node.audit.store import SqlAuditedLogs, SqlAuditedState
from ledger_node.publisher.model import HeadState, LogHead, Submitted
from ledger_node.publisher.store import LogEntryRow, LogHeadRow, SqlLogs
from madang.core.merkle.entry import HOUR, Entry, EntryKind
from madang.infra.db import Database

TENANT, OTHER = "hanbit", "saebyeol"
KINDS = (EntryKind.CREDENTIAL, EntryKind.CREDENTIAL, EntryKind.DECISION, EntryKind.KEY)
SIZE = 60
ALL = (0, SIZE)


def entry(index: int) -> Entry:
    """Hours come out of order, as they do when an office was cut off for a while."""
    hour = HOUR * (index // 4 * 2 + (index % 4 == 3) * 3)
    return Entry(index, KINDS[index % 4], hour, f"https://x/{index % 3}", bytes([index]) * 32)


def fill(database: Database, tenant: str, size: int = SIZE) -> None:
    with SqlLogs(database, tenant)() as state:
        for index in range(size + 1):
            one = entry(index)
            handed = Submitted(f"key-{index:05}", one.kind, one.commitment, one.issuer, one.hour)
            state.keep([handed])
        state.sequence({f"key-{index:05}": index for index in range(size)})  # the last one waits
        for at, (kept, block) in enumerate([("anchored", 5), ("published", None), ("anchored", 7)]):
            head = LogHead((at + 1) * 20, bytes(32), "", HeadState(kept), None, block)
            state.save(head)
        state.save(LogHead(size + 1, bytes(32), "", HeadState.REFUSED, None, 9))


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    database = Database()
    database.create(LogEntryRow, LogHeadRow)
    fill(database, TENANT)
    fill(database, OTHER, 10)
    yield database
    database.close()


@pytest.fixture
def state(database: Database) -> Iterator[SqlAuditedState]:
    with SqlAuditedLogs(database, TENANT)() as state:
        yield state


def wanted(criteria: Criteria, one: Entry) -> bool:
    return (
        criteria.kind in {None, one.kind}
        and criteria.issuer in {"", one.issuer}
        and (criteria.since is None or one.hour >= criteria.since)
        and (criteria.until is None or one.hour < criteria.until)
    )


CRITERIA = st.builds(
    Criteria,
    kind=st.none() | st.sampled_from(EntryKind),
    issuer=st.sampled_from(["", "https://x/0", "https://x/2", "https://x/9"]),
    since=st.none() | st.integers(0, 40).map(lambda number: number * HOUR),
    until=st.none() | st.integers(0, 40).map(lambda number: number * HOUR),
)


@settings(max_examples=200)
@given(CRITERIA, st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), st.integers(1, 9))
def test_what_is_found_is_what_looking_at_each_gives(
    database: Database, criteria: Criteria, span: tuple[int, int], limit: int
) -> None:
    expected = [entry(index) for index in range(*span) if wanted(criteria, entry(index))]
    with SqlAuditedLogs(database, TENANT)() as state:
        tally, found = state.search(criteria, span, None, limit)
        assert tally.count == len(expected)
        assert not tally.more
        assert list(found) == expected[::-1][:limit]
        paged: list[Entry] = []
        while found:
            paged += found
            again, found = state.search(criteria, span, found[-1].sequence, limit)
            assert again == tally
    assert paged == expected[::-1]


def test_counting_ends_at_a_limit(state: SqlAuditedState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_COUNTED", 10)
    tally, found = state.search(Criteria(), ALL, None, 3)
    assert (tally.count, tally.more) == (10, True)
    assert [one.sequence for one in found] == [59, 58, 57]


def test_nothing_is_found_of_another_municipality(database: Database) -> None:
    with SqlAuditedLogs(database, OTHER)() as state:
        tally, found = state.search(Criteria(), (0, 1_000), None, 50)
        assert (tally.count, len(found)) == (10, 10)
        assert state.issuers() == ["https://x/0", "https://x/1", "https://x/2"]
    with SqlAuditedLogs(database, "nobody")() as state:
        assert state.search(Criteria(), (0, 1_000), None, 50) == (Tally(0), [])
        assert state.issuers() == []
        assert (state.head_count(), state.last_hour(), state.on_chain()) == (0, None, None)


@pytest.mark.parametrize(("block", "span"), [(5, (0, 20)), (7, (20, 60)), (9, (0, 0)), (6, (0, 0))])
def test_what_a_block_was_the_first_to_cover(
    state: SqlAuditedState, block: int, span: tuple[int, int]
) -> None:
    assert state.span_of_block(block) == span


@pytest.mark.parametrize(("size", "head"), [(1, 20), (20, 20), (21, 60), (60, 60), (61, None)])
def test_the_smallest_head_on_the_chain_that_covers(
    state: SqlAuditedState, size: int, head: int | None
) -> None:
    found = state.covering(size)
    assert (found.size if found else None) == head


def test_heads_come_newest_first(state: SqlAuditedState) -> None:
    assert [head.size for head in state.heads_below(None, 2)] == [61, 60]
    assert [head.size for head in state.heads_below(60, 9)] == [40, 20]
    assert state.head_count() == 4
    newest = state.on_chain()
    assert newest is not None
    assert newest.size == 60


def test_growth_counts_what_has_an_index(state: SqlAuditedState) -> None:
    last = state.last_hour()
    assert last is not None
    rows = state.growth(0, last + HOUR)
    assert sum(count for _, _, count in rows) == SIZE
    assert rows == sorted(rows)
    assert sum(count for _, kind, count in rows if kind == "decision") == SIZE // 4
    assert state.growth(HOUR, HOUR) == []


@pytest.mark.parametrize(
    ("criteria", "index"),
    [
        (Criteria(kind=EntryKind.KEY), "log_entry_by_kind"),
        (Criteria(issuer="https://x/0"), "log_entry_by_issuer"),
    ],
)
def test_the_tables_have_an_index_for_it(
    database: Database, criteria: Criteria, index: str
) -> None:
    with SqlAuditedLogs(database, TENANT)() as state:
        wanted = [str(each) for each in state._wanted(criteria, ALL)]
    column = "kind" if criteria.kind else "issuer"
    assert any(column in each for each in wanted)
    query = f"EXPLAIN QUERY PLAN SELECT * FROM log_entry WHERE tenant='x' AND {column}='y' AND log_index BETWEEN 0 AND 9 ORDER BY log_index DESC LIMIT 9"  # noqa: E501, S608
    with database.reading() as session:
        plan = " ".join(str(row) for row in session.connection().execute(text(query)))
    assert index in plan


def test_older_tables_get_their_indexes() -> None:
    database = Database()
    database.create(LogEntryRow)
    with database.transaction() as session:
        session.connection().execute(text("DROP INDEX log_entry_by_hour"))
    database.create(LogEntryRow)
    with database.reading() as session:
        found = session.connection().execute(text("SELECT name FROM sqlite_master"))
        assert "log_entry_by_hour" in {row[0] for row in found}
    database.close()
