"""What residents read: the catalogue, and what the derived query asks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest

from madang.core.rules.query import derive_query
from madang.infra.catalogue import Catalogue
from tests.unit.wallet_api.conftest import NOW, Reader

RENT = "youth_monthly_rent"
LANGUAGES = ("ko", "en", "ja")


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_certificates_and_programmes_in_the_reader_s_language(
    reader: Reader, catalogue: Catalogue, language: str
) -> None:
    answer = reader.get("/hanbit/wallet/", language)
    assert answer.status_code == 200
    for each in catalogue.types.values():
        assert each.names[language] in unescape(answer.text)
    assert catalogue.programmes[RENT].texts.title[language] in answer.text
    assert catalogue.tenants.get("hanbit").names[language] in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_certificate_says_what_it_holds(
    reader: Reader, catalogue: Catalogue, language: str
) -> None:
    for each in catalogue.types.values():
        answer = reader.get(f"/hanbit/wallet/certificates/{each.id}", language)
        assert answer.status_code == 200
        for claim in each.claims:
            assert claim.source is None or claim.display[language] in answer.text


def test_a_programme_lists_exactly_what_its_query_asks(
    reader: Reader, catalogue: Catalogue
) -> None:
    text = reader.get(f"/hanbit/wallet/programmes/{RENT}").text.partition("<main")[2]
    day = datetime.fromtimestamp(NOW, UTC).date()
    rule = catalogue.programmes[RENT].in_force(day)
    query: dict = derive_query(rule, day=day, vct_of=str)  # type: ignore[type-arg,assignment]
    for each in query["credentials"]:
        (type_id,) = each["meta"]["vct_values"]
        found = catalogue.types[type_id]
        card = text.partition(found.names["en"])[2].partition("</ul>")[0]
        labels = {claim.path: claim.display["en"] for claim in found.claims}
        asked = {labels[tuple(claim["path"])] for claim in each["claims"]}
        shown = {part.partition("</li>")[0] for part in card.split("<li>")[1:]}
        assert shown == asked


def test_the_rule_in_force_follows_the_day(reader_of: Callable[..., Reader]) -> None:
    then = int(datetime(2021, 9, 1, tzinfo=UTC).timestamp())
    path = f"/hanbit/wallet/programmes/{RENT}"
    assert "Rule of 2021" in reader_of(now=then).get(path).text
    assert "Rule of 2024" in reader_of().get(path).text


@pytest.mark.parametrize("year", [2015, 2030])
def test_a_day_without_figures_asks_nothing_and_says_so(
    reader_of: Callable[..., Reader], year: int
) -> None:
    then = int(datetime(year, 9, 1, tzinfo=UTC).timestamp())
    answer = reader_of(now=then).get(f"/hanbit/wallet/programmes/{RENT}")
    assert answer.status_code == 200
    assert "The figures for today are not known yet." in answer.text
    assert "What is asked" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["certificates/moon", "programmes/moon", "programmes/counter_identification", "moon"],
)
def test_what_is_not_there(reader: Reader, path: str) -> None:
    assert reader.get(f"/hanbit/wallet/{path}").status_code == 404
    assert reader.journal() == []


def test_an_unknown_municipality(reader: Reader) -> None:
    assert reader.get("/nowhere/wallet/").status_code == 404


def test_a_municipality_shows_only_what_it_offers(
    catalogue: Catalogue, reader_of: Callable[..., Reader]
) -> None:
    federation = catalogue.federation
    others = dict.fromkeys(federation.attesters, ("saebyeol",))
    purposes = tuple(replace(each, verifiers=("saebyeol",)) for each in federation.purposes)
    apart = replace(catalogue, federation=replace(federation, attesters=others, purposes=purposes))
    reader = reader_of(apart)
    assert reader.get("/hanbit/wallet/certificates/lease").status_code == 404
    assert reader.get(f"/hanbit/wallet/programmes/{RENT}").status_code == 404
    assert reader.get("/hanbit/wallet/").text.count("at present") == 2
    assert reader.get("/saebyeol/wallet/certificates/lease").status_code == 200


def test_pages_may_be_kept_as_long_as_the_setting_says(reader_of: Callable[..., Reader]) -> None:
    answer = reader_of(page_seconds=60).get("/hanbit/wallet/")
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert answer.headers["vary"] == "cookie, accept-language"
