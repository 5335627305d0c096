"""Composing a question without code, asking it, and what the agency sees."""

import json
import re
from typing import Any

import httpx
import pytest

from madang.access.staff import Role
from tests.unit.verifier.world import NEIGHBOUR, TENANT, Asked, City, Land, open_city, request_in

BASE = f"/{TENANT}/verifier"


def csrf(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found[1]


def send(city: City, path: str, **form: str) -> httpx.Response:
    token = csrf(city.client.get(f"{BASE}/questions"))
    return city.client.post(f"{BASE}/{path}", data={"csrf": token, **form})


def begun(city: City, purpose: str = "counter_identification") -> str:
    answer = send(city, "questions", name="Who is it?", purpose=purpose)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix(f"{BASE}/")


def dcql(page: httpx.Response) -> dict[str, Any]:
    found = re.search(r'<code id="dcql">(.*?)</code>', page.text, re.DOTALL)
    assert found
    query: dict[str, Any] = json.loads(found[1].replace("&#34;", '"'))
    return query


def asked_on(city: City, page: httpx.Response) -> Asked:
    """Read the request whose picture a page shows."""
    link = re.search(r'<code id="link">(.*?)</code>', page.text)
    assert link
    address = httpx.URL(link[1].replace("&amp;", "&")).params["request_uri"]
    return Asked(city, "", address, request_in(city.client.get(address).text))


def test_a_purpose_begins_with_all_that_it_lists(city: City) -> None:
    city.sign_in(Role.AGENCY)
    page = city.client.get(f"{BASE}/{begun(city)}?lang=en")
    assert page.text.count('id="part-') == 1
    query, doc_type = dcql(page), city.deps.catalogue.doc_type("digital_id")
    paths = [[claim["path"] for claim in asked["claims"]] for asked in query["credentials"]]
    assert paths == [
        [["name"], ["birthdate"]],
        [[doc_type, "name"], [doc_type, "birthdate"]],
    ]
    assert query["credential_sets"] == [{"options": [["c1"], ["c1-mdoc"]]}]
    for words in ("Who is it?", "Digital ID", "Date of birth", "To know who you are"):
        assert words in page.text


def test_what_is_unchecked_is_not_asked_and_values_are(city: City) -> None:
    city.sign_in(Role.AGENCY)
    question = begun(city)
    form = {"claim-c1-1": "1", "values-c1-1": "1997-03-14", "name": "Birthday"}
    send(city, question, action="save", **form)
    page = city.client.get(f"{BASE}/{question}?lang=en")
    asked, as_mdoc = dcql(page)["credentials"]
    assert asked["claims"] == [{"path": ["birthdate"], "values": ["1997-03-14"]}]
    element = [city.deps.catalogue.doc_type("digital_id"), "birthdate"]
    assert as_mdoc["claims"] == [{"path": element, "values": ["1997-03-14"]}]
    assert "Birthday" in city.client.get(f"{BASE}/questions").text


def test_the_page_says_that_it_was_saved(city: City) -> None:
    city.sign_in(Role.AGENCY)
    question = begun(city)
    assert "Saved." not in city.client.get(f"{BASE}/{question}?lang=en").text
    place = send(city, question, action="save", name="n").headers["location"]
    assert "Saved." in city.client.get(place, headers={"accept-language": "en"}).text


def test_asking_shows_a_code_and_then_what_was_proved(city: City) -> None:
    city.sign_in(Role.AGENCY)
    form = {"claim-c1-0": "1", "claim-c1-1": "1", "action": "ask"}
    place = send(city, begun(city), **form).headers["location"]
    page = city.client.get(f"{place}?lang=en")
    assert city.client.get(f"{place}/qr.png").content.startswith(b"\x89PNG")
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert "<noscript><meta http-equiv" in page.text
    asked = asked_on(city, page)
    bad = asked.answer({"digital_id": [asked.show("digital_id")]})
    assert bad.status_code == 400
    told = city.client.get(f"{place}?lang=en").text
    assert "Why the last answer was refused" in told
    good = asked.answer({"c1": [asked.show("c1", type_id="digital_id")]})
    assert good.status_code == 200
    answered = city.client.get(f"{place}?lang=en").text
    assert "1997" in answered
    assert "All steps of the verification held." in answered


def test_a_request_that_is_over_still_tells_which_claims_were_asked(city: City) -> None:
    city.sign_in(Role.AGENCY)
    form = {"claim-c1-1": "1", "values-c1-1": "1997-03-14", "action": "ask"}
    place = send(city, begun(city), **form).headers["location"]
    assert "1997-03-14" in city.client.get(f"{place}?lang=en").text
    city.clock.advance(city.settings.presentation_seconds)
    later = city.client.get(f"{place}?lang=en").text
    assert "1997" not in later
    assert "Date of birth" in later


def test_another_type_needs_leave_and_an_anchor(land: Land) -> None:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as city:
        city.sign_in(Role.AGENCY)
        question = begun(city, "")
        send(city, question, action="add", type="urn:eudi:pid:1", format="dc+sd-jwt", name="n")
        lines = "family_name\nage_equal_or_over.18 = true"
        send(city, question, action="save", name="n", **{"lines-c1": lines, "need-c1": "welcome"})
        query = dcql(city.client.get(f"{BASE}/{question}"))
        (asked,) = query["credentials"]
        assert asked["meta"] == {"vct_values": ["urn:eudi:pid:1"]}
        assert asked["claims"][1] == {"path": ["age_equal_or_over", 18], "values": [True]}
        assert query["credential_sets"] == [{"options": [["c1"]], "required": False}]
        refused = send(city, question, action="ask", name="n", **{"lines-c1": lines})
        assert refused.status_code == 403
        assert city.journal()[-1] == "presentation.issuer_unknown"


def test_a_catalogue_type_can_be_asked_as_a_mobile_document(land: Land) -> None:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as city:
        city.sign_in(Role.AGENCY)
        question = begun(city, "")
        page = city.client.get(f"{BASE}/{question}?lang=en").text
        option = re.search(r'<option value="(\d+)">[^<]*\(mso_mdoc\)', page)
        assert option
        send(city, question, action="add", add=option[1], name="n")
        send(city, question, action="save", name="n", **{"claim-c1-0": "1"})
        (asked,) = dcql(city.client.get(f"{BASE}/{question}"))["credentials"]
        assert asked["format"] == "mso_mdoc"
        assert len(asked["claims"][0]["path"]) == 2


def test_a_line_that_names_nothing_is_told_and_nothing_is_lost(land: Land) -> None:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as city:
        city.sign_in(Role.AGENCY)
        question = begun(city, "")
        send(city, question, action="add", type="urn:x", format="dc+sd-jwt", name="n")
        send(city, question, action="add", type="urn:y", format="dc+sd-jwt", name="n")
        typed = {"lines-c1": "a..b", "need-c1": "welcome", "lines-c2": "kept", "name": "Another"}
        page = send(city, question, action="save", **typed)
        assert page.status_code == 400
        assert 'value="Another"' in page.text
        assert '<option value="welcome" selected>' in page.text
        for typed_lines in (">a..b</textarea>", ">kept</textarea>"):
            assert typed_lines in page.text
        assert send(city, question, action="add", name="n").status_code == 400


def test_a_slip_brings_nothing_back_that_was_removed_and_loses_nothing_that_was_added(
    land: Land,
) -> None:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as city:
        city.sign_in(Role.AGENCY)
        question = begun(city, "")
        for kind in ("urn:x", "urn:y"):
            send(city, question, action="add", type=kind, format="dc+sd-jwt", name="n")
        slip = {"lines-c1": "a..b", "name": "n"}
        assert send(city, question, action="remove-c2", **slip).status_code == 400
        third = {"type": "urn:z", "format": "dc+sd-jwt"}
        assert send(city, question, action="add", **slip, **third).status_code == 400
        send(city, question, action="save", name="n", **{"lines-c1": "a.b", "lines-c2": "z"})
        asked = dcql(city.client.get(f"{BASE}/{question}"))["credentials"]
        assert [each["meta"]["vct_values"] for each in asked] == [["urn:x"], ["urn:z"]]
        assert [each["claims"][0]["path"] for each in asked] == [["a", "b"], ["z"]]


def test_nothing_is_asked_of_nobody_without_a_word(land: Land) -> None:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as city:
        city.sign_in(Role.AGENCY)
        page = send(city, begun(city, ""), action="ask", name="n")
        assert page.status_code == 400
        assert "먼저 하나를 더하세요." in page.text
        assert city.journal() == ["account.entered", "sign_in.opened"]


def test_the_first_button_of_the_form_saves(city: City) -> None:
    """Browsers press it when somebody ends a line with the return key."""
    city.sign_in(Role.AGENCY)
    form = city.client.get(f"{BASE}/{begun(city)}").text.partition("remove-c1")[0]
    assert re.findall(r'name="action" value="([^"]+)"', form) == ["save"]


def test_certificates_are_taken_out_and_questions_deleted(city: City) -> None:
    city.sign_in(Role.AGENCY)
    question = begun(city)
    send(city, question, action="remove-c1", name="n")
    assert 'id="part-c1"' not in city.client.get(f"{BASE}/{question}").text
    send(city, f"{question}/remove")
    assert city.client.get(f"{BASE}/{question}").status_code == 404


def test_outside_the_registry_is_not_offered_to_everybody(city: City) -> None:
    city.sign_in(Role.AGENCY)
    assert "purpose-none" not in city.client.get(f"{BASE}/questions").text
    assert send(city, "questions", name="x", purpose="").status_code == 403


def test_another_municipality_sees_no_question_and_no_request(city: City) -> None:
    city.sign_in(Role.AGENCY)
    question = begun(city)
    place = send(city, question, action="ask", **{"claim-c1-0": "1"}).headers["location"]
    city.sign_in(Role.AGENCY, tenant=NEIGHBOUR)
    for path in (f"/{question}", place.removeprefix(BASE)):
        assert city.client.get(f"/{NEIGHBOUR}/verifier{path}").status_code == 404


@pytest.mark.parametrize("language", ["ko", "en", "ja"])
def test_every_page_is_in_every_language(city: City, language: str) -> None:
    city.sign_in(Role.AGENCY)
    question = begun(city)
    place = send(city, question, action="ask", **{"claim-c1-0": "1"}).headers["location"]
    for path in (f"{BASE}/questions", f"{BASE}/{question}", place):
        page = city.client.get(f"{path}?lang={language}")
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text


def test_an_administrator_makes_and_revokes_keys(city: City) -> None:
    city.sign_in(Role.ADMINISTRATOR)
    path = f"{BASE}/keys"
    token = csrf(city.client.get(path))
    made = city.client.post(path, data={"csrf": token, "name": "the housing office"})
    key = re.search(r'<code id="made">(.*?)</code>', made.text)
    assert key
    assert key[1] not in city.client.get(path).text
    wish = {"purpose": "counter_identification"}
    assert city.ask(wish, key=key[1]).status_code == 201
    name = re.search(r'name="key" value="([^"]+)"', city.client.get(path).text)
    assert name
    city.client.post(f"{path}/revoke", data={"csrf": token, "key": name[1]})
    assert city.ask(wish, key=key[1]).status_code == 401
    again = city.client.post(f"{path}/revoke", data={"csrf": token, "key": name[1]})
    assert again.status_code == 404
    codes = city.journal()
    assert [code for code in codes if code.startswith("api_key")] == [
        "api_key.made",
        "api_key.revoked",
        "api_key.unknown",
    ]
