"""What cannot stand in the log is refused when it is handed over, for all that wait behind it."""

from typing import Any

import pytest

from ledger_node.publisher.model import AppendError, Submitted
from ledger_node.publisher.routes import _entries
from madang.core.encoding import base64url, strict_json
from madang.core.merkle.entry import EntryError, EntryKind

GOOD: dict[str, Any] = {
    "key": "row-000001",
    "kind": "credential",
    "commitment": base64url.encode(bytes(32)),
    "issuer": "https://id.hanbit.example/hanbit/issuer",
    "hour": 1_795_410_000,
}


def read(*entries: Any) -> list[Submitted]:
    return _entries(strict_json.dumps({"entries": list(entries)}).encode(), 3)


def test_a_good_entry_is_read() -> None:
    assert read(GOOD) == [
        Submitted(GOOD["key"], EntryKind.CREDENTIAL, bytes(32), GOOD["issuer"], GOOD["hour"])
    ]


BAD = {
    "hour beyond safe numbers": {"hour": 3600 * 2**50},
    "hour beyond the database": {"hour": 3600 * 2**70},
    "half an hour": {"hour": 1800},
    "hour of the past of all": {"hour": -3600},
    "hour as text": {"hour": "0"},
    "short commitment": {"commitment": base64url.encode(bytes(31))},
    "no base64url": {"commitment": "="},
    "unknown kind": {"kind": "person"},
    "issuer with a quote": {"issuer": 'https://x/"'},
    "long issuer": {"issuer": "https://x/" + "a" * 600},
    "short key": {"key": "k"},
    "key with a space": {"key": "a person's name"},
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_entry_is_refused_with_all_that_came_beside_it(name: str) -> None:
    with pytest.raises((AppendError, EntryError)):
        read(GOOD, {**GOOD, **BAD[name]})


@pytest.mark.parametrize("count", [0, 4])
def test_none_or_too_many_are_refused(count: int) -> None:
    with pytest.raises(AppendError):
        read(*[GOOD] * count)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"entries": {}}', b'{"entries": [7]}'])
def test_what_is_no_list_of_entries_is_refused(body: bytes) -> None:
    with pytest.raises(AppendError):
        _entries(body, 3)
