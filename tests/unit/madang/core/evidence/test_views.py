"""Heads that cannot be of one log are found, with who signed them; witnesses are counted."""

from dataclasses import replace

import pytest

from madang.core.evidence.audit import audit
from madang.core.evidence.findings import Finding, FindingCode
from madang.core.evidence.heads import Head
from madang.core.evidence.views import Statement, quorum, split_views, statement
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint, parse_note, sign
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.note import NoteSignature, VerifierKey
from madang.core.merkle.tree import Tree, leaf_hash
from tests.unit.madang.core.evidence.test_audit import ENTRIES, ORIGIN, SIZE, TREE, entry

SIGNER = generate_ed25519("log")
KEY = VerifierKey.of(ORIGIN, SIGNER)
WITNESSES = {f"{name}.example/w": generate_ed25519(name) for name in "abc"}
KEYS = tuple(CosignerKey.of(name, signer) for name, signer in WITNESSES.items())
OTHER = Tree(map(leaf_hash, [replace(entry(0), hour=0).encode(), *ENTRIES[1:]]))


def stated(source: str, size: int, tree: Tree = TREE) -> Statement:
    return Statement(Head(size, tree.root(size), source), (f"signer of {source}",))


def found(*statements: Statement) -> list[Finding]:
    report = audit(ENTRIES, [each.head for each in statements])
    return list(split_views(statements, report))


def test_heads_of_one_log_are_no_split_view() -> None:
    assert found(*(stated(f"head {size}", size) for size in (0, 1, 7, 7, 8, SIZE))) == []
    assert found() == []


@pytest.mark.parametrize("turned", [False, True], ids=["good first", "false first"])
def test_two_roots_of_one_size_are_found_and_the_false_one_is_named(turned: bool) -> None:  # noqa: FBT001 - a parameter
    pair = [stated("good", 7), stated("false", 7, OTHER)]
    (split,) = found(*(reversed(pair) if turned else pair))
    assert split.code == FindingCode.SPLIT_VIEW
    assert split.where == "false"
    for each in pair:
        assert str(each) in split.detail
        assert each.signers[0] in split.detail
        assert each.head.root.hex() in split.detail


def test_two_false_roots_of_one_size_are_found_too() -> None:
    other = Statement(Head(7, bytes(32), "zero"), ("log",))
    assert [each.where for each in found(stated("false", 7, OTHER), other)] == ["zero"]


def test_heads_of_two_sizes_that_are_inconsistent_are_found() -> None:
    splits = found(stated("early", 7, OTHER), stated("newest", SIZE), stated("older", 8))
    assert [each.where for each in splits] == ["early"]
    assert "newest has root" in splits[0].detail


def test_each_false_head_is_named_once() -> None:
    false = [stated("one", 7, OTHER), stated("again", 7, OTHER), stated("two", 9, OTHER)]
    assert [each.where for each in found(stated("newest", SIZE), *false)] == ["one", "two"]


def test_a_head_beyond_the_entries_proves_nothing_against_another() -> None:
    assert found(stated("newest", SIZE), Statement(Head(99, bytes(32), "beyond"), ("x",))) == []


def checkpoint(*lines: NoteSignature) -> SignedCheckpoint:
    return parse_note(sign(HEAD, SIGNER, *lines))


HEAD = Checkpoint(ORIGIN, SIZE, TREE.root())
LINES = [cosign(HEAD, name, signer, 1_000) for name, signer in WITNESSES.items()]


def test_a_statement_names_all_known_keys_that_signed_and_no_other() -> None:
    second = generate_ml_dsa_44("second")
    own = CosignerKey.of(ORIGIN, second)
    signed = checkpoint(LINES[0], cosign(HEAD, ORIGIN, second, 0))
    told = statement("here", signed, KEY, (own, *KEYS))
    assert told.head == Head(SIZE, TREE.root(), "here")
    names = [f"{each.name}+{each.key_id.hex()}" for each in (KEY, own, KEYS[0])]
    assert list(told.signers) == names


@pytest.mark.parametrize("count", range(4))
def test_witnesses_are_counted(count: int) -> None:
    times, wrong = quorum("here", checkpoint(*LINES[:count]), KEYS, 2)
    assert times == dict.fromkeys(list(WITNESSES)[:count], 1_000)
    assert [each.code == FindingCode.QUORUM_MISSING for each in wrong] == [True] * (count < 2)


def test_a_false_cosignature_is_named_and_does_not_count() -> None:
    name, signer = next(iter(WITNESSES.items()))
    false = cosign(replace(HEAD, root=bytes(32)), name, signer, 1_000)
    times, wrong = quorum("here", checkpoint(false, LINES[1]), KEYS, 1)
    assert list(times) == [KEYS[1].name]
    assert [each.code for each in wrong] == [FindingCode.COSIGNATURE_FALSE]
    assert name in wrong[0].detail


def test_one_witness_with_two_keys_counts_once() -> None:
    name = KEYS[0].name
    second = generate_ed25519("next")
    keys = (KEYS[0], CosignerKey.of(name, second))
    signed = checkpoint(LINES[0], cosign(HEAD, name, second, 2_000))
    times, wrong = quorum("here", signed, keys, 2)
    assert times == {name: 2_000}
    assert [each.code for each in wrong] == [FindingCode.QUORUM_MISSING]


def test_one_key_under_two_names_counts_once() -> None:
    twin = CosignerKey("twin.example/w", KEYS[0].kind, KEYS[0].public_key)
    line = cosign(HEAD, twin.name, WITNESSES[KEYS[0].name], 1_000)
    _, wrong = quorum("here", checkpoint(LINES[0], line), (*KEYS, twin), 2)
    assert [each.code for each in wrong] == [FindingCode.QUORUM_MISSING]
