"""An untouched log is proved; every alteration is found and named by its code."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.addresses import DeployedContract, Deployment
from ledger_node.audit.inspection import (
    ChainPoint,
    Inspection,
    inspect_decision,
    inspect_log,
    inspect_receipt,
    read_anchors,
)
from ledger_node.audit.reading import AuditInputError
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteSignature
from tests.unit.ledger_node.audit.published import (
    COSIGNED,
    DECISION,
    RULE,
    Published,
    entry_of,
    row_file,
)
from tests.unit.ledger_node.conftest import TENANT, Ground


@pytest.fixture
def log(tmp_path: Path) -> Published:
    return Published(tmp_path / "log")


@pytest.fixture
def found() -> Inspection:
    return Inspection()


def codes(found: Inspection) -> set[tuple[str, str]]:
    return {(each.code, each.where) for each in found.findings}


def test_an_untouched_log_is_proved_with_receipts_and_decision(
    log: Published, found: Inspection
) -> None:
    read = log.read(found)
    inspect_receipt("mine", log.receipt(1), read, found)
    inspect_decision(log.evidence(), read, found)
    heads = found.proved.pop("heads")
    name = f"{log.key.name}+{log.key.key_id.hex()}"
    assert [(each["size"], each["source"], each["signed_by"]) for each in heads] == [
        (2, "block 2", ["transaction 0x"]),
        (5, "checkpoint", [name]),
        (5, "block 5", ["transaction 0x"]),
    ]
    assert found.as_json() == {
        "ok": True,
        "proved": {
            "entries": 5,
            "root": log.tree.root().hex(),
            "heads_on_chain": 2,
            "anchored_entries": 5,
            "receipts": {"mine": 1, "decision": 3, "rule": 2},
            "decision": "unknown",
        },
        "findings": [],
    }


# --- the log itself


def republished(change: Callable[[Published], None]) -> Callable[[Published], None]:
    """Alter the entries and have the log's own key sign the altered tree."""

    def alter(log: Published) -> None:
        change(log)
        log.publish()

    return alter


def set_entry(index: int, content: bytes) -> Callable[[Published], None]:
    return lambda log: log.entries.__setitem__(index, content)


def write_checkpoint(content: bytes) -> Callable[[Published], None]:
    return lambda log: (log.folder / "checkpoint").write_bytes(content) and None


def forge_checkpoint(log: Published) -> None:
    (log.folder / "checkpoint").write_text(log.note(signer=generate_ed25519("log")), "utf-8")


def shorten_checkpoint(log: Published) -> None:
    text = (log.folder / "checkpoint").read_text("utf-8")
    (log.folder / "checkpoint").write_text(text.replace("\n5\n", "\n4\n"), "utf-8")


ALTERED_LOGS = {
    "entry_malformed": (republished(set_entry(1, b"{}")), "entry 1"),
    "entry_sequence": (republished(set_entry(1, entry_of(1, sequence=7).encode())), "entry 1"),
    "head_mismatch": (republished(set_entry(1, entry_of(1, hour=0).encode())), "block 2"),
    "head_beyond": (republished(lambda log: log.entries.pop() and None), "block 5"),
    "checkpoint_malformed": (write_checkpoint(b"garbage"), "checkpoint"),
    "checkpoint_signature": (forge_checkpoint, "checkpoint"),
}


@pytest.mark.parametrize("code", ALTERED_LOGS)
def test_an_altered_log_is_named_although_it_is_signed(
    code: str, log: Published, found: Inspection
) -> None:
    anchors = log.anchors()
    alter, where = ALTERED_LOGS[code]
    alter(log)
    log.read(found, anchors)
    assert (code, where) in codes(found)


@pytest.mark.parametrize("alter", [shorten_checkpoint, write_checkpoint(b"\xff\xfe")])
def test_a_checkpoint_that_is_not_the_logs_does_not_say_how_much_is_read(
    alter: Callable[[Published], None], log: Published, found: Inspection
) -> None:
    alter(log)
    read = log.read(found)
    assert read.size == 5
    assert {where for _, where in codes(found)} == {"checkpoint"}


