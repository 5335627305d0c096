"""The office's rows for an auditor: what it says about each of its log entries."""

from collections.abc import Iterator

from sqlmodel import Session

from madang.core.encoding import strict_json
from madang.infra import outbox


def export_lines(session: Session, tenant: str) -> Iterator[str]:
    """Yield one JSON object a line: kind, digest, salt, index, reference.

    The reference is the opaque id of the credential's record, or of a status list's publication;
    nothing in a line is about a person.
    """
    for row in outbox.export_rows(session, tenant):
        yield strict_json.dumps(row) + "\n"
