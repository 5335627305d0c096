"""The journal: refusals and staff actions, by fixed codes, without personal data."""

import re

from sqlalchemy import insert
from sqlmodel import Field, Session, SQLModel, select

from madang.infra.statements import Prepared

_CODE = re.compile(r"[a-z][a-z0-9_.]{2,63}")
_REFERENCE = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class JournalEntry(SQLModel, table=True):
    """One line of the journal.

    Attributes:
        code: fixed word for what happened.
        actor: pseudonym of the member of staff or the service that acted, if any.
        reference: opaque id of the thing, never a name, number or date of a person.
    """

    __tablename__ = "journal"

    id: int | None = Field(default=None, primary_key=True)
    tenant: str = Field(index=True)
    at: int
    code: str = Field(index=True)
    actor: str | None = None
    reference: str | None = None


_ENTER = Prepared(insert(JournalEntry))


def record(
    session: Session,
    tenant: str,
    code: str,
    *,
    at: int,
    actor: str | None = None,
    reference: str | None = None,
) -> None:
    """Add a line in the caller's transaction.

    Args:
        session: open transaction.
        tenant: whose journal.
        code: lower case words joined by "_" or ".".
        at: epoch seconds.
        actor: pseudonym.
        reference: opaque id.

    Raises:
        ValueError: a code or reference that could hold free text.
    """
    if not _CODE.fullmatch(code):
        raise ValueError(f"journal code {code!r}: words of a-z, 0-9, '_' and '.' were expected")
    for value in (actor, reference):
        if value is not None and not _REFERENCE.fullmatch(value):
            raise ValueError("a journal reference is an opaque id of letters, digits and . _ : -")
    row = {"tenant": tenant, "at": at, "code": code, "actor": actor, "reference": reference}
    _ENTER.run(session, row)


def entries(session: Session, tenant: str) -> list[JournalEntry]:
    """Return a tenant's journal, oldest first."""
    found = select(JournalEntry).where(JournalEntry.tenant == tenant)
    return list(session.exec(found.order_by(JournalEntry.id)))  # type: ignore[arg-type]
