"""The agency's pages, as a browser without scripts gets them."""

import io
import re

import httpx
import pytest
import zxingcpp
from PIL import Image

from madang.access.staff import Role
from madang.core.encoding import strict_json
from tests.unit.verifier.world import NEIGHBOUR, NOW, RENT, TENANT, Asked, City
from verifier.eligibility.store import CheckRow

HOME = f"/{TENANT}/verifier/"


def page(city: City, asked: Asked, language: str = "en") -> httpx.Response:
    return city.client.get(f"{HOME}eligibility/{asked.id}?lang={language}")


def begin(city: City) -> httpx.Response:
    """Press the button of the first programme."""
    html = city.client.get(f"{HOME}?lang=en").text
    fields = dict(re.findall(r'name="(csrf|programme)" value="([^"]+)"', html))
    return city.client.post(f"{HOME}eligibility", data=fields)


def test_a_check_begins_with_a_button(city: City) -> None:
    city.sign_in(Role.AGENCY)
    answer = begin(city)
    assert answer.status_code == 303
    shown = city.client.get(answer.headers["location"])
    assert 'id="request-qr"' in shown.text
    assert f'<meta http-equiv="refresh" content="{city.settings.refresh_seconds}">' in shown.text
    assert "<script" not in shown.text


def test_the_picture_holds_the_link(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    answer = city.client.get(f"{HOME}eligibility/{asked.id}/qr.png")
    assert answer.headers["content-type"] == "image/png"
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.content)))
    assert code.text.startswith("haip-vp://?client_id=x509_hash%3A")
    assert asked.id in code.text


