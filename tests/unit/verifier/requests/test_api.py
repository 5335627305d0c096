"""The API by which agencies' programs ask anything, and are told every step."""

import json
from typing import Any

import httpx
import pytest

from madang.core.catalog.certificate_type import TypeId
from madang.core.encoding import base64url
from madang.core.protocol.oid4vp.verdict import Step
from madang.core.protocol.oid4vp.verifier_info import registration_of
from tests.unit.verifier.world import NEIGHBOUR, TENANT, Asked, City, Land, open_city
from verifier.presentations.store import PresentationRow, SqlPresentations

PURPOSE = {"purpose": "counter_identification"}


def opened(city: City, **wish: Any) -> tuple[Asked, str]:
    """Ask, and return the request as a wallet reads it, and the key that asked."""
    key = city.key()
    answer = city.ask({**PURPOSE, **wish}, key=key)
    assert answer.status_code == 201, answer.text
    return city.asked(answer.json()), key


def good(asked: Asked) -> httpx.Response:
    return asked.answer({"digital_id": [asked.show("digital_id")]})


def results(city: City) -> list[str | None]:
    with city.deps.database.engine.connect() as connection:
        rows = connection.execute(PresentationRow.__table__.select())  # type: ignore[attr-defined]
        return [row.result for row in rows]


def test_a_purpose_alone_asks_all_that_it_lists(city: City) -> None:
    asked, key = opened(city)
    query, as_mdoc = asked.request.dcql_query.credentials
    assert [claim.path for claim in query.claims or ()] == [("name",), ("birthdate",)]
    assert as_mdoc.format == "mso_mdoc"
    assert registration_of(asked.request.verifier_info).purpose == "counter_identification"
    assert city.told(asked.id, key).json()["state"] == "open"


def test_the_result_comes_with_every_step_and_its_clause(city: City) -> None:
    asked, key = opened(city)
    assert good(asked).json() == {}
    told = city.told(asked.id, key).json()
    assert told["state"] == "answered"
    assert [step["outcome"] for step in told["steps"]] == ["passed"] * len(Step)
    assert all(step["clause"] for step in told["steps"])
    assert told["reasons"] == []
    (proved,) = told["result"]["credentials"]
    assert proved["type"] == "digital_id"
    example = city.deps.catalogue.types[TypeId("digital_id")].example
    person = example.record["person"]
    assert proved["claims"] == {"name": person["name"], "birthdate": person["birthdate"]}
    assert proved["holder"] == told["result"]["holder"]
    assert proved["holder"] == city.land.holders[0].public_key.thumbprint()


def test_a_refusal_is_told_with_all_its_reasons_and_the_wallet_learns_none(city: City) -> None:
    asked, key = opened(city)
    shown = asked.show("digital_id", nonce="another", drop=[("name",)])
    answer = asked.answer({"digital_id": [shown]})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    told = city.told(asked.id, key).json()
    reasons = {each["code"]: each for each in told["reasons"]}
    assert reasons.keys() == {"key_binding_nonce", "claim_missing", "credential_set_unmet"}
    assert reasons["key_binding_nonce"]["step"] == Step.BINDING
    assert reasons["key_binding_nonce"]["credential"] == "digital_id"
    assert all(each["clause"] and each["detail"] for each in told["reasons"])
    failed = {step["name"] for step in told["steps"] if step["outcome"] == "failed"}
    assert failed == {"binding", "query"}
    assert told["result"] is None
    assert results(city) == [None]
    assert good(asked).status_code == 200


