"""The texts of a programme in every official language, and whether they fit its rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from madang.core.encoding.strict_json import Json
from madang.core.rules.errors import RuleError
from madang.core.rules.model import Condition, Reason, Rule, TextId, Truth
from madang.core.rules.reader import Section, shown
from madang.core.rules.resolve import conditions_of, references_of
from madang.core.rules.wording import FORMS, places

LANGUAGES = ("ko", "en", "ja")
"""The official languages: a text that lacks one of them is an error."""

Text = Mapping[str, str]
"""One sentence per language."""

WORDS = (
    *(f"result_{truth}" for truth in Truth),
    *(f"outcome_{truth}" for truth in Truth),
    "status_valid",
    *(f"status_{reason}" for reason in Reason if reason is not Reason.WRONG_TYPE),
    *(f"reason_{reason}" for reason in Reason),
    *(f"change_{reason}" for reason in Reason if reason is not Reason.MISSING),
    "proved",
    "disproved",
    "not_shown",
    "article",
    "unconfirmed",
    "basis_p",
    "basis_b",
    "basis_r",
    "basis_m",
)
"""The words that every explanation uses, whatever the programme."""

_PLACES_OF_WORDS = {"article": {"article"}, **{f"change_{r}": {"credential"} for r in Reason}}


@dataclass(frozen=True, slots=True)
class ConditionText:
    """The texts of a condition.

    Attributes:
        form: how the claim is written (`wording.FORMS`).
        condition: what the law asks.
        change: what would have to be so for another result.
    """

    form: str
    condition: Text
    change: Text


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one programme; what is looked up by an id is there for sure after `check`."""

    languages: tuple[str, ...]
    title: Text
    law: Text
    words: Mapping[str, Text]
    credentials: Mapping[str, Text]
    terms: Mapping[str, Text]
    conditions: Mapping[TextId, ConditionText]
    messages: Mapping[TextId, Text]


def parse_texts(value: Json) -> Texts:
    """Return the texts of a parsed JSON document.

    Raises:
        RuleError: an unknown or missing key, a language that is missing, or a malformed place.
    """
    section = Section.of(value)
    section.only(
        ("languages", "title", "law", "words", "credentials", "terms", "conditions", "messages")
    )
    languages = _languages(section)
    words = section.child("words")
    words.only(WORDS)
    return Texts(
        languages=languages,
        title=_text(section, "title", languages),
        law=_text(section, "law", languages),
        words={word: _text(words, word, languages) for word in WORDS},
        credentials=_texts(section, "credentials", languages),
        terms=_texts(section, "terms", languages),
        conditions={
            TextId(key): _condition(parent.child(key), languages)
            for key, parent in section.named("conditions")
        },
        messages={TextId(k): v for k, v in _texts(section, "messages", languages).items()},
    )


def check(rule: Rule, texts: Texts) -> None:
    """Check that a rule finds every text that it names, and that their places can be filled.

    Raises:
        RuleError: a text or the name of a certificate is missing, or a place has no value.
    """
    for need in rule.credentials:
        _require(need.type_id in texts.credentials, f"$.credentials.{need.type_id}")
    for condition in conditions_of(rule.conditions):
        _check_condition(condition, texts)
    notes = {entry.note for values in rule.parameters.values() for entry in values}
    for note in notes - {None}:
        _require(note in texts.messages, f"$.messages.{note}")
    _require(rule.benefit.text in texts.messages, f"$.messages.{rule.benefit.text}")
    amounts = {"amount", "months"}
    _check_places(texts.messages[rule.benefit.text], f"$.messages.{rule.benefit.text}", amounts)
    for word in WORDS:
        _check_places(texts.words[word], f"$.words.{word}", _PLACES_OF_WORDS.get(word, set()))


def _check_condition(condition: Condition, texts: Texts) -> None:
    place = f"$.conditions.{condition.text}"
    _require(condition.text in texts.conditions, place)
    _require(condition.on_missing in texts.messages, f"$.messages.{condition.on_missing}")
    names = {*references_of(condition), "governing_day"}
    wording = texts.conditions[condition.text]
    _check_places(wording.condition, f"{place}.condition", names)
    _check_places(wording.change, f"{place}.change", names)
    _check_places(texts.messages[condition.on_missing], f"$.messages.{condition.on_missing}", names)
    if condition.predicate and wording.form != "proof":
        raise RuleError(f"{place}.shown", "proof, since the claim is true or false", wording.form)


def _check_places(text: Text, where: str, allowed: set[str]) -> None:
    for language, name in _names(text):
        if name not in allowed:
            expected = f"one of {', '.join(sorted(allowed)) or 'no places'}"
            raise RuleError(f"{where}.{language}", expected, f"{{{name}}}")


def _names(text: Text) -> Iterator[tuple[str, str]]:
    for language, template in text.items():
        for name, _form in places(template):
            yield language, name


def _require(there: bool, place: str) -> None:  # noqa: FBT001 - a guard reads best with its test
    if not there:
        raise RuleError(place, "a text", "nothing")


def _languages(section: Section) -> tuple[str, ...]:
    given = section.list("languages")
    if not all(isinstance(tag, str) for tag in given) or len(set(given)) != len(given):
        raise section.error("languages", "different language tags")
    for tag in LANGUAGES:
        if tag not in given:
            raise RuleError("$.languages", f"{', '.join(LANGUAGES)} and maybe others", shown(given))
    return tuple(given)


def _texts(section: Section, key: str, languages: tuple[str, ...]) -> dict[str, Text]:
    return {name: _text(parent, name, languages) for name, parent in section.named(key)}


def _text(section: Section, key: str, languages: tuple[str, ...]) -> Text:
    child = section.child(key)
    child.only(languages)
    text = {language: child.text(language) for language in languages}
    for language, template in text.items():
        try:
            places(template)
        except ValueError as error:
            raise RuleError(child.at(language), "places such as {name:krw}", str(error)) from error
    return text


def _condition(section: Section, languages: tuple[str, ...]) -> ConditionText:
    section.only(("shown", "condition", "change"))
    return ConditionText(
        form=section.choice("shown", str, FORMS),
        condition=_text(section, "condition", languages),
        change=_text(section, "change", languages),
    )
