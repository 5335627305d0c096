"""Checkpoints that others were given are held against a log; its witnesses are counted."""

from pathlib import Path

import pytest

from ledger_node.audit.inspection import Inspection, inspect_log
from ledger_node.audit.reading import AuditInputError
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.note import ED25519_COSIGNATURE
from tests.unit.ledger_node.audit.published import ORIGIN, Published, entry_of


@pytest.fixture
def log(tmp_path: Path) -> Published:
    return Published(tmp_path / "log")


@pytest.fixture
def found() -> Inspection:
    return Inspection()


def codes(found: Inspection) -> set[tuple[str, str]]:
    return {(each.code, each.where) for each in found.findings}


def other_story(log: Published) -> bytes:
    """Return a head of the same size that the log signed for somebody else."""
    kept = list(log.entries)
    log.entries[1] = entry_of(1, hour=0).encode()
    note = log.note().encode()
    log.entries = kept
    return note


def test_a_head_that_somebody_else_was_given_is_held_against_the_log(
    log: Published, found: Inspection
) -> None:
    given = log.given(checkpoints=(("file a", log.note().encode()),))
    inspect_log(given, log.anchors(), None, found)
    assert found.ok
    assert "file a" in {each["source"] for each in found.proved["heads"]}


def test_two_heads_of_one_size_are_a_split_view_with_both_and_their_signers(
    log: Published, found: Inspection
) -> None:
    given = log.given(checkpoints=(("file a", other_story(log)),))
    inspect_log(given, log.anchors(), None, found)
    assert codes(found) == {("head_mismatch", "file a"), ("split_view", "file a")}
    (split,) = (each for each in found.findings if each.code == "split_view")
    name = f"{log.key.name}+{log.key.key_id.hex()}"
    assert split.detail.count(f"signed by {name}") == 2
    assert log.tree.root().hex() in split.detail


def test_a_checkpoint_of_somebody_else_is_no_head_of_the_log(
    log: Published, found: Inspection
) -> None:
    forged = log.note(signer=generate_ed25519("log")).encode()
    inspect_log(log.given(checkpoints=(("file a", forged),)), log.anchors(), None, found)
    assert codes(found) == {("checkpoint_signature", "file a")}


def test_witnesses_are_told_and_counted(log: Published, found: Inspection) -> None:
    signers = [generate_ed25519(name) for name in "abc"]
    names = [f"{name}.example/w" for name in "abc"]
    keys = tuple(CosignerKey.of(*each) for each in zip(names, signers, strict=True))
    head = Checkpoint(ORIGIN, log.tree.size, log.tree.root())
    log.publish(*(cosign(head, names[at], signers[at], 1_000 + at) for at in (0, 2)))
    inspect_log(log.given(witnesses=keys, quorum=2), log.anchors(), None, found)
    assert found.ok
    assert found.proved["witnesses"] == {names[0]: 1_000, names[2]: 1_002}
    inspect_log(log.given(witnesses=keys, quorum=3), log.anchors(), None, found)
    assert codes(found) == {("quorum_missing", "checkpoint")}


def test_a_key_with_two_names_is_refused(log: Published) -> None:
    """Its lines of Ed25519 fit both names, so one witness, or the log itself, would be two."""
    signer = generate_ed25519("w")
    keys = tuple(CosignerKey.of(f"{name}.example/w", signer) for name in "ab")
    of_the_log = CosignerKey("c.example/w", ED25519_COSIGNATURE, log.key.public_key)
    for witnesses in (keys, (of_the_log,)):
        with pytest.raises(AuditInputError, match="the key of the log or of another witness"):
            log.given(witnesses=witnesses)
    assert log.given(witnesses=(keys[0], keys[0])).witnesses


@pytest.mark.parametrize("quorum", [-1, 1])
def test_a_quorum_that_cannot_be_reached_is_refused(log: Published, quorum: int) -> None:
    with pytest.raises(AuditInputError, match="quorum"):
        log.given(quorum=quorum)
