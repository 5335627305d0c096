"""The decision document: what is logged (as a digest), kept, and recomputed by auditors.

It holds the claims that decided and nothing else of the certificates. Its digest goes into the log
under a salt that lies outside of it, so that the log entry says nothing about a person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from madang.core.encoding import base64url, canonical_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json
from madang.core.rules.benefit import award
from madang.core.rules.decision import Decision, Row, Standing
from madang.core.rules.errors import RuleError
from madang.core.rules.evaluate import claim_at, decide, is_absent
from madang.core.rules.model import CredentialAlias, CredentialEvidence, Operator, Reason, Rule
from madang.core.rules.operators import BROKEN, MAX_WHOLE, day_of, recordable, text
from madang.core.rules.parser import parse_rule

FORMAT = "madang-decision-1"
"""The ``format`` of the documents made here; a later form gets another word."""

_STATUSES = {"valid", "expired", "revoked", "suspended"}
_KINDS = {float: "fraction", dict: "object", list: "array", type(None): "null", str: "text"}
_EXAMPLES: dict[str, object] = {
    "fraction": 0.5,
    "object": {},
    "array": [],
    "null": None,
    "text": "\ud800",
    "number": MAX_WHOLE + 1,
    "path": BROKEN,
    "other": object(),
}
"""Per kind of unusable claim one that stands for it when an auditor decides again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which a document does not follow from a rule; ``place`` is a JSON path."""

    code: str
    place: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a decision document follows from a rule, and every reason why not."""

    failures: tuple[Failure, ...]

    @property
    def follows(self) -> bool:
        """Say whether the document is what the rule gives for its claims on its day."""
        return not self.failures


def digest(document: Json) -> bytes:
    """Return SHA-256 of the canonical form of a rule or a decision document: what is logged.

    Raises:
        EncodingError: it has no canonical form.
    """
    return canonical_json.digest(document)


def decision_document(decision: Decision) -> Json:
    """Return the document of a decision; it always has a canonical form."""
    rule, granted = decision.rule, award(decision)
    benefit = granted and {
        "amount_krw": granted.amount,
        "months": granted.months,
        "once": granted.once,
    }
    return {
        "format": FORMAT,
        "programme": rule.programme,
        "version": rule.version,
        "rule_digest": base64url.encode(rule.digest),
        "governing_day": rule.governing_day.value,
        "day": decision.day.isoformat(),
        "outcome": decision.outcome.value,
        "conditions": [_condition(row) for row in decision.rows],
        "credentials": [_credential(s) for s in decision.credentials if _presented(s)],
        "claims": list(_claims(decision)),
        "benefit": benefit,
    }


def recompute(document: Json, rule_json: Json) -> Verdict:
    """Say whether a decision document follows from a rule: decide again and compare every member.

    Neither argument is trusted, and nothing is raised: the verdict names what does not fit. The
    codes are ``rule_malformed``, ``document_malformed``, ``rule_digest``, ``not_in_force``,
    ``unreadable_evidence`` and ``differs``.
    """
    try:
        rule = parse_rule(rule_json)
    except RuleError as error:
        return _refuse("rule_malformed", error.place, str(error))
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return _refuse("document_malformed", "$.format", f"expected an object of format {FORMAT}")
    if document.get("rule_digest") != base64url.encode(rule.digest):
        detail = f"the document cites another rule than {rule.programme} {rule.version} as given"
        return _refuse("rule_digest", "$.rule_digest", detail)
    day = day_of(document.get("day"))
    if day is None:
        return _refuse("document_malformed", "$.day", "expected a date YYYY-MM-DD")
    return _decide_again(document, rule, day)


def _decide_again(document: dict[str, Json], rule: Rule, day: date) -> Verdict:
    try:
        evidence = _Evidence(rule, document).all()
        expected = decision_document(decide(rule, evidence, day=day))
    except RuleError as error:
        return _refuse("not_in_force", "$.day", str(error))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        detail = f"credentials or claims are not of the form of {FORMAT} ({type(error).__name__})"
        return _refuse("unreadable_evidence", "$.claims", detail)
    members = sorted({*expected, *document})
    differing = (
        m
        for m in members
        if (m in expected) is not (m in document) or not _same(expected[m], document[m])
    )
    return Verdict(tuple(_difference(member, expected) for member in differing))


