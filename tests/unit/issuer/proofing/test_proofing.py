import unicodedata

import pytest
from sqlmodel import select

from issuer.proofing.store import ProofingRow
from madang.core.encoding import strict_json
from tests.unit.issuer.world import NOW, OTHER, TENANT, World


def test_a_proofing_records_level_method_evidence_time_and_clerk(world: World) -> None:
    person = world.people()[0]
    answer = world.call("POST", "proofings", world.evidence(person))
    assert answer.status_code == 201
    assert answer.json()["level"] == "high"
    assert answer.headers["cache-control"] == "no-store"
    with world.session() as session:
        row = session.exec(select(ProofingRow)).one()
    assert row.model_dump() == {
        "id": answer.json()["proofing_id"],
        "tenant": TENANT,
        "person": person,
        "level": "high",
        "method": "in_person_document",
        "evidence": "resident_card",
        "at": NOW,
        "clerk": "staff-1",
        "taken": False,
    }
    assert world.codes() == ["proofing.recorded"]


def test_a_name_in_single_letters_is_the_same_name(world: World) -> None:
    evidence = world.evidence(world.people()[0])
    letters = unicodedata.normalize("NFD", evidence["name"])
    assert letters != evidence["name"]
    assert world.call("POST", "proofings", evidence | {"name": letters}).status_code == 201


@pytest.mark.parametrize("wrong", ["name", "birthdate", "document_number"])
def test_every_mismatch_is_refused_in_the_same_way(world: World, wrong: str) -> None:
    evidence = world.evidence(world.people()[0])
    other = world.evidence(world.people()[1])
    with world.refused("proofing.refused.not_in_register"):
        answer = world.call("POST", "proofings", evidence | {wrong: other[wrong]})
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:madang:problem:not_in_register",
        "title": "not_in_register",
        "status": 404,
    }
    assert world.count(ProofingRow) == 0


def test_another_municipality_does_not_know_the_resident(world: World) -> None:
    evidence = world.evidence(world.people()[0])
    with world.refused("proofing.refused.not_in_register", OTHER):
        answer = world.call("POST", "proofings", evidence, tenant=OTHER)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"birthdate": "1997-13-01"},
        {"method": "by_telephone"},
        {"method": "openid_provider"},
        {"evidence": "id_token"},
        {"evidence": "library_card"},
        {"name": ""},
        {"document_number": "1" * 101},
        {"name": 5},
    ],
)
def test_a_malformed_call_is_refused(world: World, changes: dict[str, object]) -> None:
    evidence = world.evidence(world.people()[0])
    with world.refused("request.malformed"):
        answer = world.call("POST", "proofings", evidence | changes)
    assert answer.status_code == 400
    assert answer.json()["title"] == "invalid_request"


def test_nothing_of_the_document_is_kept(world: World) -> None:
    person = world.people()[0]
    evidence = world.evidence(person)
    world.prove(person)
    with world.session() as session:
        kept = strict_json.dumps(session.exec(select(ProofingRow)).one().model_dump())
    for value in (evidence["name"], evidence["birthdate"], evidence["document_number"]):
        assert value not in kept
