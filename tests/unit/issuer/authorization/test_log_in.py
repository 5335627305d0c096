"""The log-in from the choice of a way to the code, as a browser without scripts goes it."""

from urllib.parse import parse_qs, urlsplit

import pytest

from issuer.authorization.store import SignInRow
from issuer.authorization.verifier import PresentationState, Told
from issuer.offers.model import Offered
from issuer.proofing.store import ProofingRow
from issuer.sources.model import PersonId
from madang.access.authorization.model import GrantId
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.core.keys.signing import Signer
from madang.infra import journal
from tests.unit.issuer.authorization.conftest import (
    ABSTRACT,
    ID,
    POLICY,
    REDIRECT,
    Hall,
    pending,
)
from tests.unit.issuer.world import NOW, OTHER, TENANT, Client


class TestChoosing:
    def test_the_page_says_who_asks_for_what_and_names_the_ways(self, hall: Hall) -> None:
        page = hall.get()
        assert page.status_code == 200
        assert "City Wallet" in page.text
        assert "resident register" in page.text.lower()
        assert page.text.count('action="/hanbit/issuer/sign-in/authorization-1/wallet"') == 2
        assert 'id="provider"' not in page.text

    def test_a_municipality_with_a_provider_names_it(self, hall: Hall) -> None:
        hall.providers.named = {TENANT: {"ko": "누리", "en": "Nuri ID", "ja": "ヌリ"}}
        assert "With Nuri ID" in hall.get().text

    @pytest.mark.parametrize("language", ["ko", "en", "ja"])
    def test_it_speaks_the_reader_s_language(self, hall: Hall, language: str) -> None:
        hall.language = language
        assert f'<html lang="{language}">' in hall.get().text

    def test_the_form_may_lead_to_the_client_and_nowhere_else(self, hall: Hall) -> None:
        policy = hall.get().headers["content-security-policy"]
        assert "form-action 'self' https://wallet.example;" in policy

    def test_whoever_stops_is_sent_back_with_a_refusal(self, hall: Hall) -> None:
        answer = hall.post("/refuse")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{REDIRECT}?error=access_denied")
        assert hall.authorizations.refused == {ID: "access_denied"}
        assert hall.codes() == ["log_in.declined"]
        assert hall.world.count(SignInRow) == 0