def test_a_result_is_forgotten(city: City) -> None:
    asked, key = opened(city)
    good(asked)
    city.clock.advance(city.settings.presentation_seconds + city.settings.result_seconds)
    assert city.told(asked.id, key).json()["result"] is None
    with city.deps.database.transaction() as session:
        store = SqlPresentations(session, city.settings.result_seconds)
        store.forget(now=city.clock.now())
    assert results(city) == [None]


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize(
    ("prefix", "by"),
    [
        ("x509_hash", "reference"),
        ("x509_hash", "value"),
        ("x509_san_dns", "reference"),
        ("decentralized_identifier", "reference"),
        ("redirect_uri", "value"),
    ],
)
def test_every_way_of_asking_is_answered(city: City, mode: str, prefix: str, by: str) -> None:
    asked, key = opened(city, response_mode=mode, client_id_prefix=prefix, request=by)
    assert asked.request.response_mode == mode
    assert (asked.request.client_id or "").startswith(f"{prefix}:")
    assert good(asked).status_code == 200
    assert city.told(asked.id, key).json()["state"] == "answered"


def test_a_client_that_is_its_address_signs_nothing_and_goes_by_value(city: City) -> None:
    told = city.ask({**PURPOSE, "client_id_prefix": "redirect_uri"}).json()
    assert "request=" not in told["request_uri"]
    assert told["request_uri"].startswith("openid4vp://?")
    asked = city.asked(told)
    assert asked.request.client_id == f"redirect_uri:{asked.request.response_uri}"


@pytest.mark.parametrize("by", ["value", "reference"])
def test_what_goes_by_value_is_fetched_from_nowhere(city: City, by: str) -> None:
    told = city.ask({**PURPOSE, "request": by}).json()
    address = f"{city.identifier('verifier')}/request/{told['request_id']}"
    assert city.client.get(address).status_code == (404 if by == "value" else 200)


def test_v42_a_wallet_that_posts_for_it_has_its_nonce_back(city: City) -> None:
    told = city.ask({**PURPOSE, "request_uri_method": "post"}).json()
    assert "request_uri_method=post" in told["request_uri"]
    asked = city.asked(told)
    again = city.client.post(asked.request_uri, content="wallet_nonce=n-1&wallet_metadata=junk")
    assert json.loads(base64url.decode(again.text.split(".")[1]))["wallet_nonce"] == "n-1"


def test_a_municipality_may_be_asked_to_name_itself_by_its_attestation(city: City) -> None:
    refused = city.ask({**PURPOSE, "client_id_prefix": "verifier_attestation"})
    assert (refused.status_code, refused.json()["title"]) == (409, "client_id")
    assert city.journal()[-1] == "presentation.client_id"


def test_a_did_document_holds_the_key_of_the_requests(city: City) -> None:
    document = city.client.get(f"/{TENANT}/verifier/did.json").json()
    assert document["id"] == "did:web:id.hanbit.example:hanbit:verifier"
    (method,) = document["verificationMethod"]
    assert document["authentication"] == [method["id"]]
    public = city.land.keys.signer(TENANT, "verifier").public_key.to_jwk()
    assert public.items() <= method["publicKeyJwk"].items()


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"purpose": 1},
        {"purpose": "counter_identification", "response_mode": "fragment"},
        {"purpose": "counter_identification", "request_uri_method": "GET"},
        {"purpose": "counter_identification", "request": "value", "request_uri_method": "post"},
        {"purpose": "counter_identification", "transaction_data": [{"type": "x"}]},
        {"purpose": "counter_identification", "return_to": "http://evil.example"},
        {
            "purpose": "counter_identification",
            "response_mode": "dc_api",
            "return_to": "https://a.example",
        },
        {
            "purpose": "counter_identification",
            "transaction_data": [{"type": "x", "credential_ids": ["other"]}],
        },
        {"purpose": "counter_identification", "dcql_query": {"credentials": []}},
        [],
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_and_nothing_kept(city: City, wish: object) -> None:
    answer = city.ask(wish)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert results(city) == []


def over_broad(city: City) -> dict[str, Any]:
    claims = [{"path": ["name"]}, {"path": ["resident_number"]}]
    meta = {"vct_values": [city.vct("digital_id")]}
    asks = {"id": "a", "format": "dc+sd-jwt", "meta": meta, "claims": claims}
    return {"credentials": [asks]}


