from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from issuer.offers.store import OfferRow
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from tests.unit.issuer.world import OTHER, World


def types_in(offer_uri: str) -> list[str]:
    offer = strict_json.loads(parse_qs(urlsplit(offer_uri).query)["credential_offer"][0])
    return list(offer["credential_configuration_ids"])


def test_an_offer_carries_issuer_types_code_and_asks_for_a_transaction_code(world: World) -> None:
    made = world.offer(world.people()[0])
    parts = urlsplit(made["offer_uri"])
    offer = strict_json.loads(parse_qs(parts.query)["credential_offer"][0])
    grant = offer["grants"]["urn:ietf:params:oauth:grant-type:pre-authorized_code"]
    assert offer["credential_issuer"] == world.identifier()
    assert offer["credential_configuration_ids"] == ["digital_id", "digital_id.mso_mdoc"]
    assert grant["tx_code"] == {"input_mode": "numeric", "length": 6}
    assert len(grant["pre-authorized_code"]) >= 22
    assert made["tx_code"].isdecimal()
    assert len(made["tx_code"]) == 6
    assert made["expires_at"] == world.clock.now() + world.settings.offer_seconds


def test_neither_code_is_kept_in_clear(world: World) -> None:
    made = world.offer(world.people()[0])
    code = parse_qs(urlsplit(made["offer_uri"]).query)["credential_offer"][0]
    with world.session() as session:
        kept = repr(session.exec(select(OfferRow)).one().model_dump())
    assert made["tx_code"] not in kept
    assert strict_json.loads(code)["grants"].popitem()[1]["pre-authorized_code"] not in kept


def test_a_proofing_is_good_for_one_offer(world: World) -> None:
    body = {"proofing_id": world.prove(world.people()[0]), "types": ["digital_id"]}
    assert world.call("POST", "offers", body).status_code == 201
    with world.refused("offer.refused.proofing_unknown"):
        answer = world.call("POST", "offers", body)
    assert (answer.status_code, answer.json()["title"]) == (404, "proofing_unknown")


def test_an_old_proofing_is_refused(world: World) -> None:
    body = {"proofing_id": world.prove(world.people()[0]), "types": ["digital_id"]}
    world.clock.advance(world.settings.proofing_seconds + 1)
    with world.refused("offer.refused.proofing_unknown"):
        assert world.call("POST", "offers", body).status_code == 404


def test_another_municipalitys_proofing_is_unknown(world: World) -> None:
    proofing = world.prove(world.people(tenant=OTHER)[0], OTHER)
    body = {"proofing_id": proofing, "types": ["digital_id"]}
    with world.refused("offer.refused.proofing_unknown"):
        assert world.call("POST", "offers", body).status_code == 404


@pytest.mark.parametrize(
    ("types", "code"),
    [
        (["lease"], "digital_id_required"),
        (["digital_id", "lease"], "digital_id_required"),
        (["passport"], "type_unknown"),
        (["digital_id", "digital_id"], "type_unknown"),
    ],
)
def test_types_that_a_proofing_does_not_open(world: World, types: list[str], code: str) -> None:
    body = {"proofing_id": world.prove(world.people()[0]), "types": types}
    with world.refused(f"offer.refused.{code}"):
        answer = world.call("POST", "offers", body)
    assert (answer.status_code, answer.json()["title"]) == (400, code)


@pytest.mark.parametrize(
    "body",
    [
        {"types": ["digital_id"]},
        {"types": ["digital_id"], "proofing_id": "a", "presentation_result": "b"},
        {"types": [], "proofing_id": "a"},
        {"proofing_id": "a"},
        {"types": ["digital_id"] * 33, "proofing_id": "a"},
    ],
)
def test_a_malformed_call_is_refused(world: World, body: dict[str, object]) -> None:
    with world.refused("request.malformed"):
        assert world.call("POST", "offers", body).status_code == 400


def test_a_digital_id_is_not_offered_to_its_holder(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    with world.refused("offer.refused.proofing_required"):
        answer = world.certificates(copies[0], "digital_id")
    assert (answer.status_code, answer.json()["title"]) == (400, "proofing_required")


def test_a_presentation_is_acted_on_once(world: World, holder_keys: Sequence[Signer]) -> None:
    copies = world.digital_id(world.people("lease")[0], holder_keys)
    body = {"presentation_result": world.result(copies[0]), "types": ["lease"]}
    assert world.call("POST", "offers", body).status_code == 201
    with world.refused("offer.refused.presentation_used"):
        answer = world.call("POST", "offers", body)
    assert (answer.status_code, answer.json()["title"]) == (409, "presentation_used")


def test_what_the_register_lacks_is_told_at_the_counter(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    person = next(p for p in world.people() if p not in world.people("lease"))
    copies = world.digital_id(person, holder_keys)
    body = {"presentation_result": world.result(copies[0]), "types": ["lease"]}
    with world.refused("offer.refused.nothing_to_certify"):
        answer = world.call("POST", "offers", body)
    assert answer.status_code == 409
    assert answer.json()["title"] == "nothing_to_certify"
    assert answer.json()["detail"] == "lease"
    # The presentation was not acted on, so it still counts for something else.
    body["types"] = ["resident_register_abstract"]
    assert world.call("POST", "offers", body).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://id.hanbit.example/elsewhere/issuer"},
        {"verifier": "https://id.saebyeol.example/saebyeol/verifier"},
        {"issued_at": 1_000},
        {"expires_at": 1_000},
    ],
)
def test_a_result_that_does_not_hold_is_refused(
    world: World, holder_keys: Sequence[Signer], changes: dict[str, object]
) -> None:
    copies = world.digital_id(world.people("lease")[0], holder_keys)
    with world.refused("offer.refused.presentation_refused"):
        answer = world.certificates(copies[0], "lease", **changes)
    assert (answer.status_code, answer.json()["title"]) == (400, "presentation_refused")


