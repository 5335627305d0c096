"""Requests to witnesses and what is found of them, some of them made by others.

`torchwood_witness.txt` holds origin and key of a log and three requests, as in
internal/witness/witness_test.go of torchwood v0.10.0.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.software import generate_ed25519
from madang.core.merkle import checkpoint as checkpoints
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.note import Note, NoteError, NoteSignature, VerifierKey, encode_base64
from madang.core.merkle.tree import EMPTY_ROOT, Tree, leaf_hash
from madang.core.merkle.witness import (
    MAX_PROOF,
    MAX_REQUEST_BYTES,
    MAX_TEXT_BYTES,
    NOTHING_SEEN,
    AddCheckpoint,
    Judgement,
    SeenHead,
    cosignatures,
    judge,
    log_id,
    parse_size,
    signed_by_log,
    with_lines_of,
)

FOREIGN_KEY, FOREIGN_FIRST, FOREIGN_THREE, FOREIGN_FIVE = (
    (Path(__file__).parent / "torchwood_witness.txt").read_text("utf-8").split("====\n")
)
ORIGIN = "city.example/seoul/log"
LOG, OTHER = generate_ed25519("log"), generate_ed25519("other")
KEY = VerifierKey.of(ORIGIN, LOG)
WITNESS, NAME = generate_ed25519("witness"), "other.example/busan/witness"
LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
TREE = Tree(LEAVES)
LEAF = leaf_hash(b"leaf")


def head(size: int, root: bytes | None = None) -> SignedCheckpoint:
    shown = Checkpoint(ORIGIN, size, TREE.root(size) if root is None else root)
    return checkpoints.parse_note(checkpoints.sign(shown, LOG))


def seen(size: int) -> SeenHead:
    return SeenHead(size, TREE.root(size)) if size else NOTHING_SEEN


def asked(old: int, size: int) -> AddCheckpoint:
    proof = tuple(TREE.consistency_proof(old, size)) if old else ()
    return AddCheckpoint(old, proof, head(size))


def test_a_log_of_torchwood_is_witnessed() -> None:
    origin, public_key = FOREIGN_KEY.split()
    key = VerifierKey(origin, bytes.fromhex(public_key))
    latest = NOTHING_SEEN
    for text, size in ((FOREIGN_FIRST, 1), (FOREIGN_FIVE, 5)):
        request = AddCheckpoint.parse(text.encode())
        assert request.serialize() == text.encode()
        assert signed_by_log(request.signed, (key,))
        assert judge(request, latest) is Judgement.EXTENDS
        latest = SeenHead(size, request.signed.checkpoint.root)
    late = AddCheckpoint.parse(FOREIGN_THREE.encode())
    assert judge(late, latest) is Judgement.STALE


@pytest.mark.parametrize("old", range(0, 40, 3))
@pytest.mark.parametrize("size", [1, 2, 8, 13, 39])
def test_what_extends_is_found_and_what_does_not_is_not(old: int, size: int) -> None:
    if old > size:
        assert judge(asked(size, old), seen(old)) is Judgement.STALE
        return
    request = asked(old, size)
    assert AddCheckpoint.parse(request.serialize()) == request
    assert judge(request, seen(old)) is Judgement.EXTENDS
    for wrong in (replace(request, proof=(*request.proof, LEAF)), replace(request, proof=(LEAF,))):
        if wrong.proof != request.proof:
            assert judge(wrong, seen(old)) is Judgement.UNPROVEN
    if 0 < old < size:
        other = SeenHead(old, bytes(32))
        assert judge(request, other) is Judgement.UNPROVEN


# What the last five expect is in TestZeroSize of the same file of torchwood.
ODD = {
    "an old size above the new one": (
        AddCheckpoint(8, (), head(7)), seen(8), Judgement.OLD_TOO_LARGE,
    ),
    "too small an old size": (asked(3, 9), seen(5), Judgement.STALE),
    "too large an old size": (asked(7, 9), seen(5), Judgement.STALE),
    "zero to ask for the size": (asked(0, 9), seen(5), Judgement.STALE),
    "the same again": (asked(9, 9), seen(9), Judgement.EXTENDS),
    "the same again with a proof": (
        AddCheckpoint(9, (LEAF,), head(9)), seen(9), Judgement.UNPROVEN,
    ),
    "another root": (
        AddCheckpoint(9, (), head(9, bytes(32))), seen(9), Judgement.SPLIT,
    ),
    "another root with a proof": (
        AddCheckpoint(9, (LEAF,), head(9, bytes(32))), seen(9), Judgement.SPLIT,
    ),
    "empty tree": (AddCheckpoint(0, (), head(0, EMPTY_ROOT)), seen(0), Judgement.EXTENDS),
    "invalid empty root": (AddCheckpoint(0, (), head(0, LEAF)), seen(0), Judgement.UNPROVEN),
    "empty tree with proof": (
        AddCheckpoint(0, (LEAF,), head(0, EMPTY_ROOT)), seen(0), Judgement.UNPROVEN,
    ),
    "first nonempty tree": (AddCheckpoint(0, (), head(1)), seen(0), Judgement.EXTENDS),
    "first nonempty tree with proof": (
        AddCheckpoint(0, (LEAF,), head(1)), seen(0), Judgement.UNPROVEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_each_step_of_the_text(name: str) -> None:
    request, latest, expected = ODD[name]
    assert judge(request, latest) is expected


BODIES = {
    "nothing": b"",
    "no empty line": b"old 0\n" + b"x",
    "no old": b"\n" + head(1).note.serialize().encode(),
    "another word": b"new 0\n\n" + head(1).note.serialize().encode(),
    "no number": b"old \n\n" + head(1).note.serialize().encode(),
    "leading zero": b"old 00\n\n" + head(1).note.serialize().encode(),
    "a sign": b"old +1\n\n" + head(1).note.serialize().encode(),
    "a huge number": b"old 9223372036854775808\n\n" + head(1).note.serialize().encode(),
    "two spaces": b"old  1\n\n" + head(1).note.serialize().encode(),
    "carriage return": b"old 1\r\n\r\n" + head(1).note.serialize().encode(),
    "a short hash": b"old 1\nAAAA\n\n" + head(1).note.serialize().encode(),
    "no base64": b"old 1\n" + b"*" * 44 + b"\n\n" + head(1).note.serialize().encode(),
    "not ASCII": "old 1\né\n\n".encode() + head(1).note.serialize().encode(),
    "no checkpoint": b"old 1\n\n",
    "a note that is no checkpoint": b"old 1\n\na\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "no last newline": asked(0, 1).serialize()[:-1],
    "64 hashes": replace(asked(0, 1), proof=(LEAF,) * (MAX_PROOF + 1)).serialize(),
    "too long": asked(0, 1).serialize().ljust(MAX_REQUEST_BYTES + 1, b"x"),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_request_is_refused(name: str) -> None:
    with pytest.raises(NoteError):
        AddCheckpoint.parse(BODIES[name])


def test_63_hashes_are_read() -> None:
    request = replace(asked(0, 1), proof=(LEAF,) * MAX_PROOF)
    assert AddCheckpoint.parse(request.serialize()) == request


@given(st.binary(max_size=400))
def test_any_bytes_are_a_request_or_this_one_error(data: bytes) -> None:
    for each in (data, b"old 1\n\n" + data, b"old 1\n" + data + asked(0, 1).serialize()):
        try:
            request = AddCheckpoint.parse(each)
        except NoteError:
            continue
        assert request.serialize() == each


def test_the_logs_key_has_to_have_signed_it() -> None:
    signed = head(3)
    other = VerifierKey.of(ORIGIN, OTHER)
    assert signed_by_log(signed, (KEY,))
    assert signed_by_log(signed, (other, KEY))
    assert not signed_by_log(signed, (other,))
    assert not signed_by_log(signed, ())
    changed = replace(signed, note=replace(signed.note, text=head(4).note.text))
    assert not signed_by_log(changed, (KEY,))
    elsewhere = VerifierKey.of("else.example", LOG)
    assert not signed_by_log(signed, (elsewhere,))


def test_a_log_is_believed_under_its_own_origin_alone() -> None:
    shown = Checkpoint("else.example/log", 3, TREE.root(3))
    line = checkpoints.parse_note(checkpoints.sign(shown, LOG)).note.signatures[0]
    forged = NoteSignature(ORIGIN, KEY.key_id, line.signature)
    text = shown.text()
    note = checkpoints.parse_note(text + "\n" + forged.line())
    assert not signed_by_log(note, (KEY,))


def test_lines_of_unknown_keys_do_not_count_and_a_false_one_spoils_all() -> None:
    signed = head(3)
    strange = NoteSignature("else.example", b"1234", b"x")
    false = NoteSignature(ORIGIN, KEY.key_id, bytes(64))
    with_strange = replace(signed.note, signatures=(strange, *signed.note.signatures))
    assert signed_by_log(replace(signed, note=with_strange), (KEY,))
    assert with_lines_of(with_strange, (KEY,)) == signed.note
    with_false = replace(signed.note, signatures=(*signed.note.signatures, false))
    assert not signed_by_log(replace(signed, note=with_false), (KEY,))


def test_a_line_that_comes_often_is_looked_at_once() -> None:
    signed = head(3)
    often = replace(signed.note, signatures=signed.note.signatures * 64)
    checked: list[bytes] = []

    class Counting(VerifierKey):
        def check(self, signature: bytes, text: str) -> bool:
            checked.append(signature)
            return super().check(signature, text)

    assert signed_by_log(replace(signed, note=often), (Counting(KEY.name, KEY.public_key),))
    assert len(checked) == 1
    assert with_lines_of(often, (KEY,)) == signed.note


def test_an_answer_is_taken_when_it_is_of_this_head_and_this_key() -> None:
    signed, key = head(3), CosignerKey.of(NAME, WITNESS)
    line = cosign(signed.checkpoint, NAME, WITNESS, 7)
    strange = cosign(signed.checkpoint, "third.example/w", OTHER, 7)
    assert cosignatures(signed, line.line().encode(), key) == [line]
    assert cosignatures(signed, (strange.line() + line.line()).encode(), key) == [line]
    assert cosignatures(signed, strange.line().encode(), key) == []
    with pytest.raises(NoteError, match="not of this checkpoint"):
        cosignatures(head(4), line.line().encode(), key)
    for wrong in (b"", b"\xff", line.line().encode()[:-1], b"3\n", b"\n" + line.line().encode()):
        with pytest.raises(NoteError):
            cosignatures(signed, wrong, key)


@given(st.binary(max_size=200))
def test_any_answer_is_lines_or_this_one_error(answer: bytes) -> None:
    try:
        assert cosignatures(head(3), answer, CosignerKey.of(NAME, WITNESS)) == []
    except NoteError:
        return


@pytest.mark.parametrize("data", [b"", b"7", b"-1\n", b"07\n", b"7\n\n", b" 7\n", b"\xff\n"])
def test_what_is_no_size_is_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        parse_size(data)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_sizes_are_read(size: int) -> None:
    assert parse_size(f"{size}\n".encode()) == size


def test_a_proof_is_written_in_base64_a_hash_a_line() -> None:
    lines = asked(3, 9).serialize().decode().split("\n")
    assert lines[0] == "old 3"
    assert lines[1:4] == [encode_base64(each) for each in TREE.consistency_proof(3, 9)][:3]


def test_the_name_of_a_log_in_addresses() -> None:
    assert log_id("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_what_a_witness_keeps_of_a_head_is_bounded() -> None:
    short = head(1).checkpoint
    room = MAX_TEXT_BYTES - len(short.text()) - 1
    full = checkpoints.parse_note(checkpoints.sign(replace(short, extensions=("x" * room,)), LOG))
    request = AddCheckpoint(0, (), full)
    assert AddCheckpoint.parse(request.serialize()) == request
    more = checkpoints.parse_note(
        checkpoints.sign(replace(short, extensions=("x" * (room + 1),)), LOG)
    )
    with pytest.raises(NoteError, match=r"2049 bytes, at most 2048"):
        AddCheckpoint.parse(AddCheckpoint(0, (), more).serialize())
    (line,) = full.note.signatures
    twice = Note(full.note.text, (line, replace(line, signature=bytes(64))))
    assert with_lines_of(twice, (KEY,)) == full.note
