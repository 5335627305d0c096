"""Logging in at an OpenID provider: what is asked, recorded, refused and told."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from issuer.authorization.model import Trouble, UpstreamError
from issuer.authorization.upstream import Identified
from issuer.proofing.store import ProofingRow
from issuer.sources.model import IdentityEvidence, PersonId
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from tests.unit.issuer.authorization.conftest import ABSTRACT, ID, POLICY, Hall
from tests.unit.issuer.world import NOW, OTHER, TENANT

NAMES = {"ko": "누리", "en": "Nuri", "ja": "ヌリ"}


@pytest.fixture(autouse=True)
def nuri(hall: Hall) -> None:
    hall.providers.named = {TENANT: NAMES}


def evidence(hall: Hall, person: PersonId) -> IdentityEvidence:
    resident = next(r for r in hall.world.register.residents(TENANT) if r.id == person)
    return IdentityEvidence(resident.name, resident.birthdate, resident.document_number)


def leave(hall: Hall) -> str:
    """Go to the provider; return the state that goes along."""
    answer = hall.get("/provider")
    assert answer.status_code == 303
    assert answer.headers["location"] == "https://login.example/auth?ui_locales=en"
    return hall.providers.secrets[-1].state


def come_back(hall: Hall, state: str, query: str = "code=code-1", tenant: str = TENANT) -> Any:
    return hall.request("GET", f"/{tenant}/issuer/upstream?state={state}&{query}")


def log_in(hall: Hall, person: PersonId, level: IdentityLevel = IdentityLevel.HIGH) -> None:
    hall.providers.identified = Identified(evidence(hall, person), level)
    answer = come_back(hall, leave(hall))
    assert answer.headers["location"] == f"/{TENANT}/issuer/sign-in/{ID}"


def proofings(hall: Hall) -> list[ProofingRow]:
    with hall.world.session() as session:
        return list(session.exec(select(ProofingRow)))


def test_the_person_is_known_and_the_level_is_recorded(hall: Hall, person: PersonId) -> None:
    hall.ask(configurations=("digital_id", ABSTRACT))
    log_in(hall, person, IdentityLevel.SUBSTANTIAL)
    (row,) = proofings(hall)
    assert (row.person, row.level, row.method, row.evidence, row.at, row.clerk) == (
        person,
        "substantial",
        "openid_provider",
        "id_token",
        NOW,
        "",
    )
    hall.post("/agree")
    assert hall.authorizations.approved[ID][1] == ("digital_id", ABSTRACT)
    ((made, level, types),) = hall.entitlements.made.values()
    assert (made, level) == (person, IdentityLevel.SUBSTANTIAL)
    assert types == (TypeId("digital_id"), TypeId(ABSTRACT))
    assert hall.codes() == ["log_in.known", "log_in.agreed"]


def test_what_goes_out_comes_back_to_the_same_request(hall: Hall, person: PersonId) -> None:
    log_in(hall, person)
    (sent,), ((callback, nonce, code_verifier),) = hall.providers.secrets, hall.providers.finished
    assert (callback.state, nonce, code_verifier) == (sent.state, sent.nonce, sent.code_verifier)
    assert len({sent.state, sent.nonce, sent.code_verifier}) == 3
    assert all(len(each) == 43 for each in (sent.state, sent.nonce, sent.code_verifier))


def test_a_level_that_is_too_low_is_said_and_gives_nothing(hall: Hall, person: PersonId) -> None:
    hall.ask(configurations=("digital_id",))
    log_in(hall, person, IdentityLevel.LOW)
    assert "not strong enough" in hall.get().text
    assert hall.post("/agree").status_code == 409
    assert hall.authorizations.approved == {}


def test_whoever_the_register_does_not_know_is_told_so(hall: Hall) -> None:
    nobody = IdentityEvidence("Nobody", date(1944, 3, 1), "XX0000000")
    hall.providers.identified = Identified(nobody, IdentityLevel.HIGH)
    come_back(hall, leave(hall))
    assert hall.trouble() == "not_in_register"
    assert proofings(hall) == []
    assert hall.codes() == ["log_in.refused.not_in_register"]


@pytest.mark.parametrize("trouble", [t for t in Trouble if "provider" in t or "level" in t])
def test_what_went_wrong_there_is_told_and_journaled(hall: Hall, trouble: Trouble) -> None:
    hall.providers.identified = UpstreamError(trouble, "id_token_nonce")
    come_back(hall, leave(hall))
    assert hall.trouble() == trouble
    assert hall.codes() == ["log_in.refused.id_token_nonce"]
    assert proofings(hall) == []


def test_a_provider_that_is_away_is_told(hall: Hall) -> None:
    hall.providers.away = UpstreamError(Trouble.PROVIDER_AWAY, "provider_away")
    assert hall.get("/provider").headers["location"] == f"/{TENANT}/issuer/sign-in/{ID}"
    assert hall.trouble() == "provider_away"


@pytest.mark.parametrize("browser", ["", "browser-2"], ids=["no cookie", "another cookie"])
def test_nobody_comes_back_in_another_browser(hall: Hall, person: PersonId, browser: str) -> None:
    hall.providers.identified = Identified(evidence(hall, person), IdentityLevel.HIGH)
    state = leave(hall)
    hall.browser = browser
    assert come_back(hall, state).status_code == 404
    assert hall.providers.finished == []
    assert hall.codes() == ["authorization.refused.other_browser"]


def test_a_state_counts_once(hall: Hall, person: PersonId) -> None:
    hall.providers.identified = UpstreamError(Trouble.PROVIDER_DECLINED, "provider_declined")
    state = leave(hall)
    come_back(hall, state)
    hall.providers.identified = Identified(evidence(hall, person), IdentityLevel.HIGH)
    assert come_back(hall, state).status_code == 404
    assert hall.trouble() == "provider_declined"


def test_the_state_of_a_way_that_was_left_counts_no_more(hall: Hall, person: PersonId) -> None:
    hall.providers.identified = Identified(evidence(hall, person), IdentityLevel.HIGH)
    first = leave(hall)
    leave(hall)
    assert come_back(hall, first).status_code == 404
    assert hall.codes() == ["authorization.refused.state_unknown"]


@pytest.mark.parametrize("query", ["", "code=c&error=e", "code=c&code=d"])
def test_a_way_back_that_says_nothing_is_refused(hall: Hall, query: str) -> None:
    assert come_back(hall, leave(hall), query).status_code == 400
    assert hall.codes() == ["log_in.refused.callback_form"]


def test_another_municipality_s_way_back_leads_nowhere(hall: Hall) -> None:
    assert come_back(hall, leave(hall), tenant=OTHER).status_code == 404


def test_a_municipality_without_a_provider_has_no_such_way(hall: Hall) -> None:
    hall.providers.named = {}
    assert 'id="provider"' not in hall.get().text


def test_going_there_is_one_of_the_tries(hall: Hall) -> None:
    for _ in range(POLICY.tries):
        leave(hall)
    assert hall.get("/provider").status_code == 429


def test_a_log_in_is_good_for_one_agreement(hall: Hall, person: PersonId) -> None:
    log_in(hall, person)
    hall.post("/agree")
    (row,) = proofings(hall)
    assert row.taken


def test_nothing_that_the_provider_said_is_kept(hall: Hall, person: PersonId) -> None:
    log_in(hall, person)
    told = evidence(hall, person)
    with hall.world.deps.database.reading() as session:
        dump = "\n".join(session.connection().connection.iterdump())  # type: ignore[attr-defined]  # of SQLite
    for secret in (told.name, told.document_number, told.birthdate.isoformat()):
        assert secret not in dump
    (sent,) = hall.providers.secrets
    for secret in (sent.state, sent.nonce, sent.code_verifier):
        assert secret not in dump
