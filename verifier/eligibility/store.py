"""Tables of checks, decisions, and rules put in force."""

from datetime import date

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, delete, select

from madang.core.encoding import strict_json
from madang.core.encoding.strict_json import Json
from madang.infra.outbox import OutboxRow, Registered, enqueue, registered
from verifier.eligibility.checking import decision_key
from verifier.eligibility.model import Check, Decided, Entered


class CheckRow(SQLModel, table=True):
    """One check.

    Attributes:
        day: governing day, YYYY-MM-DD.
        document: decision document as JSON; it holds the claims that decided, which is why the
            whole row goes at the end of its time.
        told: explanation per language as JSON.
    """

    __tablename__ = "eligibility_check"

    id: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    programme: str
    rule_digest: bytes
    day: str
    opened_at: int = Field(index=True)
    outcome: str | None = None
    document: str | None = None
    digest: bytes | None = None
    told: str | None = None
    decided_at: int | None = None


class RuleRow(SQLModel, table=True):
    """A version of a programme that was put in force, as it was read."""

    __tablename__ = "rule_in_force"

    tenant: str = Field(primary_key=True)
    digest: bytes = Field(primary_key=True)
    document: str


class SqlChecks:
    """Implements `Checks` in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, check: Check) -> None:
        """Keep a new check."""
        self._session.add(
            CheckRow(
                id=check.id,
                tenant=check.tenant,
                programme=check.programme,
                rule_digest=check.rule_digest,
                day=check.day.isoformat(),
                opened_at=check.opened_at,
            )
        )

    def find(self, tenant: str, check: str) -> tuple[Check, Decided | None] | None:
        """Return a check of the tenant and its decision; None if the tenant has no such check."""
        row = self._session.get(CheckRow, check)
        if row is None or row.tenant != tenant:
            return None
        day = date.fromisoformat(row.day)
        found = Check(row.id, tenant, row.programme, row.rule_digest, day, row.opened_at)
        return found, _decided(row)

    def decide(self, check: Check, decided: Decided) -> bool:
        """Keep the decision on a check; False if there is one already."""
        waiting = col(CheckRow.id) == check.id, col(CheckRow.decided_at).is_(None)
        changed = self._session.execute(
            update(CheckRow)
            .where(*waiting)
            .values(
                outcome=decided.outcome,
                digest=decided.digest,
                document=strict_json.dumps(decided.document),
                told=strict_json.dumps(dict(decided.told)),
                decided_at=decided.decided_at,
            )
        )
        return bool(getattr(changed, "rowcount", 0))

    def forget(self, *, opened_before: int) -> None:
        """Delete older checks, their decisions, and what would open their log entries."""
        old = select(CheckRow.id).where(col(CheckRow.opened_at) < opened_before)
        for check in self._session.exec(old).all():
            key = decision_key(check)
            self._session.execute(delete(OutboxRow).where(col(OutboxRow.key) == key))
            self._session.execute(delete(CheckRow).where(col(CheckRow.id) == check))

    def rule(self, tenant: str, digest: bytes) -> Json | None:
        """Return a rule that was put in force here, as it was read; None for another."""
        row = self._session.get(RuleRow, (tenant, digest))
        return None if row is None else strict_json.loads(row.document)

    def add_rule(self, tenant: str, digest: bytes, document: Json) -> None:
        """Keep a rule that is put in force."""
        self._session.add(
            RuleRow(tenant=tenant, digest=digest, document=strict_json.dumps(document))
        )

    def enter(self, tenant: str, thing: Registered, *, now: int) -> None:
        """Have a thing entered in the log."""
        enqueue(self._session, tenant, thing, now=now)

    def entered(self, tenant: str, key: str) -> Entered | None:
        """Return what is kept of an entry; None if there is none of this key."""
        row = self._session.get(OutboxRow, key)
        if row is None or row.tenant != tenant:
            return None
        thing = registered(row)
        return Entered(
            kind=thing.kind,
            issuer=thing.issuer,
            hour=row.hour,
            digest=thing.digest,
            salt=thing.salt,
            index=row.log_index,
        )


def _decided(row: CheckRow) -> Decided | None:
    if row.outcome is None or row.document is None or row.digest is None:
        return None
    told = strict_json.loads(row.told or "{}")
    return Decided(
        row.outcome, strict_json.loads(row.document), row.digest, told, row.decided_at or 0
    )
