"""Receipts are asked for with one holder key at a time and kept beside their copies."""

import json
from typing import Any

import pytest

from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.world import ISSUER, NOW, Issuer, World, run


def fetched(world: World) -> dict[str, int]:
    return run(world.wallet.receipts.fetch(NOW))


def test_each_holder_key_asks_for_its_own_copies_alone(world: World, issuer: Issuer) -> None:
    world.hold("digital_id", "lease")
    issuer.receipts = {"digital_id-0": {"index": 4}}
    assert fetched(world) == {"kept": 1, "waiting": 5}
    bodies = [json.loads(e.content) for e in world.net.sent if str(e.url) == f"{ISSUER}/receipts"]
    assert [sorted(body["credential_digests"]) for body in bodies] == [
        [f"digital_id-{number}", f"lease-{number}"] for number in range(3)
    ]
    assert world.wallet.receipt("digital_id-0") == {"index": 4}
    with pytest.raises(WalletError) as refused:
        world.wallet.receipt("digital_id-1")
    assert refused.value.code == "no_receipt"


def test_what_has_a_receipt_is_not_asked_for_again(world: World, issuer: Issuer) -> None:
    world.hold("digital_id")
    issuer.receipts = {f"digital_id-{number}": {"index": number} for number in range(3)}
    assert fetched(world) == {"kept": 3, "waiting": 0}
    sent = len(world.net.sent)
    assert fetched(world) == {"kept": 3, "waiting": 0}
    assert len(world.net.sent) == sent


def test_an_issuer_that_is_not_accredited_now_sees_no_holder_key(
    world: World, issuer: Issuer
) -> None:
    world.hold("digital_id")
    record = world.registry.record_of(ISSUER)
    for lapse in (world.registry.suspend, world.registry.remove):
        lapse(record)
        world.known()
        assert fetched(world) == {"kept": 0, "waiting": 3}
    assert world.net.sent == []
    assert issuer.receipts == {}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((403, {}), "receipts_refused"),
        ((200, b"x"), "receipts_malformed"),
        ((200, {}), "receipts_malformed"),
        ((200, {"receipts": 7}), "receipts_malformed"),
    ],
)
def test_an_answer_without_receipts_is_told(
    answer: tuple[int, Any], code: str, world: World, issuer: Issuer
) -> None:
    world.hold("digital_id")
    world.net.routes["POST", f"{ISSUER}/receipts"] = lambda _: answer
    with pytest.raises(WalletError) as refused:
        fetched(world)
    assert refused.value.code == code
    assert issuer.receipts == {}
