"""Table of the questions that agencies keep."""

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from madang.core.encoding import strict_json
from verifier.requests.model import Question


class QuestionRow(SQLModel, table=True):
    """One question; see `Question`.

    Attributes:
        draft: as JSON.
    """

    __tablename__ = "agency_question"

    id: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    name: str
    draft: str
    changed_at: int


class SqlQuestions:
    """Implements `Questions` in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, question: Question) -> None:
        """Keep a question as it is now."""
        self._session.merge(
            QuestionRow(
                id=question.id,
                tenant=question.tenant,
                name=question.name,
                draft=strict_json.dumps(question.draft),
                changed_at=question.changed_at,
            )
        )

    def find(self, tenant: str, question: str) -> Question | None:
        """Return a question of the tenant; None if it has none of this id."""
        row = self._session.get(QuestionRow, question)
        return None if row is None or row.tenant != tenant else _question(row)

    def all(self, tenant: str) -> tuple[Question, ...]:
        """Return the questions of a tenant, the newest first."""
        mine = select(QuestionRow).where(QuestionRow.tenant == tenant)
        newest = mine.order_by(col(QuestionRow.changed_at).desc(), col(QuestionRow.id))
        return tuple(map(_question, self._session.exec(newest)))

    def remove(self, tenant: str, question: str) -> None:
        """Forget a question of the tenant."""
        mine = (col(QuestionRow.tenant) == tenant) & (col(QuestionRow.id) == question)
        self._session.execute(delete(QuestionRow).where(mine))


def _question(row: QuestionRow) -> Question:
    return Question(row.id, row.tenant, row.name, strict_json.loads(row.draft), row.changed_at)
