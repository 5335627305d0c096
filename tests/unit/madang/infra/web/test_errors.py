"""From an error to an answer, in the form of the route, with one line in the journal."""

import pytest

from madang.infra.tenancy import UnknownTenant
from madang.infra.web.errors import Refusal
from madang.infra.web.i18n import Texts
from tests.unit.madang.infra.web.conftest import Site, Visitor

BROWSER = {"accept": "text/html"}


def test_in_the_form_of_oauth(visitor: Visitor, site: Site) -> None:
    site.refusal = Refusal(400, "invalid_grant", "grant.refused", "a sentence")
    answer = visitor.get("/hanbit/raises/oauth")
    assert answer.json() == {"error": "invalid_grant", "error_description": "a sentence"}
    assert answer.headers["cache-control"] == "no-store"


def test_in_the_form_of_a_problem(visitor: Visitor, site: Site) -> None:
    site.refusal = Refusal(409, "key_conflict", "", "a sentence")
    answer = visitor.get("/hanbit/raises/problem")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:madang:problem:key_conflict",
        "title": "key_conflict",
        "status": 409,
        "detail": "a sentence",
    }


@pytest.mark.parametrize("form", ["oauth", "problem"])
def test_without_a_detail_there_is_none(visitor: Visitor, form: str) -> None:
    assert not {"detail", "error_description"} & visitor.get(f"/hanbit/raises/{form}").json().keys()


def test_as_a_page(visitor: Visitor) -> None:
    answer = visitor.get("/hanbit/raises/page", headers={"accept-language": "en"})
    assert answer.status_code == 418
    assert '<h1 id="error">There is nothing here.</h1>' in answer.text
    assert "Go back and try again." in answer.text


def test_a_page_gives_the_advice_of_its_code_where_there_is_one(
    visitor: Visitor, site: Site, texts: Texts
) -> None:
    site.refusal = Refusal(409, "wrong_step")
    answer = visitor.get("/hanbit/raises/page", headers={"accept-language": "en"})
    assert texts.text("en", "error.wrong_step.todo") in answer.text
    assert "Go back and try again." not in answer.text


def test_the_languages_of_a_page_after_a_form_lead_to_an_address_that_can_be_opened(
    visitor: Visitor,
) -> None:
    assert 'href="/hanbit/raises/page?lang=en"' in visitor.get("/hanbit/raises/page").text
    after_form = visitor.send("POST", "/hanbit/raises/page").text
    assert 'href="/hanbit/counter/?lang=en"' in after_form


def test_a_person_is_sent_where_the_refusal_says(visitor: Visitor, site: Site) -> None:
    site.refusal = Refusal(401, "sign_in_needed", location="/hanbit/counter/sign-in")
    answer = visitor.get("/hanbit/raises/page")
    assert (answer.status_code, answer.headers["location"]) == (303, "/hanbit/counter/sign-in")
    assert visitor.get("/hanbit/raises/problem").status_code == 401


def test_headers_of_the_refusal(visitor: Visitor, site: Site) -> None:
    site.refusal = Refusal(401, "token_time", headers={"www-authenticate": "Bearer"})
    for form in ("oauth", "problem"):
        headers = visitor.get(f"/hanbit/raises/{form}").headers
        assert headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("form", ["oauth", "problem", "page"])
def test_one_line_in_the_journal_of_the_tenant(visitor: Visitor, site: Site, form: str) -> None:
    visitor.get(f"/saebyeol/raises/{form}")
    assert site.journal("saebyeol") == ["moon.rose"]
    assert site.journal("hanbit") == []


def test_no_line_for_what_is_no_refusal_of_ours(visitor: Visitor, site: Site) -> None:
    site.refusal = Refusal(404, "not_found")
    visitor.get("/hanbit/raises/page")
    assert site.journal() == []


@pytest.mark.parametrize("form", ["oauth", "problem", "page"])
def test_a_mistake_of_ours_tells_nothing(visitor: Visitor, site: Site, form: str) -> None:
    answer = visitor.get(f"/hanbit/breaks/{form}")
    assert answer.status_code == 500
    assert "detail that stays" not in answer.text
    assert site.journal() == ["server.error"]


def test_a_malformed_parameter_tells_nothing_of_the_library(visitor: Visitor, site: Site) -> None:
    answer = visitor.get("/hanbit/numbers/many")
    assert answer.status_code == 400
    assert answer.json() == {
        "type": "urn:madang:problem:invalid_request",
        "title": "invalid_request",
        "status": 400,
    }
    assert site.journal() == ["request.malformed"]


def test_an_unknown_municipality_is_not_there(visitor: Visitor, site: Site) -> None:
    def guard(_request: object) -> None:
        raise UnknownTenant("nowhere")

    site.guard = guard
    assert visitor.get("/nowhere/page").status_code == 404


def test_an_address_without_a_route_answers_by_what_is_accepted(visitor: Visitor) -> None:
    assert visitor.get("/").headers["content-type"] == "application/problem+json"
    page = visitor.get("/", headers=BROWSER)
    assert page.headers["content-type"].startswith("text/html")
    assert page.status_code == 404


def test_a_method_that_an_address_does_not_take_answers_in_its_form(visitor: Visitor) -> None:
    page = visitor.send("PUT", "/hanbit/page")
    assert page.status_code == 405
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["allow"] == "GET"
    refused = visitor.send("PUT", "/health")
    assert refused.json()["title"] == "method_not_allowed"
    assert refused.headers["allow"] == "GET"
