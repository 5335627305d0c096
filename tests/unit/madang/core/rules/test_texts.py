import copy
from typing import Any

import pytest

from madang.core.encoding.strict_json import Json
from madang.core.rules.errors import RuleError
from madang.core.rules.parser import parse_rule
from madang.core.rules.texts import LANGUAGES, WORDS, check, parse_texts


def changed(texts: Json, place: str, value: object) -> Json:
    result = copy.deepcopy(texts)
    *parents, last = place.split(".")
    inner: Any = result
    for step in parents:
        inner = inner[step]
    inner[last] = value
    return result


def test_texts_that_fit_their_rule(rule_file: dict[str, Json], texts_file: Json) -> None:
    texts = parse_texts(texts_file)
    check(parse_rule(rule_file), texts)
    assert texts.languages == LANGUAGES
    assert set(texts.words) == set(WORDS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "place",
    [
        "title",
        "law",
        "words.proved",
        "credentials.card",
        "terms.none",
        "conditions.rent.condition",
        "conditions.rent.change",
        "messages.missing_home",
    ],
)
def test_no_text_lacks_a_language(texts_file: Json, place: str, language: str) -> None:
    inner = copy.deepcopy(texts_file)
    target: Any = inner
    for step in place.split("."):
        target = target[step]
    del target[language]
    with pytest.raises(RuleError) as caught:
        parse_texts(inner)
    assert caught.value.place == f"$.{place}.{language}"


@pytest.mark.parametrize("word", WORDS)
def test_no_word_is_missing(texts_file: Json, word: str) -> None:
    del texts_file["words"][word]
    with pytest.raises(RuleError, match=rf"\$\.words\.{word}"):
        parse_texts(texts_file)


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("languages", ["ko", "en"], "ko, en, ja and maybe others"),
        ("languages", [], "at least one element"),
        ("languages", ["ko", "en", "ja", "ja"], "different language tags"),
        ("languages", ["ko", "en", "ja", 5], "different language tags"),
        ("languages", ["ko", "en", "ja", "vi"], r"\$\.title\.vi"),
        ("title.fr", "x", "only ko, en, ja"),
        ("title.ko", "", "a text that is not empty"),
        ("title.ko", "{oops}", "a brace outside"),
        ("words.extra", {}, "a key not known here"),
        ("conditions.rent.shown", "usd", "one of krw, date"),
        ("conditions.rent.more", "x", "only shown, condition, change"),
        ("more", {}, "only languages"),
    ],
)
def test_what_is_refused(texts_file: Json, place: str, value: object, expected: str) -> None:
    with pytest.raises(RuleError, match=expected):
        parse_texts(changed(texts_file, place, value))


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("credentials", "lease"),
        ("conditions", "rent"),
        ("messages", "missing_home"),
        ("messages", "benefit"),
        ("messages", "note"),
    ],
)
def test_a_rule_finds_every_text_that_it_names(
    rule_file: dict[str, Json], texts_file: Json, section: str, name: str
) -> None:
    rule_file["parameters"]["ceiling"][0]["note"] = "note"
    check(parse_rule(rule_file), parse_texts(texts_file))
    del texts_file[section][name]
    with pytest.raises(RuleError, match=rf"\$\.{section}\.{name}: expected a text"):
        check(parse_rule(rule_file), parse_texts(texts_file))


@pytest.mark.parametrize(
    "place",
    [
        "conditions.rent.condition",
        "conditions.rent.change",
        "messages.missing_home",
        "messages.benefit",
        "words.proved",
        "words.change_expired",
    ],
)
def test_a_place_that_nothing_fills_is_refused(
    rule_file: dict[str, Json], texts_file: Json, place: str
) -> None:
    texts = parse_texts(changed(texts_file, f"{place}.en", "{stranger:text}"))
    with pytest.raises(RuleError) as caught:
        check(parse_rule(rule_file), texts)
    assert caught.value.place == f"$.{place}.en"
    assert caught.value.found == "{stranger}"


def test_a_predicate_shows_no_value(rule_file: dict[str, Json], texts_file: Json) -> None:
    texts = parse_texts(changed(texts_file, "conditions.income.shown", "number"))
    with pytest.raises(RuleError, match=r"income\.shown: expected proof"):
        check(parse_rule(rule_file), texts)
