from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.status.bitstring import MALFORMED_VALUE
from madang.core.status.bitstring_entry import BitstringEntry, parse_entries, parse_entry
from madang.core.status.errors import BitstringError

LIST = "https://example.com/credentials/status/8"
ENTRY = {
    "id": f"{LIST}#492847",
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "492847",
    "statusListCredential": LIST,
}
FOUR = [{"status": f"0x{status}", "message": f"m{status}", "more": 1} for status in range(4)]
COMPLEX = {**ENTRY, "statusPurpose": "message", "statusSize": 2, "statusMessage": FOUR}


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**COMPLEX, **changes}.items() if value is not ...}


def test_a_simple_entry() -> None:
    assert parse_entry(ENTRY) == BitstringEntry("revocation", 492847, LIST)


def test_an_entry_with_messages() -> None:
    messages = {status: f"m{status}" for status in range(4)}
    assert parse_entry(COMPLEX) == BitstringEntry("message", 492847, LIST, 2, messages)


def test_one_bit_may_have_messages() -> None:
    two = [{"status": "0x1", "message": "set"}, {"status": "0x0", "message": "unset"}]
    assert parse_entry({**ENTRY, "statusMessage": two}).messages == {0: "unset", 1: "set"}


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "StatusList2021Entry"},
        {"type": ["BitstringStatusListEntry"]},
        {"statusPurpose": ...},
        {"statusPurpose": ["message"]},
        {"statusListCredential": 1},
        {"statusListIndex": 5},
        {"statusListIndex": "-1"},
        {"statusListIndex": "1.0"},
        {"statusListIndex": ""},
        {"statusListIndex": "\u0661"},
        {"statusListIndex": "9" * 19},
        {"statusSize": 0},
        {"statusSize": 9},
        {"statusSize": True},
        {"statusSize": "2"},
        {"statusMessage": ...},
        {"statusMessage": FOUR[:3]},
        {"statusMessage": [*FOUR[:3], FOUR[0]]},
        {"statusMessage": [*FOUR[:3], {"status": "0x4", "message": "m"}]},
        {"statusMessage": [*FOUR[:3], {"status": "3", "message": "m"}]},
        {"statusMessage": [*FOUR[:3], {"status": "0x3"}]},
        {"statusMessage": [*FOUR[:3], 7]},
        {"statusMessage": {}},
    ],
)
def test_a_malformed_entry_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BitstringError) as refused:
        parse_entry(changed(**changes))
    assert refused.value.code == MALFORMED_VALUE


def test_several_entries_and_those_of_other_mechanisms() -> None:
    other = {"type": "Other", "id": 1}
    assert [each.purpose for each in parse_entries([ENTRY, other, COMPLEX])] == [
        "revocation",
        "message",
    ]
    assert parse_entries(ENTRY) == (parse_entry(ENTRY),)


@pytest.mark.parametrize("value", [7, None, [7], [ENTRY] * 17])
def test_malformed_entries_are_refused(value: object) -> None:
    with pytest.raises(BitstringError):
        parse_entries(value)


@given(
    st.dictionaries(
        st.sampled_from([*COMPLEX]),
        st.none() | st.integers() | st.text(max_size=5) | st.lists(st.sampled_from(FOUR)),
    )
)
def test_any_value_gives_an_entry_or_the_one_error(changes: dict[str, Any]) -> None:
    with suppress(BitstringError):
        parse_entry({**COMPLEX, **changes})
