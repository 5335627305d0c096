"""The genesis: equal validators, writers alone write, no fee, and the same bytes for everybody."""

import json
from copy import deepcopy
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from ledger_node.network.genesis import READER, genesis
from tests.unit.ledger_node.network.members import member

WRITERS = [f"0x{number:040x}" for number in (0xABCDEF, 0xFEDCBA)]
# The parts of `evmd init`'s genesis that are changed, with what stands there.
DEFAULTS: dict[str, Any] = {
    "chain_id": "other",
    "genesis_time": "2020-01-01T00:00:00Z",
    "app_state": {
        "auth": {"accounts": []},
        "bank": {"balances": [], "supply": [], "denom_metadata": []},
        "staking": {"params": {"bond_denom": "stake", "unbonding_time": "1814400s"}},
        "slashing": {"params": {"min_signed_per_window": "0.5", "slash_fraction_double_sign": "1"}},
        "feemarket": {"params": {"no_base_fee": False, "base_fee": "1000000000"}},
        "mint": {"minter": {"inflation": "0.13"}, "params": {"inflation_max": "0.2"}},
        "distribution": {"params": {"community_tax": "0.02"}, "fee_pool": {"community_pool": []}},
        "gov": {"params": {"voting_period": "172800s"}},
        "evm": {"params": {"evm_denom": "x", "active_static_precompiles": []}},
        "erc20": {"params": {"enable_erc20": True}},
        "ibc": {"client_genesis": {"params": {"allowed_clients": ["*"]}}},
        "transfer": {"params": {"send_enabled": True, "receive_enabled": True}},
    },
    "consensus": {"params": {"block": {"max_gas": "-1", "max_bytes": "22020096"}}},
}


def made(count: int = 4) -> dict[str, Any]:
    members = [member(number) for number in range(1, count + 1)]
    return genesis(
        DEFAULTS,
        members,
        WRITERS,
        chain="madang-1",
        time="2026-01-01T00:00:00Z",
        voting_seconds=60,
    )


def test_the_engines_own_defaults_are_left_as_they_were() -> None:
    before = deepcopy(DEFAULTS)
    first, second = made(), made()
    assert before == DEFAULTS
    assert json.dumps(first) == json.dumps(second)
    assert first["app_state"]["staking"]["params"]["unbonding_time"] == "1814400s"


@pytest.mark.parametrize("count", [1, 4, 7])
def test_every_validator_weighs_the_same_and_the_supply_is_what_is_owned(count: int) -> None:
    state = made(count)["app_state"]
    assert len({each["tokens"] for each in state["staking"]["validators"]}) == 1
    assert len({each["operator_address"] for each in state["staking"]["validators"]}) == count
    owned = [int(each["coins"][0]["amount"]) for each in state["bank"]["balances"]]
    assert sum(owned) == int(state["bank"]["supply"][0]["amount"])
    stakes = sum(int(each["tokens"]) for each in state["staking"]["validators"])
    assert stakes in owned


def test_what_an_operator_has_beside_its_stake_buys_no_power() -> None:
    balances = made()["app_state"]["bank"]["balances"]
    petty = [int(each["coins"][0]["amount"]) for each in balances[:-2]]
    assert len(petty) == 4
    assert max(petty) < 10**18


def test_only_the_writers_create_and_call_and_anybody_reads() -> None:
    control = made()["app_state"]["evm"]["params"]["access_control"]
    addresses = [to_checksum_address(each) for each in WRITERS]
    assert control["create"]["access_control_list"] == addresses
    assert control["call"]["access_control_list"] == [READER, *addresses]
    assert {each["access_type"] for each in control.values()} == {"ACCESS_TYPE_PERMISSIONED"}


def test_nothing_costs_and_nothing_grows() -> None:
    state = made()["app_state"]
    assert state["feemarket"]["params"]["no_base_fee"] is True
    assert float(state["feemarket"]["params"]["base_fee"]) == 0
    assert float(state["feemarket"]["params"]["min_gas_multiplier"]) == 0
    assert float(state["mint"]["params"]["inflation_max"]) == 0
    assert float(state["mint"]["minter"]["inflation"]) == 0


def test_an_absent_validator_is_not_put_out_and_one_that_signs_twice_is_punished() -> None:
    params = made()["app_state"]["slashing"]["params"]
    assert float(params["min_signed_per_window"]) == 0
    assert params["slash_fraction_double_sign"] == "1"


def test_who_takes_part_is_changed_by_two_thirds_alone() -> None:
    params = made()["app_state"]["gov"]["params"]
    assert float(params["quorum"]) > 2 / 3
    assert float(params["threshold"]) > 2 / 3
    assert params["voting_period"] == "60s"


def test_other_networks_and_tokens_are_shut_out() -> None:
    state = made()["app_state"]
    assert state["ibc"]["client_genesis"]["params"]["allowed_clients"] == []
    assert not any(state["transfer"]["params"].values())
    assert not state["erc20"]["params"]["enable_erc20"]
