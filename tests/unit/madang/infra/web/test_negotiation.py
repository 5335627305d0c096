import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.infra.web.negotiation import preferred, takes

OFFERED = ("a/one", "a/two")


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        (None, "a/one"),
        ("", "a/one"),
        ("a/two", "a/two"),
        ("A/Two", "a/two"),
        ("a/*", "a/one"),
        ("*/*;q=0.5, a/two;q=0.6", "a/two"),
        ("a/*;q=1, a/one;q=0", "a/two"),
        ("a/two;version=1;q=0.9, a/one;q=0.8", "a/two"),
        ("b/*", None),
        ("*/*;q=0", None),
        ("a/one;q=high", None),
        ("a/one;q=-1", None),
        ("a/one;q=inf", None),
    ],
)
def test_the_best_form(accept: str | None, found: str | None) -> None:
    assert preferred(accept, OFFERED) == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.1", True),
        ("*", True),
        ("gzip;q=0, *", False),
        ("identity", False),
    ],
)
def test_codings(header: str | None, *, found: bool) -> None:
    assert takes(header, "gzip") is found


@given(st.text())
def test_any_header_is_read(header: str) -> None:
    assert preferred(header, OFFERED) in {*OFFERED, None}
    assert takes(header, "gzip") in {True, False}
