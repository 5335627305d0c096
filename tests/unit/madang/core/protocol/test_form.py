import contextlib
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits


class FormRefusedError(ValueError):
    pass


def parse(body: bytes | str, limits: Limits = DEFAULT_LIMITS) -> dict[str, str]:
    return parse_form(body, limits=limits, refuse=FormRefusedError)


def test_parameters_are_read_and_empty_ones_count_as_left_out() -> None:
    assert parse(b"a=1&b=%EA%B0%80+x&c=") == {"a": "1", "b": "가 x"}
    assert parse(b"") == {}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&a=1", b"a=&a=1", b"%61=1&a=2"])
def test_a_parameter_sent_twice_is_refused(body: bytes) -> None:
    with pytest.raises(FormRefusedError, match="more than once"):
        parse(body)


@pytest.mark.parametrize("body", [b"a", b"a=1&&b=2", b"\xff=1", b"a=%ff"])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(FormRefusedError, match="cannot be read"):
        parse(body)


def test_each_bound_refuses_one_more_than_it_allows() -> None:
    assert parse(b"a=1&b=2", Limits(form_parameters=2, body_bytes=7))
    with pytest.raises(FormRefusedError, match="cannot be read"):
        parse(b"a=1&b=2", Limits(form_parameters=1))
    with pytest.raises(FormRefusedError, match="at most 6"):
        parse(b"a=1&b=2", Limits(body_bytes=6))


@given(
    st.dictionaries(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=9), max_size=9)
)
def test_what_was_written_is_read_back(parameters: dict[str, str]) -> None:
    assert parse(encode_form({**parameters, "absent": None}).encode()) == parameters


@given(st.binary(max_size=60))
def test_anything_is_read_or_refused_by_the_family(body: bytes) -> None:
    with contextlib.suppress(FormRefusedError):
        parse(body)


def _theirs(body: bytes) -> list[tuple[str, str]] | None:
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError:
        return None


@given(st.binary(max_size=60) | st.text("ab=&%+;0C3é\0", max_size=40).map(str.encode))
def test_it_is_read_as_the_standard_library_reads_it(body: bytes) -> None:
    theirs = _theirs(body)
    try:
        ours = parse(body)
    except FormRefusedError:
        assert theirs is None or len(dict(theirs)) < len(theirs)
    else:
        assert theirs is not None
        assert ours == {name: value for name, value in theirs if value}


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.text("aZ0 ~*+%&=:/é")))
def test_it_is_written_as_the_standard_library_writes_it(parameters: dict[str, str]) -> None:
    assert encode_form(parameters) == urlencode(parameters)
