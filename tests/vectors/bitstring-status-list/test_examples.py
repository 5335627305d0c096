"""The JSON examples of W3C Bitstring Status List v1.0."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from madang.core.status import bitstring
from madang.core.status.bitstring import MIN_ENTRIES
from madang.core.status.bitstring_credential import (
    CREDENTIAL_TYPE,
    BitstringCredential,
    parse_credential,
    status_of,
)
from madang.core.status.bitstring_entry import BitstringEntry, parse_entries

CASES = 4
STATUS = "https://example.com/credentials/status"
ENTRIES = [
    (
        BitstringEntry("revocation", 94_567, f"{STATUS}/3"),
        BitstringEntry("suspension", 23_452, f"{STATUS}/4"),
    ),
    (BitstringEntry("revocation", 94_567, f"{STATUS}/3"),),
]
NOW = 1_800_000_000


@pytest.fixture
def examples(
    vectors: Callable[[str], Path], record_case: Callable[..., None]
) -> list[dict[str, Any]]:
    path = vectors("bitstring-status-list") / "spec-examples.json"
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    for number in range(len(found)):
        record_case(path, number)
    return found


def test_no_example_is_left_out(
    examples: list[dict[str, Any]], vectors: Callable[[str], Path]
) -> None:
    lists, referring = listed(examples), credentials(examples)
    assert (len(lists), len(referring)) == (2, 2)
    assert len(lists) + len(referring) == len(examples) == CASES
    names = {path.name for path in vectors("bitstring-status-list").iterdir()}
    assert names == {"spec-examples.json", "README.md"}


def listed(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in examples if CREDENTIAL_TYPE in each["type"]]


def credentials(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in examples if "credentialStatus" in each]


def test_the_lists(examples: list[dict[str, Any]]) -> None:
    for each in listed(examples):
        found = parse_credential(each)
        assert found == BitstringCredential(
            id=f"{STATUS}/3",
            issuer="did:example:12345",
            purposes=("revocation",),
            encoded=each["credentialSubject"]["encodedList"],
            valid_from=1_617_632_860,
        )
        bits = bitstring.decode(found.encoded)
        assert len(bits) == MIN_ENTRIES
        assert not any(bits.values)


def test_the_entries(examples: list[dict[str, Any]]) -> None:
    found = [parse_entries(each["credentialStatus"]) for each in credentials(examples)]
    assert found == ENTRIES


def test_the_credentials_are_valid_by_the_lists(examples: list[dict[str, Any]]) -> None:
    for each in listed(examples):
        assert status_of(ENTRIES[1][0], parse_credential(each), now=NOW).valid
