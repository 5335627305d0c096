"""Offers by reference, without a transaction code, for a log-in, and grants without an offer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import select

from issuer.offers.entitlements import Entitlements
from issuer.offers.model import Offered
from issuer.offers.store import OfferedRow, OfferStore
from issuer.office import Office
from issuer.work import Work
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.core.protocol.oid4vci.offer import (
    CredentialOffer,
    OfferReference,
    parse_offer,
    parse_offer_uri,
)
from tests.unit.issuer.world import OTHER, TENANT, World


def make(world: World, **more: object) -> httpx.Response:
    body = {"proofing_id": world.prove(world.people()[0]), "types": ["digital_id"]}
    return world.call("POST", "offers", body | more)


def reference(made: dict[str, Any]) -> str:
    parsed = parse_offer_uri(made["offer_uri"])
    assert isinstance(parsed, OfferReference)
    return urlsplit(parsed.uri).path


def offered(made: dict[str, Any]) -> CredentialOffer:
    parsed = parse_offer_uri(made["offer_uri"])
    assert isinstance(parsed, CredentialOffer)
    return parsed


@pytest.mark.parametrize("scheme", ["openid-credential-offer", "haip-vci"])
def test_an_offer_can_be_fetched_until_it_is_used(world: World, scheme: str) -> None:
    made = make(world, by_reference=True, scheme=scheme).json()
    assert made["offer_uri"].startswith(f"{scheme}://?credential_offer_uri=https%3A%2F%2F")
    for _ in range(2):
        answer = world.client.get(reference(made))
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
    offer = parse_offer(answer.content)
    assert offer.pre_authorized is not None
    with world.session() as session:
        row = session.exec(select(OfferedRow)).one()
    assert offer.pre_authorized.pre_authorized_code.encode() not in row.sealed
    assert world.token_request(offer.to_uri(), made["tx_code"]).status_code == 200
    assert world.client.get(reference(made)).status_code == 404


def test_what_is_fetched_by_reference_is_over_with_the_code(world: World) -> None:
    made = make(world, by_reference=True).json()
    world.clock.advance(world.settings.offer_seconds)
    assert world.client.get(reference(made)).status_code == 404
    assert world.codes()[-1] == "offer.refused.reference_unknown"


def test_another_municipality_has_no_such_reference(world: World) -> None:
    made = make(world, by_reference=True).json()
    elsewhere = reference(made).replace(f"/{TENANT}/", f"/{OTHER}/")
    assert world.client.get(elsewhere).status_code == 404
    assert world.codes(OTHER)[-1] == "offer.refused.reference_unknown"
    assert world.client.get(reference(made)).status_code == 200


def test_a_renewed_offer_has_a_new_reference(world: World) -> None:
    made = make(world, by_reference=True).json()
    again = world.call("POST", f"offers/{made['offer_id']}/renew", {"by_reference": True}).json()
    assert world.client.get(reference(made)).status_code == 404
    assert world.client.get(reference(again)).status_code == 200
    by_value = world.call("POST", f"offers/{made['offer_id']}/renew").json()
    assert offered(by_value)
    assert world.client.get(reference(again)).status_code == 404


def test_without_a_transaction_code_only_where_the_level_allows(world: World) -> None:
    refused = make(world, tx_code=False)
    assert (refused.status_code, refused.json()["title"]) == (400, "tx_code_required")
    free = world.rebuilt(tx_code_free_level="high")
    made = make(free, tx_code=False).json()
    assert "tx_code" not in made
    grant = offered(made).pre_authorized
    assert grant is not None
    assert grant.tx_code is None
    with free.refused("token.invalid_request"):
        answer = free.token_request(made["offer_uri"], "123456")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert free.token_request(made["offer_uri"], None).status_code == 200
    again = free.call("POST", f"offers/{made['offer_id']}/renew").json()
    assert "tx_code" in again  # it was used: who renews it stands at the counter


@contextmanager
def entitlements(world: World, tenant: str = TENANT) -> Iterator[tuple[Work, Entitlements]]:
    deps = world.deps
    office = Office(
        world.settings, deps.clock, deps.ids, deps.database, deps.catalogue, deps.addresses
    )
    with deps.database.transaction() as session:
        yield office.work(session, tenant), Entitlements(OfferStore(session), 600)


def test_an_invitation_is_for_its_person_until_it_is_over(world: World) -> None:
    made = make(world, grant="authorization_code").json()
    assert "tx_code" not in made
    grant = offered(made).authorization_code
    assert grant is not None
    assert grant.issuer_state is not None
    state = grant.issuer_state
    expected = Offered(made["offer_id"], world.people()[0], (TypeId("digital_id"),))
    with entitlements(world) as (work, book):
        assert book.offered(work, state) == expected
        assert book.offered(work, "another") is None
    with entitlements(world, OTHER) as (foreign, others):
        assert others.offered(foreign, state) is None
    assert world.call("GET", f"offers/{made['offer_id']}").json()["state"] == "offered"
    world.clock.advance(world.settings.offer_seconds)
    with entitlements(world) as (work, book):
        assert book.offered(work, state) is None


def test_an_invitation_is_no_code(world: World) -> None:
    made = make(world, grant="authorization_code").json()
    grant = offered(made).authorization_code
    assert grant is not None
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        "pre-authorized_code": grant.issuer_state,
        "tx_code": "123456",
    }
    with world.refused("token.code_unknown"):
        assert world.post("token", data=form).status_code == 400


def test_who_has_logged_in_is_entitled_without_an_offer(world: World) -> None:
    person, types = world.people()[0], (TypeId("digital_id"),)
    with entitlements(world) as (work, book):
        grant = book.entitle(work, person, IdentityLevel.HIGH, types)
        found = book.offers.get(TENANT, grant)
    assert found is not None
    entitlement = found.entitlement
    assert (entitlement.id, entitlement.person, entitlement.types) == (grant, person, types)
    assert entitlement.level is IdentityLevel.HIGH


@pytest.mark.parametrize(
    "more", [{"grant": "password"}, {"scheme": "https"}, {"tx_code": "no"}, {"approval": 1}]
)
def test_other_terms_are_refused(world: World, more: dict[str, object]) -> None:
    answer = make(world, **more)
    assert (answer.status_code, answer.json()["title"]) == (400, "invalid_request")
