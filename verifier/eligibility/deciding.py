"""Deciding on an accepted answer, in the transaction that accepts it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import TypeId
from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.merkle.entry import EntryKind
from madang.core.rules.decision import Decision
from madang.core.rules.document import decision_document, digest
from madang.core.rules.evaluate import decide
from madang.core.rules.explain import explain, summarize
from madang.core.rules.model import CredentialEvidence
from madang.core.rules.parser import parse_rule
from madang.core.rules.texts import Texts
from madang.infra.catalogue import Catalogue
from madang.infra.ids import Ids
from madang.infra.outbox import Registered
from madang.infra.tenancy import Addresses
from verifier.eligibility.checking import SALT_BYTES, Checks, UnknownCheckError, decision_key
from verifier.eligibility.model import Decided
from verifier.presentations.model import Checked, Proved, Terms


@dataclass(frozen=True, slots=True)
class Deciding:
    """Decides by the rule that the check was begun with; implements `Conclusion`."""

    checks: Checks
    catalogue: Catalogue
    addresses: Addresses
    ids: Ids

    def accept(self, terms: Terms, checked: Checked, *, now: int) -> None:
        """Decide, keep the document and its words, and have its digest entered in the log.

        A certificate that has lapsed goes to the rule with that status and without claims: it
        is a reason in its row and never counts.

        Raises:
            UnknownCheckError: the check or its rule is not kept any more.
        """
        found = self.checks.find(terms.tenant, terms.id)
        document = found and self.checks.rule(terms.tenant, found[0].rule_digest)
        if found is None or document is None:
            raise UnknownCheckError(terms.id)
        check, _ = found
        evidence = [self._evidence(each) for each in checked.credentials]
        decision = decide(parse_rule(document), evidence, day=check.day)
        texts = self.catalogue.programmes[check.programme].texts
        decided = _decided(decision, _status_times(decision, checked), texts, now)
        if not self.checks.decide(check, decided):
            return  # another answer came first, as whoever closes the presentation will see
        issuer = self.addresses.identifier(terms.tenant, "verifier")
        salt, key = self.ids.bytes(SALT_BYTES), decision_key(check.id)
        thing = Registered(key, EntryKind.DECISION, issuer, decided.digest, salt)
        self.checks.enter(terms.tenant, thing, now=now)

    def _evidence(self, proved: Proved) -> CredentialEvidence:
        return CredentialEvidence(
            type_id=proved.type_id,
            issuer=proved.issuer,
            status=proved.standing.value,
            claims=self._claims(proved),
            issuer_digest=proved.issuer_digest,
        )

    def _claims(self, proved: Proved) -> Mapping[str, object]:
        """Return the claims as the type has them: a rule reads both formats alike."""
        kind = self.catalogue.types.get(TypeId(proved.type_id))
        if proved.format != MSO_MDOC or kind is None:
            return proved.claims
        return mdoc.released(self.catalogue.domain, kind, proved.claims)


def _status_times(decision: Decision, checked: Checked) -> list[int | None]:
    """Return row by row from when a status is that could not be heard of again in time."""
    heard = {proved.issuer_digest: proved.status_as_of for proved in checked.credentials}
    evidence = {each.alias: each.evidence for each in decision.credentials}
    shown = [evidence[row.asked.condition.credential] for row in decision.rows]
    return [None if each is None else heard[each.issuer_digest] for each in shown]


def _decided(
    decision: Decision, status_times: Sequence[int | None], texts: Texts, now: int
) -> Decided:
    document = decision_document(decision)
    told = {
        language: _told(decision, status_times, texts, language) for language in texts.languages
    }
    return Decided(decision.outcome.value, document, digest(document), told, now)


def _told(
    decision: Decision, status_times: Sequence[int | None], texts: Texts, language: str
) -> Json:
    explained = zip(explain(decision, texts, language), status_times, strict=True)
    rows = [{**asdict(row), "status_as_of": as_of} for row, as_of in explained]
    return {"summary": asdict(summarize(decision, texts, language)), "rows": rows}