def _difference(member: str, expected: Mapping[str, Json]) -> Failure:
    known = "what the rule gives for its claims" if member in expected else "a member not known"
    return Failure("differs", f"$.{member}", f"the document does not say {known}")


def _refuse(code: str, place: str, detail: str) -> Verdict:
    return Verdict((Failure(code, place, detail),))


def _same(one: Json, other: Json) -> bool:
    """Compare by canonical form: there, true is not 1 and a fraction is nothing at all."""
    try:
        return canonical_json.encode(one) == canonical_json.encode(other)
    except (EncodingError, RecursionError):
        return False


def _condition(row: Row) -> dict[str, Json]:
    found: dict[str, Json] = {"id": row.asked.condition.id, "result": row.result.value}
    return found if row.reason is None else {**found, "reason": row.reason.value}


def _presented(standing: Standing) -> bool:
    return standing.evidence is not None or standing.refusal is Reason.AMBIGUOUS


def _credential(standing: Standing) -> dict[str, Json]:
    found = standing.evidence
    if found is None:
        return {"alias": standing.alias, "type": standing.type_id, "status": Reason.AMBIGUOUS.value}
    return {
        "alias": standing.alias,
        "type": standing.type_id,
        "status": found.status if found.status in _STATUSES else "untrusted",
        "issuer": text(found.issuer),
        "issuer_digest": base64url.encode(found.issuer_digest),
    }


def _claims(decision: Decision) -> Iterator[dict[str, Json]]:
    """Yield each claim that a condition read, once, in the order of the conditions."""
    valid = {s.alias: s.evidence for s in decision.credentials if s.refusal is None}
    shown: dict[tuple[CredentialAlias, tuple[str, ...]], bool] = {}
    for row in decision.rows:
        condition = row.asked.condition
        key = (condition.credential, row.asked.path)
        shown[key] = shown.get(key, False) or condition.operator is not Operator.EXISTS
    for (alias, path), by_value in shown.items():
        found = valid.get(alias)
        if found is None:
            continue
        value = claim_at(found.claims, path)
        if not is_absent(value):
            form = _form(value, by_value=by_value)
            yield {"credential": alias, "path": list(path), **form}


def _form(value: object, *, by_value: bool) -> dict[str, Json]:
    """Return a claim as the document holds it: its value, that it is there, or why it is no use."""
    if value is BROKEN:
        return {"unusable": "path"}
    if value is not None and not by_value:
        return {"present": True}
    if recordable(value):
        return {"value": value}
    kind = "number" if isinstance(value, int) else _KINDS.get(type(value), "other")
    return {"unusable": kind}


class _Evidence:
    """Rebuilds from a document the evidence that was decided on."""

    def __init__(self, rule: Rule, document: Mapping[str, Json]) -> None:
        self._needs = {need.alias: need for need in rule.credentials}
        self._credentials: list[dict[str, Json]] = document["credentials"]
        self._claims: list[dict[str, Json]] = document["claims"]

    def all(self) -> list[CredentialEvidence]:
        """Return the evidence; raises KeyError, TypeError, AttributeError or ValueError."""
        return [item for entry in self._credentials for item in self._of(entry)]

    def _of(self, entry: dict[str, Json]) -> Iterator[CredentialEvidence]:
        need = self._needs[entry["alias"]]
        if entry["status"] == Reason.AMBIGUOUS.value:
            yield from [CredentialEvidence(need.type_id, "", "valid", {})] * 2
            return
        yield CredentialEvidence(
            type_id=need.type_id,
            issuer=entry["issuer"],
            status=entry["status"],
            claims=self._claims_of(entry["alias"]),
            issuer_digest=base64url.decode(entry["issuer_digest"]),
        )

    def _claims_of(self, alias: str) -> dict[str, object]:
        claims: dict[str, object] = {}
        for entry in self._claims:
            if entry["credential"] == alias:
                *parents, last = entry["path"]
                inner = claims
                for name in parents:
                    inner = inner.setdefault(name, {})  # type: ignore[assignment]  # no claim of a rule lies inside another
                inner[last] = _rebuilt(entry)
        return claims


def _rebuilt(entry: Mapping[str, Json]) -> object:
    if "value" in entry:
        return entry["value"]
    if "present" in entry:
        return True
    return _EXAMPLES[entry["unusable"]]
