"""An evidence file has one form, and every other is refused by name."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.evidence import bundle
from madang.core.evidence.bundle import MAX_BYTES, Evidence, join, parse
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.receipt import Receipt
from madang.core.merkle.entry import Entry, EntryKind
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.world import INDEX, ORIGIN, digest_of, entries, salt_of

ENGINES = list(Engine)


def value_of(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = cbor2.loads(sample(engine).evidence.encode())
    return found


def refused(value: Any) -> str:
    with pytest.raises(EvidenceError) as told:
        parse(value if isinstance(value, bytes) else cbor.dumps(value))
    assert told.value.code == "malformed"
    return str(told.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_comes_back(engine: Engine) -> None:
    evidence = sample(engine).evidence
    assert parse(evidence.encode()) == evidence
    public = replace(evidence, thing=None)
    assert parse(public.encode()) == public
    assert b"thing" not in public.encode()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_with_its_second_signature_stays_under_eight_kilobytes(engine: Engine) -> None:
    assert len(sample(engine).evidence.encode()) < 8_000


@pytest.mark.parametrize("engine", ENGINES)
def test_each_member_is_needed_and_no_other_is_there(engine: Engine) -> None:
    def walk(value: Any, path: tuple[str, ...]) -> None:
        if not isinstance(value, dict):
            return
        for name in list(value):
            kept = value.pop(name)
            if (*path, name) != ("thing",):
                refused(whole)
            value[name] = kept
            walk(kept, (*path, name))
        value["more"] = 1
        refused(whole)
        del value["more"]

    whole = value_of(engine)
    walk(whole, ())
    assert parse(cbor.dumps(whole)) == sample(engine).evidence


FREE = {
    *(("inclusion", "[]"), ("votes", "[]"), ("nodes", "[]")),
    *(("signatures", "'text'"), ("header", "b''")),
}
"""These have a form there: empty lists, another name of a signer, an empty field of a header."""
WRONG: list[Any] = [None, True, -1, 2**63, "text", b"", [], [[]], {}, {"a": 1}, bytes(70_000)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_each_part_has_its_type(engine: Engine, wrong: Any) -> None:
    def walk(holder: Any, places: Any, name: str = "") -> None:
        for place in places:
            kept, named = holder[place], place if isinstance(place, str) else name
            if kept != wrong and (named, repr(wrong)) not in FREE:
                holder[place] = wrong
                refused(whole)
                holder[place] = kept
            if isinstance(kept, dict):
                walk(kept, list(kept))
            elif isinstance(kept, list):
                walk(kept, range(len(kept)), named)

    whole = value_of(engine)
    walk(whole, list(whole))


def test_bytes_in_another_form_of_cbor_are_refused() -> None:
    value = value_of(Engine.QBFT)
    backwards = {name: value[name] for name in reversed(list(cbor2.loads(cbor.dumps(value))))}
    assert "deterministic" in refused(cbor2.dumps(backwards))
    data = cbor.dumps(value)
    refused(data + b"\x00")
    refused(data[:-1])
    refused(b"\xd9\xd9\xf7" + data)


@pytest.mark.parametrize("data", [b"", b"\xa0", b"\x80", b"{}", bytes(MAX_BYTES + 1)], ids=range(5))
def test_what_is_no_such_file_is_told(data: bytes) -> None:
    assert "no evidence file" in refused(data)


def test_another_version_is_told_by_name() -> None:
    value = value_of(Engine.QBFT) | {"format": "madang-evidence-2"}
    assert "'madang-evidence-1'" in refused(value)


def test_an_unknown_engine_is_told_by_name() -> None:
    value = value_of(Engine.QBFT)
    value["chain"]["engine"] = "clique"
    assert "'clique', expected cometbft or qbft or development" in refused(value)


@pytest.mark.parametrize("text", ["", "no newline", "a\n\nb", "tab\there\n", "\ud800\n"])
def test_a_text_that_stands_in_no_note_is_refused(text: str) -> None:
    evidence = sample(Engine.QBFT).evidence
    changed = replace(evidence.checkpoint, text=text)
    with pytest.raises((EvidenceError, ValueError)):
        parse(replace(evidence, checkpoint=changed).encode())


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\nbreak"])
def test_a_name_that_stands_in_no_note_is_refused(name: str) -> None:
    evidence = sample(Engine.QBFT).evidence
    line = replace(evidence.checkpoint.signatures[0], name=name)
    changed = replace(evidence.checkpoint, signatures=(line,))
    refused(replace(evidence, checkpoint=changed).encode())


@given(st.binary(max_size=400))
def test_any_bytes_are_a_file_or_the_one_error(data: bytes) -> None:
    with suppress(EvidenceError):
        assert parse(data).encode() == data


@given(st.sampled_from(ENGINES), st.data())
def test_a_changed_file_is_another_file_or_the_one_error(
    engine: Engine, data: st.DataObject
) -> None:
    changed = bytearray(sample(engine).evidence.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = parse(bytes(changed))
    except EvidenceError:
        return
    assert found.encode() == changed


def receipt_for(index: int) -> Receipt:
    entry = Entry.parse(entries()[index])
    kind = EntryKind.CREDENTIAL
    return Receipt(ORIGIN, kind, index, entry, salt_of(index), digest_of(index), (), "")


def test_a_public_half_is_joined_with_its_receipt() -> None:
    whole = sample(Engine.COMETBFT).evidence
    public = replace(whole, thing=None)
    assert join(public, receipt_for(INDEX)) == whole
    with pytest.raises(EvidenceError, match="another entry than 7 of the log"):
        join(public, receipt_for(7))


def test_the_names_of_the_parts_are_those_of_the_documentation() -> None:
    evidence: Evidence = sample(Engine.DEVELOPMENT).evidence
    assert bundle.__doc__ is not None
    assert all(f"    {name}" in bundle.__doc__ for name in evidence.regions())
