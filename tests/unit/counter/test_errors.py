"""Every error type of the counter has an answer with words and, if it is a refusal, a code."""

import re

import pytest

from counter.cases.offices import Office, OfficeRefused, OfficeUnreachable, Refused
from counter.errors import TABLE
from madang.access.errors import SignInNeeded
from madang.access.service_token import ServiceTokenError
from madang.infra.web.i18n import LANGUAGES
from tests.unit.counter.world import CATALOG, texts_once

WITHOUT_ARGUMENTS = [
    kind
    for kind in TABLE
    if kind not in {OfficeRefused, OfficeUnreachable, SignInNeeded, ServiceTokenError}
]
ERRORS = [
    *(kind() for kind in WITHOUT_ARGUMENTS),
    *(OfficeRefused(Office.ISSUER, code) for code in Refused),
    *(OfficeUnreachable(office) for office in Office),
    SignInNeeded("/hanbit/counter/sign-in"),
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_a_person_is_told_in_every_language(error: Exception) -> None:
    refusal = TABLE[type(error)](error)
    texts = texts_once(CATALOG / "texts")
    for language in LANGUAGES:
        assert texts.has(language, f"error.{refusal.code}")
    assert 400 <= refusal.status < 600


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_the_journal_has_a_code_for_it(error: Exception) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", TABLE[type(error)](error).journal)


@pytest.mark.parametrize("code", Refused)
def test_a_refusal_comes_with_advice(code: Refused) -> None:
    texts = texts_once(CATALOG / "texts")
    assert all(texts.has(language, f"error.{code.value}.todo") for language in LANGUAGES)
