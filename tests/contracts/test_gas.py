"""What a transaction costs, to the unit; gas.json changes only when somebody wants it to."""

import json
from pathlib import Path

import alike
import boa
import pytest
from harness import Chain, deploy

GAS = Path(__file__).with_name("gas.json")
BASE = 21_000
MILLION = 1_000_000
STEPS = [
    ("append 1 credential to 1,000,000", MILLION, MILLION + 1),
    ("append 100 credentials to 1,000,000", MILLION, MILLION + 100),
    ("append 10,000 credentials to 1,000,000", MILLION, MILLION + 10_000),
    ("append 10,000 credentials to 100,000,000", 10**8, 10**8 + 10_000),
]


def new_transaction() -> None:
    """Let what happened so far be an earlier transaction, so that storage counts as cold."""
    boa.env.evm.vm.state.lock_changes()
    boa.env.evm.reset_access_counters()


def transaction_gas(chain: Chain) -> int:
    """Return the gas of the last call as a whole transaction under the London rules."""
    computation = chain.contract._computation
    intrinsic = BASE + sum(16 if byte else 4 for byte in computation.msg.data)
    assert computation.get_gas_refund() == 0
    return intrinsic + int(computation.get_gas_used())


def first(chain: Chain) -> dict[str, int]:
    log = chain.open(chain.owner)
    gas = {"open": transaction_gas(chain)}
    new_transaction()
    chain.append(log, 10, alike.root(10), [])
    gas["first append"] = transaction_gas(chain)
    new_transaction()
    with chain.at(chain.guardian):
        chain.contract.proposeOwner(log, chain.successor)
    gas["propose owner"] = transaction_gas(chain)
    return gas


def grown(chain: Chain, old: int, new: int) -> int:
    log = chain.open(chain.owner)
    chain.append(log, old, alike.root(old), [])
    new_transaction()
    chain.append(log, new, alike.root(new), alike.proof(old, new))
    return transaction_gas(chain)


def measured() -> dict[str, int]:
    """Measure on chains of their own, since locking changes forgets how to undo them."""
    with boa.swap_env(boa.Env()):
        gas = first(deploy())
    for name, old, new in STEPS:
        with boa.swap_env(boa.Env()):
            gas[name] = grown(deploy(), old, new)
    return gas


def test_gas_is_as_recorded(pytestconfig: pytest.Config) -> None:
    found = measured()
    if pytestconfig.getoption("--update-gas"):
        GAS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    recorded = json.loads(GAS.read_text("utf-8"))
    assert found == recorded, "look at the difference, then run again with --update-gas"


def test_ten_thousand_credentials_cost_less_than_six_gas_each() -> None:
    recorded = json.loads(GAS.read_text("utf-8"))
    assert recorded["append 1 credential to 1,000,000"] <= 50_000
    assert recorded["append 100 credentials to 1,000,000"] <= 50_000
    assert recorded["append 10,000 credentials to 1,000,000"] <= 55_000
