"""What an audit told, for a person who has not read one before."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from ledger_node.audit.inspection import Inspection
from madang.cli.plain import plain

SHOWN: Final = 20
"""Heads, and findings of each kind, that are printed; --json has them all."""

MEANINGS: Final = {
    "checkpoint_malformed": "This is no checkpoint.",
    "checkpoint_signature": "Somebody else than the log has signed this checkpoint, or it was"
    " altered.",
    "cosignature_false": "A signature in the name of a known key is not of this head.",
    "cosignature_missing": "The log has a second key and has not signed this head by it.",
    "decision_": "The decision does not follow from the rule and the claims beside it.",
    "entry_differs": "The log has another entry there than this receipt says.",
    "entry_malformed": "These bytes are no entry; nothing else may stand in a log.",
    "entry_sequence": "The entry was moved: it names another place than the one it has.",
    "head_beyond": "Entries that were published are not there any more.",
    "head_mismatch": "The entries are not those of this published head: history was rewritten, or"
    " files were altered.",
    "key_not_introduced": "This log does not know the second key: is it the right log?",
    "no_anchor": "The contract has no head of this log: nothing keeps it from being rewritten.",
    "not_final": "The node tells of no block that cannot be undone: wait, or ask another node.",
    "not_anchored": "No head on the chain covers the entry yet; try again in a minute.",
    "other_chain": "The node has another chain or contract than you know: ask another node.",
    "quorum_missing": "Too few witnesses have seen this head; try again in a minute.",
    "receipt_": "The receipt is not what the log gave out.",
    "row_added": "The database has a row that was never entered in the log.",
    "row_altered": "A row was altered after it was entered in the log.",
    "row_missing": "A row was removed from the database after it was entered in the log.",
    "rule_later": "The rule was entered after the decision that is said to follow from it.",
    "split_view": "The log tells two stories: the heads below are signed, and no log has both.",
}


def told(found: Inspection) -> str:
    """Return the whole audit as lines."""
    lines = [f"{name:<11}{text}" for name, text in _proved(found.proved)]
    lines += ["", *_findings(found)]
    return "\n".join(map(plain, lines))


def _proved(proved: dict[str, Any]) -> Iterator[tuple[str, str]]:
    count, anchored = proved.get("entries", 0), proved.get("anchored_entries", 0)
    yield "Entries", f"{count:,}, each read and held to its form and place"
    yield "Root", f"{proved.get('root', 'none')}, recomputed from them"
    yield from _heads(proved.get("heads", []))
    yield "Anchored", f"{anchored:,} of {count:,} entries are under a head on the chain"
    if "final_block" in proved:
        final = proved["final_block"]
        yield "Final", f"the chain up to block {final['number']:,}; tell the next audit:"
        yield "", f"--known-block {final['number']}:{final['hash']}"
    if "cosigned" in proved:
        yield "Second key", f"cosigned the newest head, ML-DSA-44, {_time(proved['cosigned'])}"
    if "witnesses" in proved:
        times = proved["witnesses"]
        yield "Witnesses", f"{len(times)} cosigned the newest head"
        yield from (("", f"{name}, {_time(time)}") for name, time in times.items())
    yield from _records(proved)


def _heads(heads: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    yield "Heads", f"{len(heads):,} were held against the entries, the newest last:"
    if len(heads) > SHOWN:
        yield "", f"... and {len(heads) - SHOWN:,} before"
    for each in heads[-SHOWN:]:
        signers = ", ".join(each["signed_by"])
        yield "", f"size {each['size']:,} {each['root'][:16]}... {each['source']}: {signers}"


def _records(proved: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, at in proved.get("receipts", {}).items():
        yield "Receipt", f"{name} is entry {at:,}"
    if "decision" in proved:
        yield "Decision", f"{proved['decision']}, which follows from the rule in force"
    if "database_rows" in proved:
        yield "Database", f"{proved['database_rows']:,} rows were held against the log"


def _findings(found: Inspection) -> Iterator[str]:
    if found.ok:
        yield "Nothing was found: log, chain and records say the same."
        return
    yield f"{len(found.findings):,} findings:"
    for code, group in groupby(sorted(found.findings, key=_code), key=_code):
        each = list(group)
        yield f"  {code}: {_meaning(code)}"
        yield from (f"    FOUND at {one.where}: {one.detail}" for one in each[:SHOWN])
        if len(each) > SHOWN:
            yield f"    ... and {len(each) - SHOWN:,} more; --json lists them"


def _code(finding: Any) -> str:  # noqa: ANN401 - a key for sorting
    return str(finding.code)


def _meaning(code: str) -> str:
    family = code.partition("_")[0] + "_"
    return MEANINGS.get(code) or MEANINGS.get(family, "")


def _time(seconds: int) -> str:
    if not seconds:
        return "at a time that it does not say"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
