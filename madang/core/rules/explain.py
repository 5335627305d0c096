"""Explains a decision in the reader's language: a row per condition, the same for everybody."""

from dataclasses import dataclass

from madang.core.rules.benefit import Award, award, benefit_parameters
from madang.core.rules.decision import Asked, Decision, Row, Standing, open_conditions
from madang.core.rules.errors import RuleError
from madang.core.rules.model import Basis, ConditionId, Reason, Truth
from madang.core.rules.resolve import ParameterUse
from madang.core.rules.texts import Text, Texts
from madang.core.rules.wording import fill, write


@dataclass(frozen=True, slots=True)
class ExplainedParameter:
    """A dated figure behind a condition: since when, who says it, and what is doubtful."""

    name: str
    value: str
    effective_from: str
    source: str
    basis: str
    unconfirmed: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """One condition in words.

    Attributes:
        result: the result; ``result_word`` says it in the reader's language.
        condition: what the law asks, with its figures on the governing day.
        shown: the claim as shown, or that it was proved without its value, or that it was not.
        credential: certificate type; ``credential_name`` is its name.
        issuer: who attested it; None when nothing was presented.
        status: how the certificate stands, in words.
        reason: why the result is unknown, in words; None when it is known.
        law: the place in the law, in words; ``source`` is where this project read it.
        unconfirmed: what has to be confirmed by an officer, in words; None when nothing has to.
        change: what would change the result; None when it stands in nobody's way.
    """

    id: ConditionId
    result: Truth
    result_word: str
    condition: str
    shown: str
    credential: str
    credential_name: str
    issuer: str | None
    status: str
    reason: str | None
    law: str
    source: str
    parameters: tuple[ExplainedParameter, ...]
    unconfirmed: str | None
    change: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The head of an explanation: programme, law, outcome, and what a yes brings.

    ``parameters`` are the dated figures of the benefit; those of a condition stand in its row.
    """

    title: str
    law: str
    outcome: Truth
    sentence: str
    benefit: str | None
    parameters: tuple[ExplainedParameter, ...]


def explain(decision: Decision, texts: Texts, language: str) -> tuple[ExplainedRow, ...]:
    """Return the rows of a decision in a language.

    Raises:
        RuleError: the texts do not have the language.
    """
    _require(texts, language)
    standings = {standing.alias: standing for standing in decision.credentials}
    still_open = open_conditions(decision)
    speaker = _Speaker(texts, language, decision)
    return tuple(
        speaker.row(
            row,
            standings[row.asked.condition.credential],
            in_the_way=row.asked.condition.id in still_open,
        )
        for row in decision.rows
    )


def summarize(decision: Decision, texts: Texts, language: str) -> Summary:
    """Return the head of an explanation; errors as of `explain`."""
    _require(texts, language)
    speaker = _Speaker(texts, language, decision)
    return Summary(
        title=texts.title[language],
        law=texts.law[language],
        outcome=decision.outcome,
        sentence=speaker.word(f"outcome_{decision.outcome}"),
        benefit=speaker.benefit(award(decision)),
        parameters=tuple(speaker.parameter(use) for use in benefit_parameters(decision)),
    )


def _require(texts: Texts, language: str) -> None:
    if language not in texts.languages:
        raise RuleError("language", f"one of {', '.join(texts.languages)}", repr(language))


@dataclass(frozen=True, slots=True)
class _Speaker:
    """The texts of one decision in one language."""

    texts: Texts
    language: str
    decision: Decision

    def word(self, key: str, **values: str) -> str:
        return fill(self.texts.words[key][self.language], values, self.language)

    def row(self, row: Row, standing: Standing, *, in_the_way: bool) -> ExplainedRow:
        asked, condition = row.asked, row.asked.condition
        return ExplainedRow(
            id=condition.id,
            result=row.result,
            result_word=self.word(f"result_{row.result}"),
            condition=self.sentence(self.texts.conditions[condition.text].condition, asked),
            shown=self.shown(row),
            credential=asked.type_id,
            credential_name=self.name(asked),
            issuer=standing.evidence.issuer if standing.evidence else None,
            status=self.word(f"status_{standing.refusal or 'valid'}"),
            reason=self.word(f"reason_{row.reason}") if row.reason else None,
            law=self.word("article", article=condition.law.article),
            source=condition.law.source,
            parameters=tuple(self.parameter(use) for use in asked.parameters),
            unconfirmed=self.word("unconfirmed") if asked.unconfirmed else None,
            change=self.change(row) if in_the_way else None,
        )

    def name(self, asked: Asked) -> str:
        return self.texts.credentials[asked.type_id][self.language]

    def sentence(self, text: Text, asked: Asked) -> str:
        values: dict[str, object] = {use.name: use.content for use in asked.parameters}
        values["governing_day"] = self.decision.day
        return fill(text[self.language], values, self.language)

    def shown(self, row: Row) -> str:
        if row.result is Truth.UNKNOWN:
            return self.word("not_shown")
        form = self.texts.conditions[row.asked.condition.text].form
        if row.value is None or form == "proof":
            return self.word("proved" if row.result is Truth.YES else "disproved")
        term = self.texts.terms.get(str(row.value)) if form == "term" else None
        return term[self.language] if term else write(row.value, form, self.language)

    def change(self, row: Row) -> str:
        condition = row.asked.condition
        if row.reason is None:
            return self.sentence(self.texts.conditions[condition.text].change, row.asked)
        if row.reason is Reason.MISSING:
            return self.sentence(self.texts.messages[condition.on_missing], row.asked)
        return self.word(f"change_{row.reason}", credential=self.name(row.asked))

    def parameter(self, use: ParameterUse) -> ExplainedParameter:
        note = self.texts.messages[use.dated.note] if use.dated.note else None
        basis: Basis = use.dated.basis
        return ExplainedParameter(
            name=use.name,
            value=str(use.content),
            effective_from=write(use.dated.effective_from, "date", self.language),
            source=use.dated.source,
            basis=self.word(f"basis_{basis.lower()}"),
            unconfirmed=basis.unconfirmed,
            note=note[self.language] if note else None,
        )

    def benefit(self, granted: Award | None) -> str | None:
        if granted is None or granted.amount is None:
            return None
        text = self.texts.messages[self.decision.rule.benefit.text]
        values = {"amount": granted.amount, "months": granted.months}
        return fill(text[self.language], values, self.language)
