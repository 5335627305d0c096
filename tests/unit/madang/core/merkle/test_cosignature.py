"""Cosignatures by ML-DSA-44 and by Ed25519, with some that others have made.

`torchwood_mldsa.txt` holds the key and the checkpoint of cmd/litewitness/testdata of torchwood
v0.10.0; `arche2025h1.txt` a head of the CT log of that name (staging) and the keys of the log and
of a public witness that cosigned it.
"""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.software import (
    SoftwareSigner,
    generate_ed25519,
    generate_ml_dsa_44,
    generate_ml_dsa_65,
    generate_p256,
)
from madang.core.merkle import checkpoint as checkpoints
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint
from madang.core.merkle.cosignature import MAX_TIMESTAMP, CosignerKey, cosign, cosigned
from madang.core.merkle.note import (
    ED25519_COSIGNATURE,
    MAX_NOTE_BYTES,
    ML_DSA_44_COSIGNATURE,
    NoteError,
    NoteSignature,
    VerifierKey,
    encode_key,
    parse_note,
    with_signatures,
)

FOREIGN_KEY, FOREIGN_NOTE = (
    (Path(__file__).parent / "torchwood_mldsa.txt").read_text("utf-8").split("\n\n", maxsplit=1)
)
CT_KEY, WITNESS_KEY, CT_NOTE = (
    (Path(__file__).parent / "arche2025h1.txt").read_text("utf-8").split("\n", maxsplit=2)
)
ORIGIN = "city.example/seoul/log"
NOW = 1_800_000_000
HEAD = Checkpoint(ORIGIN, 7, b"\x07" * 32)
LOG = generate_ed25519("log")
SIGNER = SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32)), "pq")
KEY = CosignerKey.of(ORIGIN, SIGNER)
WITNESS, WITNESS_NAME = generate_ed25519("witness"), "other.example/saebyeol/witness"


def published(head: Checkpoint = HEAD, *added: NoteSignature) -> SignedCheckpoint:
    """Return a head that the log signed, with further lines, as a reader takes it in."""
    return checkpoints.parse_note(checkpoints.sign(head, LOG, *added))


def test_the_log_of_torchwood_signed_its_head() -> None:
    key = CosignerKey.parse(FOREIGN_KEY)
    signed = checkpoints.parse_note(FOREIGN_NOTE)
    assert (key.name, key.key_id.hex()) == ("example.com/mldsa-log", "b5df45c5")
    assert key.encode() == FOREIGN_KEY
    assert cosigned(signed, key) == 0
    assert signed.note.serialize() == FOREIGN_NOTE


@pytest.mark.parametrize("change", [{"size": 2}, {"root": bytes(32)}, {"origin": "example.com/m"}])
def test_the_log_of_torchwood_signed_no_other_head(change: dict[str, Any]) -> None:
    signed = checkpoints.parse_note(FOREIGN_NOTE)
    other = replace(signed, checkpoint=replace(signed.checkpoint, **change))
    assert cosigned(other, CosignerKey.parse(FOREIGN_KEY)) is None


@pytest.mark.parametrize("timestamp", [0, NOW, MAX_TIMESTAMP])
def test_a_log_signs_its_head_a_second_time(timestamp: int) -> None:
    line = cosign(HEAD, ORIGIN, SIGNER, timestamp)
    signed = published(HEAD, line)
    assert len(line.signature) == 8 + 2420
    assert cosigned(signed, KEY) == timestamp
    assert checkpoints.verify(signed, VerifierKey.of(ORIGIN, LOG))


def test_a_reader_that_knows_ed25519_alone_skips_the_line() -> None:
    false = NoteSignature(ORIGIN, KEY.key_id, bytes(2428))
    for line in (cosign(HEAD, ORIGIN, SIGNER, NOW), false):
        assert checkpoints.verify(published(HEAD, line), VerifierKey.of(ORIGIN, LOG))


def test_sixteen_cosignatures_have_room_in_a_note() -> None:
    names = [f"witness-{number}.example/w" for number in range(16)]
    signed = published(HEAD, *(cosign(HEAD, name, SIGNER, NOW) for name in names))
    assert len(signed.note.serialize()) < MAX_NOTE_BYTES
    assert all(cosigned(signed, CosignerKey.of(name, SIGNER)) == NOW for name in names)


