from collections.abc import Iterator

import pytest

from madang.infra import journal
from madang.infra.db import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.create(journal.JournalEntry)
    yield opened
    opened.close()


def test_lines_belong_to_their_municipality(database: Database) -> None:
    with database.transaction() as session:
        journal.record(session, "a", "offer.made", at=5, actor="p-1", reference="r:1")
        journal.record(session, "b", "offer.made", at=6)
    with database.reading() as session:
        (line,) = journal.entries(session, "a")
    assert (line.code, line.at, line.actor, line.reference) == ("offer.made", 5, "p-1", "r:1")


@pytest.mark.parametrize("code", ["", "A", "한글", "has space", "x" * 80, "1a"])
def test_codes_are_fixed_words(database: Database, code: str) -> None:
    with database.transaction() as session, pytest.raises(ValueError, match="journal code"):
        journal.record(session, "a", code, at=0)


@pytest.mark.parametrize("text", ["김하나", "1990 01 01", "", "a b", "x" * 200])
def test_references_cannot_hold_free_text(database: Database, text: str) -> None:
    with database.transaction() as session:
        with pytest.raises(ValueError, match="opaque"):
            journal.record(session, "a", "offer.made", at=0, reference=text)
        with pytest.raises(ValueError, match="opaque"):
            journal.record(session, "a", "offer.made", at=0, actor=text)
