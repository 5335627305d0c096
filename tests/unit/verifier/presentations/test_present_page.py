"""The page of a request, the browser it belongs to, and the browser's own way to a wallet."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.device_auth import by_mac
from madang.core.formats.sd_jwt.present import present
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vp.request import RequestObject
from madang.core.protocol.oid4vp.response import answer_members
from tests.serving import free_port
from tests.unit.verifier import mdocs
from tests.unit.verifier.serving import running
from tests.unit.verifier.world import (
    TENANT,
    Asked,
    Browser,
    City,
    Land,
    open_city,
    request_in,
)

Ask = tuple[dict[str, Any], str]


def ask(city: City, **wish: Any) -> Ask:
    key = city.key()
    answer = city.ask({"purpose": "counter_identification", **wish}, key=key)
    assert answer.status_code == 201, answer.text
    return answer.json(), key


def another(city: City) -> Browser:
    """Return a browser without our cookies."""
    return Browser(city.client.app, city.client.base_url)


def opened(city: City, told: dict[str, Any]) -> httpx.Response:
    """Open the page and go on, as a person does."""
    page = told["same_device_uri"]
    assert 'id="wallet-link"' not in city.client.get(page).text
    answer = city.client.post(page)
    assert (answer.status_code, answer.headers["location"]) == (303, urlsplit(page).path)
    return city.client.get(page)


def linked(city: City, page: httpx.Response) -> Asked:
    """Fetch the request behind the page's button."""
    link = page.text.partition('id="wallet-link" href="')[2].partition('"')[0]
    address = dict(parse_qsl(link.replace("&amp;", "&").partition("?")[2]))["request_uri"]
    request = request_in(city.client.get(address).text)
    return Asked(city, "", address, request)


def test_the_page_says_who_asks_for_what_and_why(city: City) -> None:
    told, _ = ask(city)
    page = city.client.get(f"{told['same_device_uri']}?lang=en").text
    for words in ("Hanbit", "To know who you are at the counter.", "Digital ID", "Date of birth"):
        assert words in page
    assert page.count("Date of birth") == 1, "either format will do: that is one thing to show"
    assert "one of these is enough" not in page


def test_an_answer_on_the_same_device_comes_back_to_the_page(city: City) -> None:
    told, key = ask(city)
    asked = linked(city, opened(city, told))
    assert (asked.request.response_uri or "").endswith("/here")
    address = asked.answer({"digital_id": [asked.show("digital_id")]}).json()["redirect_uri"]
    assert address.startswith(f"{told['same_device_uri']}/done?response_code=")
    waiting = city.told(told["request_id"], key).json()
    assert (waiting["state"], waiting["result"]) == ("returning", None)
    assert city.client.get(address).status_code == 200
    done = city.told(told["request_id"], key).json()
    assert done["state"] == "answered"
    assert done["result"]


def test_v40_a_code_in_another_browser_frees_nothing(city: City) -> None:
    told, key = ask(city)
    asked = linked(city, opened(city, told))
    address = asked.answer({"digital_id": [asked.show("digital_id")]}).json()["redirect_uri"]
    refused = another(city).get(address)
    assert refused.status_code == 403
    assert city.journal()[-1] == "presentation.other_browser"
    assert city.told(told["request_id"], key).json()["result"] is None
    assert city.client.get(address).status_code == 200


def test_v40_a_code_is_used_once(city: City) -> None:
    told, _ = ask(city)
    asked = linked(city, opened(city, told))
    address = asked.answer({"digital_id": [asked.show("digital_id")]}).json()["redirect_uri"]
    assert city.client.get(f"{address}x").status_code == 403
    assert city.client.get(address).status_code == 200
    assert city.client.get(address).status_code == 403
    assert city.journal()[-1] == "presentation.response_code"


def test_the_page_belongs_to_the_first_browser_that_goes_on(city: City) -> None:
    told, _ = ask(city)
    opened(city, told)
    stranger = another(city)
    assert stranger.get(told["same_device_uri"]).status_code == 403
    assert stranger.post(told["same_device_uri"]).status_code == 403
    for part in ("request", "qr.png", "events"):
        assert stranger.get(f"{told['same_device_uri']}/{part}").status_code == 403
    assert stranger.post(f"{told['same_device_uri']}/answer", content=b"{}").status_code == 403
    assert city.client.get(told["same_device_uri"]).status_code == 200