def test_lines_can_be_added_when_the_head_is_signed_or_later() -> None:
    line = cosign(HEAD, ORIGIN, SIGNER, NOW)
    later = with_signatures(parse_note(checkpoints.sign(HEAD, LOG)), [line])
    assert later == published(HEAD, line).note


def test_a_key_is_introduced_by_what_everybody_computes_of_it_and_of_nothing_else() -> None:
    told = sha256(bytes(16) + sha256(KEY.encode().encode()).digest()).digest()
    assert KEY.introduction() == told
    assert CosignerKey.of("else.example", SIGNER).introduction() != told
    assert CosignerKey.of(ORIGIN, generate_ml_dsa_44("other")).introduction() != told


def test_without_a_line_of_the_key_it_is_not_cosigned() -> None:
    other = CosignerKey.of(ORIGIN, generate_ml_dsa_44("other"))
    line = cosign(HEAD, ORIGIN, SIGNER, NOW)
    assert cosigned(published(), KEY) is None
    assert cosigned(published(HEAD, line), other) is None
    assert cosigned(published(HEAD, line), CosignerKey.of("else.example", SIGNER)) is None


def test_the_name_of_the_cosigner_is_signed() -> None:
    other = CosignerKey.of("else.example", SIGNER)
    line = replace(cosign(HEAD, ORIGIN, SIGNER, NOW), name=other.name, key_id=other.key_id)
    assert cosigned(published(HEAD, line), other) is None


def test_the_time_is_signed() -> None:
    line = cosign(HEAD, ORIGIN, SIGNER, NOW)
    later = replace(line, signature=(NOW + 1).to_bytes(8, "big") + line.signature[8:])
    assert cosigned(published(HEAD, later), KEY) is None


def test_of_several_times_the_latest_counts_and_a_false_one_spoils_all() -> None:
    early, late = (cosign(HEAD, ORIGIN, SIGNER, time) for time in (NOW, NOW + 9))
    assert cosigned(published(HEAD, late, early), KEY) == NOW + 9
    false = replace(early, signature=late.signature[:8] + early.signature[8:])
    assert cosigned(published(HEAD, late, false), KEY) is None


def test_extension_lines_are_not_covered() -> None:
    more = replace(HEAD, extensions=("more",))
    assert cosigned(published(more, cosign(HEAD, ORIGIN, SIGNER, NOW)), KEY) == NOW


def test_a_time_beyond_63_bits_is_refused() -> None:
    with pytest.raises(NoteError, match="timestamp"):
        cosign(HEAD, ORIGIN, SIGNER, MAX_TIMESTAMP + 1)
    with pytest.raises(NoteError, match="timestamp"):
        cosign(HEAD, ORIGIN, SIGNER, -1)
    beyond = MAX_TIMESTAMP + 1
    signature = SIGNER.sign(KEY.type.message(ORIGIN, beyond, HEAD))
    assert KEY.check(beyond.to_bytes(8, "big") + signature, HEAD) is None


def test_names_are_limited_to_what_the_message_has_room_for() -> None:
    longest, longer = "n" * 255, "n" * 256
    key = CosignerKey.of(longest, SIGNER)
    head = replace(HEAD, origin=longest)
    assert cosigned(published(head, cosign(head, longest, SIGNER, NOW)), key) == NOW
    with pytest.raises(NoteError, match="255"):
        CosignerKey.of(longer, SIGNER)
    with pytest.raises(NoteError, match="255"):
        cosign(replace(HEAD, origin=longer), ORIGIN, SIGNER, NOW)
    assert KEY.check(bytes(2428), replace(HEAD, origin=longer)) is None


def test_only_ed25519_and_ml_dsa_44_cosign() -> None:
    for signer in (generate_p256("k"), generate_ml_dsa_65("k")):
        with pytest.raises(NoteError, match=signer.algorithm):
            cosign(HEAD, ORIGIN, signer, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ORIGIN,
        FOREIGN_KEY.replace("b5df45c5", "b5df45c6"),
        FOREIGN_KEY.replace("example.com", "example.org"),
        VerifierKey.of(ORIGIN, LOG).encode(),
        encode_key(ORIGIN, 0x06, bytes(1311)),
        encode_key(ORIGIN, 0x06, b""),
        encode_key("a b", 0x06, bytes(1312)),
        encode_key(ORIGIN, 0x05, bytes(1312)),
        encode_key(ORIGIN, 0x04, bytes(1312)),
        encode_key(ORIGIN, 0x06, bytes(32)),
        encode_key(ORIGIN, 0x04, bytes(31)),
    ],
    ids=range(12),
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        CosignerKey.parse(text)


