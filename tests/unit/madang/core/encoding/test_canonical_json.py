import hashlib

import pytest

from madang.core.encoding import canonical_json
from madang.core.encoding.errors import EncodingError


def test_names_are_sorted_by_utf16_code_units() -> None:
    # The order of RFC 8785 section 3.2.3, whose sample holds these names.
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    names = list(map(chr, [0x0D, 0x31, 0x80, 0xF6, 0x20AC, 0x1F600, 0xFB33]))
    encoded = canonical_json.encode(value).decode()
    positions = [encoded.index("\\r" if name == "\r" else name) for name in names]
    assert positions == sorted(positions)


def test_strings_are_escaped_as_ecmascript_does() -> None:
    assert (
        canonical_json.encode('\u20ac$\u000f\nA\'B"\\\\"/')
        == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()
    )


def test_the_order_of_writing_does_not_matter() -> None:
    first = canonical_json.encode({"b": [1, True, None], "a": {"y": "예", "x": -1}})
    second = canonical_json.encode({"a": {"x": -1, "y": "예"}, "b": [1, True, None]})
    assert first == second == '{"a":{"x":-1,"y":"예"},"b":[1,true,null]}'.encode()
    assert canonical_json.digest({}) == hashlib.sha256(b"{}").digest()


@pytest.mark.parametrize(
    "value", [1.5, 2**53, -(2**53), "\ud800", {1: 2}, {"\ud800": 1}, b"x", {1}]
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(EncodingError):
        canonical_json.encode(value)
