"""A check of eligibility from its request to a decision that an auditor can do again."""

import hashlib
from typing import Any

import pytest
from sqlmodel import select

from madang.access.staff import Role
from madang.core.encoding import base64url, canonical_json
from madang.core.evidence.receipt import Receipt, check
from madang.core.merkle.entry import EntryKind
from madang.core.rules.document import recompute
from madang.infra.keystore import Keystore
from madang.infra.outbox import OutboxRow
from tests.unit.verifier import mdocs
from tests.unit.verifier.world import NOW, RENT, TENANT, City


def document(city: City, check_id: str) -> dict[str, Any]:
    answer = city.client.get(f"/{TENANT}/verifier/eligibility/{check_id}/document.json")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_who_shows_everything_gets_a_yes_with_a_row_per_condition(city: City) -> None:
    asked = city.ask_eligibility()
    assert asked.answer(asked.everything()).status_code == 200
    told = city.state(asked, "eligibility")
    assert (told["state"], told["outcome"], told["failures"]) == ("answered", "yes", [])
    assert {row["result"] for row in told["rows"]} == {"yes"}
    assert told["summary"]["title"] == "청년 월세 지원"
    assert city.journal() == ["presentation.accepted"]


def test_mdocs_decide_as_the_same_certificates_in_the_other_format_do(city: City) -> None:
    first, second = city.ask_eligibility(), city.ask_eligibility()
    first.answer(first.everything())
    shown = second.everything()
    for name in ("identity", "residence"):
        del shown[name]
        shown[f"{name}-mdoc"] = [mdocs.shown(second, f"{name}-mdoc")]
    assert second.answer(shown).status_code == 200
    told = [city.state(each, "eligibility") for each in (first, second)]
    assert [each["outcome"] for each in told] == ["yes", "yes"]
    assert told[0]["rows"] == told[1]["rows"]
    city.sign_in(Role.AGENCY)
    decided = [document(city, each.id)["document"] for each in (first, second)]
    assert decided[0]["claims"] == decided[1]["claims"]


def test_a_certificate_in_both_formats_settles_nothing(city: City) -> None:
    asked = city.ask_eligibility()
    shown = asked.everything() | {"identity-mdoc": [mdocs.shown(asked, "identity-mdoc")]}
    assert asked.answer(shown).status_code == 200
    assert city.state(asked, "eligibility")["outcome"] == "unknown"


def test_what_no_mdoc_has_is_asked_as_before(city: City) -> None:
    query = city.ask_eligibility().request.dcql_query
    twice = {each.id.removesuffix("-mdoc") for each in query.credentials if "-" in each.id}
    assert twice == {"identity", "residence"}
    sets = [(each.options, each.required) for each in query.credential_sets or ()]
    assert sets == [
        ((("identity",), ("identity-mdoc",)), False),
        ((("residence",), ("residence-mdoc",)), False),
        ((("income",),), False),
        ((("lease",),), False),
        ((("support",),), False),
    ]


def test_a_certificate_that_is_not_there_leaves_the_answer_open(city: City) -> None:
    asked = city.ask_eligibility()
    shown = asked.everything()
    del shown["lease"]
    assert asked.answer(shown).status_code == 200
    told = city.state(asked, "eligibility")
    assert told["outcome"] == "unknown"
    waiting = {row["id"] for row in told["rows"] if row["result"] == "unknown"}
    assert waiting == {row["id"] for row in told["rows"] if row["credential"] == "lease"} != set()


def test_a_condition_that_is_not_met_gives_a_no(city: City) -> None:
    asked = city.ask_eligibility()
    dear = city.credential("lease", record={"lease": {"rent_krw": 9_000_000}})
    asked.answer(asked.everything(lease=asked.show("lease", dear)))
    told = city.state(asked, "eligibility")
    assert told["outcome"] == "no"
    assert [row["id"] for row in told["rows"] if row["result"] == "no"] == ["rent"]


@pytest.mark.parametrize(
    ("value", "status"), [(1, "revoked"), (2, "suspended")], ids=["revoked", "suspended"]
)
def test_a_certificate_out_of_force_is_a_reason_and_never_counts(
    city: City, value: int, status: str
) -> None:
    city.statuses.set(9, value)
    city.publish_list()
    asked = city.ask_eligibility()
    lapsed = asked.show("lease", city.credential("lease", index=9))
    assert asked.answer(asked.everything(lease=lapsed)).status_code == 200
    city.sign_in(Role.AGENCY)
    decided = document(city, asked.id)["document"]
    assert decided["outcome"] == "unknown"
    by_alias = {each["alias"]: each["status"] for each in decided["credentials"]}
    assert by_alias.pop("lease") == status
    assert set(by_alias.values()) == {"valid"}
    assert "rent_krw" not in str(decided["claims"])


def test_an_expired_certificate_is_a_reason_too(city: City) -> None:
    asked = city.ask_eligibility()
    old = city.credential("lease", exp=NOW - 3600)
    assert asked.answer(asked.everything(lease=asked.show("lease", old))).status_code == 200
    told = city.state(asked, "eligibility")
    assert told["outcome"] == "unknown"
    reasons = {row["status"] for row in told["rows"] if row["credential"] == "lease"}
    assert reasons == {"유효기간이 지남"}


def test_an_auditor_decides_again_and_finds_both_entries_in_the_log(city: City) -> None:
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    city.deliver()
    city.sign_in(Role.AGENCY)
    found = document(city, asked.id)
    assert recompute(found["document"], found["rule"]).follows
    key = city.deps.log_keys[TENANT]
    decision = Receipt.from_json(found["receipt"])
    assert decision.kind is EntryKind.DECISION
    thing = hashlib.sha256(canonical_json.encode(found["document"])).digest()
    assert check(decision, key, thing=thing).ok
    assert base64url.encode(decision.salt) == found["salt"]
    rule = Receipt.from_json(found["rule_receipt"])
    assert rule.kind is EntryKind.RULE
    assert check(rule, key, thing=canonical_json.digest(found["rule"])).ok
    assert decision.entry.issuer == rule.entry.issuer == city.identifier("verifier")


def test_without_a_log_there_is_a_document_and_no_receipt_yet(city: City) -> None:
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    city.sign_in(Role.AGENCY)
    found = document(city, asked.id)
    assert (found["receipt"], found["rule_receipt"]) == (None, None)
    city.deliver()
    city.log.available = False
    assert document(city, asked.id)["receipt"] is None


def test_each_rule_is_entered_once_for_each_municipality(city: City) -> None:
    city.ask_eligibility()
    city.ask_eligibility()
    with city.deps.database.reading() as session:
        rows = session.exec(select(OutboxRow))
        rules = [row.key for row in rows if row.kind == EntryKind.RULE]
    digests = city.deps.catalogue.programmes[RENT].documents
    assert sorted(rules) == sorted(f"rule:{TENANT}:{digest.hex()}" for digest in digests)


def test_a_log_that_another_key_signs_gives_no_receipt(city: City) -> None:
    asked = city.ask_eligibility()
    asked.answer(asked.everything())
    city.deliver()
    city.sign_in(Role.AGENCY)
    Keystore(city.land.folders.keys, "open sesame").create_ed25519(TENANT, "forger")
    city.log.signing_key = "forger"
    assert document(city, asked.id)["receipt"] is None
    city.log.signing_key = "log"
    assert document(city, asked.id)["receipt"] is not None