def test_a_cosigners_key_is_none_of_a_log() -> None:
    with pytest.raises(NoteError, match="06"):
        VerifierKey.parse(KEY.encode())


def test_a_witness_of_the_world_signed_the_head_of_a_log_of_the_world() -> None:
    key = CosignerKey.parse(WITNESS_KEY)
    signed = checkpoints.parse_note(CT_NOTE)
    assert (key.name, key.kind) == ("remora.n621.de", ED25519_COSIGNATURE)
    assert key.encode() == WITNESS_KEY
    assert cosigned(signed, key) == 1_779_573_024
    assert checkpoints.verify(signed, VerifierKey.parse(CT_KEY))


@pytest.mark.parametrize(
    "change", [{"size": 2}, {"root": bytes(32)}, {"origin": "a.example"}, {"extensions": ("x",)}]
)
def test_a_witness_of_the_world_signed_no_other_head(change: dict[str, Any]) -> None:
    signed = checkpoints.parse_note(CT_NOTE)
    other = replace(signed, checkpoint=replace(signed.checkpoint, **change))
    assert cosigned(other, CosignerKey.parse(WITNESS_KEY)) is None


@pytest.mark.parametrize("timestamp", [0, NOW, MAX_TIMESTAMP])
def test_a_witness_signs_by_ed25519(timestamp: int) -> None:
    key = CosignerKey.of(WITNESS_NAME, WITNESS)
    line = cosign(HEAD, WITNESS_NAME, WITNESS, timestamp)
    assert len(line.signature) == 72
    assert key.kind == ED25519_COSIGNATURE
    assert CosignerKey.parse(key.encode()) == key
    assert cosigned(published(HEAD, line), key) == timestamp
    assert key.type.message(WITNESS_NAME, timestamp, HEAD) == (
        b"cosignature/v1\ntime %d\n" % timestamp + HEAD.text().encode()
    )


def test_a_cosignature_is_no_signature_of_a_log_by_the_same_key() -> None:
    line = cosign(HEAD, ORIGIN, LOG, NOW)
    log = VerifierKey.of(ORIGIN, LOG)
    assert line.key_id != log.key_id
    assert not log.check(line.signature[8:], HEAD.text())
    false = replace(line, key_id=log.key_id)
    assert not checkpoints.verify(published(HEAD, false), log)


def test_time_root_and_extensions_are_signed_by_ed25519() -> None:
    key = CosignerKey.of(WITNESS_NAME, WITNESS)
    line = cosign(HEAD, WITNESS_NAME, WITNESS, NOW)
    later = replace(line, signature=(NOW + 1).to_bytes(8, "big") + line.signature[8:])
    assert cosigned(published(HEAD, later), key) is None
    for other in (replace(HEAD, root=bytes(32)), replace(HEAD, extensions=("more",))):
        assert cosigned(published(other, line), key) is None


def test_a_type_that_is_not_expected_is_refused() -> None:
    witness = CosignerKey.of(WITNESS_NAME, WITNESS).encode()
    assert CosignerKey.parse(witness, ED25519_COSIGNATURE).name == WITNESS_NAME
    with pytest.raises(NoteError, match=r"04 in .*expected 06"):
        CosignerKey.parse(witness, ML_DSA_44_COSIGNATURE)
    with pytest.raises(NoteError, match="expected 04 or 06"):
        CosignerKey.parse(VerifierKey.of(ORIGIN, LOG).encode())
    with pytest.raises(NoteError, match="05"):
        CosignerKey(ORIGIN, 0x05, bytes(32))


@given(st.binary(max_size=40) | st.binary(min_size=2428, max_size=2428))
def test_any_bytes_are_no_cosignature(signature: bytes) -> None:
    assert KEY.check(signature, HEAD) is None


@given(st.binary(max_size=80) | st.binary(min_size=72, max_size=72))
def test_any_bytes_are_no_cosignature_by_ed25519(signature: bytes) -> None:
    assert CosignerKey.of(WITNESS_NAME, WITNESS).check(signature, HEAD) is None


@given(st.text(max_size=80))
def test_any_text_is_no_key_and_raises_only_its_own_error(text: str) -> None:
    with pytest.raises(NoteError):
        CosignerKey.parse(text)
