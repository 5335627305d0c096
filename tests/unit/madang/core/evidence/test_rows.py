"""A line of an export is read quickly or slowly, with the same outcome."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.evidence.rows import MAX_INDEX, MAX_ROW_BYTES, Row, RowError, parse_row, row_index
from madang.core.merkle.entry import EntryKind

VALUE: dict[str, Any] = {
    "kind": "credential",
    "digest": base64url.encode(bytes(range(32))),
    "salt": base64url.encode(bytes(16)),
    "index": 7,
    "reference": "4f1c",
}
ROW = Row(EntryKind.CREDENTIAL, bytes(range(32)), bytes(16), 7, "4f1c")


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def outcome(line: bytes) -> Row | None:
    try:
        return parse_row(line)
    except RowError:
        return None


@pytest.mark.parametrize(
    "line",
    [
        compact(VALUE),
        json.dumps(VALUE).encode(),
        compact({key: VALUE[key] for key in sorted(VALUE)}),
        compact(VALUE | {"more": 1}),
        compact(VALUE).replace(b"4f1c", b"\\u0034f1c"),
    ],
    ids=range(5),
)
def test_a_row_is_read_in_any_form_of_json(line: bytes) -> None:
    assert parse_row(line) == ROW
    assert row_index(line) == 7


ODD = [
    *({"index": each} for each in (None, -1, 0, True, 1.0, "7", MAX_INDEX, MAX_INDEX + 1, [])),
    *({"kind": each} for each in ("key", "keys", 1, None, "")),
    *({"digest": each} for each in ("", "A", "AA==", "AB", "é", 5, None)),
    *({"reference": each} for each in ("", "a b", 'a"b', "서울", "\x7f", 5)),
]


@pytest.mark.parametrize("changes", ODD, ids=range(len(ODD)))
def test_the_quick_way_gives_what_the_long_one_gives(changes: dict[str, Any]) -> None:
    value = VALUE | changes
    quick, long = compact(value), json.dumps(value).encode()
    assert outcome(quick) == outcome(long)
    read = outcome(quick)
    if read is not None:
        assert row_index(quick) == read.index == row_index(long)


@given(st.binary(max_size=4), st.integers(0, 140), st.integers(0, 3))
def test_altered_lines_are_read_alike_with_and_without_space(
    piece: bytes, at: int, gone: int
) -> None:
    line = compact(VALUE)
    altered = line[:at] + piece + line[at + gone :]
    assert outcome(altered) == outcome(b" " + altered)


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"7", b"{}", b"\xff", b"[" * 99, compact(VALUE | {"x": "x" * MAX_ROW_BYTES})],
    ids=range(7),
)
def test_what_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(RowError, match="no row of an export"):
        parse_row(line)
    with pytest.raises(RowError):
        row_index(line)
