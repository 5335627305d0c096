"""The table of proofings."""

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col

from issuer.proofing.model import EvidenceKind, Method, Proofing, ProofingId
from issuer.sources.model import PersonId
from madang.core.catalog.certificate_type import IdentityLevel


class ProofingRow(SQLModel, table=True):
    """One proofing; holds the person's key in the register and nothing of the document."""

    __tablename__ = "proofing"

    id: str = Field(primary_key=True)
    tenant: str
    person: str
    level: str
    method: str
    evidence: str
    at: int
    clerk: str
    taken: bool = False


class ProofingStore:
    """Proofings in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, proofing: Proofing) -> None:
        """Keep a new proofing."""
        self._session.add(
            ProofingRow(
                id=proofing.id,
                tenant=tenant,
                person=proofing.person,
                level=proofing.level.value,
                method=proofing.method.value,
                evidence=proofing.evidence.value,
                at=proofing.at,
                clerk=proofing.clerk,
            )
        )

    def take(self, tenant: str, proofing: str, *, since: int) -> Proofing | None:
        """Return a proofing for the one offer that may be made from it."""
        taken = self._session.execute(
            update(ProofingRow)
            .where(
                col(ProofingRow.id) == proofing,
                col(ProofingRow.tenant) == tenant,
                col(ProofingRow.at) >= since,
                col(ProofingRow.taken).is_(False),
            )
            .values(taken=True)
            .returning(ProofingRow)
        ).scalar_one_or_none()
        return None if taken is None else _proofing(taken)


def _proofing(row: ProofingRow) -> Proofing:
    return Proofing(
        id=ProofingId(row.id),
        person=PersonId(row.person),
        level=IdentityLevel(row.level),
        method=Method(row.method),
        evidence=EvidenceKind(row.evidence),
        at=row.at,
        clerk=row.clerk,
    )
