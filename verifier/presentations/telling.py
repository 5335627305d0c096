"""How a presentation is told to whoever asked."""

from typing import Final

from madang.core.protocol.oid4vp.verdict import Step
from madang.core.trust.registry import Basis
from verifier.presentations.model import Answered, Open, Presentation, Refused

_CLAUSES: Final = (
    "OpenID4VP 1.0 section 8.2",
    "OpenID4VP 1.0 section 5.3",
    "OpenID4VP 1.0 section 8.1",
    "HAIP 1.0 section 6.1.1",
    "RFC 9901 section 7.1, ISO/IEC 18013-5 section 9.3.1",
    "OpenID4VP 1.0 appendices B.2.6 and B.3.6",
    "OpenID4VP 1.0 section 8.4",
    "OpenID4VP 1.0 section 14.1",
    "OpenID4VP 1.0 section 8.6",
    "Token Status List section 8.3",
)
"""What each step comes from: the reading, then the steps by number."""


def state_of(presentation: Presentation) -> str:
    """Return the word for a state.

    An answer that has to come back to the browser of the request's page is `returning` until then.
    """
    if isinstance(presentation, Open):
        return "open"
    if isinstance(presentation, Answered):
        waits = presentation.held and not presentation.terms.manner.return_to
        return "returning" if waits else "answered"
    return "refused" if isinstance(presentation, Refused) else "expired"


def told_to_holder(presentation: Presentation) -> tuple[str, ...]:
    """Return what the one who is asked learns of a refused answer: that it was, and never why."""
    return ("refused",) if presentation.judged.codes else ()


def result_of(presentation: Presentation) -> str | None:
    """Return the result; None while it is held for a browser, or when there is none."""
    if not isinstance(presentation, Answered) or presentation.held is not None:
        return None
    return presentation.result


def state_body(presentation: Presentation) -> dict[str, object]:
    """Return a presentation's state with every failure's code, and what it was judged by."""
    judged = presentation.judged
    accepted = isinstance(presentation, Answered)
    return {
        "state": state_of(presentation),
        "failures": [] if accepted else list(judged.codes),
        "result": result_of(presentation),
        "status_as_of": judged.status_as_of,
        "accreditations": None if judged.basis is None else _basis_body(judged.basis),
    }


def steps_body(presentation: Presentation) -> list[dict[str, object]]:
    """Return the verification of the last answer, step by step, with every reason of its own.

    A step is `passed`, `failed`, or `open` where no answer has come as far. Step 0 is the reading.
    """
    judged = presentation.judged
    looked = isinstance(presentation, Answered) or any(each.step for each in judged.reasons)
    failed = {each.step for each in judged.reasons}
    unread = [each for each in judged.reasons if each.step is None]
    body: list[dict[str, object]] = []
    if unread:
        body.append(_step(0, "reading", "failed"))
    for step in Step:
        outcome = "failed" if step in failed else "passed" if looked else "open"
        body.append(_step(step.value, step.name.lower(), outcome))
    return body


def _step(number: int, name: str, outcome: str) -> dict[str, object]:
    return {"step": number, "name": name, "clause": _CLAUSES[number], "outcome": outcome}


def reasons_body(presentation: Presentation) -> list[dict[str, object]]:
    """Return every reason of the last refusal: step, code, clause, detail, credential query."""
    if isinstance(presentation, Answered):
        return []
    return [
        {
            "step": each.step or 0,
            "code": each.code,
            "clause": each.clause,
            "detail": each.detail,
            "credential": each.credential,
        }
        for each in presentation.judged.reasons
    ]


def _basis_body(basis: Basis) -> dict[str, object]:
    return {"version": basis.version, "block": basis.block, "as_of": basis.time}
