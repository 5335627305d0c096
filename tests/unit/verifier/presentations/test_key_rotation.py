"""The issuer's key turns while a verifier runs: it was started before, and is not told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from madang.core.keys.signing import Signer
from madang.infra.key_ring import KeyRings
from madang.infra.setup import key_turning
from tests.unit.verifier.world import DAY, NOW, TENANT, City, found_land, open_city

CACHE = 300


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """Return a city of its own, because its keys turn."""
    with open_city(found_land(tmp_path / "state")) as city:
        yield city


def rotated(city: City) -> tuple[Signer, Signer]:
    """Return the key before and the key after."""
    deps, settings = city.deps, city.land.settings
    turning = key_turning(settings, deps.catalogue, deps.addresses)
    tenant = deps.catalogue.tenants.get(TENANT)
    turning.rotate(tenant, "issuer", cache=CACHE, now=NOW)
    rings = KeyRings(city.land.keys)
    before, after = (rings.signer(TENANT, "issuer", now=at) for at in (NOW, NOW + CACHE))
    assert before.key_id != after.key_id
    return before, after


def test_certificates_of_both_keys_are_accepted_by_the_running_verifier(city: City) -> None:
    for signer in rotated(city):
        credential = city.credential("digital_id", signer=signer)
        asked = city.ask_identity()
        answer = asked.answer({"digital_id": [asked.show("digital_id", credential)]})
        assert answer.status_code == 200, answer.text
        assert city.state(asked)["state"] == "answered"


def test_old_certificates_are_accepted_with_a_status_list_of_the_new_key(city: City) -> None:
    before, after = rotated(city)
    city.publish_list(signer=after)
    asked = city.ask_identity()
    credential = city.credential("digital_id", signer=before)
    assert asked.answer({"digital_id": [asked.show("digital_id", credential)]}).status_code == 200


def test_an_old_certificate_is_accepted_to_the_end_of_its_life(city: City) -> None:
    """By the chain, which outlives the longest certificate by a year of signing."""
    before, after = rotated(city)
    city.clock.advance(365 * DAY + 1000 * DAY)
    now = city.clock.now()
    city.publish_list(signer=after, issued_at=now, expires_at=now + DAY)
    credential = city.credential("digital_id", signer=before, iat=NOW + 365 * DAY, exp=now + DAY)
    asked = city.ask_identity()
    answer = asked.answer({"digital_id": [asked.show("digital_id", credential)]})
    assert answer.status_code == 200, answer.text
