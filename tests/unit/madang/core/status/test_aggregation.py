from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.status import aggregation
from madang.core.status.errors import StatusError

URIS = ("https://i/statuslists/1", "https://i/statuslists/2")


def test_the_example_of_the_draft() -> None:
    text = '{ "status_lists" : [ "https://i/statuslists/1", "https://i/statuslists/2" ], "x": 1 }'
    assert aggregation.parse(text) == URIS


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"))))
def test_what_is_written_is_read(uris: list[str]) -> None:
    assert aggregation.parse(aggregation.encode(uris)) == tuple(uris)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"status_lists":1}', '{"status_lists":[1]}'])
def test_another_document_is_refused(text: str) -> None:
    with pytest.raises(StatusError) as refused:
        aggregation.parse(text)
    assert refused.value.code == "status_aggregation_malformed"


def test_bounds() -> None:
    text = aggregation.encode(URIS)
    assert aggregation.parse(text, max_bytes=len(text), max_lists=2) == URIS
    for bound in ({"max_bytes": len(text) - 1}, {"max_lists": 1}):
        with pytest.raises(StatusError) as refused:
            aggregation.parse(text, **bound)
        assert refused.value.code == "status_aggregation_too_large"


@given(st.binary(max_size=200))
def test_any_bytes_give_addresses_or_the_one_error(data: bytes) -> None:
    with suppress(StatusError):
        aggregation.parse(data)
