"""A verifier that asks for issuers of a federation."""

import json
from pathlib import Path
from typing import Any

import pytest

from madang.core.protocol.dcql.authorities import Authorities
from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.openid.entity_statement import MEDIA_TYPE
from mobile_stub.errors import WalletError
from mobile_stub.presenting.federation import authorities_of
from mobile_stub.settings import Settings
from tests.unit.madang.core.protocol.openid.realm import ANCHOR, MIDDLE, Realm, jwks
from tests.unit.mobile_stub.world import ISSUER, NOW, ROOT, Verifier, World, query, run

ELSE = "https://else.example"


@pytest.fixture
def realm(world: World, tmp_path: Path) -> Realm:
    """Put the issuer below an anchor that the wallet knows."""
    made, file = Realm(NOW), tmp_path / "federation.json"
    file.write_text(json.dumps({ANCHOR: jwks(made.key(ANCHOR))}))
    world.open(federation_anchors=file)
    made.publish(ISSUER, MIDDLE)
    made.publish(MIDDLE, ANCHOR)
    made.publish(ANCHOR)
    put(world, made)
    world.hold("digital_id")
    return made


def put(world: World, realm: Realm, kind: str = MEDIA_TYPE, status: int = 200) -> None:
    for address, text in realm.published.items():
        world.net.routes["GET", address] = lambda _, text=text: (
            status,
            text,
            {"content-type": kind},
        )


def asking(verifier: Verifier, *entities: str, kind: str = "openid_federation") -> Verifier:
    asked = query("digital_id")
    asked["credentials"][0]["trusted_authorities"] = [{"type": kind, "values": [*entities]}]
    verifier.claims["dcql_query"] = asked
    return verifier


def preview(world: World, verifier: Verifier) -> dict[str, Any]:
    return run(world.wallet.open(verifier.link())).preview


def looked_up(world: World) -> list[str]:
    return [str(each.url) for each in world.net.sent if "openid-federation" in str(each.url)]


@pytest.mark.parametrize("entity", [ANCHOR, MIDDLE, ISSUER])
def test_a_copy_counts_by_every_entity_above_its_issuer(
    world: World, verifier: Verifier, realm: Realm, entity: str
) -> None:
    scan = run(world.wallet.open(asking(verifier, ELSE, entity).link()))
    assert scan.preview["possible"]
    sent = run(world.wallet.presenter.answer(world.vault.scan(scan.id), NOW))
    assert sent == {"status": "accepted"}
    assert len(looked_up(world)) == len({*looked_up(world)}) == len(realm.keys)


def test_an_issuer_that_breaks_a_policy_counts_for_nothing(
    world: World, verifier: Verifier, realm: Realm
) -> None:
    demanded = {"openid_credential_issuer": {"display": {"essential": True}}}
    realm.tell(ANCHOR, MIDDLE, metadata_policy=demanded)
    put(world, realm)
    assert not preview(world, asking(verifier, ANCHOR))["possible"]


def test_a_verifier_s_word_is_nowhere_to_go(world: World, verifier: Verifier, realm: Realm) -> None:
    assert not preview(world, asking(verifier, ELSE))["possible"]
    assert not any(ELSE in address for address in looked_up(world))
    assert realm.published


@pytest.mark.usefixtures("realm")
def test_nobody_is_looked_up_who_is_not_asked_for(world: World, verifier: Verifier) -> None:
    assert preview(world, verifier)["possible"]
    assert not preview(world, asking(verifier, ANCHOR, kind="etsi_tl"))["possible"]
    asked = query("lease")
    entry = {"type": "openid_federation", "values": [ANCHOR]}
    asked["credentials"][0]["trusted_authorities"] = [entry]
    verifier.claims["dcql_query"] = asked
    assert not preview(world, verifier)["possible"]
    assert looked_up(world) == []


def test_without_anchors_nobody_is_looked_up(
    world: World, verifier: Verifier, realm: Realm
) -> None:
    world.open()
    assert not preview(world, asking(verifier, ANCHOR))["possible"]
    assert looked_up(world) == []
    assert realm.published


@pytest.mark.parametrize(("kind", "status"), [("application/json", 200), (MEDIA_TYPE, 404)])
def test_what_is_no_statement_counts_for_nothing(
    world: World, verifier: Verifier, realm: Realm, kind: str, status: int
) -> None:
    put(world, realm, kind, status)
    assert not preview(world, asking(verifier, ANCHOR))["possible"]
    put(world, realm)
    assert preview(world, asking(verifier, ANCHOR))["possible"]


def test_an_mdoc_counts_by_the_federation_of_its_issuer(world: World, realm: Realm) -> None:
    world.hold_mdoc()
    copies = [each for each in world.vault.copies() if each.format == "mso_mdoc"]
    asked = {
        "id": "doc",
        "format": "mso_mdoc",
        "meta": {"doctype_value": copies[0].type},
        "trusted_authorities": [{"type": "openid_federation", "values": [ANCHOR]}],
    }
    dcql = parse_query({"credentials": [asked]})
    found = run(world.wallet.presenter.places.authorities(dcql, copies, NOW))
    assert found.federation.members == {ISSUER: frozenset({ISSUER, MIDDLE, ANCHOR})}
    assert realm.published


def test_anchors_come_from_a_file(tmp_path: Path) -> None:
    assert authorities_of(Settings()) == Authorities()
    file = tmp_path / "anchors.json"
    file.write_text("[]")
    for path in (file, tmp_path / "absent"):
        with pytest.raises(WalletError) as refused:
            authorities_of(Settings(federation_anchors=path))
        assert refused.value.code == "federation_unreadable"


def test_a_copy_counts_by_a_trusted_list(world: World, verifier: Verifier, tmp_path: Path) -> None:
    (tmp_path / "1.der").write_bytes(ROOT)
    address = "https://list.example/tl.xml"
    world.hold("digital_id")
    assert not preview(world, asking(verifier, address, kind="etsi_tl"))["possible"]
    world.open(trusted_lists={address: tmp_path})
    assert preview(world, asking(verifier, ELSE, address, kind="etsi_tl"))["possible"]
    assert not preview(world, asking(verifier, ELSE, kind="etsi_tl"))["possible"]
    assert not any("list.example" in str(each.url) for each in world.net.sent)