def test_the_one_who_is_asked_learns_that_it_was_refused_and_never_why(land: Land) -> None:
    port = free_port()
    settings = {"origins": {"verifier": f"http://127.0.0.1:{port}"}, "allow_loopback_http": True}
    with open_city(land, **settings) as city, running(city, port), httpx.Client() as browser:
        told, key = ask(city)
        page = told["same_device_uri"]
        browser.post(page)
        asked = city.asked(told)
        asked.answer({"digital_id": [asked.show("digital_id", nonce="another")]})
        (reason,) = city.told(told["request_id"], key).json()["reasons"]
        assert reason["code"] == "key_binding_nonce"
        shown = browser.get(f"{page}?lang=en").text
        assert 'data-known="open refused"' in shown
        assert reason["code"] not in shown
        with browser.stream("GET", f"{page}/events") as events:
            first = next(events.iter_text())
        assert first == 'event: state\ndata: {"state":"open","failures":["refused"]}\n\n'


def test_looking_at_an_address_binds_nothing(city: City) -> None:
    told, _ = ask(city)
    assert another(city).get(told["same_device_uri"]).status_code == 200
    opened(city, told)


def test_nothing_is_on_the_same_device_before_a_browser_waits(city: City) -> None:
    told, _ = ask(city)
    asked = city.asked(told)
    assert city.client.get(f"{asked.request_uri}/here").status_code == 403
    body = {"digital_id": [asked.show("digital_id")]}
    answer = answer_members(asked.request, body)["response"]
    there = f"{asked.request.response_uri}/here"
    assert asked.post(f"response={answer}", to=there).status_code == 403
    assert city.told(told["request_id"], city.key()).status_code == 404


def test_v16_an_answer_for_elsewhere_is_none_for_here(city: City) -> None:
    """Both addresses are of one session, yet each has the audience of its own request."""
    told, key = ask(city)
    asked = city.asked(told)
    opened(city, told)
    assert asked.answer({"digital_id": [asked.show("digital_id")]}).json() == {}
    assert city.told(told["request_id"], key).json()["state"] == "answered"
    assert "Thank you" in city.client.get(f"{told['same_device_uri']}?lang=en").text


# --- the Digital Credentials API


def handed(city: City, told: dict[str, Any]) -> tuple[str, RequestObject]:
    opened(city, told)
    asked = city.client.get(f"{told['same_device_uri']}/request").json()
    if asked["protocol"] == "openid4vp-v1-signed":
        return asked["protocol"], request_in(asked["data"]["request"])
    return asked["protocol"], RequestObject.model_validate(asked["data"])


def shown(city: City, request: RequestObject, *, audience: str = "") -> str:
    origin = audience or f"origin:{city.deps.addresses.origin(TENANT, 'verifier')}"
    paths = [claim.path for claim in request.dcql_query.credentials[0].claims or ()]
    return present(
        city.credential("digital_id"),
        paths,
        holder=city.land.holders[0],
        audience=origin,
        nonce=request.nonce,
        issued_at=city.clock.now(),
    )


def hand_over(city: City, told: dict[str, Any], protocol: str, data: object) -> httpx.Response:
    body = json.dumps({"protocol": protocol, "data": data})
    headers = {"content-type": "application/json"}
    return city.client.post(f"{told['same_device_uri']}/answer", content=body, headers=headers)


