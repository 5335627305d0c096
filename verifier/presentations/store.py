"""Table of presentations.

An answer comes once and is looked for by its id, so the table is read and written by statements on
it, one a step; what is fixed for the life of a presentation stands in one column.
"""

from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import Table, bindparam, insert, select, update
from sqlmodel import Field, Session, SQLModel

from madang.core.encoding import strict_json
from madang.core.trust.registry import Basis
from madang.infra import journal
from madang.infra.statements import Prepared, Row
from verifier.presentations.model import (
    NOT_JUDGED,
    USUAL,
    Answered,
    Expired,
    Judgement,
    Manner,
    Open,
    Presentation,
    PresentationId,
    Reason,
    Refused,
    Terms,
    Use,
)
from verifier.presentations.personal import without_values

_OPEN, _ANSWERED, _REFUSED = "open", "answered", "refused"


class PresentationRow(SQLModel, table=True):
    """One presentation; claims, and what names somebody, where they are forgotten alone.

    Attributes:
        terms: what is asked and how, as JSON, but for what is personal.
        personal: the members of it that name values or transactions, as JSON; they go with the
            result, or with the time to answer where there is none.
        phase: open, answered or refused; an open one whose time is over is expired.
        encryption_key: private JWK as JSON; None as soon as no answer is accepted any more.
        browser: SHA-256 of the token of the browser that opened its page.
        held: SHA-256 of the response code; empty when the result was given for it.
        result: for whoever asked.
        judged: what the last answer came to, as JSON.
        forget_at: epoch seconds when key, result and what is personal go; None when they are gone.
    """

    __tablename__ = "presentation_session"

    id: str = Field(primary_key=True)
    tenant: str
    use: str
    terms: str
    personal: str | None = None
    issued_at: int
    expires_at: int
    phase: str = Field(default=_OPEN)
    tries: int = 0
    encryption_key: str | None = None
    browser: bytes | None = None
    held: bytes | None = None
    result: str | None = None
    judged: str | None = None
    forget_at: int | None = Field(default=None, index=True)


_TABLE: Final[Table] = PresentationRow.__table__  # type: ignore[attr-defined]  # SQLModel's own
_BY_ID: Final = Prepared(select(_TABLE).where(_TABLE.c.id == bindparam("named")))
_ADD: Final = Prepared(insert(_TABLE))
_FORGET: Final = Prepared(
    update(_TABLE)
    .where(_TABLE.c.forget_at <= bindparam("now"))
    .values(encryption_key=None, result=None, personal=None, forget_at=None)
)


_HOLD: Final = Prepared(
    select(_TABLE.c.id).where(_TABLE.c.id == bindparam("named")).with_for_update()
)


def _next(*columns: str) -> Prepared:
    """Return what changes these columns of a presentation that is open."""
    waiting = (_TABLE.c.id == bindparam("named")) & (_TABLE.c.phase == _OPEN)
    changed: dict[str, Any] = {name: bindparam(f"to_{name}") for name in columns}
    return Prepared(update(_TABLE).where(waiting).values(changed))


_CLOSED: Final = ("judged", "phase", "encryption_key")
_KEEP: Final = {
    Open: _next("judged", "tries"),
    Answered: _next(*_CLOSED, "forget_at", "result", "held"),
    Refused: _next(*_CLOSED),
}


