"""Entries say little, always in the same bytes."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.merkle.entry import (
    MAX_ENTRY_BYTES,
    MAX_ISSUER,
    Entry,
    EntryError,
    EntryKind,
    commitment,
    hour_of,
    is_entry,
)

ISSUER = "https://city.example/seoul/issuer"
HOUR = 1_767_225_600
ENTRY = Entry(7, EntryKind.CREDENTIAL, HOUR, ISSUER, bytes(32))


def test_the_bytes_of_an_entry_are_fixed() -> None:
    assert ENTRY.encode() == (
        b'{"commitment":"' + b"A" * 43 + b'","hour":1767225600,'
        b'"issuer":"https://city.example/seoul/issuer","kind":"credential","sequence":7}'
    )


def test_the_kinds_are_fixed() -> None:
    kinds = "credential status_list rule catalogue letter_template decision draw_seed ballot key"
    assert [str(kind) for kind in EntryKind] == [*kinds.split(), "lease"]


@given(
    st.integers(0, 2**53 - 1),
    st.sampled_from(EntryKind),
    st.integers(0, 2**30),
    st.from_regex(r"[!#-\[\]-~]{1,200}", fullmatch=True),
    st.binary(min_size=32, max_size=32),
)
def test_entries_come_back(
    sequence: int, kind: EntryKind, hours: int, issuer: str, committed: bytes
) -> None:
    entry = Entry(sequence, kind, hours * 3600, issuer, committed)
    assert Entry.parse(entry.encode()) == entry


def test_the_longest_entry_can_be_read() -> None:
    entry = Entry(2**53 - 1, EntryKind.LETTER_TEMPLATE, HOUR, "a" * MAX_ISSUER, bytes(32))
    assert len(entry.encode()) <= MAX_ENTRY_BYTES
    assert Entry.parse(entry.encode()) == entry


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": -1},
        {"sequence": 2**53},
        {"sequence": 7.0},
        {"sequence": True},
        {"sequence": "7"},
        {"hour": HOUR + 1},
        {"hour": -3600},
        {"hour": None},
        {"kind": "resident"},
        {"kind": 1},
        {"issuer": ""},
        {"issuer": "https://city.example/\uc11c\uc6b8"},
        {"issuer": "a b"},
        {"issuer": 'a"b'},
        {"issuer": "a\\b"},
        {"issuer": "a" * (MAX_ISSUER + 1)},
        {"issuer": ["a"]},
        {"commitment": ""},
        {"commitment": "A" * 42},
        {"commitment": "A" * 44},
        {"commitment": "A" * 42 + "="},
        {"commitment": 5},
        {"name": "Hong Gildong"},
    ],
)
def test_other_values_are_refused(changes: dict[str, object]) -> None:
    value = json.loads(ENTRY.encode()) | changes
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    with pytest.raises(EntryError):
        Entry.parse(data)


@pytest.mark.parametrize("member", ["sequence", "kind", "hour", "issuer", "commitment"])
def test_every_member_is_needed(member: str) -> None:
    value = json.loads(ENTRY.encode())
    del value[member]
    with pytest.raises(EntryError, match="no others"):
        Entry.parse(json.dumps(value, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"7",
        b"{",
        ENTRY.encode() + b" ",
        ENTRY.encode().replace(b":7", b": 7"),
        ENTRY.encode().replace(b'"hour"', b'"hour":0,"hour"'),
        ENTRY.encode().replace(b"credential", b"\\u0063redential"),
        b"\xff" + ENTRY.encode(),
        ENTRY.encode() + b"\n",
        b"{" + ENTRY.encode() + b"}",
        ENTRY.encode().replace(b":7", b":07"),
        ENTRY.encode().replace(b":7", b":7e0"),
        ENTRY.encode().replace(b":7", b":-0"),
        ENTRY.encode().replace(b'A"', b'B"'),
        b'{"a":' * 50 + b"1" + b"}" * 50,
        b'"' + b"x" * MAX_ENTRY_BYTES + b'"',
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(EntryError):
        Entry.parse(data)


def test_a_commitment_is_the_hash_of_salt_and_digest() -> None:
    salt, digest = b"s" * 16, sha256(b"thing").digest()
    assert commitment(salt, digest) == sha256(salt + digest).digest()
    assert commitment(b"t" * 16, digest) != commitment(salt, digest)


@pytest.mark.parametrize(("salt", "digest"), [(15, 32), (65, 32), (0, 32), (16, 31), (16, 33)])
def test_lengths_of_salt_and_digest_are_bounded(salt: int, digest: int) -> None:
    with pytest.raises(EntryError):
        commitment(bytes(salt), bytes(digest))


def test_times_are_rounded_down_to_the_hour() -> None:
    assert hour_of(HOUR + 3599) == HOUR == hour_of(HOUR)


def parses(data: bytes, sequence: int) -> bool:
    try:
        return Entry.parse(data).sequence == sequence
    except EntryError:
        return False


PIECES = {
    "commitment": [b"A" * 43, b"A" * 42, b"A" * 44, b"A" * 42 + b"B", b"-_" * 21 + b"8"],
    "hour": [b"0", b"3600", b"3601", b"03600", b"-3600", b"9007199254738800", b"9999999999997200"],
    "issuer": [b"x", b"", b"a b", b"x" * MAX_ISSUER, b"x" * (MAX_ISSUER + 1), b'"', b"\\"],
    "kind": [*(each.encode() for each in EntryKind), b"credentials", b"", b"Key"],
    "sequence": [b"7", b"07", b"0", b"-7", b"7.0", b"9007199254740991", b"9007199254740992"],
}


@given(
    st.tuples(*(st.sampled_from(each) for each in PIECES.values())),
    st.sampled_from([7, 0, 2**53 - 1, 2**53]),
    st.sampled_from([b"", b" ", b"\n"]),
)
def test_the_quick_look_says_what_the_parser_says(
    values: tuple[bytes, ...], sequence: int, behind: bytes
) -> None:
    form = b'{"commitment":"%s","hour":%s,"issuer":"%s","kind":"%s","sequence":%s}'
    data = form % values + behind
    assert is_entry(data, sequence) == parses(data, sequence)


@given(st.binary(max_size=5), st.integers(0, 170), st.integers(0, 3))
def test_the_quick_look_is_as_strict_as_the_parser(piece: bytes, at: int, gone: int) -> None:
    data = ENTRY.encode()
    altered = data[:at] + piece + data[at + gone :]
    assert is_entry(altered, ENTRY.sequence) == parses(altered, ENTRY.sequence)
    assert is_entry(data, ENTRY.sequence)
