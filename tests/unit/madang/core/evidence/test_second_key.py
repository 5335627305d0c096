"""From the entry on that introduces the second key, every head has its line, and no false one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.findings import Finding, FindingCode
from madang.core.evidence.receipt import MAX_RECEIPT_BYTES, Receipt, check
from madang.core.evidence.second_key import SecondKey
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint, parse_note, sign
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.note import NoteSignature, VerifierKey
from madang.core.merkle.tree import Tree, leaf_hash

ORIGIN = "city.example/seoul/log"
NOW = 1_800_000_000
HOUR = 1_767_225_600
LOG = generate_ed25519("log")
SIGNER = SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32)), "second")
KEY = CosignerKey.of(ORIGIN, SIGNER)
OTHER = generate_ml_dsa_44("other")
AT, SIZE = 3, 6
"""The key is introduced by the fourth of six entries."""


def thing(index: int) -> Entry:
    committed = commitment(bytes(16), sha256(bytes([index])).digest())
    return Entry(index, EntryKind.CREDENTIAL, HOUR, "https://city.example/seoul/issuer", committed)


INTRODUCTION = Entry(AT, EntryKind.KEY, HOUR, f"https://{ORIGIN}", KEY.introduction())
ENTRIES = [thing(n).encode() if n != AT else INTRODUCTION.encode() for n in range(SIZE)]
TREE = Tree(map(leaf_hash, ENTRIES))


def head(size: int = SIZE) -> Checkpoint:
    return Checkpoint(ORIGIN, size, TREE.root(size))


def signed(size: int, *lines: NoteSignature) -> SignedCheckpoint:
    return parse_note(sign(head(size), LOG, *lines))


def read(entries: Sequence[bytes] = ENTRIES) -> SecondKey:
    second = SecondKey(KEY)
    assert list(second.watch(entries)) == list(entries)
    return second


def judged(second: SecondKey, of: SignedCheckpoint) -> FindingCode | None:
    found = second.judge(of, "here")
    assert found is None or found.where == "here"
    return None if found is None else found.code


def test_the_entry_that_introduces_the_key_is_found_by_whoever_has_the_key() -> None:
    assert read().introduced == AT
    assert read([*ENTRIES, ENTRIES[AT]]).introduced == AT, "the first one counts"


@pytest.mark.parametrize(
    "other",
    [
        replace(INTRODUCTION, kind=EntryKind.BALLOT),
        replace(INTRODUCTION, issuer="https://city.example/seoul/issuer"),
        replace(INTRODUCTION, issuer=f"https://else.example/{ORIGIN}"),
        replace(INTRODUCTION, commitment=CosignerKey.of(ORIGIN, OTHER).introduction()),
        replace(INTRODUCTION, commitment=CosignerKey.of("else.example", SIGNER).introduction()),
    ],
)
def test_nothing_else_introduces_it(other: Entry) -> None:
    assert read([*ENTRIES[:AT], other.encode(), *ENTRIES[AT + 1 :]]).introduced is None


def test_an_entry_that_cannot_be_read_introduces_nothing() -> None:
    assert read([*ENTRIES[:AT], b" " + ENTRIES[AT]]).introduced is None


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_any_bytes_are_handed_on(entries: list[bytes]) -> None:
    assert read(entries).introduced is None


@pytest.mark.parametrize("size", range(1, SIZE + 1))
def test_a_head_needs_the_line_as_soon_as_it_covers_the_introduction(size: int) -> None:
    second, line = read(), cosign(head(size), ORIGIN, SIGNER, NOW)
    missing = FindingCode.COSIGNATURE_MISSING if size > AT else None
    assert judged(second, signed(size)) == missing
    assert judged(second, signed(size, line)) is None


FALSE: dict[str, Callable[[], NoteSignature]] = {
    "another root": lambda: cosign(replace(head(), root=bytes(32)), ORIGIN, SIGNER, NOW),
    "another size": lambda: cosign(replace(head(), size=SIZE + 1), ORIGIN, SIGNER, NOW),
    "another origin": lambda: cosign(replace(head(), origin="else"), ORIGIN, SIGNER, NOW),
    "another key under this name": lambda: replace(
        cosign(head(), ORIGIN, OTHER, NOW), key_id=KEY.key_id
    ),
    "garbage": lambda: NoteSignature(ORIGIN, KEY.key_id, b"x"),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_line_is_a_finding_before_the_introduction_too(name: str) -> None:
    of = signed(SIZE, FALSE[name]())
    assert judged(read(), of) == FindingCode.COSIGNATURE_FALSE
    assert judged(read(ENTRIES[:AT]), of) == FindingCode.COSIGNATURE_FALSE
    beside = signed(SIZE, cosign(head(), ORIGIN, SIGNER, NOW), FALSE[name]())
    assert judged(read(), beside) == FindingCode.COSIGNATURE_FALSE


def test_a_line_of_another_key_is_none() -> None:
    lines = [cosign(head(), ORIGIN, OTHER, NOW), cosign(head(), "witness.example", SIGNER, NOW)]
    assert judged(read(), signed(SIZE, *lines)) == FindingCode.COSIGNATURE_MISSING


def test_the_newest_head_says_when_it_was_cosigned() -> None:
    line = cosign(head(), ORIGIN, SIGNER, NOW)
    assert read().judge_newest(signed(SIZE, line), "here") == NOW
    assert read(ENTRIES[:AT]).judge_newest(signed(SIZE, line), "here") == NOW
    told = read().judge_newest(signed(SIZE), "here")
    assert isinstance(told, Finding)
    assert told.code == FindingCode.COSIGNATURE_MISSING


def test_a_log_that_leaves_the_key_out_altogether_is_not_the_one() -> None:
    """Whoever breaks the first key makes a log anew, and would rather not speak of the second."""
    told = read(ENTRIES[:AT]).judge_newest(signed(AT), "here")
    assert isinstance(told, Finding)
    assert told.code == FindingCode.KEY_NOT_INTRODUCED
    assert told.where == "here"
    assert KEY.key_id.hex() in told.detail


def test_a_receipt_with_the_line_holds_for_a_reader_that_does_not_know_it() -> None:
    receipt = Receipt(
        log_origin=ORIGIN,
        kind=EntryKind.CREDENTIAL,
        index=0,
        entry=thing(0),
        salt=bytes(16),
        digest=sha256(bytes([0])).digest(),
        inclusion_proof=tuple(TREE.inclusion_proof(0, SIZE)),
        checkpoint=signed(SIZE, cosign(head(), ORIGIN, SIGNER, NOW)).note.serialize(),
    )
    assert check(receipt, VerifierKey.of(ORIGIN, LOG)).ok
    assert Receipt.parse(receipt.encode()) == receipt
    assert len(receipt.encode()) < MAX_RECEIPT_BYTES // 16