class SqlPresentations:
    """Implements `Presentations` in the caller's transaction.

    Args:
        session: the transaction.
        result_seconds: how long a result is kept after the time to answer.
    """

    def __init__(self, session: Session, result_seconds: int) -> None:
        self._session = session
        self._result_seconds = result_seconds

    def find(self, tenant: str, presentation: str, *, now: int) -> Presentation | None:
        """Return a presentation of the tenant; None if the tenant has none of this id."""
        found = _BY_ID.first(self._session, {"named": presentation})
        if found is None or found.tenant != tenant:
            return None
        return _presentation(found, now)

    def hold(self, presentation: str) -> None:
        """Let nobody else change a presentation until the transaction ends."""
        _HOLD.first(self._session, {"named": presentation})

    def add(self, presentation: Open) -> None:
        """Keep a new presentation."""
        terms = presentation.terms
        text, personal = _terms_texts(terms)
        row = {
            "id": terms.id,
            "tenant": terms.tenant,
            "use": terms.use.value,
            "terms": text,
            "personal": personal,
            "issued_at": terms.issued_at,
            "expires_at": terms.expires_at,
            "phase": _OPEN,
            "tries": 0,
            "encryption_key": strict_json.dumps(dict(presentation.key)),
            "forget_at": terms.expires_at,
        }
        _ADD.run(self._session, row)

    def forget(self, *, now: int) -> None:
        """Delete keys, results and what is personal of requests, where their time is over."""
        _FORGET.run(self._session, {"now": now})

    def keep(self, presentation: Open | Answered | Refused) -> bool:
        """Keep the next state of an open presentation; False if it is not open any more."""
        row: dict[str, Any] = {"judged": _judged_text(presentation.judged)}
        terms = presentation.terms
        if isinstance(presentation, Open):
            row |= {"tries": presentation.tries}
        elif isinstance(presentation, Answered):
            row |= {"phase": _ANSWERED, "result": presentation.result, "held": presentation.held}
            row |= {"forget_at": terms.expires_at + self._result_seconds, "encryption_key": None}
        else:
            row |= {"phase": _REFUSED, "encryption_key": None}
        named = {"named": terms.id} | {f"to_{name}": value for name, value in row.items()}
        return _KEEP[type(presentation)].run(self._session, named) == 1

    def bind(self, presentation: Open, browser: bytes) -> bool:
        """Let only this browser have the answer; False if another came first."""
        free = (_TABLE.c.id == presentation.terms.id) & _TABLE.c.browser.is_(None)
        return self._changed(update(_TABLE).where(free).values(browser=browser))

    def release(self, answered: Answered, *, given: bytes | None) -> bool:
        """Take the response code away, and with `GIVEN` the result; False if it is gone already.

        Args:
            answered: with the hash that is held.
            given: None to leave the result for whoever asked, `GIVEN` for one that was given.
        """
        held = (_TABLE.c.id == answered.terms.id) & (_TABLE.c.held == answered.held)
        row: dict[str, Any] = {"held": given}
        if given is not None:
            row |= {"result": None, "personal": None, "forget_at": None}
        return self._changed(update(_TABLE).where(held).values(**row))

    def note(self, tenant: str, code: str, *, now: int, reference: str, actor: str | None) -> None:
        """Write a line in the journal."""
        journal.record(self._session, tenant, code, at=now, reference=reference, actor=actor)

    def _changed(self, statement: Any) -> bool:  # noqa: ANN401 - an update of the table
        result: Any = self._session.execute(statement)
        return bool(result.rowcount == 1)


def _presentation(row: Row, now: int) -> Presentation:
    over = row.forget_at is not None and row.forget_at <= now
    terms, judged = _terms(row, None if over else row.personal), _judged(row.judged)
    if row.phase == _ANSWERED:
        return Answered(terms, None if over else row.result, row.held, judged, row.browser)
    if row.phase == _REFUSED:
        return Refused(terms, judged)
    if now >= row.expires_at or row.encryption_key is None:
        return Expired(terms, judged)
    return Open(terms, strict_json.loads(row.encryption_key), row.tries, judged, row.browser)


_COLUMNS: Final = ("id", "tenant", "use", "issued_at", "expires_at")
_IN_TEXT: Final = tuple(each.name for each in fields(Terms) if each.name not in _COLUMNS)
_OF_MANNER: Final = tuple(each.name for each in fields(Manner))
_DATA: Final = "transaction_data"


def _terms_texts(terms: Terms) -> tuple[str, str | None]:
    """Return what has no column, and what of it is personal; the usual manner is left out."""
    found = {name: getattr(terms, name) for name in _IN_TEXT}
    manner = found.pop("manner")
    if manner != USUAL:
        found["manner"] = {name: getattr(manner, name) for name in _OF_MANNER}
    personal: dict[str, Any] = {}
    if manner.transaction_data:
        personal["manner"], found["manner"] = found["manner"], {**found["manner"], _DATA: ()}
    query = without_values(terms.query)
    if query != terms.query:
        personal["query"], found["query"] = terms.query, query
    return strict_json.dumps(found), strict_json.dumps(personal) if personal else None


def _terms(row: Row, personal: str | None) -> Terms:
    read = strict_json.loads(row.terms)
    if personal is not None:
        read |= strict_json.loads(personal)
    manner = read.pop("manner", None)
    return Terms(
        id=PresentationId(row.id),
        tenant=row.tenant,
        use=Use(row.use),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        manner=USUAL if manner is None else _manner(manner),
        **read,
    )


def _manner(read: dict[str, Any]) -> Manner:
    return Manner(**{**read, _DATA: tuple(read[_DATA])})


def _judged_text(judged: Judgement) -> str | None:
    if judged == NOT_JUDGED:
        return None
    basis = judged.basis
    return strict_json.dumps(
        {
            "reasons": [asdict(reason) for reason in judged.reasons],
            "status_as_of": judged.status_as_of,
            "basis": None if basis is None else {name: getattr(basis, name) for name in _OF_BASIS},
        }
    )


_OF_BASIS: Final = tuple(each.name for each in fields(Basis))


def _judged(text: str | None) -> Judgement:
    if text is None:
        return NOT_JUDGED
    read = strict_json.loads(text)
    basis = read["basis"]
    return Judgement(
        tuple(Reason(**reason) for reason in read["reasons"]),
        read["status_as_of"],
        None if basis is None else Basis(**basis),
    )