def test_the_outcome_has_a_row_for_each_condition(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    html = page(city, asked).text
    assert re.search(r'id="outcome"[^>]*>You qualify\.<', html)
    conditions = [row["id"] for row in city.state(asked, "eligibility")["rows"]]
    assert re.findall(r'<tr id="row-([a-z_]+)">', html) == conditions
    assert "http-equiv" not in html
    assert "KRW 200,000 a month" in html


def test_what_is_open_says_what_would_change_it(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    shown = asked.everything()
    del shown["income"]
    asked.answer(shown)
    html = page(city, asked).text
    assert "This cannot be decided yet" in html
    assert "<li>Present the certificate of household income amount.</li>" in html


def test_unconfirmed_figures_are_flagged(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    html = page(city, asked).text
    assert "An officer has to confirm them before the decision counts." in html
    assert "one blog (unconfirmed)" in html


def test_the_place_in_the_log_is_shown_once_it_is_known(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    assert "Being entered" in page(city, asked).text
    city.deliver()
    index = city.state(asked, "eligibility")["log_index"]
    assert re.search(rf'id="log-index">{index}</dd>', page(city, asked).text)


@pytest.mark.parametrize(
    ("language", "word"),
    [("ko", "지원 대상입니다."), ("en", "You qualify."), ("ja", "青年家賃支援")],
)
def test_every_language(city: City, language: str, word: str) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    waiting = page(city, asked, language)
    assert f'<html lang="{language}">' in waiting.text
    asked.answer(asked.everything())
    assert word in page(city, asked, language).text


def test_the_agency_sees_why_an_answer_was_refused(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    asked.answer({})
    html = page(city, asked).text
    assert "The resident can try again." in html
    assert "<code>nothing_presented</code>" in html
    for _ in range(4):
        asked.answer({})
    assert "ended without an answer" in page(city, asked).text


def test_an_expired_check_has_no_picture(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    city.clock.advance(city.settings.presentation_seconds)
    assert "The time for this check is over." in page(city, asked).text
    assert city.client.get(f"{HOME}eligibility/{asked.id}/qr.png").status_code == 400


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AGENCY])
def test_only_the_agency(city: City, role: Role) -> None:
    city.sign_in(role)
    asked = city.ask_eligibility()
    for path in ("", f"eligibility/{asked.id}", f"eligibility/{asked.id}/qr.png"):
        assert city.client.get(HOME + path).status_code == 403
    assert city.client.get(f"{HOME}eligibility/{asked.id}/document.json").status_code == 403


def test_without_a_session_a_person_is_sent_to_sign_in(city: City) -> None:
    answer = city.client.get(HOME)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}sign-in")


def test_the_agency_of_another_municipality_sees_nothing(city: City) -> None:
    asked = city.ask_eligibility()
    city.sign_in(Role.AGENCY, tenant=NEIGHBOUR)
    path = f"/{NEIGHBOUR}/verifier/eligibility/{asked.id}"
    assert city.client.get(path).status_code == 404
    assert city.client.get(f"{path}/document.json").status_code == 404


def test_a_form_without_its_token_begins_nothing(city: City) -> None:
    city.sign_in(Role.AGENCY)
    answer = city.client.post(f"{HOME}eligibility", data={"programme": RENT})
    assert answer.status_code == 403


def test_there_is_no_document_before_a_decision(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    path = f"{HOME}eligibility/{asked.id}/document.json"
    assert city.client.get(path).status_code == 404
    assert city.clock.now() == NOW


def aged(city: City) -> Asked:
    """Begin a check an hour after the status list was heard of last."""
    first = city.ask_eligibility()
    first.answer(first.everything())
    city.web.published.clear()
    city.clock.advance(3600)
    city.sign_in(Role.AGENCY)
    return city.ask_eligibility()


@pytest.mark.parametrize(
    ("language", "told", "in_row"),
    [
        (
            "ko",
            "2026-02-02 11:40 기준 상태입니다. 발급 기관에 연결할 수 없었습니다.",
            ">2026-02-02 11:40 기준<",
        ),
        (
            "en",
            "Status as of 2026-02-02 11:40: the issuer could not be reached.",
            ">as of 2026-02-02 11:40<",
        ),
        (
            "ja",
            "2026-02-02 11:40時点の状態です。発行者に接続できませんでした。",
            ">2026-02-02 11:40時点<",
        ),
    ],
)
def test_a_status_out_of_its_time_is_told_beside_the_outcome_and_in_its_row(
    city: City, language: str, told: str, in_row: str
) -> None:
    asked = aged(city)
    asked.answer(asked.everything())
    html = page(city, asked, language).text
    rows = city.state(asked, "eligibility")["rows"]
    assert [row["status_as_of"] for row in rows] == [NOW] * len(rows)
    assert (html.count(told), html.count(in_row)) == (1, len(rows))
    assert html.index(told) < html.index("<table>")


def test_a_status_in_its_time_is_told_without_it(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    state = city.state(asked, "eligibility")
    assert {row["status_as_of"] for row in state["rows"]} == {state["status_as_of"]} == {None}
    assert "Status as of" not in page(city, asked).text


def test_what_was_not_shown_has_no_status_and_no_age(city: City) -> None:
    asked = aged(city)
    shown = asked.everything()
    del shown["income"]
    asked.answer(shown)
    rows = city.state(asked, "eligibility")["rows"]
    assert {row["status_as_of"] for row in rows if row["credential"] == "household_income"} == {
        None
    }
    assert {row["status_as_of"] for row in rows if row["credential"] != "household_income"} == {NOW}


def test_a_decision_that_was_kept_before_ages_were_told_is_shown(city: City) -> None:
    city.sign_in(Role.AGENCY)
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    with city.deps.database.transaction() as session:
        row = session.get_one(CheckRow, asked.id)
        told = strict_json.loads(row.told or "")
        for each in (row for language in told.values() for row in language["rows"]):
            del each["status_as_of"]
        row.told = strict_json.dumps(told)
    assert "You qualify." in page(city, asked).text


def test_a_refused_answer_tells_how_old_the_status_was(city: City) -> None:
    asked = aged(city)
    for _ in range(city.settings.presentation_tries):
        assert (
            asked.answer(asked.everything(lease=asked.show("lease", holder=1))).status_code == 400
        )
        assert page(city, asked).text.count("Status as of 2026-02-02 11:40") == 1
