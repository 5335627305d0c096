"""Checkpoints as C2SP writes them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.software import generate_ed25519
from madang.core.merkle import note as notes
from madang.core.merkle.checkpoint import (
    MAX_SIZE,
    Checkpoint,
    parse_note,
    parse_text,
    sign,
    verify,
)
from madang.core.merkle.note import Note, NoteError, VerifierKey

ORIGIN = "city.example/seoul/log"
ROOT = bytes(range(32))
ROOT64 = base64.b64encode(ROOT).decode()

# The example in the specification.
C2SP_EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_example_of_the_specification_is_read() -> None:
    signed = parse_note(C2SP_EXAMPLE)
    assert signed.checkpoint.origin == "example.com/behind-the-sofa"
    assert signed.checkpoint.size == 20_852_163
    assert signed.checkpoint.root.hex().startswith("0ac5186a")
    assert signed.note.signatures[0].key_id.hex() == "033de0ae"
    assert signed.checkpoint.text() == signed.note.text


@given(st.integers(0, MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_comes_back_and_verifies(size: int, root: bytes) -> None:
    signer = generate_ed25519("log")
    checkpoint = Checkpoint(ORIGIN, size, root)
    signed = parse_note(sign(checkpoint, signer))
    assert signed.checkpoint == checkpoint
    assert verify(signed, VerifierKey.of(ORIGIN, signer))


def test_another_key_origin_or_text_does_not_verify() -> None:
    signer, other = generate_ed25519("log"), generate_ed25519("other")
    text = sign(Checkpoint(ORIGIN, 7, ROOT), signer)
    signed = parse_note(text)
    assert verify(signed, VerifierKey.of(ORIGIN, signer))
    assert not verify(signed, VerifierKey.of(ORIGIN, other))
    assert not verify(signed, VerifierKey.of("city.example/busan/log", signer))
    grown = parse_note(text.replace("\n7\n", "\n8\n"))
    assert not verify(grown, VerifierKey.of(ORIGIN, signer))


def test_a_checkpoint_signed_under_another_name_is_not_the_logs_own() -> None:
    signer = generate_ed25519("log")
    text = Checkpoint(ORIGIN, 7, ROOT).text()
    note = Note(text, (notes.sign_text(text, "witness.example", signer),))
    assert not verify(parse_note(note.serialize()), VerifierKey.of(ORIGIN, signer))
    assert not verify(parse_note(note.serialize()), VerifierKey.of("witness.example", signer))


def test_further_lines_are_kept_and_signed() -> None:
    signer = generate_ed25519("log")
    checkpoint = Checkpoint(ORIGIN, 7, ROOT, ("extension 1", "extension 2"))
    text = sign(checkpoint, signer)
    assert parse_note(text).checkpoint == checkpoint
    changed = parse_note(text.replace("extension 2", "extension 3"))
    assert not verify(changed, VerifierKey.of(ORIGIN, signer))


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\n{ROOT64}",
        f"\n7\n{ROOT64}\n",
        f"{ORIGIN}\n\n{ROOT64}\n",
        f"{ORIGIN}\n07\n{ROOT64}\n",
        f"{ORIGIN}\n-7\n{ROOT64}\n",
        f"{ORIGIN}\n+7\n{ROOT64}\n",
        f"{ORIGIN}\n7 \n{ROOT64}\n",
        f"{ORIGIN}\n7e3\n{ROOT64}\n",
        f"{ORIGIN}\n\u0667\n{ROOT64}\n",
        f"{ORIGIN}\n{2**63}\n{ROOT64}\n",
        f"{ORIGIN}\n{10**30}\n{ROOT64}\n",
        f"{ORIGIN}\n7\n{ROOT64[:-2]}\n",
        f"{ORIGIN}\n7\n{ROOT64.rstrip('=')}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(ROOT[:31]).decode()}\n",
        f"{ORIGIN}\n7\n{ROOT64}\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_text(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 1, ROOT), ("a\nb", 1, ROOT), (ORIGIN, -1, ROOT), (ORIGIN, 2**63, ROOT), (ORIGIN, 1, b"")],
)
def test_values_that_cannot_stand_in_a_checkpoint_are_refused(
    origin: str, size: int, root: bytes
) -> None:
    with pytest.raises(NoteError):
        Checkpoint(origin, size, root)


def test_an_origin_that_cannot_be_a_key_name_is_not_signed() -> None:
    with pytest.raises(NoteError, match="space or a plus"):
        sign(Checkpoint("city example+log", 1, ROOT), generate_ed25519("log"))
