"""Table of presentations."""

from dataclasses import asdict

from sqlalchemy import delete, update
from sqlmodel import Field, Session, SQLModel, col

from madang.core.encoding import strict_json
from madang.core.trust.registry import Basis
from madang.infra import journal
from verifier.presentations.model import (
    Answered,
    Expired,
    Open,
    Presentation,
    PresentationId,
    Refused,
    Terms,
    Use,
)

_OPEN, _ANSWERED, _REFUSED = "open", "answered", "refused"


class PresentationRow(SQLModel, table=True):
    """One presentation; never any claim.

    Attributes:
        query: DCQL query as JSON.
        encryption_key: private JWK as JSON; None as soon as no answer is accepted any more.
        phase: open, answered or refused; an open one whose time is over is expired.
        failures: codes, separated by spaces.
        result: presentation result for the audience.
    """

    __tablename__ = "presentation"

    id: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    use: str
    purpose: str
    audience: str
    query: str
    client_id: str
    nonce: str
    state: str
    issued_at: int
    expires_at: int = Field(index=True)
    encryption_key: str | None
    phase: str = Field(default=_OPEN)
    tries: int = 0
    failures: str = ""
    result: str | None = None


class StatusTimeRow(SQLModel, table=True):
    """When the oldest status of a presentation's last answer was heard of, if out of its time."""

    __tablename__ = "presentation_status_time"

    id: str = Field(primary_key=True)
    as_of: int


class BasisRow(SQLModel, table=True):
    """The state of the accreditations that a presentation's last answer was judged by."""

    __tablename__ = "presentation_basis"

    id: str = Field(primary_key=True)
    version: int
    block: int
    block_hash: str
    time: int


class SqlPresentations:
    """Implements `Presentations` in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, tenant: str, presentation: str, *, now: int) -> Presentation | None:
        """Return a presentation of the tenant; None if the tenant has none of this id."""
        row = self._session.get(PresentationRow, presentation)
        if row is None or row.tenant != tenant:
            return None
        time = self._session.get(StatusTimeRow, presentation)
        as_of = None if time is None else time.as_of
        terms, failures = _terms(row), tuple(row.failures.split())
        basis = self._basis(presentation)
        if row.phase == _ANSWERED:
            return Answered(terms, row.result, as_of, basis)
        if row.phase == _REFUSED:
            return Refused(terms, failures, as_of, basis)
        if now >= row.expires_at or row.encryption_key is None:
            return Expired(terms, failures, as_of, basis)
        key = strict_json.loads(row.encryption_key)
        return Open(terms, key, row.tries, failures, as_of, basis)

    def _basis(self, presentation: str) -> Basis | None:
        row = self._session.get(BasisRow, presentation)
        return None if row is None else Basis(row.version, row.block, row.block_hash, row.time)

    def forget(self, *, keys_until: int, results_until: int) -> None:
        """Delete keys and results of presentations whose time was over at these times."""
        for column, until in (
            (col(PresentationRow.encryption_key), keys_until),
            (col(PresentationRow.result), results_until),
        ):
            over = col(PresentationRow.expires_at) <= until
            self._session.execute(
                update(PresentationRow).where(over, column.is_not(None)).values({column: None})
            )

    def add(self, presentation: Open) -> None:
        """Keep a new presentation."""
        terms = presentation.terms
        self._session.add(
            PresentationRow(
                id=terms.id,
                tenant=terms.tenant,
                use=terms.use.value,
                purpose=terms.purpose,
                audience=terms.audience,
                query=strict_json.dumps(terms.query),
                client_id=terms.client_id,
                nonce=terms.nonce,
                state=terms.state,
                issued_at=terms.issued_at,
                expires_at=terms.expires_at,
                encryption_key=strict_json.dumps(dict(presentation.key)),
            )
        )

    def keep(self, presentation: Presentation) -> None:
        """Keep another state; the key goes with the open one."""
        row = self._session.get_one(PresentationRow, presentation.terms.id)
        self._keep_time(presentation)
        self._keep_basis(presentation)
        match presentation:
            case Open(tries=tries, failures=failures):
                row.tries, row.failures = tries, " ".join(failures)
                return
            case Answered(result=result):
                row.phase, row.result, row.failures = _ANSWERED, result, ""
            case Refused(failures=failures):
                row.phase, row.failures = _REFUSED, " ".join(failures)
            case Expired():
                pass
        row.encryption_key = None

    def _keep_time(self, presentation: Presentation) -> None:
        id_, as_of = presentation.terms.id, presentation.status_as_of
        if as_of is None:
            self._session.execute(delete(StatusTimeRow).where(col(StatusTimeRow.id) == id_))
        else:
            self._session.merge(StatusTimeRow(id=id_, as_of=as_of))

    def _keep_basis(self, presentation: Presentation) -> None:
        id_, basis = presentation.terms.id, presentation.basis
        if basis is None:
            self._session.execute(delete(BasisRow).where(col(BasisRow.id) == id_))
        else:
            self._session.merge(BasisRow(id=id_, **asdict(basis)))

    def note(self, tenant: str, code: str, *, now: int, reference: str, actor: str | None) -> None:
        """Write a line in the journal."""
        journal.record(self._session, tenant, code, at=now, reference=reference, actor=actor)


def _terms(row: PresentationRow) -> Terms:
    return Terms(
        id=PresentationId(row.id),
        tenant=row.tenant,
        use=Use(row.use),
        purpose=row.purpose,
        audience=row.audience,
        query=strict_json.loads(row.query),
        client_id=row.client_id,
        nonce=row.nonce,
        state=row.state,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )
