"""How the ledger node tells its errors."""

from ledger_node.audit.comparing import BusyError
from ledger_node.audit.usecases import UnreadableLogError
from ledger_node.evidence.usecases import EvidenceUnavailableError
from ledger_node.publisher.model import (
    AppendError,
    ForeignOfficeError,
    KeyConflictError,
    LogDamagedError,
)
from madang.access import errors as access_errors
from madang.core.merkle.entry import EntryError
from madang.infra.web.errors import Refusal, Table

TABLE: Table = {
    **access_errors.TABLE,
    KeyConflictError: lambda _: Refusal(
        409, "key_conflict", "log.key_conflict", "this key was used before for another entry"
    ),
    LogDamagedError: lambda _: Refusal(
        503, "log_held", "log.held", "this log takes nothing until somebody has looked at it"
    ),
    AppendError: lambda error: Refusal(400, "invalid_entries", "log.invalid_entries", str(error)),
    EntryError: lambda error: Refusal(400, "invalid_entries", "log.invalid_entries", str(error)),
    UnreadableLogError: lambda _: Refusal(503, "log_unreadable", "log.unreadable"),
    BusyError: lambda _: Refusal(503, "export_busy", headers={"retry-after": "60"}),
    ForeignOfficeError: lambda _: Refusal(
        403, "foreign_office", "log.foreign_office", "an office appends in its own name only"
    ),
    EvidenceUnavailableError: lambda error: Refusal(
        503, "evidence_unavailable", detail=str(error), headers={"retry-after": "5"}
    ),
}
"""Error type to answer, for the whole service."""
