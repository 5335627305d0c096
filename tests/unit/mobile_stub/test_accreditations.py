"""The wallet shows nothing, and no key, to whoever the registry does not name for it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from madang.core.trust.snapshot import open_snapshot
from mobile_stub.errors import WalletError
from tests.accreditations import PLACE, RegistryTwin, place_record
from tests.unit.mobile_stub.world import (
    DAY,
    ISSUER,
    LOG,
    LOG_KEY,
    NOW,
    PURPOSES,
    SNAPSHOT,
    STRANGER,
    VCT,
    VERIFIER,
    Issuer,
    Verifier,
    World,
    authority,
    certified,
    found_registry,
    query,
    run,
    told,
)


def refused_request(world: World, verifier: Verifier) -> str:
    """Return the code of a refusal by which nothing was disclosed, and nothing told."""
    world.hold("digital_id")
    with pytest.raises(WalletError) as refused:
        run(world.wallet.open(verifier.link()))
    assert verifier.posted == []
    assert not world.leaked
    assert "expected" in refused.value.detail or len(refused.value.detail) > 20
    return refused.value.code


def test_a_suspended_verifier_is_shown_nothing(world: World, verifier: Verifier) -> None:
    world.registry.suspend(world.registry.record_of(VERIFIER))
    world.known()
    assert refused_request(world, verifier) == "verifier_suspended"


def test_a_verifier_that_was_removed_is_shown_nothing(world: World, verifier: Verifier) -> None:
    world.registry.remove(world.registry.record_of(VERIFIER))
    world.known()
    assert refused_request(world, verifier) == "verifier_not_registered"


REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "no purpose": ("purpose_missing", {"verifier_info": None}),
    "attestations of another kind": (
        "purpose_missing",
        {"verifier_info": [{"format": "registration_cert", "data": "e30.e30.e30"}]},
    ),
    "two purposes": ("purpose_malformed", {"verifier_info": told() + told("sale")}),
    "a purpose for some credentials": (
        "purpose_malformed",
        {"verifier_info": [{**told()[0], "credential_ids": ["digital_id"]}]},
    ),
    "a purpose without texts": ("purpose_malformed", {"verifier_info": told(purpose=[])}),
    "a language twice": (
        "purpose_malformed",
        {"verifier_info": told(purpose=[{"lang": "en", "value": "x"}] * 2)},
    ),
    "data that is text": (
        "purpose_malformed",
        {"verifier_info": [{**told()[0], "data": "counter"}]},
    ),
    "an unknown purpose": (
        "purpose_not_registered",
        {"verifier_info": told(intended_use_id="curiosity")},
    ),
    "other words": (
        "purpose_texts",
        {"verifier_info": told(purpose=[{"lang": "en", "value": "For your own good."}])},
    ),
    "words in one language more": (
        "purpose_texts",
        {
            "verifier_info": told(
                purpose=[
                    {"lang": "en", "value": PURPOSES["counter"]["en"]},
                    {"lang": "de", "value": "Sicher."},
                ]
            )
        },
    ),
    "another body's name": (
        "verifier_not_registered",
        {"verifier_info": told(sub=f"{VERIFIER}/2")},
    ),
    "a claim more": (
        "over_asking",
        {"dcql_query": query("digital_id", digital_id=[["name"], ["nationality"]])},
    ),
    "a type more": (
        "over_asking",
        {
            "dcql_query": {
                "credentials": [
                    {
                        **query("digital_id")["credentials"][0],
                        "meta": {"vct_values": [VCT["digital_id"], f"{ISSUER}/vct/tax/1"]},
                    }
                ]
            }
        },
    ),
    "any type": (
        "over_asking",
        {
            "dcql_query": {
                "credentials": [
                    query("digital_id")["credentials"][0],
                    {"id": "any", "format": "jwt_vc_json", "meta": {}},
                ]
            }
        },
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_outside_its_registration_is_refused_by_name(
    name: str, world: World, verifier: Verifier
) -> None:
    code, claims = REQUESTS[name]
    verifier.claims |= claims
    assert refused_request(world, verifier) == code


def test_an_optional_claim_is_asked_for_too(world: World, verifier: Verifier) -> None:
    asked = query("digital_id", digital_id=[["name"], ["nationality"]])
    asked["credentials"][0]["claims"] = [
        {"id": "a", "path": ["name"]},
        {"id": "b", "path": ["nationality"]},
    ]
    asked["credentials"][0]["claim_sets"] = [["a", "b"], ["a"]]
    verifier.claims["dcql_query"] = asked
    assert refused_request(world, verifier) == "over_asking"


def test_a_chain_to_anchors_of_another_municipality_is_refused(
    world: World, verifier: Verifier
) -> None:
    other, below = authority("saebyeol")
    world.registry.anchors.append(other)
    world.known()
    verifier.signer = certified(below, VERIFIER)
    assert refused_request(world, verifier) == "unknown_anchor"


def test_without_any_snapshot_nothing_is_shown(world: World, verifier: Verifier) -> None:
    forget(world)
    world.open(accreditation_refresh_seconds=0)
    assert refused_request(world, verifier) == "snapshot_missing"


def test_a_snapshot_that_is_too_old_is_told_in_words_of_its_own(
    world: World, verifier: Verifier
) -> None:
    world.known(age=DAY + 3600)
    world.hold("digital_id")
    with pytest.raises(WalletError) as refused:
        run(world.wallet.open(verifier.link()))
    assert refused.value.code == "snapshot_stale"
    assert "too old to rely on" in refused.value.detail
    assert not world.leaked


# --- where snapshots come from


def served(world: World, twin: RegistryTwin | None = None, time: int = NOW) -> list[httpx.Request]:
    """Publish a snapshot; return what is asked for from now on."""
    compact = (twin or world.registry).signed(LOG, LOG_KEY, time).encode()
    world.net.routes["GET", SNAPSHOT] = lambda _: (200, compact)
    world.open(accreditation_refresh_seconds=0)
    return world.net.sent


def test_the_whole_snapshot_is_fetched_at_the_own_municipality_and_kept(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    sent = served(world)
    run(world.wallet.open(verifier.link()))
    assert [str(each.url) for each in sent] == [SNAPSHOT, f"{VERIFIER}/request/1"]
    assert sent[0].content == b""
    kept = world.vault.snapshot()
    assert kept is not None
    assert open_snapshot(kept[0])[1] == world.registry.snapshot(LOG, NOW)


def test_a_suspension_is_known_with_the_next_look(world: World, verifier: Verifier) -> None:
    world.registry.suspend(world.registry.record_of(VERIFIER))
    served(world)
    assert refused_request(world, verifier) == "verifier_suspended"


def test_offline_the_one_kept_is_relied_on_until_it_is_too_old(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    world.open(accreditation_refresh_seconds=0)
    assert run(world.wallet.open(verifier.link())).preview["possible"]
    world.known(age=2 * DAY)
    assert refused_request(world, verifier) == "snapshot_stale"


def forget(world: World) -> None:
    world.vault._connection.execute("DELETE FROM snapshot")


def test_a_snapshot_that_is_not_to_be_trusted_is_refused_by_its_code(
    world: World, verifier: Verifier
) -> None:
    forget(world)
    for code, twin, place in (
        ("snapshot_other_chain", found_registry(), replace(PLACE, chain_id=1)),
        ("snapshot_unsealed", RegistryTwin(NOW), PLACE),
    ):
        (world.folder / "contract.json").write_bytes(place_record(place))
        served(world, twin)
        assert refused_request(world, verifier) == code
    (world.folder / "contract.json").write_bytes(place_record(PLACE))
    stranger = found_registry().signed(LOG, STRANGER).encode()
    world.net.routes["GET", SNAPSHOT] = lambda _: (200, stranger)
    assert refused_request(world, verifier) == "snapshot_signature"
    world.net.routes["GET", SNAPSHOT] = lambda _: (404, {})
    assert refused_request(world, verifier) == "snapshot_missing"


def test_a_rollback_does_not_take_the_place_of_what_was_seen(
    world: World, verifier: Verifier
) -> None:
    older = found_registry()
    world.registry.suspend(world.registry.record_of(VERIFIER))
    world.known()
    served(world, older)
    assert refused_request(world, verifier) == "verifier_suspended"


# --- receiving


def test_a_stranger_that_offers_sees_no_holder_key(world: World) -> None:
    issuer = Issuer(world.net)
    world.registry.remove(world.registry.record_of(ISSUER))
    world.known()
    with pytest.raises(WalletError) as refused:
        run(world.wallet.open(issuer.link("digital_id")))
    assert refused.value.code == "issuer_not_accredited"
    assert {each.method for each in world.net.sent} == {"GET"}


def test_an_issuer_that_was_suspended_since_the_preview_sees_no_holder_key(world: World) -> None:
    issuer = Issuer(world.net)
    scan = run(world.wallet.open(issuer.link("digital_id")))
    world.registry.suspend(world.registry.record_of(ISSUER))
    world.known()
    with pytest.raises(WalletError) as refused:
        run(world.wallet.receiver.accept(scan, "1234", NOW))
    assert refused.value.code == "issuer_suspended"
    assert {each.method for each in world.net.sent} == {"GET"}


def test_a_type_that_the_issuer_is_not_accredited_for_is_not_fetched(world: World) -> None:
    issuer = Issuer(world.net)
    vct = f"{ISSUER}/vct/passport/1"
    configurations = issuer.metadata["credential_configurations_supported"]
    configurations["digital_id"]["vct"] = vct
    with pytest.raises(WalletError) as refused:
        run(world.wallet.open(issuer.link("digital_id")))
    assert refused.value.code == "issuer_not_accredited"
