"""Questions that agencies keep."""

from typing import Protocol

from verifier.requests.model import Question


class UnknownQuestionError(LookupError):
    """The tenant has no such question."""


class Questions(Protocol):
    """Questions in one transaction."""

    def keep(self, question: Question) -> None:
        """Keep a question as it is now."""
        ...

    def find(self, tenant: str, question: str) -> Question | None:
        """Return a question of the tenant; None if it has none of this id."""
        ...

    def all(self, tenant: str) -> tuple[Question, ...]:
        """Return the questions of a tenant, the newest first."""
        ...

    def remove(self, tenant: str, question: str) -> None:
        """Forget a question of the tenant."""
        ...


def known(questions: Questions, tenant: str, question: str) -> Question:
    """Return a question; UnknownQuestionError if the tenant has none of this id."""
    found = questions.find(tenant, question)
    if found is None:
        raise UnknownQuestionError(question)
    return found
