"""What a check does not accept, and that nothing is decided then."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import pytest
from sqlmodel import select

from madang.core.merkle.entry import EntryKind
from madang.infra.outbox import OutboxRow
from tests.unit.verifier.world import (
    NEIGHBOUR,
    RENT,
    TENANT,
    Asked,
    City,
    Land,
    narrowed,
    open_city,
)
from verifier.eligibility.store import SqlChecks
from verifier.presentations.store import PresentationRow

API = f"/{TENANT}/verifier/api/eligibility"
Shown = Mapping[str, Sequence[str]]


def decisions(city: City) -> list[str]:
    with city.deps.database.reading() as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.kind == EntryKind.DECISION))
        return [row.key for row in rows]


def another_holders(asked: Asked) -> Shown:
    text = asked.city.credential("lease", holder=1)
    return asked.everything(lease=asked.show("lease", text, holder=1))


def lapsed_and_forged(asked: Asked) -> Shown:
    city = asked.city
    city.statuses.set(9, 1)
    city.publish_list()
    text = city.credential("lease", index=9)
    return asked.everything(lease=asked.show("lease", text, holder=1))


def unaccredited(asked: Asked) -> Shown:
    city = asked.city
    signer = city.land.keys.signer(TENANT, "verifier")
    text = city.credential("lease", signer=signer, iss=city.identifier("verifier"))
    return asked.everything(lease=asked.show("lease", text))


def short_of_a_claim(asked: Asked) -> Shown:
    return asked.everything(lease=asked.show("lease", drop=[("rent_krw",)]))


def from_a_stranger(asked: Asked) -> Shown:
    text = asked.city.credential("lease", signer=asked.city.land.stranger)
    return asked.everything(lease=asked.show("lease", text))


def not_yet_valid(asked: Asked) -> Shown:
    text = asked.city.credential("lease", nbf=asked.city.clock.now() + 3600)
    return asked.everything(lease=asked.show("lease", text))


def against_its_type(asked: Asked) -> Shown:
    text = asked.city.credential("lease", attested_by=None)
    return asked.everything(lease=asked.show("lease", text))


def without_a_list(asked: Asked) -> Shown:
    asked.city.web.published.clear()
    return asked.everything()


CASES: dict[str, tuple[Callable[[Asked], Shown], str]] = {
    "V37 a certificate of another holder": (another_holders, "holder_keys_differ"),
    "revoked, and not the holder's": (lapsed_and_forged, "key_binding_signature"),
    "V25 an issuer that is not accredited": (unaccredited, "issuer_not_accredited"),
    "V24 a stranger's signature": (from_a_stranger, "unknown_anchor"),
    "V21 a certificate that is not valid yet": (not_yet_valid, "not_yet_valid"),
    "a certificate against the rules of its type": (against_its_type, "claim_mandatory"),
    "V23 status lists that cannot be had": (without_a_list, "status_list_unreachable"),
    "V28 a claim kept back": (short_of_a_claim, "claim_missing"),
    "nothing at all": (lambda _: {}, "nothing_presented"),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_decided(city: City, name: str) -> None:
    make, code = CASES[name]
    asked = city.ask_eligibility()
    refused = asked.answer(make(asked))
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_request"})
    told = city.state(asked, "eligibility")
    assert code in told["failures"]
    assert (told["state"], told["outcome"], told["rows"]) == ("open", None, [])
    assert city.journal() == [f"presentation.{told['failures'][0]}"]
    assert decisions(city) == []
    city.publish_list()
    city.clock.advance(city.settings.status_retry_seconds)
    assert asked.answer(asked.everything()).status_code == 200
    assert decisions(city) == [f"decision:{asked.id}"]


def test_lapses_can_be_made_to_refuse(land: Land) -> None:
    with open_city(land, eligibility_lapses=frozenset()) as city:
        asked = city.ask_eligibility()
        old = city.credential("lease", exp=city.clock.now() - 3600)
        assert asked.answer(asked.everything(lease=asked.show("lease", old))).status_code == 400
        assert city.state(asked, "eligibility")["failures"] == ["expired"]


def test_a_decision_that_cannot_be_kept_leaves_the_presentation_open(city: City) -> None:
    asked = city.ask_eligibility()
    with city.deps.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(Exception, match="full") as caught:
        asked.answer(asked.everything())
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
    with city.deps.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    assert city.state(asked, "eligibility")["state"] == "open"
    assert asked.answer(asked.everything()).status_code == 200
    assert decisions(city) == [f"decision:{asked.id}"]


def test_an_unknown_programme_is_not_checked(city: City) -> None:
    answer = city.call("POST", API, {"programme": "free_lunch"}, roles=["agency"])
    assert answer.status_code == 404
    assert city.journal() == ["eligibility.unknown_programme"]


def test_a_purpose_that_is_no_programme_is_not_checked(city: City) -> None:
    body = {"programme": "counter_identification"}
    assert city.call("POST", API, body, roles=["agency"]).status_code == 404


@pytest.mark.parametrize("day", [1_577_836_800, 2_000_000_000], ids=["before", "no figures yet"])
def test_without_a_rule_for_today_nothing_is_asked(city: City, day: int) -> None:
    city.clock.advance(day - city.clock.now())
    answer = city.call("POST", API, {"programme": RENT}, roles=["agency"])
    assert (answer.status_code, answer.json()["title"]) == (409, "no_rule_in_force")
    with city.deps.database.reading() as session:
        assert session.exec(select(PresentationRow)).all() == []


def test_v44_another_municipality_sees_nothing(city: City) -> None:
    asked = city.ask_eligibility()
    path = f"/{NEIGHBOUR}/verifier/api/eligibility/{asked.id}"
    answer = city.call("GET", path, tenant=NEIGHBOUR, roles=["agency"])
    assert answer.status_code == 404
    assert city.journal(NEIGHBOUR) == ["eligibility.unknown_check"]


def test_a_clerk_of_the_counter_may_not_check(city: City) -> None:
    assert city.call("POST", API, {"programme": RENT}).status_code == 403


@pytest.mark.parametrize("lease", [(("rent_krw",),), None])
def test_a_rule_that_needs_more_than_its_purpose_lists_asks_nothing(
    city: City, lease: tuple[tuple[str], ...] | None
) -> None:
    narrowed(city, RENT, city.vct("lease"), lease)
    answer = city.call("POST", API, {"programme": RENT}, roles=["agency"])
    assert answer.status_code == 403
    assert city.journal() == ["presentation.over_asking"]


def test_a_check_is_its_municipalitys_own(city: City) -> None:
    asked = city.ask_eligibility()
    with city.deps.database.reading() as session:
        assert SqlChecks(session).find(TENANT, asked.id) is not None
        assert SqlChecks(session).find(NEIGHBOUR, asked.id) is None
