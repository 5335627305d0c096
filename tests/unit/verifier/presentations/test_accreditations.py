"""The verifier asks and accepts only by the registry, and says which state of it."""

import pytest

from madang.core.envelope import jws
from madang.core.keys.signing import checker_for
from madang.core.protocol.oid4vp.request_link import RequestLink, parse_request_link
from madang.core.trust.snapshot import SnapshotError
from tests.unit.verifier.world import DAY, NEIGHBOUR, NOW, TENANT, Asked, City, narrowed

API = f"/{TENANT}/verifier/api/presentations"


def answered(city: City, asked: Asked) -> tuple[str, list[str]]:
    asked.answer(asked.everything())
    told = city.state(asked)
    return told["state"], told["failures"]


def test_the_verdict_tells_version_block_and_age_of_what_it_rests_on(city: City) -> None:
    city.accreditations.age = 3600
    asked = city.ask_identity()
    assert answered(city, asked)[0] == "answered"
    basis = city.accreditations.registry(now=NOW).basis
    assert city.state(asked)["accreditations"] == {
        "version": basis.version,
        "block": basis.block,
        "as_of": NOW - 3600,
    }


def test_a_suspended_issuer_is_refused_and_counts_again_when_it_is_resumed(city: City) -> None:
    twin = city.accreditations.twin
    record, asked = twin.record_of(city.identifier("issuer")), city.ask_identity()
    twin.now = NOW - 100  # the certificate is of the day before
    twin.suspend(record)
    assert answered(city, asked) == ("open", ["issuer_suspended"])
    assert city.journal() == ["presentation.issuer_suspended"]
    twin.resume(record)
    assert answered(city, city.ask_identity()) == ("answered", [])


def test_an_issuer_removed_since_counts_for_what_it_issued_before(city: City) -> None:
    twin = city.accreditations.twin
    twin.now = NOW - 100
    twin.remove(twin.record_of(city.identifier("issuer")))
    assert answered(city, city.ask_identity())[0] == "answered"


def test_an_issuer_removed_before_does_not(city: City) -> None:
    twin = city.accreditations.twin
    twin.now = NOW - 2 * DAY
    twin.remove(twin.record_of(city.identifier("issuer")))
    assert answered(city, city.ask_identity()) == ("open", ["issuer_not_accredited"])


@pytest.mark.parametrize("code", ["snapshot_stale", "snapshot_missing"])
def test_without_a_snapshot_nothing_is_asked_or_accepted(city: City, code: str) -> None:
    asked = city.ask_identity()
    city.accreditations.error = SnapshotError(code, "no basis")
    assert answered(city, asked) == ("open", [code])
    assert city.client.get(asked.request_uri).status_code == 503
    body = {"purpose": "counter_identification", "audience": city.identifier("issuer")}
    assert city.call("POST", API, body).json()["title"] == code
    told = [f"presentation.{code}", f"accreditation.{code}", f"accreditation.{code}"]
    assert city.journal() == told


def test_a_suspended_verifier_asks_nothing_more(city: City) -> None:
    asked = city.ask_identity()
    twin = city.accreditations.twin
    twin.suspend(twin.record_of(city.identifier("verifier")))
    answer = city.client.get(asked.request_uri)
    assert (answer.status_code, answer.json()["error"]) == (403, "verifier_suspended")
    body = {"purpose": "counter_identification", "audience": city.identifier("issuer")}
    assert city.call("POST", API, body).json()["title"] == "verifier_suspended"


def test_a_purpose_whose_texts_were_edited_since_is_not_asked_for(city: City) -> None:
    purposes = city.deps.catalogue.federation.purposes
    purposes[0].texts["en"] = "Something else."  # type: ignore[index]  # a dict, as loaded
    body = {"purpose": "counter_identification", "audience": city.identifier("issuer")}
    answer = city.call("POST", API, body)
    assert (answer.status_code, answer.json()["title"]) == (403, "purpose_texts")


def test_an_identification_asks_what_is_registered_now(city: City) -> None:
    narrowed(city, "counter_identification", city.vct("digital_id"), [("birthdate",)])
    query, as_mdoc = city.ask_identity().request.dcql_query.credentials
    assert [claim.path for claim in query.claims or ()] == [("birthdate",)]
    element = (city.deps.catalogue.doc_type("digital_id"), "birthdate")
    assert [claim.path for claim in as_mdoc.claims or ()] == [element]


@pytest.mark.parametrize("listed", [None, [("example", "name")]], ids=["not", "in part"])
def test_a_document_that_is_not_registered_for_the_same_is_not_asked(
    listed: list[tuple[str, str]] | None, city: City
) -> None:
    narrowed(city, "counter_identification", city.deps.catalogue.doc_type("digital_id"), listed)
    (query,) = city.ask_identity().request.dcql_query.credentials
    assert (query.id, query.format) == ("digital_id", "dc+sd-jwt")


def test_a_type_that_is_registered_as_a_document_alone_is_asked_as_one(city: City) -> None:
    name = city.deps.catalogue.doc_type("digital_id")
    narrowed(city, "counter_identification", city.vct("digital_id"), None)
    (query,) = city.ask_identity().request.dcql_query.credentials
    assert (query.id, query.format) == ("digital_id", "mso_mdoc")
    assert query.meta.doctype_value == name
    assert [claim.path for claim in query.claims or ()] == [(name, "name"), (name, "birthdate")]


def asked_paths(asked: Asked) -> list[tuple[object, ...]]:
    asks = asked.request.dcql_query.credentials
    (query,) = (each for each in asks if each.format == "dc+sd-jwt")
    return [claim.path for claim in query.claims or ()]


def test_what_the_purpose_lists_by_the_newest_snapshot_is_asked(city: City) -> None:
    vct = city.vct("digital_id")
    assert len(asked_paths(city.ask_identity())) > 1
    narrowed(city, "counter_identification", vct, [("birthdate",)])
    assert asked_paths(city.ask_identity()) == [("birthdate",)]
    narrowed(city, "counter_identification", vct, [("name",)])
    assert asked_paths(city.ask_identity()) == [("name",)]


def test_each_municipality_asks_under_its_own_name_for_the_same_purpose(city: City) -> None:
    for tenant in (TENANT, NEIGHBOUR, TENANT):
        path = f"/{tenant}/verifier/api/presentations"
        body = {
            "purpose": "counter_identification",
            "audience": city.identifier("issuer", tenant),
        }
        told = city.call("POST", path, body, tenant=tenant).json()
        link = parse_request_link(told["request_uri"])
        assert isinstance(link, RequestLink)
        opened = jws.parse(city.client.get(link.request_uri).text)
        claims, own = jws.claims(opened), city.land.keys.signer(tenant, "verifier")
        assert claims["verifier_info"][0]["data"]["sub"] == city.identifier("verifier", tenant)
        assert claims["response_uri"].startswith(f"{city.identifier('verifier', tenant)}/")
        assert jws.decode_chain(opened.header) == own.certificate_chain
        assert jws.verify(opened, checker_for(own.public_key))
