"""The wallet's own surface: pictures and links in, JSON out, every refusal with its code."""

import io
from typing import Any

import httpx
import pytest
import zxingcpp
from fastapi import FastAPI
from PIL import Image

from mobile_stub.app import build
from tests.unit.mobile_stub.world import Issuer, Verifier, World, run


def picture_of(text: str) -> bytes:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    content = io.BytesIO()
    Image.fromarray(code.to_image(scale=4)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def app(world: World) -> FastAPI:
    return build(world.wallet)


def call(app: FastAPI, method: str, path: str, **options: Any) -> httpx.Response:
    async def done() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **options)

    return run(done())


def test_a_picture_leads_to_certificates_and_a_second_one_to_a_presentation(
    app: FastAPI, world: World, issuer: Issuer, verifier: Verifier
) -> None:
    offer = call(app, "POST", "/scan", content=picture_of(issuer.link())).json()
    assert offer["kind"] == "offer"
    taken = call(app, "POST", f"/scans/{offer['id']}/accept", json={"tx_code": "1234"}).json()
    assert taken["credentials"][0]["copies"] == 3
    listed = call(app, "GET", "/credentials").json()["credentials"]
    assert [each["set"] for each in listed] == [0, 1, 2]
    assert "Kim Mina" not in str(listed)
    shown = call(app, "POST", "/scan", content=picture_of(verifier.link())).json()
    assert shown["kind"] == "presentation"
    done = call(app, "POST", f"/scans/{shown['id']}/consent", json={"agree": True})
    assert done.json() == {"status": "accepted"}
    page = call(app, "GET", "/?lang=en").text
    assert "Digital_Id" in page
    assert len(call(app, "GET", "/history").json()["history"]) == 1
    assert world.vault.history()[0]["accepted"] is True


@pytest.mark.parametrize("body", [{}, {"agree": False}, {"agree": "true"}, {"agree": 1}])
def test_only_a_plain_yes_is_consent(
    body: dict[str, Any], app: FastAPI, world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    shown = call(app, "POST", "/open", json={"link": verifier.link()}).json()
    done = call(app, "POST", f"/scans/{shown['id']}/consent", json=body)
    assert done.json() == {"status": "declined"}
    assert not world.leaked


REFUSED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "not a picture": ("POST", "/scan", {"content": b"x"}, "not_a_picture"),
    "not a link": ("POST", "/open", {"json": {"link": "mailto:x"}}, "not_a_known_link"),
    "no link": ("POST", "/open", {"json": {}}, "not_a_known_link"),
    "not JSON": ("POST", "/open", {"content": b"{"}, "invalid_request"),
    "no object": ("POST", "/open", {"json": []}, "invalid_request"),
    "an unknown scan": ("POST", "/scans/x/consent", {"json": {"agree": True}}, "unknown_scan"),
    "an unknown copy": ("GET", "/credentials/x/receipt", {}, "no_receipt"),
}


def test_an_offer_is_not_consented_to_and_a_request_is_not_accepted(
    world: World, verifier: Verifier, app: FastAPI
) -> None:
    asked = call(app, "POST", "/open", json={"link": verifier.link()}).json()
    offered = call(app, "POST", "/open", json={"link": Issuer(world.net).link("lease")}).json()
    for scan, action, code in (
        (asked, "accept", "not_an_offer"),
        (offered, "consent", "not_a_request"),
    ):
        answer = call(app, "POST", f"/scans/{scan['id']}/{action}", json={"agree": True})
        assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert not world.leaked


def test_a_scheme_in_capitals_leads_to_the_same(
    world: World, verifier: Verifier, app: FastAPI
) -> None:
    links = {"presentation": verifier.link(), "offer": Issuer(world.net).link("lease")}
    for kind, link in links.items():
        scheme, rest = link.split(":", 1)
        opened = call(app, "POST", "/open", json={"link": f"{scheme.upper()}:{rest}"}).json()
        assert opened["kind"] == kind


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_400_with_its_code(name: str, app: FastAPI) -> None:
    method, path, options, code = REFUSED[name]
    answer = call(app, method, path, **options)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


def test_a_picture_over_the_limit_is_not_decoded(app: FastAPI, world: World) -> None:
    content = bytes(world.settings.max_picture_bytes + 1)
    assert call(app, "POST", "/scan", content=content).json()["error"] == "picture_too_large"


def test_an_answer_over_the_limit_is_not_read(world: World, app: FastAPI) -> None:
    link = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fx.example%2Foffer"
    world.net.routes["GET", "https://x.example/offer"] = lambda _: (
        200,
        bytes(world.settings.http_max_bytes + 1),
    )
    answer = call(app, "POST", "/open", json={"link": link})
    assert answer.json()["error"] == "answer_too_large"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil"])
def test_a_page_of_another_name_does_not_reach_the_wallet(
    host: str, app: FastAPI, world: World
) -> None:
    world.hold("digital_id")
    answer = call(app, "GET", "/credentials", headers={"host": host})
    assert answer.status_code == 400
    assert "digital_id" not in answer.text
    assert call(app, "GET", "/credentials", headers={"host": "localhost:8410"}).status_code == 200
