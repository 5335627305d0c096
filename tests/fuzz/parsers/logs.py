"""What comes from a log: notes, checkpoints, tiles, entries, proofs, receipts."""

from madang.core.evidence import receipt as receipts
from madang.core.evidence.audit import audit
from madang.core.evidence.heads import heads_of_checkpoints
from madang.core.evidence.receipt import Receipt, ReceiptError
from madang.core.evidence.rows import RowError, parse_row, row_index
from madang.core.merkle import checkpoint as checkpoints
from madang.core.merkle import note as notes
from madang.core.merkle import proof
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.entry import Entry, EntryError, is_entry
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tiles import (
    Tile,
    TileError,
    TileTree,
    encode_bundle,
    parse_path,
    split_bundle,
    split_tile,
)
from madang.core.merkle.tree import HASH_SIZE, TreeError
from madang.core.merkle.witness import (
    AddCheckpoint,
    Judgement,
    cosignatures,
    judge,
    parse_size,
    signed_by_log,
)
from tests.fuzz.harness import chunks, harness, require, text
from tests.fuzz.world import COSIGNER_KEY, HEAD, LOG_KEY, SEEN, WITNESS_KEY

MAX_LEAVES = 70_000


@harness(NoteError)
def note(data: bytes) -> None:
    parsed = notes.parse_note(data)
    assert parsed.serialize().encode() == data
    assert notes.parse_note(text(data)) == parsed
    require(notes.signed_by(parsed, LOG_KEY))


@harness(NoteError)
def note_text(data: bytes) -> None:
    notes.parse_note(text(data))


@harness(NoteError)
def note_key(data: bytes) -> None:
    assert VerifierKey.parse(text(data)).encode() == text(data)


@harness(NoteError)
def checkpoint(data: bytes) -> None:
    signed = checkpoints.parse_note(data)
    assert signed.checkpoint.text() == signed.note.text
    require(checkpoints.verify(signed, LOG_KEY))


@harness(NoteError)
def cosigner_key(data: bytes) -> None:
    assert CosignerKey.parse(text(data)).encode() == text(data)


@harness(NoteError)
def cosigned_checkpoint(data: bytes) -> None:
    require(cosigned(checkpoints.parse_note(data), COSIGNER_KEY) is not None)


@harness(NoteError)
def witnessed_checkpoint(data: bytes) -> None:
    require(cosigned(checkpoints.parse_note(data), WITNESS_KEY) is not None)


@harness(NoteError)
def witness_request(data: bytes) -> None:
    request = AddCheckpoint.parse(data)
    assert request.serialize() == data
    require(signed_by_log(request.signed, (LOG_KEY,)))
    require(judge(request, SEEN) is Judgement.EXTENDS)


@harness(NoteError)
def witness_answer(data: bytes) -> None:
    require(bool(cosignatures(HEAD, data, WITNESS_KEY)))


@harness(NoteError)
def witness_size(data: bytes) -> None:
    assert f"{parse_size(data)}\n".encode() == data


@harness(TileError)
def tile_path(data: bytes) -> None:
    assert parse_path(text(data)).path == text(data)


@harness(TileError)
def tile(data: bytes) -> None:
    assert b"".join(split_tile(Tile(0, 0, 1 + data[0] if data else 1), data[1:])) == data[1:]


@harness(TileError)
def tile_bundle(data: bytes) -> None:
    entries = split_bundle(Tile(None, 0, 1 + data[0] if data else 1), data[1:])
    assert encode_bundle(entries) == data[1:]


@harness(TileError, TreeError)
def tile_tree(data: bytes) -> None:
    size, *tiles = [int.from_bytes(data[:3]) % MAX_LEAVES, *chunks(data[3:])]
    served = iter(tiles)
    tree = TileTree(size, lambda _: next(served, b""))
    tree.root()
    tree.compact_range()
    tree.inclusion_proof(size // 2, size)
    tree.consistency_proof(size // 3, size)


@harness(EntryError)
def log_entry(data: bytes) -> None:
    entry = Entry.parse(data)
    assert entry.encode() == data
    assert is_entry(data, entry.sequence)


@harness(RowError)
def database_row(data: bytes) -> None:
    row = parse_row(data)
    assert row_index(data) == row.index


@harness()
def merkle_proofs(data: bytes) -> None:
    one, two, three = (int.from_bytes(data[at : at + 8], signed=True) for at in (0, 8, 16))
    rest = data[24:]
    hashes = [rest[at : at + HASH_SIZE] for at in range(0, len(rest), HASH_SIZE)]
    first, second, *steps = hashes + [b""] * (2 - len(hashes))
    proved = (
        proof.verify_inclusion(one, two, first, steps, second),
        proof.verify_consistency(one, two, first, second, steps),
        proof.verify_subtree_inclusion(one, two, three, first, steps, second),
        proof.verify_subtree_consistency(one, two, three, first, second, steps),
    )
    require(any(proved))


@harness(ReceiptError)
def receipt(data: bytes) -> None:
    parsed = Receipt.parse(data)
    assert Receipt.parse(parsed.encode()) == parsed
    require(receipts.check(parsed, LOG_KEY).ok)


@harness()
def log_audit(data: bytes) -> None:
    published, *entries = list(chunks(data)) or [b""]
    heads, findings = heads_of_checkpoints([published], LOG_KEY)
    report = audit(entries, heads, prior=findings)
    assert report.size == len(entries)
    require(report.ok)
