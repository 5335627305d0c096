import contextlib
import json
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_values_come_back(value: object) -> None:
    assert strict_json.loads(strict_json.dumps(value), max_depth=100) == value


@given(VALUES | st.floats())
def test_it_is_written_as_the_standard_library_writes_it(value: object) -> None:
    try:
        theirs = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        with pytest.raises(ValueError, match="not JSON compliant"):
            strict_json.dumps(value)
    else:
        assert strict_json.dumps(value) == theirs


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_what_json_does_not_have_is_not_written(value: object) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        strict_json.dumps({"a": [value]})


def test_a_value_that_holds_itself_is_not_written(high_limit: None) -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError, match="Circular"):
        strict_json.dumps(value)


NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
)


@given(st.lists(NUMBERS), st.sampled_from(['""', '"\\ud83d\\ude00"', '"\\ud800"']))
def test_what_loads_can_be_written_again(numbers: list[str], text: str) -> None:
    with contextlib.suppress(EncodingError):
        value = strict_json.loads("[" + ",".join([*numbers, text]) + "]")
        assert strict_json.loads(strict_json.dumps(value)) == value


@given(st.binary() | st.text())
def test_loading_raises_only_its_own_error(data: bytes | str) -> None:
    with contextlib.suppress(EncodingError):
        strict_json.loads(data)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "{",
        "",
        '"\\ud800"',
        "'a'",
        "[1,]",
        "\ufeff{}",
        "[" + "9" * 5000 + "]",
        "1e999",
        "-1e999",
        '{"a":[1e400]}',
        '[1e999,"\\ud83d\\ude00"]',
        "1 2",
        "{}{}",
        "[]]",
        "\x0b1",
        "1\x00",
        "\u00a01",
        " ",
    ],
)
def test_what_means_nothing_or_two_things_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        strict_json.loads(text)


def test_space_around_the_value_means_nothing() -> None:
    assert strict_json.loads(' \t\r\n{ "a" : 1 } \n') == {"a": 1}


def test_depth_is_counted_outside_strings() -> None:
    assert strict_json.loads('["' + "[" * 50 + '\\""]', max_depth=1)
    assert strict_json.loads("[[1],[2]]", max_depth=2)
    with pytest.raises(EncodingError, match="deeper than 2"):
        strict_json.loads("[[[1]]]", max_depth=2)


def test_deep_nesting_is_refused_in_bounded_time() -> None:
    with pytest.raises(EncodingError):
        strict_json.loads("[" * 500_000)


def test_length_is_bounded_in_bytes() -> None:
    with pytest.raises(EncodingError, match="at most 4"):
        strict_json.loads('"가가"', max_bytes=4)


def one_by_one(items: list[bytes]) -> object:
    try:
        return [strict_json.loads(item, max_depth=3) for item in items]
    except EncodingError:
        return None


def at_once(items: list[bytes]) -> object:
    try:
        return strict_json.loads_all(items, max_depth=3)
    except EncodingError:
        return None


TEXTS = st.sampled_from(
    [b"1", b" 1", b"1 ", b"[", b"]", b"[1", b"1]", b",", b'["a"', b'"b"]', b"", b"\xff", b"\xed",
     b"[[]]", b"[[[[]]]]", b'{"a":1,"a":1}', b'{"a":1}', b'"\\ud800"', b'"\\n"', b"1e999", b"NaN",
     b'"\xed\xa0\x80"', b"\xef\xbb\xbf1"]
)  # fmt: skip


@given(st.lists(TEXTS | st.binary(max_size=5), max_size=4))
def test_many_at_once_are_as_strict_as_one_by_one(items: list[bytes]) -> None:
    assert at_once(items) == one_by_one(items)


@given(st.lists(VALUES, max_size=4))
def test_many_values_come_back(values: list[object]) -> None:
    items = [strict_json.dumps(value).encode() for value in values]
    assert strict_json.loads_all(items, max_depth=100) == values


def test_limits_hold_for_each_of_many() -> None:
    assert strict_json.loads_all([b"[1]"] * 50, max_depth=1) == [[1]] * 50
    assert strict_json.loads_all([b"123"] * 50, max_bytes=3) == [123] * 50
    with pytest.raises(EncodingError, match="deeper than 1"):
        strict_json.loads_all([b"[1]", b"[[1]]"], max_depth=1)
    with pytest.raises(EncodingError, match="at most 3"):
        strict_json.loads_all([b"123", b"1234"], max_bytes=3)
    with pytest.raises(EncodingError):
        strict_json.loads_all([b"1", b"\xff"])


def test_wider_limits_hold_for_what_has_space_around_it() -> None:
    deep = b" " + b"[" * 40 + b"]" * 40
    assert strict_json.loads_all([deep], max_depth=40) == [strict_json.loads(deep, max_depth=40)]
    long = b"1" + b" " * strict_json.MAX_BYTES
    assert strict_json.loads_all([long], max_bytes=len(long)) == [1]


@pytest.fixture
def high_limit() -> Iterator[None]:
    """Let Python recurse as deep as some package may have asked for."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    yield
    sys.setrecursionlimit(before)


def test_what_would_run_the_reader_out_of_stack_is_refused(high_limit: None) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    for read in (strict_json.loads, lambda data, **more: strict_json.loads_all([data], **more)):
        with pytest.raises(EncodingError, match="deeper than 256"):
            read(deep, max_depth=100_000)
