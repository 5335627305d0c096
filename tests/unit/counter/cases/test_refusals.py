"""What a clerk is told when something does not go, and what is left behind: nothing."""

import pytest

from counter.cases.offices import Refused
from madang.cli.walk.browser import Page
from tests.unit.counter.world import DOCUMENT, OTHER, TENANT, Clerk, World, unreachable

LANGUAGES = ("ko", "en", "ja")
CODES = [each for each in Refused if each is not Refused.NOTHING_TO_CERTIFY]


def new_case(clerk: Clerk) -> Page:
    return clerk.send(clerk.open("/"), "/cases")


def answered(world: World, clerk: Clerk) -> Page:
    page = clerk.send(new_case(clerk), "/presentation")
    world.verifier.state = "answered"
    return clerk.open(page.url)


class TestRegister:
    def test_nobody_like_this(self, world: World) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        world.issuer.refusal = (404, "not_in_register", None)
        answer = clerk.post(page, "/identity", **DOCUMENT)
        assert answer.status_code == 409
        assert "대장에서 일치하는 분을 찾지 못했습니다" in answer.text
        assert world.journal()[-1] == "office.not_in_register"
        assert "identity.proved" not in world.journal()

    def test_what_was_typed_is_not_on_the_page(self, world: World) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        world.issuer.refusal = (404, "not_in_register", None)
        text = clerk.post(page, "/identity", **DOCUMENT).text
        assert not [value for value in DOCUMENT.values() if value in text]

    def test_the_page_leads_back_to_the_case(self, world: World) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        world.issuer.refusal = (404, "not_in_register", None)
        path = page.url.removeprefix("http://counter.test")
        text = clerk.post(page, "/identity", **DOCUMENT).text
        assert f'href="{path}"' in text
        assert f'href="{path}?lang=en"' in text


class TestIssuer:
    @pytest.mark.parametrize("code", CODES)
    def test_every_refusal_has_words_and_advice(self, world: World, code: Refused) -> None:
        clerk = world.clerk()
        page = answered(world, clerk)
        world.issuer.refusal = (409, code.value, None)
        for language in LANGUAGES:
            texts = world.deps.texts.by_language[language]
            answer = clerk.post(page, "/certificates", language, type="lease")
            assert answer.status_code == 409
            assert texts[f"error.{code.value}"] in answer.text
            assert texts[f"error.{code.value}.todo"] in answer.text
        assert world.journal()[-1] == f"office.{code.value}"

    def test_what_cannot_be_certified_is_named_and_the_form_stays(self, world: World) -> None:
        clerk = world.clerk()
        page = answered(world, clerk)
        world.issuer.refusal = (409, "nothing_to_certify", "lease")
        answer = clerk.post(page, "/certificates", "en", type=["lease", "household_income"])
        assert answer.status_code == 409
        assert "Lease report certificate" in answer.text.split('id="error"')[1].split("</p>")[0]
        assert 'value="household_income"' in answer.text
        assert world.journal()[-1] == "office.nothing_to_certify"

    def test_a_refusal_that_nobody_has_heard_of(self, world: World) -> None:
        clerk = world.clerk()
        page = answered(world, clerk)
        world.issuer.refusal = (400, "moon_in_the_wrong_house", "a detail that stays inside")
        answer = clerk.post(page, "/certificates", "en", type="lease")
        assert "The other service refused the request." in answer.text
        assert "moon" not in answer.text
        assert "detail" not in answer.text

    def test_a_refused_look_leaves_the_case_on_the_page(self, world: World) -> None:
        clerk = world.clerk()
        page = clerk.identity_offered()
        world.issuer.refusal, world.issuer.refuses = (404, "offer_unknown", None), ("GET",)
        answer = clerk.get(page.url, params={"lang": "en"})
        assert answer.status_code == 200
        assert "The offer is not known any more." in answer.text