def test_the_word_of_another_municipalitys_verifier_does_not_count(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    copies = world.digital_id(world.people("lease")[0], holder_keys)
    result = world.result(copies[0], OTHER, issuer=world.identifier())
    with world.refused("offer.refused.presentation_refused"):
        body = {"presentation_result": result, "types": ["lease"]}
        assert world.call("POST", "offers", body).status_code == 400


@pytest.mark.parametrize("changes", [{"credential_digest": bytes(32)}, {"holder": "another"}])
def test_a_digital_id_that_is_not_on_record_is_refused(
    world: World, holder_keys: Sequence[Signer], changes: dict[str, object]
) -> None:
    copies = world.digital_id(world.people("lease")[0], holder_keys)
    with world.refused("offer.refused.digital_id_unknown"):
        answer = world.certificates(copies[0], "lease", **changes)
    assert (answer.status_code, answer.json()["title"]) == (409, "digital_id_unknown")


def test_another_certificate_is_no_digital_id(world: World, holder_keys: Sequence[Signer]) -> None:
    copies = world.digital_id(world.people("lease")[0], holder_keys)
    token = world.redeem(world.certificates(copies[0], "lease").json())
    lease = world.fetch(token, "lease", holder_keys).json()["credentials"][0]["credential"]
    with world.refused("offer.refused.digital_id_unknown"):
        assert world.certificates(lease, "lease").status_code == 409


@pytest.mark.parametrize("status", ["suspended", "invalid"])
def test_a_digital_id_that_is_not_valid_opens_nothing(
    world: World, holder_keys: Sequence[Signer], status: str
) -> None:
    copies = world.digital_id(world.people("lease")[0], holder_keys)
    world.set_status(copies[1], status)
    with world.refused("offer.refused.digital_id_not_valid"):
        answer = world.certificates(copies[0], "lease")
    assert (answer.status_code, answer.json()["title"]) == (409, "digital_id_not_valid")


def test_a_renewed_offer_voids_code_and_token(world: World, holder_keys: Sequence[Signer]) -> None:
    first = world.offer(world.people()[0])
    token = world.redeem(first)
    second = world.call("POST", f"offers/{first['offer_id']}/renew")
    assert second.status_code == 201
    assert second.json()["offer_id"] == first["offer_id"]
    with world.refused("token.code_unknown"):
        answer = world.token_request(first["offer_uri"], first["tx_code"])
    assert answer.json()["error"] == "invalid_grant"
    with world.refused("credential.invalid_token"):
        assert world.fetch(token, "digital_id", holder_keys).status_code == 401
    fetched = world.fetch(world.redeem(second.json()), "digital_id", holder_keys)
    assert fetched.status_code == 200


def test_a_renewed_offer_is_for_the_rest(world: World, holder_keys: Sequence[Signer]) -> None:
    copies = world.digital_id(world.people("lease", "income")[0], holder_keys)
    first = world.certificates(copies[0], "lease", "household_income").json()
    assert world.fetch(world.redeem(first), "lease", holder_keys).status_code == 200
    second = world.call("POST", f"offers/{first['offer_id']}/renew").json()
    assert types_in(second["offer_uri"]) == ["household_income"]
    token = world.redeem(second)
    with world.refused("credential.insufficient_scope"):
        assert world.fetch(token, "lease", holder_keys).status_code == 403
    assert world.fetch(token, "household_income", holder_keys).status_code == 200


def test_an_issued_offer_is_not_renewed(world: World, holder_keys: Sequence[Signer]) -> None:
    made = world.offer(world.people()[0])
    world.fetch(world.redeem(made), "digital_id", holder_keys)
    with world.refused("offer.refused.offer_issued"):
        answer = world.call("POST", f"offers/{made['offer_id']}/renew")
    assert (answer.status_code, answer.json()["title"]) == (409, "offer_issued")


def test_an_old_offer_is_not_renewed(world: World) -> None:
    made = world.offer(world.people()[0])
    world.clock.advance(world.settings.renew_seconds)
    with world.refused("offer.refused.offer_too_old"):
        assert world.call("POST", f"offers/{made['offer_id']}/renew").status_code == 409


def test_the_counter_sees_the_state_of_an_offer(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    def state(offer: str) -> str:
        return str(world.call("GET", f"offers/{offer}").json()["state"])

    made, other, third = (world.offer(person) for person in world.people()[:3])
    assert state(made["offer_id"]) == "offered"
    token = world.redeem(made)
    assert state(made["offer_id"]) == "code_used"
    world.fetch(token, "digital_id", holder_keys)
    for _ in range(world.settings.tx_code_tries):
        world.token_request(third["offer_uri"], "no")
    assert state(third["offer_id"]) == "burnt"
    world.clock.advance(world.settings.offer_seconds)
    assert state(made["offer_id"]) == "issued"
    assert state(other["offer_id"]) == "expired"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/renew")])
def test_another_municipalitys_offer_is_unknown(world: World, method: str, path: str) -> None:
    made = world.offer(world.people()[0])
    with world.refused("offer.refused.offer_unknown", OTHER):
        answer = world.call(method, f"offers/{made['offer_id']}{path}", tenant=OTHER)
    assert (answer.status_code, answer.json()["title"]) == (404, "offer_unknown")
