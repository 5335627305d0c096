"""CSV that reads back as it was, and that no spreadsheet takes for a formula."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.audit.answers import as_csv, as_json, csv_text

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_a_formula_is_taken_for_text(start: str) -> None:
    assert read(csv_text(["a"], [[f"{start}HYPERLINK(1)"]]))[1] == [f"'{start}HYPERLINK(1)"]


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_every_cell_reads_back(rows: list[list[str]]) -> None:
    found = read(csv_text(["a", "b"], rows))
    assert found[0] == ["a", "b"]
    assert [[cell.removeprefix("'") for cell in row] for row in found[1:]] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not [cell for row in found for cell in row if cell[:1] in set("=+-@\t\r\n")]


def test_nothing_is_an_empty_cell_and_lines_end_as_they_must() -> None:
    assert csv_text(["a", "b"], [[None, 0]]) == "a,b\r\n,0\r\n"


def test_a_table_is_a_file_to_keep() -> None:
    headers = as_csv("heads", ["a"], [], {"link": "x"}).headers
    assert headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert headers["content-disposition"] == 'attachment; filename="heads.csv"'
    assert headers["cache-control"] == "no-store"
    assert headers["link"] == "x"


def test_an_object() -> None:
    answer = as_json({"a": 1}, 404)
    assert (answer.status_code, json.loads(answer.body)) == (404, {"a": 1})
    assert answer.headers["cache-control"] == "no-store"
