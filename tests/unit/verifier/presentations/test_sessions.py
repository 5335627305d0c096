"""The life of a presentation: who may see it, how often it is tried, when it is over."""

import json
from collections.abc import Iterator

import pytest

from madang.core.protocol.oid4vp.errors import VpCode
from madang.core.protocol.oid4vp.request_check import verify_request
from madang.core.protocol.oid4vp.request_encryption import open_encrypted
from madang.core.protocol.oid4vp.response import answer_form, error_form
from madang.core.protocol.oid4vp.verifier_info import registration_of
from madang.core.protocol.oid4vp.wallet_metadata import wallet_post
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from mobile_stub.adapters import system
from tests.unit.verifier.world import NEIGHBOUR, NOW, TENANT, Asked, City, Land, open_city
from verifier.presentations.store import PresentationRow, SqlPresentations

API = f"/{TENANT}/verifier/api/presentations"


@pytest.fixture
def city(land: Land, database_url: str) -> Iterator[City]:
    with open_city(land, database_url=database_url) as city:
        yield city


def good(asked: Asked) -> str:
    return answer_form(asked.request, {"digital_id": [asked.show("digital_id")]})


def phases(city: City) -> list[tuple[str, bool]]:
    """Return phase and whether there is a key, of each presentation."""
    with city.deps.database.engine.connect() as connection:
        rows = connection.execute(PresentationRow.__table__.select())  # type: ignore[attr-defined]
        return [(row.phase, row.encryption_key is not None) for row in rows]


def test_v14_the_same_answer_counts_once(city: City) -> None:
    asked = city.ask_identity()
    body = good(asked)
    assert asked.post(body).status_code == 200
    result = city.state(asked)["result"]
    again = asked.post(body)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_request"})
    assert city.state(asked)["result"] == result
    assert city.journal() == ["presentation.accepted", "presentation.answered_already"]


def test_v14_of_two_answers_at_once_one_counts(city: City) -> None:
    asked = city.ask_identity()
    address = asked.request.response_uri
    answers = city.client.together((address, good(asked)), (address, good(asked)))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert sorted(city.journal()) == ["presentation.accepted", "presentation.answered_already"]


def test_a_result_is_forgotten_when_it_counts_no_more(city: City) -> None:
    asked = city.ask_identity()
    asked.post(good(asked))
    city.clock.advance(city.settings.presentation_seconds + city.settings.result_seconds - 1)
    city.ask_identity()
    assert city.state(asked)["result"]
    city.clock.advance(1)
    city.ask_identity()
    nothing = {"failures": [], "result": None, "status_as_of": None}
    basis = city.accreditations.registry(now=NOW).basis
    judged = {"version": basis.version, "block": basis.block, "as_of": NOW}
    told = {"state": "answered", **nothing, "accreditations": judged}
    assert city.state(asked) == told


def test_keys_and_results_leave_the_table_when_their_time_is_over(city: City) -> None:
    unanswered, asked = city.ask_identity(), city.ask_identity()
    asked.post(good(asked))
    database, seconds = city.deps.database, city.settings.result_seconds
    end = unanswered.request.exp or 0

    def kept_at(now: int) -> tuple[int, int]:
        with database.transaction() as session:
            SqlPresentations(session, seconds).forget(now=now)
            rows = session.execute(PresentationRow.__table__.select()).all()  # type: ignore[attr-defined]
        return sum(bool(r.encryption_key) for r in rows), sum(bool(r.result) for r in rows)

    assert kept_at(end - 1) == (1, 1)
    assert kept_at(end) == (0, 1)
    assert kept_at(end + seconds) == (0, 0)


def test_v15_an_answer_after_the_time_is_refused(city: City) -> None:
    asked = city.ask_identity()
    city.clock.advance(city.settings.presentation_seconds)
    assert asked.post(good(asked)).status_code == 400
    nothing = {"failures": [], "result": None, "status_as_of": None, "accreditations": None}
    assert city.state(asked) == {"state": "expired", **nothing}
    assert city.journal() == ["presentation.expired_already"]
    assert city.client.get(asked.request_uri).status_code == 400


def test_the_last_moment_counts(city: City) -> None:
    asked = city.ask_identity()
    city.clock.advance(city.settings.presentation_seconds - 1)
    assert asked.post(good(asked)).status_code == 200


