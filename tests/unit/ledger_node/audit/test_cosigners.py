"""Who signed a head: each line held against the keys that are known."""

from dataclasses import replace

import pytest

from ledger_node.audit.cosigners import KnownKeys, Line, LineState, lines
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint, parse_note
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.note import NoteSignature, VerifierKey

ORIGIN = "id.hanbit.example/hanbit/log"
WITNESS = "id.saebyeol.example/saebyeol/witness"
TIME = 1_795_412_345
LOG, SECOND, WITNESS_KEY = (
    generate_ed25519("log"),
    generate_ml_dsa_44("second"),
    generate_ml_dsa_44("w"),
)
HEAD = Checkpoint(ORIGIN, 7, bytes(32))
KEYS = KnownKeys(
    VerifierKey.of(ORIGIN, LOG),
    (CosignerKey.of(ORIGIN, SECOND), CosignerKey.of(WITNESS, WITNESS_KEY)),
)


def signed(*further: NoteSignature, head: Checkpoint = HEAD) -> SignedCheckpoint:
    return parse_note(checkpoint.sign(head, LOG, *further))


def test_each_line_has_name_time_and_state() -> None:
    found = lines(
        signed(cosign(HEAD, ORIGIN, SECOND, 0), cosign(HEAD, WITNESS, WITNESS_KEY, TIME)), KEYS
    )
    assert [(line.name, line.algorithm, line.time, line.state) for line in found] == [
        (ORIGIN, "Ed25519", None, LineState.GOOD),
        (ORIGIN, "ML-DSA-44", None, LineState.GOOD),
        (WITNESS, "ML-DSA-44", TIME, LineState.GOOD),
    ]
    assert found[0].key_id == KEYS.log.key_id.hex()


@pytest.mark.parametrize("change", [{"size": 8}, {"root": bytes([1]) * 32}])
def test_a_line_of_another_head_is_false(change: dict[str, int | bytes]) -> None:
    other = replace(HEAD, **change)  # type: ignore[arg-type]
    found = lines(signed(cosign(other, WITNESS, WITNESS_KEY, TIME)), KEYS)
    assert [line.state for line in found] == [LineState.GOOD, LineState.FALSE]


def test_another_log_s_signature_in_this_one_s_name_is_false() -> None:
    note = signed()
    (own,) = note.note.signatures
    forged = replace(own, signature=generate_ed25519("x").sign(note.note.text.encode()))
    forged_note = replace(note, note=replace(note.note, signatures=(forged,)))
    assert [line.state for line in lines(forged_note, KEYS)] == [LineState.FALSE]


def test_a_key_that_nobody_knows_is_said_to_be_so() -> None:
    stranger = cosign(HEAD, "x.example/w", generate_ml_dsa_44("x"), TIME)
    odd = NoteSignature("x.example/odd", b"abcd", b"short")
    found = lines(signed(stranger, odd), KEYS)[1:]
    assert found[0] == Line(
        "x.example/w", stranger.key_id.hex(), "ML-DSA-44", TIME, LineState.UNKNOWN
    )
    assert found[1] == Line("x.example/odd", b"abcd".hex(), "", None, LineState.UNKNOWN)