def test_more_than_the_purpose_lists_is_refused(city: City) -> None:
    answer = city.ask({**PURPOSE, "dcql_query": over_broad(city)})
    assert (answer.status_code, answer.json()["title"]) == (403, "over_asking")
    assert city.journal()[-1] == "presentation.over_asking"
    assert results(city) == []


def test_without_a_purpose_nothing_is_asked(city: City) -> None:
    answer = city.ask({"dcql_query": over_broad(city)})
    assert (answer.status_code, answer.json()["title"]) == (403, "purpose_missing")
    assert results(city) == []


def test_who_may_ask_outside_the_registry_says_no_purpose(land: Land) -> None:
    with open_city(land, ask_outside_registry=frozenset({TENANT})) as city:
        told = city.ask({"dcql_query": over_broad(city)}).json()
        assert city.asked(told).request.verifier_info is None
        foreign = {"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}}
        refused = city.ask({"dcql_query": {"credentials": [foreign]}})
        assert (refused.status_code, refused.json()["title"]) == (403, "issuer_unknown")
        other = city.ask({"dcql_query": over_broad(city)}, tenant=NEIGHBOUR)
        assert other.status_code == 403


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer madang_x", "Basic madang_x"])
def test_nobody_asks_without_a_key(city: City, authorization: str) -> None:
    path, headers = f"/{TENANT}/verifier/api/requests", {"authorization": authorization}
    answer = city.client.post(path, content=b"{}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert city.journal()[-1] in {"access.token_missing", "access.api_key"}


def test_v44_a_key_of_another_municipality_finds_nothing(city: City) -> None:
    asked, _ = opened(city)
    foreign = city.key(NEIGHBOUR)
    answer = city.told(asked.id, foreign)
    unknown = city.told("none", foreign)
    assert (answer.status_code, answer.json()) == (404, unknown.json())
    headers = {"authorization": f"Bearer {foreign}"}
    there = city.client.get(f"/{NEIGHBOUR}/verifier/api/requests/{asked.id}", headers=headers)
    assert (there.status_code, there.json()) == (404, unknown.json())
    assert city.ask(PURPOSE, key=foreign).status_code == 404


def test_what_another_key_asked_is_not_there(city: City) -> None:
    asked, _ = opened(city)
    assert city.told(asked.id, city.key()).status_code == 404


def test_a_counter_does_not_see_an_agencys_request(city: City) -> None:
    asked, _ = opened(city)
    path = f"/{TENANT}/verifier/api/presentations/{asked.id}"
    assert city.call("GET", path).status_code == 404


def test_a_service_asks_for_an_agency_with_a_token(city: City) -> None:
    path = f"/{TENANT}/verifier/api/requests"
    told = city.call("POST", path, PURPOSE, roles=["agency"])
    assert told.status_code == 201
    own = f"{path}/{told.json()['request_id']}"
    assert city.call("GET", own, roles=["agency"]).json()["state"] == "open"
    assert city.call("GET", own, roles=["clerk"]).status_code == 403
    assert city.told(told.json()["request_id"], city.key()).status_code == 404


def test_a_return_address_holds_the_result_for_its_code(city: City) -> None:
    asked, key = opened(city, return_to="https://agency.example/back")
    address = good(asked).json()["redirect_uri"]
    assert city.told(asked.id, key).status_code == 403
    code = address.partition("response_code=")[2]
    assert city.told(asked.id, key, f"?response_code={code}").json()["result"]
    assert city.told(asked.id, key, f"?response_code={code}").status_code == 403


def test_events_tell_the_state_and_end_with_it(city: City) -> None:
    asked, key = opened(city)
    good(asked)
    headers = {"authorization": f"Bearer {key}"}
    path = f"/{TENANT}/verifier/api/requests/{asked.id}/events"
    events = city.client.get(path, headers=headers)
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.text == 'event: state\ndata: {"state":"answered","failures":[]}\n\n'
    assert (
        city.client.get(path, headers={"authorization": f"Bearer {city.key()}"}).status_code == 404
    )
