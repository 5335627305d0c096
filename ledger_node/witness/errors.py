"""How a witness tells its errors; nothing of them goes into the journal: anybody may try."""

from ledger_node.witness.model import NotSignedError, UnknownLogError
from madang.core.merkle.note import NoteError
from madang.infra.web.errors import Refusal, Table

TABLE: Table = {
    NoteError: lambda error: Refusal(400, "invalid_request", detail=str(error)),
    UnknownLogError: lambda _: Refusal(
        404, "unknown_log", detail="this witness does not watch a log of this origin"
    ),
    NotSignedError: lambda _: Refusal(
        403, "not_signed", detail="no key known of this log has signed the checkpoint"
    ),
}
"""Error type to answer, for the whole service."""