def test_an_altered_bundle_is_named_by_every_head_over_it(
    log: Published, found: Inspection
) -> None:
    bundle = log.folder / "tile" / "entries" / "000.p" / "5"
    content = bundle.read_bytes()
    bundle.write_bytes(content.replace(b'"hour":1795410000', b'"hour":1795406400', 1))
    log.read(found)
    assert codes(found) >= {
        ("head_mismatch", "block 2"),
        ("head_mismatch", "block 5"),
        ("head_mismatch", "checkpoint"),
    }


def test_without_a_head_on_the_chain_nothing_is_anchored(log: Published, found: Inspection) -> None:
    read = log.read(found, [])
    inspect_receipt("mine", log.receipt(1), read, found)
    assert codes(found) == {("no_anchor", "chain"), ("not_anchored", "mine")}


def test_what_an_older_chain_does_not_cover_is_not_anchored(
    log: Published, found: Inspection
) -> None:
    read = log.read(found, log.anchors()[:1])
    inspect_receipt("old", log.receipt(1), read, found)
    inspect_receipt("new", log.receipt(4), read, found)
    assert codes(found) == {("not_anchored", "new")}


@pytest.mark.parametrize("gone", ["checkpoint", "tile/entries/000.p/5"])
def test_a_file_that_is_gone_is_named(gone: str, log: Published, found: Inspection) -> None:
    (log.folder / gone).unlink()
    with pytest.raises(AuditInputError, match=gone):
        log.read(found)


# --- the database

ALTERED_ROWS = {
    "row_missing": (lambda rows: rows[1:], "entry 0"),
    "row_added": (lambda rows: [*rows, replace(rows[0], index=None, reference="new")], "new"),
    "row_altered": (lambda rows: [replace(rows[0], digest=bytes(32)), *rows[1:]], "row-0"),
}


@pytest.mark.parametrize("code", ALTERED_ROWS)
def test_an_altered_database_is_named_by_its_row(
    code: str, log: Published, found: Inspection
) -> None:
    alter, where = ALTERED_ROWS[code]
    rows = row_file(log.folder.parent / "altered.jsonl", alter(log.rows()))
    inspect_log(log.given(), log.anchors(), rows, found)
    assert codes(found) == {(code, where)}


# --- receipts

ALTERED_RECEIPTS: dict[str, dict[str, Any]] = {
    "receipt_checkpoint": {"checkpoint": "garbage"},
    "receipt_origin": {"log_origin": "id.saebyeol.example/saebyeol/log"},
    "receipt_commitment": {"salt": bytes(32)},
    "receipt_kind": {"kind": EntryKind.BALLOT},
    "receipt_sequence": {"index": 0},
    "receipt_inclusion": {"inclusion_proof": ()},
    "entry_differs": {"entry": entry_of(1, hour=0)},
    "not_anchored": {"index": 5},
}


@pytest.mark.parametrize("code", ALTERED_RECEIPTS)
def test_an_altered_receipt_is_named(code: str, log: Published, found: Inspection) -> None:
    read = log.read(found)
    inspect_receipt("mine", replace(log.receipt(1), **ALTERED_RECEIPTS[code]), read, found)
    assert (code, "mine") in codes(found)
    assert "receipts" not in found.proved


def test_a_receipt_under_another_key_is_named(log: Published, found: Inspection) -> None:
    read = log.read(found)
    forged = replace(log.receipt(1), checkpoint=log.note(signer=generate_ed25519("other")))
    inspect_receipt("mine", forged, read, found)
    assert codes(found) == {("receipt_signature", "mine")}


# --- the second key


def test_a_cosigned_log_is_proved_with_receipts_of_before_and_after(
    log: Published, found: Inspection
) -> None:
    before = log.receipt(1)
    log.introduce()
    read = log.read(found, second=log.second_key)
    inspect_receipt("before", before, read, found)
    inspect_receipt("after", log.receipt(1, checkpoint=log.note(log.line())), read, found)
    assert found.findings == []
    assert found.proved["cosigned"] == COSIGNED
    assert found.proved["receipts"] == {"before": 1, "after": 1}


def test_who_does_not_know_the_second_key_does_not_ask_for_it(
    log: Published, found: Inspection
) -> None:
    log.introduce()
    log.publish()
    log.read(found)
    assert found.ok
    assert "cosigned" not in found.proved


