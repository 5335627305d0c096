"""An issue that waits for a clerk, and what the counter asks of the issuer about it."""

from dataclasses import dataclass
from typing import Protocol

from counter.cases.model import OfferId, TypeId
from counter.cases.offices import Clerk


@dataclass(frozen=True, slots=True)
class Approval:
    """A wallet has asked for a certificate that a clerk has to approve.

    Attributes:
        id: the issuer's.
        offer: under which it was asked for; a case of this counter may know it.
        type: of the certificate.
        asked_at: epoch seconds.
    """

    id: str
    offer: OfferId
    type: TypeId
    asked_at: int


class ApprovalOffice(Protocol):
    """The issuer. Every call raises OfficeRefused or OfficeUnreachable."""

    async def waiting(self, clerk: Clerk) -> tuple[Approval, ...]:
        """Return what waits for a clerk, oldest first."""
        ...

    async def decide(self, clerk: Clerk, approval: str, *, approved: bool) -> None:
        """Approve or refuse."""
        ...
