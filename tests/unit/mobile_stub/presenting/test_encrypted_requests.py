"""Requests that come encrypted to the wallet, which asked for that by POST."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from madang.core.encoding import strict_json
from madang.core.protocol.oid4vp.request_encryption import RequestEncryption
from mobile_stub.adapters import system
from tests.unit.mobile_stub.verifiers import RESPONSE_URI, Shop, ask, trusting
from tests.unit.mobile_stub.world import World

Seal = Callable[[str, RequestEncryption | None], str]


def as_wanted(compact: str, wanted: RequestEncryption | None) -> str:
    return compact if wanted is None else wanted.seal(compact)


def to_another(compact: str, wanted: RequestEncryption | None) -> str:
    assert wanted is not None
    other = {**system.public_of(system.encryption_key()), "kid": wanted.jwk["kid"]}
    return RequestEncryption(other, wanted.enc).seal(compact)


def altered(compact: str, wanted: RequestEncryption | None) -> str:
    head, _, rest = as_wanted(compact, wanted).rpartition(".")
    return f"{head}.{rest[::-1]}"


def twice(compact: str, wanted: RequestEncryption | None) -> str:
    return as_wanted(as_wanted(compact, wanted), wanted)


def opened(world: World, folder: Path, policy: str) -> World:
    trusting(world, folder, auto_consent=True, encrypted_requests=policy)
    world.hold("digital_id")
    return world


def sent_metadata(shop: Shop) -> dict[str, object]:
    form = parse_qs(shop.fetches[-1].content.decode())
    found: dict[str, object] = strict_json.loads(form["wallet_metadata"][0])  # type: ignore[assignment]  # an object
    return found


@pytest.mark.parametrize("policy", ["preferred", "required"])
@pytest.mark.parametrize("prefix", ["x509_hash", "redirect_uri", "decentralized_identifier"])
def test_it_is_asked_for_opened_and_answered(
    prefix: str, policy: str, world: World, tmp_path: Path
) -> None:
    shop = Shop(opened(world, tmp_path, policy).net, prefix, method="post", seal=as_wanted)
    assert ask(world, shop).json() == {"status": "accepted"}
    assert shop.opened()["vp_token"].keys() == {"digital_id"}


def test_every_request_has_a_key_of_its_own(world: World, tmp_path: Path) -> None:
    shop = Shop(opened(world, tmp_path, "preferred").net, method="post", seal=as_wanted)
    keys = []
    for _ in range(2):
        ask(world, shop)
        keys.append(sent_metadata(shop)["jwks"])
    assert keys[0] != keys[1]
    assert "d" not in keys[0]["keys"][0]  # type: ignore[index]  # a JWK


def test_one_in_clear_is_taken_unless_the_person_wants_it_otherwise(
    world: World, tmp_path: Path
) -> None:
    shop = Shop(opened(world, tmp_path, "preferred").net, method="post")
    assert ask(world, shop).json() == {"status": "accepted"}
    strict = Shop(opened(world, tmp_path, "required").net, method="post")
    assert ask(world, strict).json()["error"] == "request_not_encrypted"
    assert len(world.net.posted(RESPONSE_URI)) == 1


@pytest.mark.parametrize(
    ("prefix", "method", "mode"),
    [
        ("decentralized_identifier", "reference", "direct_post.jwt"),
        ("x509_hash", "value", "direct_post.jwt"),
        ("redirect_uri", "plain", "direct_post.jwt"),
        ("x509_hash", "page", "dc_api.jwt"),
        ("redirect_uri", "page", "dc_api.jwt"),
    ],
)
def test_who_wants_it_encrypted_takes_none_that_cannot_be(
    prefix: str, method: str, mode: str, world: World, tmp_path: Path
) -> None:
    shop = Shop(opened(world, tmp_path, "required").net, prefix, mode=mode, method=method)
    assert ask(world, shop).json()["error"] == "request_not_encrypted"
    assert shop.fetches == []
    assert world.net.posted(RESPONSE_URI) == []


def test_it_is_not_asked_for_where_the_person_does_not_want_it(
    world: World, tmp_path: Path
) -> None:
    shop = Shop(opened(world, tmp_path, "off").net, method="post", seal=as_wanted)
    assert ask(world, shop).json() == {"status": "accepted"}
    assert "jwks" not in sent_metadata(shop)


@pytest.mark.parametrize("seal", [to_another, altered, twice])
def test_what_cannot_be_opened_is_refused_and_nothing_is_told(
    seal: Seal, world: World, tmp_path: Path
) -> None:
    shop = Shop(opened(world, tmp_path, "preferred").net, method="post", seal=seal)
    assert ask(world, shop).json()["error"] == "request_form"
    assert world.net.posted(RESPONSE_URI) == []


def test_a_signature_that_does_not_hold_is_not_saved_by_the_envelope(
    world: World, tmp_path: Path
) -> None:
    net = opened(world, tmp_path, "preferred").net
    shop = Shop(net, method="post", seal=as_wanted, bend=lambda compact: compact[:-4] + "AAAA")
    assert ask(world, shop).status_code == 400
    assert world.net.posted(RESPONSE_URI) == []


def test_one_that_nobody_asked_to_be_encrypted_is_no_request(world: World, tmp_path: Path) -> None:
    key = system.public_of(system.encryption_key())
    shop = Shop(
        opened(world, tmp_path, "preferred").net,
        method="reference",
        seal=lambda compact, _wanted: RequestEncryption(key, "A128GCM").seal(compact),
    )
    assert ask(world, shop).json()["error"] == "request_form"