class TestUnreachable:
    def test_identity(self, world: World) -> None:
        far = unreachable(world)
        clerk = far.clerk()
        answer = clerk.post(new_case(clerk), "/identity", "en", **DOCUMENT)
        assert answer.status_code == 502
        assert "The issuer does not answer." in answer.text
        assert world.journal()[-1] == "office.issuer_unreachable"

    def test_presentation(self, world: World) -> None:
        far = unreachable(world)
        clerk = far.clerk()
        answer = clerk.post(new_case(clerk), "/presentation", "en")
        assert answer.status_code == 502
        assert "The verifier does not answer." in answer.text

    def test_the_page_shows_what_was_last_seen_and_says_so(self, world: World) -> None:
        page = world.clerk().identity_offered()
        clerk = unreachable(world).clerk()
        answer = clerk.get(page.url, params={"lang": "en"})
        assert answer.status_code == 200
        assert "The issuer does not answer." in answer.text
        assert 'data-state="offered"' in answer.text

    def test_the_choice_of_certificates(self, world: World) -> None:
        page = answered(world, world.clerk())
        answer = unreachable(world).clerk().get(page.url, params={"lang": "en"})
        assert "The issuer does not answer." in answer.text
        assert "/certificates" not in answer.text

    @pytest.mark.parametrize(
        "garbled",
        [b"", b"not JSON", b"[]", b"{}", b'{"types":[{"id":1}]}', b'{"types": NaN}', b"\xff"],
    )
    def test_an_answer_that_makes_no_sense(self, world: World, garbled: bytes) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        world.issuer.garbled = garbled
        assert clerk.post(page, "/identity", **DOCUMENT).status_code == 502

    def test_an_id_that_could_hold_anything(self, world: World) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        world.verifier.garbled = (
            b'{"presentation_id":"../../etc","request_uri":"haip-vp://?a","expires_at":9999999999}'
        )
        assert clerk.post(page, "/presentation").status_code == 502

    def test_a_mistake_inside_the_other_service(self, world: World) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        world.verifier.refusal = (500, "server_error", None)
        assert clerk.post(page, "/presentation").status_code == 502


class TestForms:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "   "),
            ("name", "가" * 101),
            ("birthdate", "23.4.1996"),
            ("birthdate", "1996-02-30"),
            ("document_number", ""),
            ("evidence", "library_card"),
            ("evidence", ""),
        ],
    )
    def test_a_field_that_cannot_be_right(self, world: World, field: str, value: str) -> None:
        clerk = world.clerk()
        answer = clerk.post(new_case(clerk), "/identity", **{**DOCUMENT, field: value})
        assert answer.status_code == 400
        assert world.journal()[-1] == "case.form_incomplete"
        assert world.issuer.calls == []

    def test_the_longest_name(self, world: World) -> None:
        clerk = world.clerk()
        answer = clerk.post(new_case(clerk), "/identity", **{**DOCUMENT, "name": "가" * 100})
        assert answer.status_code == 303

    @pytest.mark.parametrize("chosen", [[], ["digital_id"], ["lease", "moon"], ["lease", "lease"]])
    def test_a_choice_that_is_not_on_the_page(self, world: World, chosen: list[str]) -> None:
        clerk = world.clerk()
        answer = clerk.post(answered(world, clerk), "/certificates", type=chosen)
        assert answer.status_code == 400
        assert world.journal()[-1] == "case.nothing_chosen"
        assert not world.issuer.made

    def test_a_form_without_its_token(self, world: World) -> None:
        clerk = world.clerk()
        answer = clerk.post(new_case(clerk), "/identity", **{**DOCUMENT, "csrf": "guessed"})
        assert answer.status_code == 403
        assert world.journal()[-1] == "access.forged_form"
        assert world.issuer.calls == []


