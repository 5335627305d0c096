from datetime import date

import pytest

from madang.core.rules.wording import FORMS, fill, places, write


@pytest.mark.parametrize(
    ("form", "value", "ko", "en", "ja"),
    [
        ("krw", 80_000_000, "80,000,000원", "KRW 80,000,000", "80,000,000ウォン"),
        ("krw", 0, "0원", "KRW 0", "0ウォン"),
        ("number", 1_500, "1,500", "1,500", "1,500"),
        ("year", 1997, "1997년", "1997", "1997年"),
        ("date", "2025-03-01", "2025년 3월 1일", "1 March 2025", "2025年3月1日"),
        ("date", date(2024, 12, 31), "2024년 12월 31일", "31 December 2024", "2024年12月31日"),
        ("text", "11", "11", "11", "11"),
    ],
)
def test_how_values_are_written(form: str, value: object, ko: str, en: str, ja: str) -> None:
    assert [write(value, form, language) for language in ("ko", "en", "ja")] == [ko, en, ja]


def test_another_language_gets_a_form_that_nobody_misreads() -> None:
    assert write(date(2025, 3, 1), "date", "vi") == "2025-03-01"
    assert write(1000, "krw", "vi") == "KRW 1,000"
    assert write(1997, "year", "vi") == "1997"


@pytest.mark.parametrize("form", FORMS)
def test_a_value_that_does_not_fit_its_form_is_shown_as_it_is(form: str) -> None:
    assert write("odd", form, "en") == "odd"


def test_a_template_is_filled() -> None:
    template = "{a:krw} by {b:date}, {a:number}"
    values = {"a": 1000, "b": date(2025, 3, 1)}
    assert places(template) == (("a", "krw"), ("b", "date"), ("a", "number"))
    assert fill(template, values, "en") == "KRW 1,000 by 1 March 2025, 1,000"


def test_a_value_is_never_read_as_a_template() -> None:
    assert fill("{a:text}", {"a": "{b:text}", "b": "x"}, "en") == "{b:text}"


def test_a_name_without_a_value_stays_visible() -> None:
    assert fill("{a:text}", {}, "en") == "{a:text}"


@pytest.mark.parametrize("template", ["{a}", "{a:}", "{A:krw}", "{", "}", "{a:krw", "{{a:krw}}"])
def test_a_malformed_place_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="a brace outside"):
        places(template)


def test_a_form_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="the form is none of krw, date"):
        places("{a:usd}")
