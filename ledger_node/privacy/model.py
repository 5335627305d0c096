"""What a search for personal data looked at and found, in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

MAX_KEPT: Final = 1000
"""Findings of each code that are kept; all are counted."""


class PrivacyInputError(ValueError):
    """Something that was to be searched, or to be searched for, cannot be read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that has no place where it was seen.

    Attributes:
        code: fixed word.
        where: its place: a file, an entry, a transaction.
        detail: what was expected there; never what came, which may be personal.
    """

    code: str
    where: str
    detail: str


@dataclass
class Search:
    """What was looked at, and what was found.

    Attributes:
        looked: number of things by kind.
        counts: number of findings by code.
        findings: the first of each code.
    """

    looked: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.counts

    def find(self, code: str, where: str, detail: str) -> None:
        """Count a finding, and keep it while there is room for its code."""
        self.counts[code] += 1
        if self.counts[code] <= MAX_KEPT:
            self.findings.append(Finding(code, where, detail))

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        findings = [{"code": f.code, "where": f.where, "detail": f.detail} for f in self.findings]
        return {
            "ok": self.ok,
            "looked": dict(self.looked),
            "counts": dict(self.counts),
            "findings": findings,
        }