def test_five_refused_answers_close_it(city: City) -> None:
    asked = city.ask_identity()
    for _ in range(4):
        assert asked.post("response=x").status_code == 400
    assert city.state(asked)["state"] == "open"
    assert asked.post("response=x").status_code == 400
    told = city.state(asked)
    assert (told["state"], told["failures"]) == ("refused", ["response_encryption"])
    assert asked.post(good(asked)).status_code == 400
    assert city.journal()[-1] == "presentation.refused_already"
    assert phases(city) == [("refused", False)]


def test_the_number_of_tries_is_a_setting(land: Land) -> None:
    with open_city(land, presentation_tries=1) as city:
        asked = city.ask_identity()
        asked.post("response=x")
        assert city.state(asked)["state"] == "refused"


def test_a_wallet_that_declines_closes_it(city: City) -> None:
    asked = city.ask_identity()
    answer = asked.post(error_form(VpCode.ACCESS_DENIED, state=asked.request.state))
    assert (answer.status_code, answer.json()) == (200, {})
    told = city.state(asked)
    assert (told["state"], told["failures"]) == ("refused", ["wallet_access_denied"])
    assert city.journal() == ["presentation.wallet_access_denied"]


def test_a_wallet_may_decline_in_an_encrypted_answer(city: City) -> None:
    asked = city.ask_identity()
    told = {"error": "access_denied", "state": asked.request.state}
    answer = asked.post_payload(json.dumps(told))
    assert (answer.status_code, answer.json()) == (200, {})
    assert city.state(asked)["state"] == "refused"
    assert city.journal() == ["presentation.wallet_access_denied"]
    assert phases(city) == [("refused", False)]


def test_a_wallets_own_words_are_not_kept(city: City) -> None:
    asked = city.ask_identity()
    asked.post(f"error=Mina+Kim+1997&state={asked.request.state}")
    assert city.state(asked)["failures"] == ["wallet_error"]


def test_an_error_of_another_session_closes_nothing(city: City) -> None:
    asked = city.ask_identity()
    assert asked.post(error_form(VpCode.ACCESS_DENIED, state="another")).status_code == 400
    assert city.state(asked)["state"] == "open"
    assert city.journal() == ["presentation.state"]


def test_v38_a_body_over_the_limit(city: City) -> None:
    asked = city.ask_identity()
    assert asked.post(b"response=" + b"x" * city.settings.max_body_bytes).status_code == 413
    assert asked.post(b"response=" + b"x" * 500_000).status_code == 400
    assert city.state(asked)["failures"] == ["response_form"]


def test_v41_the_request_is_served_again(city: City) -> None:
    asked = city.ask_identity()
    for _ in range(2):
        again = city.client.get(asked.request_uri)
        assert again.headers["content-type"] == "application/oauth-authz-req+jwt"
        assert again.headers["cache-control"] == "no-store"
        assert read(asked, again.text) == asked.request


def test_v42_the_wallets_nonce_comes_back_and_its_metadata_is_ignored(city: City) -> None:
    asked = city.ask_identity()
    body = "wallet_nonce=abc-123&wallet_metadata=%7Bjunk"
    answer = city.client.post(asked.request_uri, content=body)
    assert answer.status_code == 200
    assert read(asked, answer.text).wallet_nonce == "abc-123"


def test_a_wallet_that_names_a_key_gets_its_request_encrypted(city: City) -> None:
    asked, key = city.ask_identity(), system.encryption_key()
    post = wallet_post(asked.request.client_id, "n-1", system.public_of(key))
    answer = city.client.post(asked.request_uri, content=post)
    assert answer.headers["content-type"] == "application/oauth-authz-req+jwt"
    assert answer.text.count(".") == 4
    assert read(asked, open_encrypted(answer.text, key)).wallet_nonce == "n-1"


def read(asked: Asked, compact: str):  # noqa: ANN201  # a RequestObject
    city = asked.city
    policy = WalletPolicy(city.roots, city.clock.now())
    return verify_request(compact, client_id=asked.request.client_id, policy=policy).request


def test_a_wallets_post_that_is_no_form_is_refused(city: City) -> None:
    asked = city.ask_identity()
    assert city.client.post(asked.request_uri, content=b"\xff=\xfe").status_code == 400
    assert city.journal() == ["presentation.wallet_post"]