@pytest.mark.parametrize("mode", ["dc_api", "dc_api.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "redirect_uri"])
def test_the_browser_asks_and_its_answer_counts(city: City, mode: str, prefix: str) -> None:
    told, key = ask(city, response_mode=mode, client_id_prefix=prefix)
    assert told["request_uri"] is None
    protocol, request = handed(city, told)
    assert protocol == f"openid4vp-v1-{'unsigned' if prefix == 'redirect_uri' else 'signed'}"
    assert (request.response_mode, request.response_uri, request.state) == (mode, None, None)
    signed = prefix != "redirect_uri"
    origin = city.deps.addresses.origin(TENANT, "verifier")
    assert request.expected_origins == ((origin,) if signed else None)
    data = answer_members(request, {"digital_id": [shown(city, request)]})
    assert hand_over(city, told, protocol, data).json() == {}
    assert city.told(told["request_id"], key).json()["state"] == "answered"


def test_v5_over_the_api_the_audience_is_the_origin(city: City) -> None:
    told, key = ask(city, response_mode="dc_api.jwt")
    protocol, request = handed(city, told)
    for audience in (request.client_id or "", "origin:https://evil.example"):
        data = answer_members(request, {"digital_id": [shown(city, request, audience=audience)]})
        assert hand_over(city, told, protocol, data).status_code == 400
    codes = [each["code"] for each in city.told(told["request_id"], key).json()["reasons"]]
    assert codes == ["key_binding_aud"]


def maced(asked: Asked, reader: PublicKey, **changes: Any) -> str:
    """Show a document by a MAC, for the session of the page or for one that differs."""
    city = asked.city
    session = {"origin": city.deps.addresses.origin(TENANT, "verifier"), **changes}
    holder: Any = city.land.holders[0]
    transcript = replace(mdocs.session_of(asked), **session).transcript
    made = by_mac(SoftwareAgreement(holder._private_key), reader, transcript)
    return mdocs.shown(asked, "digital_id-mdoc", authenticate=made, session=session)


@pytest.mark.parametrize("wrong", ["by-redirect", "another-origin", "another-key", "no-thumbprint"])
def test_a_mac_counts_over_the_api_for_this_origin_and_key_alone(city: City, wrong: str) -> None:
    told, key = ask(city, response_mode="dc_api.jwt")
    protocol, request = handed(city, told)
    asked = Asked(city, told["request_id"], "", request)
    reader = PublicKey.from_jwk(asked.key, use=ENCRYPTION)

    def given(to: PublicKey = reader, **changes: Any) -> httpx.Response:
        presented = maced(asked, to, **changes)
        data = answer_members(request, {"digital_id-mdoc": [presented]})
        return hand_over(city, told, protocol, data)

    redirect = {"response_mode": "direct_post.jwt", "client_id": request.client_id}
    bad = {
        "by-redirect": lambda: given(**redirect, response_uri="https://id.hanbit.example/r"),
        "another-origin": lambda: given(origin="https://evil.example"),
        "another-key": lambda: given(generate_p256("other").public_key),
        "no-thumbprint": lambda: given(jwk_thumbprint=None),
    }
    assert bad[wrong]().status_code == 400
    codes = [each["code"] for each in city.told(told["request_id"], key).json()["reasons"]]
    assert codes[0] == "device_mac"
    assert given().status_code == 200
    (proved,) = city.told(told["request_id"], key).json()["result"]["credentials"]
    assert (proved["format"], proved["type"]) == ("mso_mdoc", "digital_id")


def test_over_the_api_in_the_clear_no_mac_counts(city: City) -> None:
    told, key = ask(city, response_mode="dc_api")
    protocol, request = handed(city, told)
    asked = Asked(city, told["request_id"], "", request)
    presented = maced(asked, generate_p256("reader").public_key)
    data = answer_members(request, {"digital_id-mdoc": [presented]})
    assert hand_over(city, told, protocol, data).status_code == 400
    codes = [each["code"] for each in city.told(told["request_id"], key).json()["reasons"]]
    assert codes[0] == "device_mac_unexpected"


@pytest.mark.parametrize("data", [None, [], {}, {"response": 1}, {"vp_token": {}}, {"error": 1}])
def test_v38_what_a_browser_hands_over_is_held_to_its_form(city: City, data: object) -> None:
    told, _ = ask(city, response_mode="dc_api.jwt")
    protocol, _ = handed(city, told)
    assert hand_over(city, told, protocol, data).status_code == 400
    assert hand_over(city, told, protocol, {"response": "x"}).status_code == 400


def test_a_wallet_that_declines_through_the_browser_closes_it(city: City) -> None:
    told, key = ask(city, response_mode="dc_api.jwt")
    protocol, _ = handed(city, told)
    assert hand_over(city, told, protocol, {"error": "access_denied"}).status_code == 200
    assert city.told(told["request_id"], key).json()["state"] == "refused"


def test_a_request_for_the_api_alone_has_no_link(city: City) -> None:
    told, _ = ask(city, response_mode="dc_api")
    address = f"{city.identifier('verifier')}/request/{told['request_id']}"
    assert city.client.get(address).status_code == 404


def test_a_request_with_a_link_can_be_answered_through_the_browser_too(city: City) -> None:
    told, key = ask(city)
    protocol, request = handed(city, told)
    data = answer_members(request, {"digital_id": [shown(city, request)]})
    assert hand_over(city, told, protocol, data).status_code == 200
    assert city.told(told["request_id"], key).json()["state"] == "answered"


def test_an_answer_through_the_browser_goes_back_to_the_callers_page(city: City) -> None:
    told, key = ask(city, return_to="https://agency.example/back")
    page = f"{city.identifier('verifier')}/present/{told['request_id']}"
    protocol, request = handed(city, {**told, "same_device_uri": page})
    data = answer_members(request, {"digital_id": [shown(city, request)]})
    address = hand_over(city, {"same_device_uri": page}, protocol, data).json()["redirect_uri"]
    place, _, query = address.partition("?")
    assert place == "https://agency.example/back"
    assert city.told(told["request_id"], key).status_code == 403
    assert city.told(told["request_id"], key, f"?{query}").json()["state"] == "answered"