FALSE_LINES: dict[str, tuple[str, Callable[[Published], list[NoteSignature]]]] = {
    "none": ("cosignature_missing", lambda _: []),
    "by another key": ("cosignature_missing", lambda log: [log.line(generate_ml_dsa_44("x"))]),
    "by another key in its name": (
        "cosignature_false",
        lambda log: [replace(log.line(generate_ml_dsa_44("x")), key_id=log.second_key.key_id)],
    ),
    "over another root": ("cosignature_false", lambda log: [log.line(root=bytes(32))]),
    "over another size": ("cosignature_false", lambda log: [log.line(size=5)]),
    "a true one beside": (
        "cosignature_false",
        lambda log: [log.line(), log.line(root=bytes(32))],
    ),
}


@pytest.mark.parametrize("name", FALSE_LINES)
def test_a_missing_or_false_cosignature_is_named(
    name: str, log: Published, found: Inspection
) -> None:
    code, lines = FALSE_LINES[name]
    log.introduce()
    log.publish(*lines(log))
    read = log.read(found, second=log.second_key)
    assert codes(found) == {(code, "checkpoint")}
    assert "cosigned" not in found.proved
    inspect_receipt("mine", log.receipt(1, checkpoint=log.note(*lines(log))), read, found)
    assert codes(found) == {(code, "checkpoint"), (f"receipt_{code}", "mine")}
    assert "receipts" not in found.proved


def test_a_log_without_its_second_key_is_named_by_whoever_knows_the_key(
    log: Published, found: Inspection
) -> None:
    read = log.read(found, second=log.second_key)
    inspect_receipt("mine", log.receipt(1), read, found)
    assert codes(found) == {("key_not_introduced", "checkpoint")}


def test_of_a_checkpoint_that_is_not_the_logs_no_cosignature_is_asked(
    log: Published, found: Inspection
) -> None:
    log.introduce()
    forged = log.note(log.line(), signer=generate_ed25519("log"))
    (log.folder / "checkpoint").write_text(forged, "utf-8")
    read = log.read(found, second=log.second_key)
    inspect_receipt("mine", log.receipt(1, checkpoint="garbage"), read, found)
    assert ("checkpoint_signature", "checkpoint") in codes(found)
    assert ("receipt_checkpoint", "mine") in codes(found)
    assert "cosigned" not in found.proved


def test_a_second_key_of_another_log_cannot_be_used(log: Published, found: Inspection) -> None:
    witness = CosignerKey.of("witness.example", log.second)
    with pytest.raises(AuditInputError, match=r"witness\.example"):
        log.read(found, second=witness)


# --- decisions

ALTERED_DECISIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "another outcome": ({"document": {**DECISION, "outcome": "yes"}}, "decision_differs",
                        "$.outcome"),
    "no document": ({"document": []}, "decision_document_malformed", "$.format"),
    "a fraction": ({"document": {**DECISION, "more": 0.5}}, "receipt_digest", "decision"),
    "another rule": ({"rule": {**RULE, "version": "2099"}}, "decision_rule_digest",
                     "$.rule_digest"),
    "no rule": ({"rule": None}, "decision_rule_malformed", "$"),
    "a rule with a fraction": ({"rule": {**RULE, "version": 0.5}}, "receipt_digest", "rule"),
    "a day without the rule": ({"document": {**DECISION, "day": "1999-01-01"}},
                               "decision_not_in_force", "$.day"),
    "no claims": ({"document": {**DECISION, "credentials": [{}]}},
                  "decision_unreadable_evidence", "$.claims"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALTERED_DECISIONS)
def test_an_altered_decision_or_rule_is_named(name: str, log: Published, found: Inspection) -> None:
    changes, code, where = ALTERED_DECISIONS[name]
    inspect_decision(log.evidence(**changes), log.read(found), found)
    assert (code, where) in codes(found)
    assert "decision" not in found.proved


def test_a_receipt_of_another_thing_is_not_that_of_the_decision(
    log: Published, found: Inspection
) -> None:
    inspect_decision(log.evidence(receipt=log.receipt(4)), log.read(found), found)
    assert codes(found) == {("receipt_digest", "decision")}


def test_a_rule_entered_after_the_decision_is_named(log: Published, found: Inspection) -> None:
    swapped = log.evidence(receipt=log.receipt(2), rule_receipt=log.receipt(3))
    inspect_decision(swapped, log.read(found), found)
    assert ("rule_later", "rule") in codes(found)


