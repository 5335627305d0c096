"""A clerk walks a case by the pages alone, without scripts."""

import io
import json

import pytest
import zxingcpp
from PIL import Image

from tests.unit.counter.world import (
    CATALOG,
    DOCUMENT,
    NOW,
    ORIGINS,
    RESULT,
    TENANT,
    TX_CODE,
    Clerk,
    World,
)


def scanned(picture: bytes) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(found.text)


def test_a_new_case_asks_for_the_document_and_offers_the_way_with_a_digital_id(
    world: World,
) -> None:
    clerk = world.clerk()
    page = clerk.send(clerk.open("/"), "/cases")
    assert {"csrf", "name", "birthdate", "document_number"} <= page.form("/identity").fields.keys()
    assert page.form("/presentation").fields["csrf"]


def test_what_the_document_says_goes_to_the_issuer_for_this_clerk(world: World) -> None:
    world.clerk().identity_offered()
    proofing, offer = (c for c in world.issuer.calls if c.body)
    assert proofing.body == {**DOCUMENT, "method": "in_person_document"}
    assert offer.body == {"proofing_id": "proofing-1", "types": ["digital_id"]}
    assert offer.caller.issuer == f"{ORIGINS['counter']}/{TENANT}/counter"
    assert offer.caller.roles == {"clerk"}


