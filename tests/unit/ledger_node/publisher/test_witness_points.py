"""Who is a witness of which log."""

from dataclasses import replace

import pytest

from ledger_node.publisher.model import WitnessKeyError
from ledger_node.publisher.witness_points import witness_points
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.cosignature import CosignerKey

NAMES = {
    "hanbit": "h.example/hanbit/witness",
    "saebyeol": "s.example/saebyeol/witness",
    "audit": "a.example/audit/witness",
}
KEYS = {whose: CosignerKey.of(name, generate_ed25519(whose)) for whose, name in NAMES.items()}
URLS = [f"https://{name}" for name in NAMES.values()]


@pytest.mark.parametrize("owner", ["hanbit", "saebyeol"])
def test_all_but_the_owners_own_are_asked(owner: str) -> None:
    points = witness_points(URLS, KEYS, owner, 2)
    assert [point.key for point in points] == [KEYS[each] for each in NAMES if each != owner]
    assert [point.url for point in points] == [
        f"https://{name}" for whose, name in NAMES.items() if whose != owner
    ]


def test_one_that_is_named_twice_is_asked_once() -> None:
    points = witness_points([*URLS, URLS[2], URLS[2] + "/"], KEYS, "hanbit", 2)
    assert len(points) == 2


def test_a_witness_without_a_key_is_named_with_those_that_have_one() -> None:
    with pytest.raises(WitnessKeyError, match="names https://x") as refused:
        witness_points(["https://x.example/x/witness"], KEYS, "hanbit", 0)
    assert NAMES["audit"] in str(refused.value)
    with pytest.raises(WitnessKeyError, match="known are none"):
        witness_points(URLS, {}, "hanbit", 0)


def test_a_quorum_that_nobody_can_reach_is_refused() -> None:
    with pytest.raises(WitnessKeyError, match="has 2 witnesses"):
        witness_points(URLS, KEYS, "hanbit", 3)
    assert witness_points([], {}, "hanbit", 0) == ()


def test_one_key_under_two_names_is_refused() -> None:
    """Its line of Ed25519 fits both names, so one witness would be a quorum of two."""
    copied = CosignerKey.of(NAMES["audit"], generate_ed25519("x"))
    copied = replace(copied, public_key=KEYS["saebyeol"].public_key)
    with pytest.raises(WitnessKeyError, match="under two names"):
        witness_points(URLS, {**KEYS, "audit": copied}, "hanbit", 2)
