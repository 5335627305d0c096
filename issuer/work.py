"""What one use case works with besides its stores: whose, when, by whom, chance, the journal."""

from collections.abc import Callable
from dataclasses import dataclass

from madang.infra.ids import Ids
from madang.infra.tenancy import TenantId

Note = Callable[[str, str | None], None]
"""Adds a line to the journal in the same transaction: fixed code, opaque reference."""


@dataclass(frozen=True, slots=True)
class Work:
    """One use case of one municipality, which is one transaction.

    Attributes:
        tenant: the municipality.
        issuer: its identifier as an issuer.
        now: epoch seconds.
        ids: draws chance.
        note: adds a line to the journal.
        actor: pseudonym of the member of staff who acts; empty for wallets.
    """

    tenant: TenantId
    issuer: str
    now: int
    ids: Ids
    note: Note
    actor: str = ""