class TestPresenting:
    @pytest.mark.parametrize("device", ["this", "other"])
    def test_whoever_presents_the_digital_id_is_known(
        self, hall: Hall, person: PersonId, keys: list[Signer], device: str
    ) -> None:
        hall.log_in(person, keys, device)
        page = hall.get()
        assert 'id="agree"' in page.text
        assert f'data-type="{ABSTRACT}"' in page.text
        answer = hall.post("/agree")
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert query["code"] == ["code-1"]
        grant, configurations = hall.authorizations.approved[ID]
        assert configurations == (ABSTRACT,)
        assert hall.entitlements.made[grant] == (
            person,
            IdentityLevel.HIGH,
            (TypeId(ABSTRACT),),
        )
        assert hall.codes() == ["log_in.known", "log_in.agreed"]

    def test_a_wallet_on_this_device_is_told_where_to_return(self, hall: Hall) -> None:
        hall.post("/wallet", device="this")
        back = f"https://id.hanbit.example/{TENANT}/issuer/sign-in/{ID}/return"
        assert list(hall.verifier.asked.values()) == [back]
        page = hall.get().text
        assert 'id="wallet-link" href="haip-vp://' in page
        assert "qr.png" not in page

    def test_a_wallet_on_another_device_reads_a_picture(self, hall: Hall) -> None:
        hall.post("/wallet", device="other")
        assert list(hall.verifier.asked.values()) == [None]
        assert "qr.png" in hall.get().text
        picture = hall.get("/qr.png")
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")

    def test_there_is_no_picture_before_a_wallet_is_asked(self, hall: Hall) -> None:
        assert hall.get("/qr.png").status_code == 404

    def test_the_page_s_script_is_told_when_to_load_it_again(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.post("/wallet", device="other")
        assert hall.get("/state").json() == {"waiting": True}
        hall.log_in(person, keys)
        assert hall.get("/state").json() == {"waiting": False}

    def test_the_verifier_is_not_asked_more_often_than_the_setting_says(self, hall: Hall) -> None:
        hall.post("/wallet", device="other")
        for _ in range(5):
            hall.get("/state")
        assert hall.verifier.calls == 0
        hall.world.clock.advance(POLICY.look_seconds)
        for _ in range(5):
            hall.get("/state")
        assert hall.verifier.calls == 1

    def test_a_result_for_this_device_is_not_given_to_whoever_only_looks(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        compact = hall.world.digital_id(person, keys)[0]
        hall.post("/wallet", device="this")
        hall.verifier.answer(hall.world.result(compact))
        hall.world.clock.advance(POLICY.look_seconds)
        assert 'id="waiting"' in hall.get().text

    @pytest.mark.parametrize(
        ("told", "trouble"),
        [
            (Told(PresentationState.EXPIRED), "presentation_expired"),
            (Told(PresentationState.REFUSED, None, ("access_denied",)), "presentation_declined"),
            (Told(PresentationState.REFUSED, None, ("kb_nonce",)), "presentation_refused"),
            (Told(PresentationState.GONE), "presentation_refused"),
            (Told(PresentationState.ANSWERED, "no.jwt.here"), "presentation_refused"),
        ],
        ids=["expired", "declined", "refused", "gone", "forged"],
    )
    def test_a_presentation_that_came_to_nothing_leads_back_to_the_choice(
        self, hall: Hall, told: Told, trouble: str
    ) -> None:
        hall.post("/wallet", device="other")
        hall.verifier.says["presentation-1"] = told
        hall.world.clock.advance(POLICY.look_seconds)
        assert hall.trouble() == trouble
        assert len(hall.codes()) == 1
        assert hall.codes()[0].startswith("log_in.refused.")

    def test_a_wrong_response_code_logs_nobody_in(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        compact = hall.world.digital_id(person, keys)[0]
        hall.post("/wallet", device="this")
        hall.verifier.answer(hall.world.result(compact))
        hall.get("/return?response_code=guessed")
        assert hall.trouble() == "presentation_refused"
        hall.get("/return?response_code=response-1")
        assert 'id="agree"' not in hall.get().text

    def test_one_presentation_logs_in_once(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        result = hall.world.result(hall.world.digital_id(person, keys)[0])
        for expected in (None, "presentation_refused"):
            hall.post("/wallet", device="other")
            hall.verifier.answer(result)
            hall.world.clock.advance(POLICY.look_seconds)
            assert hall.trouble() == expected
            if expected is None:
                hall.post("/refuse")
                hall.ask()

    def test_a_digital_id_that_was_not_issued_here_is_refused(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        compact = hall.world.digital_id(person, keys)[0]
        hall.post("/wallet", device="other")
        hall.verifier.answer(hall.world.result(compact, credential_digest=bytes(32)))
        hall.world.clock.advance(POLICY.look_seconds)
        assert hall.trouble() == "digital_id_unknown"

    def test_a_digital_id_that_was_revoked_is_refused(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        compact = hall.world.digital_id(person, keys)[0]
        hall.world.set_status(compact, "invalid")
        hall.post("/wallet", device="other")
        hall.verifier.answer(hall.world.result(compact))
        hall.world.clock.advance(POLICY.look_seconds)
        assert hall.trouble() == "digital_id_not_valid"

    def test_a_verifier_that_is_away_is_said(self, hall: Hall) -> None:
        hall.verifier.away = True
        hall.post("/wallet", device="other")
        assert hall.trouble() == "verifier_away"

    def test_a_verifier_that_goes_away_is_waited_for(self, hall: Hall) -> None:
        hall.post("/wallet", device="other")
        hall.verifier.away = True
        hall.world.clock.advance(POLICY.look_seconds)
        assert 'id="waiting"' in hall.get().text

    def test_another_way_can_be_chosen(self, hall: Hall) -> None:
        hall.post("/wallet", device="other")
        assert hall.post("/choose").status_code == 303
        assert 'id="stop"' in hall.get().text

    def test_an_answer_to_a_way_that_was_left_counts_no_more(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        compact = hall.world.digital_id(person, keys)[0]
        hall.post("/wallet", device="other")
        hall.verifier.answer(hall.world.result(compact))
        hall.post("/choose")
        hall.world.clock.advance(POLICY.look_seconds)
        assert 'id="stop"' in hall.get().text


class TestAgreeing:
    def test_a_digital_id_is_not_had_by_presenting_one(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.ask(configurations=("digital_id", ABSTRACT))
        hall.log_in(person, keys)
        page = hall.get().text
        assert "show an identity document at the counter first" in page
        hall.post("/agree")
        grant, configurations = hall.authorizations.approved[ID]
        assert configurations == (ABSTRACT,)
        assert hall.entitlements.made[grant][2] == (ABSTRACT,)

    def test_what_the_register_lacks_is_said_before(self, hall: Hall, keys: list[Signer]) -> None:
        everybody = set(hall.world.people("household"))
        person = min(everybody - set(hall.world.people("lease")))
        hall.ask(configurations=("lease",))
        hall.log_in(person, keys)
        page = hall.get().text
        assert 'id="agree"' not in page
        assert "The register has nothing to certify" in page
        answer = hall.post("/agree")
        assert answer.status_code == 409
        assert hall.authorizations.approved == {}
        assert hall.codes()[-1] == "log_in.refused.nothing_to_give"

    def test_all_formats_that_are_asked_for_are_approved(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        both = (ABSTRACT, f"{ABSTRACT}.mso_mdoc")
        hall.ask(configurations=both)
        hall.log_in(person, keys)
        hall.post("/agree")
        assert hall.authorizations.approved[ID][1] == both
        assert [made[2] for made in hall.entitlements.made.values()] == [(ABSTRACT,)]

    def test_a_type_that_nobody_attests_here_is_not_given(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.ask(configurations=("moon",))
        hall.log_in(person, keys)
        assert "Ask at the counter" in hall.get().text
        assert hall.post("/agree").status_code == 409

    def test_nobody_agrees_who_has_not_logged_in(self, hall: Hall) -> None:
        answer = hall.post("/agree")
        assert answer.status_code == 409
        assert hall.authorizations.approved == {}
        assert hall.codes() == ["log_in.refused.not_known"]

    def test_whoever_does_not_agree_gives_the_client_a_refusal(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.log_in(person, keys)
        answer = hall.post("/refuse")
        assert "error=access_denied" in answer.headers["location"]
        assert hall.entitlements.made == {}

    def test_the_agreement_is_once(self, hall: Hall, person: PersonId, keys: list[Signer]) -> None:
        hall.log_in(person, keys)
        csrf = hall.csrf()
        assert hall.post("/agree", csrf).status_code == 303
        assert hall.post("/agree", csrf).status_code == 404
        assert len(hall.entitlements.made) == 1

    def test_a_token_from_before_the_log_in_is_of_no_use_after_it(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        before = hall.csrf()
        hall.log_in(person, keys)
        hall.get()
        assert hall.post("/agree", before).status_code == 403

    def test_a_suspended_municipality_gives_nothing(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.log_in(person, keys)
        csrf = hall.csrf()
        registry = hall.world.accreditations.twin
        registry.suspend(registry.record_of(hall.world.identifier()))
        answer = hall.post("/agree", csrf)
        assert answer.status_code == 503
        assert hall.authorizations.approved == {}
        assert "cannot be done right now" in answer.text


class TestOffers:
    def offer(self, hall: Hall, person: PersonId, *types: str) -> GrantId:
        grant = GrantId("offer-1")
        hall.entitlements.offers["state-1"] = Offered(grant, person, (*map(TypeId, types),))
        hall.ask(issuer_state="state-1")
        return grant

    def test_its_person_goes_on_with_the_offer_s_own_grant(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        grant = self.offer(hall, person, ABSTRACT)
        hall.log_in(person, keys)
        hall.post("/agree")
        assert hall.authorizations.approved[ID] == (grant, (ABSTRACT,))
        assert hall.entitlements.made == {}

    def test_nobody_else_goes_on(self, hall: Hall, keys: list[Signer]) -> None:
        first, second = hall.world.people("household")[:2]
        self.offer(hall, first, ABSTRACT)
        hall.log_in(second, keys)
        assert hall.trouble() == "another_person"
        assert hall.post("/agree").status_code == 409
        assert hall.authorizations.approved == {}
        assert "log_in.refused.another_person" in hall.codes()

    def test_what_it_does_not_hold_is_not_given(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        self.offer(hall, person, "lease")
        hall.log_in(person, keys)
        assert hall.post("/agree").status_code == 409

    def test_one_that_is_over_gives_nothing(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.ask(issuer_state="long gone")
        hall.log_in(person, keys)
        assert hall.post("/agree").status_code == 409

    def test_the_digital_id_that_a_clerk_offered_is_given(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        grant = self.offer(hall, person, "digital_id")
        hall.ask(issuer_state="state-1", configurations=("digital_id",))
        hall.log_in(person, keys)
        hall.post("/agree")
        assert hall.authorizations.approved[ID] == (grant, ("digital_id",))


class TestTheDoor:
    @pytest.mark.parametrize(
        ("browser", "code"),
        [("", "other_browser"), ("browser-2", "other_browser")],
        ids=["no cookie", "another cookie"],
    )
    @pytest.mark.parametrize("path", ["", "/state", "/qr.png", "/return", "/provider"])
    def test_another_browser_sees_nothing(
        self, hall: Hall, path: str, browser: str, code: str
    ) -> None:
        hall.browser = browser
        answer = hall.get(path)
        assert answer.status_code == 404
        assert "City Wallet" not in answer.text
        assert hall.codes() == [f"authorization.refused.{code}"]

    def test_a_cookie_without_the_prefix_does_not_count_over_tls(self, hall: Hall) -> None:
        hall.browser = ""
        path = f"/{TENANT}/issuer/sign-in/{ID}"
        headers = {"cookie": "madang_authorization=browser-1"}
        answer = Client(hall.app).get(path, headers=headers)
        assert answer.status_code == 404

    @pytest.mark.parametrize("path", ["/wallet", "/choose", "/agree", "/refuse"])
    def test_a_form_without_its_token_changes_nothing(self, hall: Hall, path: str) -> None:
        hall.get()
        for token in ("", "guessed"):
            assert hall.post(path, token, device="other").status_code == 403
        assert hall.codes() == ["access.forged_form"] * 2
        assert (hall.verifier.asked, hall.authorizations.refused) == ({}, {})

    def test_another_municipality_knows_nothing_of_it(self, hall: Hall) -> None:
        answer = hall.request("GET", f"/{OTHER}/issuer/sign-in/{ID}")
        assert answer.status_code == 404

    def test_it_ends_with_the_request(self, hall: Hall) -> None:
        hall.get()
        hall.world.clock.advance(600)
        assert hall.get().status_code == 404

    def test_it_ends_before_a_request_that_waits_longer(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.ask(expires_at=NOW + 10_000)
        hall.log_in(person, keys)
        assert 'id="agree"' in hall.get().text
        hall.world.clock.advance(POLICY.seconds)
        assert 'id="stop"' in hall.get().text

    def test_a_request_takes_so_many_tries_and_no_more(self, hall: Hall) -> None:
        for _ in range(POLICY.tries):
            assert hall.post("/wallet", device="other").status_code == 303
            hall.post("/choose")
        page = hall.get().text
        assert "tried too often" in page
        assert 'action="/hanbit/issuer/sign-in/authorization-1/wallet"' not in page
        assert hall.post("/wallet", device="other").status_code == 429
        assert len(hall.verifier.asked) == POLICY.tries
        assert hall.codes() == ["log_in.refused.too_many_tries"]
        assert hall.post("/refuse").status_code == 303

    @pytest.mark.parametrize("device", ["", "moon"])
    def test_a_form_that_names_no_device_is_refused(self, hall: Hall, device: str) -> None:
        assert hall.post("/wallet", device=device).status_code == 404

    def test_nothing_personal_is_in_the_journal_or_stays_after_the_end(
        self, hall: Hall, person: PersonId, keys: list[Signer]
    ) -> None:
        hall.log_in(person, keys)
        hall.post("/agree")
        assert hall.world.count(SignInRow) == 0
        with hall.world.session() as session:
            written = [
                f"{e.code} {e.reference} {e.actor}" for e in journal.entries(session, TENANT)
            ]
        resident = next(r for r in hall.world.register.residents(TENANT) if r.id == person)
        for secret in (person, resident.name, resident.document_number):
            assert not [line for line in written if secret in line]


def test_who_is_known_is_recorded_nowhere_by_a_presentation(
    hall: Hall, person: PersonId, keys: list[Signer]
) -> None:
    """The level of a Digital ID is that of the proofing behind it; there is no second one."""
    before = hall.world.count(ProofingRow)
    hall.log_in(person, keys)
    hall.post("/agree")
    assert hall.world.count(ProofingRow) == before + 1  # of the counter, for the Digital ID
    assert pending().id == ID