def test_the_offer_is_a_picture_that_a_phone_reads_and_a_code_to_say(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    assert page.text("tx-code") == TX_CODE
    picture = clerk.get(page.image("offer-qr"))
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store"
    assert scanned(picture.content) == "openid-credential-offer://?credential_offer=secret-1"


def test_the_page_looks_again_by_itself_until_the_wallet_has_it(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    html = clerk.get(page.url).text
    assert '<meta http-equiv="refresh" content="3">' in html
    assert 'id="offer-state" data-state="offered"' in html
    world.issuer.state = "issued"
    html = clerk.get(page.url).text
    assert "http-equiv" not in html
    assert 'data-state="issued"' in html


@pytest.mark.parametrize("language", ["ko", "en", "ja"])
@pytest.mark.parametrize(
    "event", ["credential_accepted", "credential_failure", "credential_deleted"]
)
def test_the_page_says_what_the_wallet_said_became_of_it(
    world: World, event: str, language: str
) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state = "issued"
    assert "data-event" not in clerk.get(page.url).text
    world.issuer.events = {"digital_id": event, "lease": "of_a_later_time"}
    html = clerk.get(page.url, params={"lang": language}).text
    text = json.loads((CATALOG / f"texts/{language}/counter.json").read_text())
    assert f'data-event="{event}">{text[f"counter.offer.event.{event}"]}<' in html
    assert html.count("data-event") == 1


def answered(world: World, clerk: Clerk) -> str:
    """Bring a case to an answered presentation; return its address."""
    page = clerk.identity_offered()
    world.issuer.state = "issued"
    page = clerk.send(clerk.open(page.url), "/presentation")
    world.verifier.state = "answered"
    return page.url


def test_the_digital_id_is_asked_for_in_the_name_of_this_issuer(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state = "issued"
    page = clerk.send(clerk.open(page.url), "/presentation")
    assert scanned(clerk.get(page.image("presentation-qr")).content).startswith("haip-vp://")
    assert page.text("presentation-state")
    assert world.verifier.calls[0].body == {
        "purpose": "counter_identification",
        "audience": f"{ORIGINS['issuer']}/{TENANT}/issuer",
    }


def test_the_whole_path(world: World) -> None:
    clerk = world.clerk()
    page = clerk.open(answered(world, clerk))
    assert 'value="lease"' in clerk.get(page.url).text
    assert 'value="digital_id"' not in clerk.get(page.url).text
    page = clerk.send(page, "/certificates", type=["lease", "household_income"])
    offer = world.issuer.calls[-2]
    assert set(offer.body.pop("types")) == {"lease", "household_income"}
    assert offer.body == {"presentation_result": RESULT}
    assert page.text("tx-code") == TX_CODE
    world.issuer.state = "issued"
    page = clerk.open(page.url)
    assert "offer-qr" not in page.images
    assert world.journal() == [
        "account.entered",
        "sign_in.opened",
        "case.opened",
        "identity.proved",
        "offer.made",
        "offer.issued",
        "presentation.asked",
        "presentation.answered",
        "offer.made",
        "offer.issued",
    ]


def test_a_clerk_asks_a_person_who_has_a_digital_id_already(world: World) -> None:
    clerk = world.clerk()
    page = clerk.send(clerk.open("/"), "/cases")
    page = clerk.send(page, "/presentation")
    assert "presentation-qr" in page.images
    assert world.issuer.calls == []


def test_a_clerk_may_ask_from_a_page_that_still_shows_the_offer(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state = "issued"
    assert "presentation-qr" in clerk.send(page, "/presentation").images


def test_a_new_code_for_what_did_not_arrive(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state = "code_used"
    page = clerk.open(page.url)
    assert "tx-code" not in page.texts
    page = clerk.send(page, "/renew")
    assert page.text("tx-code") == TX_CODE
    assert page.image("offer-qr").endswith("/offers/offer-1/qr.png")
    assert world.journal()[-2:] == ["offer.code_used", "offer.renewed"]


def test_the_list_shows_every_case_of_the_municipality_newest_first(world: World) -> None:
    clerk = world.clerk()
    first = clerk.send(clerk.open("/"), "/cases").url
    world.clock.advance(60)
    second = clerk.send(clerk.open("/"), "/cases").url
    html = clerk.get("/").text
    assert html.index(second.rsplit("/", 1)[1]) < html.index(first.rsplit("/", 1)[1])
    assert "12:00" in html
    assert "12:01" in html
    assert NOW % 3600 == 0


def test_pages_speak_the_reader_s_language(world: World) -> None:
    clerk = world.clerk()
    url = answered(world, clerk)
    for language, word in (("ko", "가구 소득금액증명"), ("en", "Certificate of household")):
        html = clerk.get(url, params={"lang": language}).text
        assert f'<html lang="{language}">' in html
        assert word in html


class TestStatusOutOfItsTime:
    """From when the status of the Digital ID is, where its issuer could not be reached."""

    TOLD = (
        ("ko", "2026-11-23 08:28 기준 상태입니다. 발급 기관에 연결할 수 없었습니다."),
        ("en", "Status as of 2026-11-23 08:28: the issuer could not be reached."),
        ("ja", "2026-11-23 08:28時点の状態です。発行者に接続できませんでした。"),
    )

    def texts(self, clerk: Clerk, url: str) -> list[bool]:
        return [told in clerk.get(url, params={"lang": lang}).text for lang, told in self.TOLD]

    def test_the_clerk_sees_it_in_every_language(self, world: World) -> None:
        world.verifier.status_as_of = NOW - 12_720
        clerk = world.clerk()
        url = answered(world, clerk)
        assert self.texts(clerk, url) == [True] * 3
        assert 'value="lease"' in clerk.get(url).text
        other = clerk.send(clerk.open("/"), "/cases").url
        assert self.texts(clerk, other) == [False] * 3
        assert clerk.get("/").text.count('href="/hanbit/counter/cases/') == 2

    def test_it_is_told_of_a_refused_answer_and_goes_with_the_next(self, world: World) -> None:
        clerk = world.clerk()
        page = clerk.send(clerk.open("/"), "/cases")
        url = clerk.send(page, "/presentation").url
        for state, as_of in (("open", NOW - 12_720), ("open", None), ("answered", NOW - 12_720)):
            world.verifier.state, world.verifier.status_as_of = state, as_of
            assert self.texts(clerk, url) == [as_of is not None] * 3
        clerk.send(clerk.open(url), "/presentation")
        assert self.texts(clerk, url) == [True] * 3
        world.verifier.status_as_of = None
        assert self.texts(clerk, url) == [False] * 3

    def test_a_status_in_its_time_is_told_without_it(self, world: World) -> None:
        clerk = world.clerk()
        assert self.texts(clerk, answered(world, clerk)) == [False] * 3