class TestOrder:
    def test_identity_twice(self, world: World) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        clerk.send(page, "/identity", **DOCUMENT)
        answer = clerk.post(page, "/identity", "en", **DOCUMENT)
        assert answer.status_code == 409
        assert "The case is at another step." in answer.text
        assert world.issuer.made == 1

    def test_certificates_twice_from_one_presentation(self, world: World) -> None:
        clerk = world.clerk()
        page = answered(world, clerk)
        clerk.send(page, "/certificates", type=["lease"])
        assert clerk.post(page, "/certificates", type="lease").status_code == 409
        assert world.issuer.made == 1

    def test_certificates_without_a_presentation(self, world: World) -> None:
        clerk = world.clerk()
        page = new_case(clerk)
        form = page.form("/identity")
        form.action = form.action.replace("/identity", "/certificates")
        assert clerk.post(page, "/certificates", type="lease").status_code == 409
        assert world.issuer.calls == []

    def test_a_new_code_while_the_old_one_is_good(self, world: World) -> None:
        clerk = world.clerk()
        page = clerk.identity_offered()
        form = page.form("/presentation")
        form.action = form.action.replace("/presentation", "/offers/offer-1/renew")
        assert clerk.post(page, "/renew").status_code == 409
        assert world.journal()[-1] == "case.wrong_step"


class TestPresentation:
    @pytest.mark.parametrize("code", ["presentation_refused", "presentation_used"])
    def test_an_answer_that_counts_no_more_can_be_asked_for_again(
        self, world: World, code: str
    ) -> None:
        clerk = world.clerk()
        page = clerk.send(new_case(clerk), "/presentation")
        world.verifier.state = "answered"
        page = clerk.open(page.url)
        world.issuer.refusal = (409, code, None)
        assert clerk.post(page, "/certificates", type="lease").status_code == 409
        page = clerk.send(clerk.open(page.url), "/presentation")
        assert "presentation-qr" in page.images

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("access_denied", "chose not to show it"),
            ("expired", "has expired"),
            ("status_revoked", "was revoked"),
            ("status_suspended", "is suspended"),
            ("issuer_not_accredited", "not accredited"),
            ("key_binding_signature", "cannot be trusted"),
        ],
    )
    def test_why_it_was_refused(self, world: World, code: str, words: str) -> None:
        clerk = world.clerk()
        page = clerk.send(new_case(clerk), "/presentation")
        world.verifier.state, world.verifier.failures = "refused", [code]
        text = clerk.get(page.url, params={"lang": "en"}).text
        assert 'data-state="refused"' in text
        assert words in text
        assert "/presentation" in text.split("</main>")[0].rsplit("<form", 1)[1]
        assert world.journal()[-1] == "presentation.refused"

    def test_a_refused_try_leaves_the_request_open(self, world: World) -> None:
        clerk = world.clerk()
        page = clerk.send(new_case(clerk), "/presentation")
        world.verifier.failures = ["nonce", "audience"]
        html = clerk.get(page.url).text
        assert 'data-state="open"' in html
        assert "presentation-qr" in html
        assert html.split('class="failures"')[1].split("</ul>")[0].count("<li>") == 1

    def test_nobody_answered_in_time(self, world: World) -> None:
        clerk = world.clerk()
        page = clerk.send(new_case(clerk), "/presentation")
        world.verifier.state = "expired"
        page = clerk.open(page.url)
        assert "presentation-qr" not in page.images
        world.verifier.state = "open"
        assert "presentation-qr" in clerk.send(page, "/presentation").images


class TestMunicipalities:
    def test_a_case_of_another_one_is_not_there(self, world: World) -> None:
        page = world.clerk(TENANT).identity_offered()
        case = page.url.rsplit("/", 1)[1]
        clerk = world.clerk(OTHER)
        for path in (f"/cases/{case}", f"/cases/{case}/offers/offer-1/qr.png"):
            assert clerk.get(path).status_code == 404
        assert case not in clerk.get("/").text

    def test_nor_can_it_be_moved_on(self, world: World) -> None:
        page = world.clerk(TENANT).identity_offered()
        case = page.url.rsplit("/", 1)[1]
        clerk = world.clerk(OTHER)
        mine = new_case(clerk)
        form = mine.form("/presentation")
        form.action = f"/{OTHER}/counter/cases/{case}/presentation"
        assert clerk.post(mine, "/presentation").status_code == 404
        assert world.verifier.calls == []

    @pytest.mark.parametrize("path", ["/cases/unknown", "/cases/unknown/presentation/qr.png"])
    def test_an_unknown_case(self, world: World, path: str) -> None:
        assert world.clerk().get(path).status_code == 404
        assert world.journal()[-1] == "case.unknown"
