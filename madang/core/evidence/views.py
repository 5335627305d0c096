"""What several heads of one log say of it together: whether it tells everybody the same.

A log has one head of each size, and each is a prefix of the next. Two signed heads that cannot
both be of one log prove against whoever signed them that there are two (a split view), and no
more is needed for that than the two notes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from madang.core.evidence.findings import Finding, FindingCode, Report
from madang.core.evidence.heads import Head
from madang.core.merkle.checkpoint import SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.note import VerifierKey


@dataclass(frozen=True, slots=True)
class Statement:
    """A head with those who answer for it.

    Attributes:
        head: as it was seen.
        signers: names of the keys that signed it; for a head on the chain, who sent it.
    """

    head: Head
    signers: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a finding names it."""
        head = self.head
        signers = ", ".join(self.signers)
        return f"{head.source} has root {head.root.hex()} at size {head.size}, signed by {signers}"


def statement(
    source: str, signed: SignedCheckpoint, key: VerifierKey, cosigners: Iterable[CosignerKey]
) -> Statement:
    """Return a checkpoint of the log with all known keys that signed it.

    Args:
        source: where it was seen.
        signed: which the log's key has signed.
        key: the log's.
        cosigners: its second key, witnesses.
    """
    keys: list[VerifierKey | CosignerKey] = [
        key,
        *(each for each in cosigners if cosigned(signed, each) is not None),
    ]
    head = signed.checkpoint
    names = tuple(f"{each.name}+{each.key_id.hex()}" for each in keys)
    return Statement(Head(head.size, head.root, source), names)


def split_views(statements: Sequence[Statement], report: Report) -> Iterator[Finding]:
    """Yield a finding for each head that cannot be of one log with another; both are named.

    Args:
        statements: all that is known of one log.
        report: of the audit of its entries, which were held against all of these heads.
    """
    first: dict[int, Statement] = {}
    seen: set[tuple[int, bytes]] = set()
    ordered = sorted(statements, key=lambda each: _order(each, report))
    fitting = max(
        (each for each in ordered if _fits(each, report)), key=lambda e: e.head.size, default=None
    )
    for each in ordered:
        named = (each.head.size, each.head.root)
        if named in seen:
            continue
        seen.add(named)
        other = first.setdefault(each.head.size, each)
        if other is each and named in report.unfit and fitting is not None:
            other = fitting
        if other is not each:
            detail = f"{each}; {other}; no log has both"
            yield Finding(FindingCode.SPLIT_VIEW, each.head.source, detail)


def _fits(each: Statement, report: Report) -> bool:
    known = each.head.size <= report.size
    return known and (each.head.size, each.head.root) not in report.unfit


def _order(each: Statement, report: Report) -> tuple[int, bool]:
    return each.head.size, not _fits(each, report)


def quorum(
    source: str, signed: SignedCheckpoint, witnesses: Sequence[CosignerKey], needed: int
) -> tuple[dict[str, int], tuple[Finding, ...]]:
    """Return which witnesses cosigned a head and when (epoch seconds), and what is wrong.

    Args:
        source: where it was seen.
        signed: the head.
        witnesses: the known ones.
        needed: how many must have cosigned.
    """
    times: dict[str, int] = {}
    findings = []
    for each in witnesses:
        time = cosigned(signed, each)
        if time is not None:
            times[each.name] = time
        elif any((s.name, s.key_id) == (each.name, each.key_id) for s in signed.note.signatures):
            detail = f"a cosignature in the name of {each.name} is not of this head"
            findings.append(Finding(FindingCode.COSIGNATURE_FALSE, source, detail))
    # Two keys of one name count once, and so do two names of one key: Ed25519 covers no name.
    held = min(len(times), len({each.public_key for each in witnesses if each.name in times}))
    if held < needed:
        told = f"{held} of {len(witnesses)} witnesses, {needed} are needed"
        detail = f"size {signed.checkpoint.size} is cosigned by {told}"
        findings.append(Finding(FindingCode.QUORUM_MISSING, source, detail))
    return times, tuple(findings)
