"""Prove identity at the counter."""

from dataclasses import dataclass
from typing import Protocol

from issuer.proofing.model import (
    LEVELS,
    EvidenceKind,
    Method,
    NotInRegister,
    Proofing,
    ProofingId,
)
from issuer.sources.model import IdentityEvidence, Register
from issuer.work import Work


class Proofings(Protocol):
    """Keeps proofings."""

    def add(self, tenant: str, proofing: Proofing) -> None:
        """Keep a new one."""
        ...

    def take(self, tenant: str, proofing: str, *, since: int) -> Proofing | None:
        """Return a proofing not older than `since` and not taken before, for one offer."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What the clerk saw.

    Attributes:
        evidence: what stands on the document; not kept.
        method: how identity was proven.
        kind: which document.
    """

    evidence: IdentityEvidence
    method: Method
    kind: EvidenceKind


def prove_identity(work: Work, register: Register, proofings: Proofings, shown: Shown) -> Proofing:
    """Record whom a document names.

    Raises:
        NotInRegister: any part of the evidence does not agree with the register.
    """
    person = register.identify(work.tenant, shown.evidence)
    if person is None:
        raise NotInRegister
    proofing = Proofing(
        id=ProofingId(work.ids.token()),
        person=person,
        level=LEVELS[shown.method],
        method=shown.method,
        evidence=shown.kind,
        at=work.now,
        clerk=work.actor,
    )
    proofings.add(work.tenant, proofing)
    work.note("proofing.recorded", proofing.id)
    return proofing
