"""A proposal adds the newcomer and leaves everything else as it is."""

from copy import deepcopy
from typing import Any

from ledger_node.network.genesis import POWER
from ledger_node.network.membership import AUTHORITY, proposal, validator
from tests.unit.ledger_node.network.members import member

WRITER, NEW = "0x" + "11" * 20, "0x" + "22" * 20
PARAMS: dict[str, Any] = {
    "evm_denom": "atest",
    "access_control": {
        "create": {"access_type": "P", "access_control_list": [WRITER]},
        "call": {"access_type": "P", "access_control_list": ["0x" + "0" * 40, WRITER]},
    },
}


def test_the_votes_module_is_the_one_that_the_engine_names() -> None:
    assert AUTHORITY == "cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn"


def test_the_newcomer_may_write_and_nobody_loses_a_right() -> None:
    before = deepcopy(PARAMS)
    made = proposal(PARAMS, member(9, NEW))["messages"][0]["params"]
    assert before == PARAMS
    assert made["access_control"]["create"]["access_control_list"] == [WRITER, NEW]
    assert made["access_control"]["call"]["access_control_list"] == ["0x" + "0" * 40, WRITER, NEW]
    assert made["evm_denom"] == "atest"


def test_who_writes_already_is_not_listed_twice_and_an_observer_not_at_all() -> None:
    for newcomer in (member(9, WRITER), member(9)):
        made = proposal(PARAMS, newcomer)["messages"][0]["params"]
        assert made == PARAMS


def test_the_newcomer_gets_one_stake_and_gives_it_for_its_key() -> None:
    newcomer = member(9, NEW)
    spent = proposal(PARAMS, newcomer)["messages"][1]
    assert spent["recipient"] == newcomer.bech32()
    got = int(spent["amount"][0]["amount"])
    document = validator(newcomer)
    staked = int(str(document["amount"]).removesuffix("atest"))
    assert staked == POWER * 10**18
    assert 0 < got - staked < 10**18
    assert isinstance(document["pubkey"], dict)
    assert document["pubkey"]["key"] == "A" * 42 + "k="
