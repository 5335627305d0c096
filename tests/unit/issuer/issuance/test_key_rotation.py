"""A key turns in an issuer that runs on: what is signed, what is published, what is refused."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest

from madang.core.envelope import jws
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer, checker_for
from madang.core.keys.software import generate_p256
from madang.core.protocol.urls import WellKnown, well_known
from madang.core.trust.x509 import validate_chain
from madang.infra.hsm import HsmError
from tests.unit.issuer.world import CACHE, LONGEST, OTHER, TENANT, KeysTwin, World

PURPOSE = "issuer"


def document(world: World, tenant: str = TENANT) -> dict[str, PublicKey]:
    """Return the published keys by kid."""
    path = urlsplit(well_known(world.identifier(tenant=tenant), WellKnown.JWT_VC_ISSUER)).path
    answer = world.client.get(path)
    assert answer.headers["cache-control"] == f"public, max-age={CACHE}"
    keys = {key["kid"]: PublicKey.from_jwk(key) for key in answer.json()["jwks"]["keys"]}
    return {kid: key for kid, key in keys.items() if key.algorithm == "ES256"}


def accepted(compact: str, published: dict[str, PublicKey]) -> bool:
    """Tell what a verifier says who knows nothing but the published keys."""
    signed = parse(compact).issuer_jws
    key = published.get(signed.header["kid"])
    return key is not None and jws.verify(signed, checker_for(key))


@pytest.fixture
def issued(world: World, holder_keys: Sequence[Signer]) -> str:
    return world.digital_id(world.people()[0], holder_keys)[0]


def test_what_was_issued_before_verifies_to_its_end_and_the_new_from_its_first_second(
    world: World, issued: str
) -> None:
    others = iter(world.people()[1:])
    world.issuer_keys.rotate(TENANT, PURPOSE, now=world.clock.now())
    kept = document(world)  # what a verifier fetches now and keeps as long as it may
    assert len(kept) == 2
    world.clock.advance(CACHE - 1)
    assert accepted(world.digital_id(next(others), [generate_p256("holder")])[0], kept)
    world.clock.advance(1)
    after = world.digital_id(next(others), [generate_p256("holder")])[0]
    kids = [parse(copy).issuer_jws.header["kid"] for copy in (issued, after)]
    assert len({*kids}) == 2
    assert accepted(after, kept)
    assert accepted(after, document(world))
    assert accepted(issued, document(world))
    world.clock.advance(LONGEST - 1)
    assert accepted(issued, document(world))
    world.clock.advance(1)
    assert [*document(world)] == [kids[1]]


def test_each_version_has_its_chain(world: World, issued: str) -> None:
    world.issuer_keys.rotate(TENANT, PURPOSE, now=world.clock.now())
    world.clock.advance(CACHE)
    after = world.digital_id(world.people()[1], [generate_p256("holder")])[0]
    keys = []
    for copy in (issued, after):
        signed = parse(copy).issuer_jws
        chain = jws.decode_chain(signed.header)
        keys.append(validate_chain(chain, world.authorities.anchors(TENANT), now=world.clock.now()))
        assert jws.verify(signed, checker_for(keys[-1]))
    assert keys[0] != keys[1]


def test_a_status_list_is_signed_by_the_key_of_its_time(world: World, issued: str) -> None:
    path = urlsplit(f"{world.identifier()}/statuslists/1").path
    before = jws.parse(world.client.get(path).content).header
    world.issuer_keys.rotate(TENANT, PURPOSE, now=world.clock.now())
    world.clock.advance(world.settings.status_list_ttl_seconds)
    after = jws.parse(world.client.get(path).content).header
    assert before["kid"] != after["kid"]


def test_a_compromised_key_is_published_no_more_and_nothing_signed_with_it_is_accepted(
    world: World, issued: str
) -> None:
    world.issuer_keys.rotate(TENANT, PURPOSE, now=world.clock.now())
    assert accepted(issued, document(world))
    world.clock.advance(CACHE)
    world.issuer_keys.compromise(TENANT, PURPOSE, 1, now=world.clock.now())
    thief = world.authorities.signer(TENANT, PURPOSE)
    forged = jws.sign(b'{"iss":"x"}', {"kid": thief.key_id, "typ": "dc+sd-jwt"}, thief) + "~"
    for copy in (issued, forged):
        assert not accepted(copy, document(world))
    assert len(document(world)) == 1


def test_without_a_sound_key_nothing_is_issued_until_the_next_is_active(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    token = world.redeem(world.offer(world.people()[0]))
    now = world.clock.now()
    world.issuer_keys.compromise(TENANT, PURPOSE, 1, now=now)
    world.issuer_keys.rotate(TENANT, PURPOSE, now=now)
    with world.refused("key.none_active"):
        answer = world.fetch(token, "digital_id", holder_keys)
    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
    assert len(document(world)) == 1
    world.clock.advance(CACHE)
    token = world.redeem(world.offer(world.people()[0]))
    copies = world.fetch(token, "digital_id", holder_keys).json()["credentials"]
    assert all(accepted(each["credential"], document(world)) for each in copies)


def test_another_municipality_is_not_concerned(world: World) -> None:
    before = document(world, OTHER)
    world.issuer_keys.rotate(TENANT, PURPOSE, now=world.clock.now())
    world.issuer_keys.compromise(TENANT, PURPOSE, 1, now=world.clock.now())
    assert document(world, OTHER) == before


def test_a_module_that_is_away_is_told_as_that(
    world: World, holder_keys: Sequence[Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = world.redeem(world.offer(world.people()[0]))

    def away(*_: object, **__: object) -> Signer:
        raise HsmError("taken out")

    with monkeypatch.context() as patched:
        patched.setattr(KeysTwin, "signer", away)
        with world.refused("key.module_away"):
            assert world.fetch(token, "digital_id", holder_keys).status_code == 503
    assert world.fetch(token, "digital_id", holder_keys).status_code == 200