def test_a_second_story_signed_by_the_log_itself_proves_no_decision(
    log: Published, tmp_path: Path, found: Inspection
) -> None:
    """The operator signs another tree for one reader; the files that all read are as ever."""
    other = Published(tmp_path / "other", signer=log.signer)
    set_entry(3, log.entries[3])(other)
    set_entry(1, entry_of(1, hour=0).encode())(other)
    set_entry(3, entry_of(3, hour=0).encode())(other)
    evidence = log.evidence(receipt=other.receipt(3))
    inspect_decision(evidence, log.read(found), found)
    assert codes(found) == {("entry_differs", "decision")}
    assert "decision" not in found.proved


# --- the chain

OWNER = "0x" + "11" * 20


@pytest.mark.parametrize("owner", ["", "nonsense", "0x12", "0x" + "gg" * 20])
def test_an_owner_that_is_no_address_is_named(owner: str) -> None:
    zero = "0x" + "00" * 32
    deployment = Deployment(1, zero, {"AnchorLog": DeployedContract(OWNER, zero)})
    with pytest.raises(AuditInputError, match="owner"):
        ChainPoint("http://127.0.0.1:9", deployment, owner)


def test_a_node_of_another_chain_or_contract_gives_no_head(
    ground: Ground, found: Inspection
) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            ground.grow(TENANT, 3)
            await running.append()
            deployment = running.deployment
            owner = running.anchoring.accounts[TENANT].address
            origin = running.anchoring.origins[TENANT]
            url = running.engine.rpc.url
            genuine = ChainPoint(url, deployment, owner)
            assert [each.size for each in await read_anchors(genuine, origin, found)] == [3]
            assert found.ok
            here = deployment["AnchorLog"]
            for changes in (
                {"chain_id": 1},
                {"genesis_hash": "0x" + "00" * 32},
                {"contracts": {"AnchorLog": replace(here, code_hash="0x" + "00" * 32)}},
                {"contracts": {"AnchorLog": replace(here, address="0x" + "11" * 20)}},
            ):
                point = replace(genuine, deployment=replace(deployment, **changes))
                assert await read_anchors(point, origin, found) == []
            foreign = replace(genuine, owner=OWNER)
            assert await read_anchors(foreign, origin, found) == []

    asyncio.run(lives())
    assert codes(found) == {
        ("other_chain", "chain_id"),
        ("other_chain", "genesis_hash"),
        ("other_chain", "AnchorLog.code_hash"),
    }


@pytest.mark.parametrize(
    ("known", "code"),
    [(0, None), (-1, "forked"), (1_000, "behind")],
    ids=["known", "forked", "behind"],
)
def test_a_node_has_to_have_what_was_final_in_an_earlier_audit(
    ground: Ground, found: Inspection, known: int, code: str | None
) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            ground.grow(TENANT, 3)
            await running.append()
            owner, url = running.anchoring.accounts[TENANT].address, running.engine.rpc.url
            origin = running.anchoring.origins[TENANT]
            final = await running.anchoring.chain.final_block(0)
            assert final is not None
            seen = replace(final, number=final.number + known)
            point = ChainPoint(url, running.deployment, owner, seen)
            anchors = await read_anchors(point, origin, found)
            assert [each.size for each in anchors] == ([3] if code is None else [])
            told = {"number": final.number, "hash": final.hash}
            assert found.proved.get("final_block") == (told if code is None else None)

    asyncio.run(lives())
    assert codes(found) == (set() if code is None else {(code, "chain")})


def test_heads_in_blocks_that_are_not_final_do_not_count(ground: Ground, found: Inspection) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            ground.grow(TENANT, 3)
            await running.append()
            owner, url = running.anchoring.accounts[TENANT].address, running.engine.rpc.url
            origin = running.anchoring.origins[TENANT]
            for depth, sizes in ((0, [3]), (1, []), (10_000, [])):
                deployment = replace(running.deployment, final_depth=depth)
                point = ChainPoint(url, deployment, owner)
                anchors = await read_anchors(point, origin, found)
                assert [each.size for each in anchors] == sizes

    asyncio.run(lives())
    assert codes(found) == {("not_final", "chain")}
