"""Signed notes, with Go's published example as an outside witness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.merkle.note import (
    MAX_SIGNATURES,
    Note,
    NoteError,
    NoteSignature,
    VerifierKey,
    parse_note,
    sign_text,
    signed_by,
    with_signatures,
)

# The example in the documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)
NAME = "city.example/seoul/log"
TEXT = "one\n\nthree\n"


def test_the_example_of_go_verifies() -> None:
    key = VerifierKey.parse(GO_KEY)
    note = parse_note(GO_NOTE)
    assert (key.name, key.key_id.hex()) == ("PeterNeumann", "c74f20a3")
    assert signed_by(note, key)
    assert note.serialize() == GO_NOTE
    assert key.encode() == GO_KEY


def test_the_example_of_go_with_another_text_does_not() -> None:
    note = parse_note(GO_NOTE.replace("answer", "Answer"))
    assert not signed_by(note, VerifierKey.parse(GO_KEY))


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.just("\n")))
def test_any_text_comes_back_and_verifies(body: str) -> None:
    signer = generate_ed25519("log")
    note = Note(body + "\n", (sign_text(body + "\n", NAME, signer),))
    parsed = parse_note(note.serialize())
    assert parsed == note
    assert signed_by(parsed, VerifierKey.of(NAME, signer))


def test_further_signatures_are_added_once_and_unknown_ones_are_left_alone() -> None:
    log, witness = generate_ed25519("log"), generate_ed25519("witness")
    note = Note(TEXT, (sign_text(TEXT, NAME, log),))
    seen = sign_text(TEXT, "witness.example", witness)
    both = with_signatures(with_signatures(note, [seen]), [seen])
    assert len(both.signatures) == 2
    parsed = parse_note(both.serialize().encode())
    assert signed_by(parsed, VerifierKey.of(NAME, log))
    assert signed_by(parsed, VerifierKey.of("witness.example", witness))
    assert not signed_by(parsed, VerifierKey.of("other.example", witness))
    assert not signed_by(parsed, VerifierKey.of(NAME, witness))


def test_a_false_signature_of_a_known_key_spoils_the_note() -> None:
    log = generate_ed25519("log")
    key = VerifierKey.of(NAME, log)
    false = NoteSignature(NAME, key.key_id, bytes(64))
    assert not signed_by(Note(TEXT, (sign_text(TEXT, NAME, log), false)), key)
    assert not signed_by(Note(TEXT, ()), key)


def test_a_signature_of_another_length_does_not_verify() -> None:
    log = generate_ed25519("log")
    good = sign_text(TEXT, NAME, log)
    for raw in (good.signature[:-1], good.signature + b"\x00", b"\x00"):
        note = Note(TEXT, (NoteSignature(NAME, good.key_id, raw),))
        assert not signed_by(note, VerifierKey.of(NAME, log))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n— a aaaaaaaa\n",
        "text\n\n— a aaaaaaaa",
        "text\n\n- a aaaaaaaa\n",
        "text\n\n— a  aaaaaaaa\n",
        "text\n\n— a b aaaaaaaa\n",
        "text\n\n— a+b aaaaaaaa\n",
        "text\n\n— a aaaaaaa\n",
        "text\n\n— a aaaaaaaa \n",
        "text\n\n— a aaaaaa==\n",
        "text\n\n— a aaaaaaa=b\n",
        "text\n\n— a aaaaaaaaab==\n",
        "text\r\n\n— a aaaaaaaa\n",
        "te\x00xt\n\n— a aaaaaaaa\n",
        b"\xff\n\n\xe2\x80\x94 a aaaaaaaa\n",
    ],
)
def test_what_is_no_note_is_refused(data: str | bytes) -> None:
    with pytest.raises(NoteError):
        parse_note(data)


def test_the_smallest_note_is_read() -> None:
    assert parse_note("text\n\n— a aaaaaaaa\n").signatures[0].name == "a"


def test_notes_are_limited_in_size_and_signatures() -> None:
    line = "— a aaaaaaaa\n"
    assert len(parse_note("text\n\n" + line * MAX_SIGNATURES).signatures) == MAX_SIGNATURES
    with pytest.raises(NoteError, match="at most 64"):
        parse_note("text\n\n" + line * (MAX_SIGNATURES + 1))
    with pytest.raises(NoteError, match="at most 20 are read"):
        parse_note("text\n\n" + line, max_bytes=20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW=",
        "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


@given(st.binary(min_size=32, max_size=32))
def test_keys_come_back_from_their_published_form(raw: bytes) -> None:
    key = VerifierKey(NAME, raw)
    assert VerifierKey.parse(key.encode()) == key


def test_only_ed25519_signs_notes() -> None:
    with pytest.raises(NoteError, match="ES256"):
        sign_text(TEXT, NAME, generate_p256("log"))


@pytest.mark.parametrize("text", ["no newline", "", "a\tb\n"])
def test_a_text_that_cannot_be_read_back_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_text(text, NAME, generate_ed25519("log"))