def test_the_request_says_why(city: City) -> None:
    use = registration_of(city.ask_identity().request.verifier_info)
    assert (use.verifier, use.purpose) == (city.identifier("verifier"), "counter_identification")
    assert use.texts["en"] == "To know who you are at the counter."
    assert set(use.texts) == {"ko", "en", "ja"}


def test_each_request_has_its_own_key_nonce_and_state(city: City) -> None:
    one, other = city.ask_identity(), city.ask_identity()
    assert one.key["x"] != other.key["x"]
    assert one.request.nonce != other.request.nonce
    assert one.request.state != other.request.state


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("place", ["request", "request/{}/here", "response", "present"])
def test_what_no_database_takes_for_text_is_no_failure_of_ours(
    city: City, method: str, place: str
) -> None:
    path = place.format("%00") if "{}" in place else f"{place}/%00"
    answer = city.client.request(method, f"/{TENANT}/verifier/{path}")
    assert answer.status_code in {400, 404, 405}
    assert "server.error" not in city.journal()


def test_v39_no_state_without_a_token(city: City) -> None:
    asked = city.ask_identity()
    answer = city.client.get(f"{API}/{asked.id}")
    assert answer.status_code == 401
    assert city.journal() == ["access.token_missing"]


def test_v39_a_check_is_not_told_as_an_identification(city: City) -> None:
    check = city.ask_eligibility()
    assert city.call("GET", f"{API}/{check.id}").status_code == 404


def test_v44_another_municipality_sees_nothing(city: City) -> None:
    asked = city.ask_identity()
    path = f"/{NEIGHBOUR}/verifier/api/presentations/{asked.id}"
    foreign = city.call("GET", path, tenant=NEIGHBOUR)
    unknown = city.call("GET", f"/{NEIGHBOUR}/verifier/api/presentations/none", tenant=NEIGHBOUR)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()
    assert city.journal(NEIGHBOUR) == ["presentation.unknown"] * 2
    there = asked.request.response_uri.replace(f"/{TENANT}/", f"/{NEIGHBOUR}/")
    assert asked.post(good(asked), to=there).status_code == 404
    here = asked.request_uri.replace(f"/{TENANT}/", f"/{NEIGHBOUR}/")
    assert city.client.get(here).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"purpose": "curiosity", "audience": ""}, 403, "presentation.purpose_not_registered"),
        (
            {"purpose": "youth_monthly_rent", "audience": ""},
            403,
            "presentation.purpose_not_registered",
        ),
        (
            {"purpose": "counter_identification", "audience": "https://evil.example"},
            400,
            "presentation.audience",
        ),
        ({"purpose": "counter_identification"}, 400, "request.malformed"),
        ([], 400, "request.malformed"),
    ],
)
def test_what_may_not_be_asked_is_not(city: City, body: object, status: int, code: str) -> None:
    answer = city.call("POST", API, body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert city.journal() == [code]
    assert phases(city) == []


def test_only_a_clerk_may_ask(city: City) -> None:
    body = {"purpose": "counter_identification", "audience": city.identifier("issuer")}
    assert city.call("POST", API, body, roles=["auditor"]).status_code == 403
    assert city.journal() == ["access.wrong_role"]


def test_another_service_does_not_act_as_the_counter(city: City) -> None:
    asked = city.ask_identity()
    body = {"purpose": "counter_identification", "audience": city.identifier("issuer")}
    assert city.call("POST", API, body, service="verifier").status_code == 403
    assert city.call("GET", f"{API}/{asked.id}", service="verifier").status_code == 403
    assert city.journal() == ["access.wrong_role"] * 2


def test_the_issuer_asks_without_a_clerk_and_has_its_own_results_alone(city: City) -> None:
    body = {"purpose": "counter_identification", "audience": city.identifier("issuer")}
    answer = city.call("POST", API, body, roles=[], service="issuer")
    assert answer.status_code == 201
    own = f"{API}/{answer.json()['presentation_id']}"
    assert city.call("GET", own, roles=[], service="issuer").json()["state"] == "open"
    assert city.call("GET", own).status_code == 404
    other = f"{API}/{city.ask_identity().id}"
    assert city.call("GET", other, roles=[], service="issuer").status_code == 404
