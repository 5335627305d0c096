import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.encoding.errors import EncodingError
from madang.core.formats.mdoc.as_json import as_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("text", "text"),
        (1.5, 1.5),
        (float("nan"), None),
        (float("inf"), None),
        (b"\xff\xfe", "__4"),
        (Tag(0, "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z"),
        (Tag(1004, "2026-01-01"), "2026-01-01"),
        (Tag(23, b"\xff\xfe"), "fffe"),
        (Tag(3, b"\xff\xfe"), "~__4"),
        (Tag(2, b"\xff\xfe"), "__4"),
        (Tag(24, b"\xff"), "_w"),
        ([1, b"a", [None]], [1, "YQ", [None]]),
        ({"a": {1: b"a"}}, {"a": {"1": "YQ"}}),
        (object(), None),
    ],
    ids=range(17),
)
def test_each_kind_of_value_has_its_json(value: object, expected: object) -> None:
    assert as_json(value) == expected


@given(st.binary(max_size=60))
def test_whatever_cbor_can_be_read_can_be_written_as_json(data: bytes) -> None:
    try:
        value = cbor.loads(data)
    except EncodingError:
        return
    json.dumps(as_json(value), allow_nan=False)
