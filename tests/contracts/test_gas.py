"""What a transaction costs, to the unit; gas.json changes only when somebody wants it to."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import alike
import boa
import pytest
from actions import ADD, ADD_MEMBER, HOUR, ISSUER, RESUME, TAKE_LEASE
from federation import DOCUMENT, TENANT, Federation, sealed, unsealed, word
from harness import DELAY, LABEL, Chain, address_of, compiled, deploy

from contracts.artifacts import load

GAS = Path(__file__).with_name("gas.json")
BASE, CREATION = 21_000, 32_000
MOST_CODE = 24_576  # EIP-170
MILLION = 1_000_000
STEPS = [
    ("append 1 credential to 1,000,000", MILLION, MILLION + 1),
    ("append 100 credentials to 1,000,000", MILLION, MILLION + 100),
    ("append 10,000 credentials to 1,000,000", MILLION, MILLION + 10_000),
    ("append 10,000 credentials to 100,000,000", 10**8, 10**8 + 10_000),
]
KILOBYTE = DOCUMENT.ljust(1000)


def new_transaction() -> None:
    """Let what happened so far be an earlier transaction, so that storage counts as cold."""
    boa.env.evm.vm.state.lock_changes()
    boa.env.evm.reset_access_counters()


def whole(computation: Any, base: int = BASE) -> int:
    """Return the gas of a computation as a whole transaction under the London rules."""
    used = base + sum(16 if byte else 4 for byte in computation.msg.data or computation.msg.code)
    used += computation.get_gas_used()
    return int(used - min(computation.get_gas_refund(), used // 5))


@dataclass
class Meter:
    """Measures the last call of each contract, one transaction each."""

    gas: dict[str, int] = field(default_factory=dict)

    def take(self, name: str, contract: Any, call: Callable[[], object]) -> None:
        new_transaction()
        call()
        self.gas[name] = whole(contract._computation)


def deployment(name: str, *arguments: Any) -> int:
    return whole(compiled(name).deploy(*arguments)._computation, BASE + CREATION)


def first(chain: Chain) -> dict[str, int]:
    meter, contract = Meter(), chain.contract
    log = contract.idOf(chain.owner, LABEL)
    meter.take("open", contract, lambda: chain.open(chain.owner))
    meter.take("first append", contract, lambda: chain.append(log, 10, alike.root(10), []))
    with chain.at(chain.guardian):
        propose = lambda: contract.proposeOwner(log, chain.successor)  # noqa: E731
        meter.take("propose owner", contract, propose)
    with chain.at(chain.successor):
        chain.later(DELAY)
        meter.take("accept owner", contract, lambda: contract.acceptOwner(log))
    return meter.gas


def grown(chain: Chain, old: int, new: int) -> int:
    log = chain.open(chain.owner)
    chain.append(log, old, alike.root(old), [])
    new_transaction()
    chain.append(log, new, alike.root(new), alike.proof(old, new))
    return whole(chain.contract._computation)


def of_anchor_log() -> dict[str, int]:
    """Measure on chains of their own, since locking changes forgets how to undo them."""
    with boa.swap_env(boa.Env()):
        gas = {"deploy": deployment("AnchorLog", address_of("guardian"), DELAY)}
        gas |= first(deploy())
    for name, old, new in STEPS:
        with boa.swap_env(boa.Env()):
            gas[name] = grown(deploy(), old, new)
    return gas


def of_accreditation() -> dict[str, int]:
    with boa.swap_env(boa.Env()):
        federation = unsealed()
        gas = {"deploy, 5 members": deployment("Accreditation", federation.members, 3, DELAY)}
        contract, meter = federation.accreditation, Meter(gas)
        with federation.at(federation.founder):
            found = lambda: contract.found(ISSUER, federation.body, b"f" * 1000)  # noqa: E731
            meter.take("found a record of 1 kB", contract, found)
        sealed(federation)
        record = voted(federation, meter)
        with federation.at(federation.body):
            meter.take("suspend as the body", contract, lambda: contract.suspend(record))
        for name, action, arguments in (
            ("execute: resume", RESUME, {"target": record}),
            ("execute: add a member", ADD_MEMBER, {"account": federation.stranger}),
            ("execute: take a lease", TAKE_LEASE, {"target": TENANT, "account": federation.body}),
        ):
            decided = federation.agreed(action, **arguments)
            meter.take(name, contract, lambda number=decided: federation.execute(number))
        federation.later(HOUR)
        with federation.at(federation.body):
            hand = lambda: contract.handLease(TENANT, federation.holder)  # noqa: E731
            meter.take("hand a lease on", contract, hand)
    return meter.gas | of_the_largest()


def voted(federation: Federation, meter: Meter) -> bytes:
    """Measure one decision from the proposal on; return the record's id."""
    contract = federation.accreditation
    arguments = {"target": word(ISSUER), "account": federation.body, "document": KILOBYTE}
    propose = lambda: federation.propose(ADD, **arguments)  # noqa: E731
    meter.take("propose a record of 1 kB", contract, propose)
    meter.take("approve", contract, lambda: federation.approve(1, 1))
    meter.take("approve, the quorum", contract, lambda: federation.approve(1, 2))
    federation.later(DELAY)
    execute = lambda: federation.execute(1, KILOBYTE)  # noqa: E731
    meter.take("execute: add a record of 1 kB", contract, execute)
    return bytes(contract.recordAt(1))


def of_the_largest() -> dict[str, int]:
    """Measure the approval that makes the quorum where all 32 members have to agree."""
    meter = Meter()
    with boa.swap_env(boa.Env()):
        members = [address_of(f"member {n}") for n in range(32)]
        federation = sealed(unsealed(members, 32))
        proposal = federation.propose(ADD_MEMBER, account=federation.stranger)
        federation.approve(proposal, *range(1, 31))
        approve = lambda: federation.approve(proposal, 31)  # noqa: E731
        meter.take("approve, the last of 32", federation.accreditation, approve)
    return meter.gas


def code_sizes() -> dict[str, int]:
    return {name: len(load(name).code_on_chain(DELAY)) for name in ("AnchorLog", "Accreditation")}


def measured() -> dict[str, dict[str, int]]:
    return {
        "AnchorLog": of_anchor_log(),
        "Accreditation": of_accreditation(),
        "code bytes": code_sizes(),
    }


def test_gas_is_as_recorded(pytestconfig: pytest.Config) -> None:
    found = measured()
    if pytestconfig.getoption("--update-gas"):
        GAS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    recorded = json.loads(GAS.read_text("utf-8"))
    assert found == recorded, "look at the difference, then run again with --update-gas"


def test_ten_thousand_credentials_cost_less_than_six_gas_each() -> None:
    recorded = json.loads(GAS.read_text("utf-8"))["AnchorLog"]
    assert recorded["append 1 credential to 1,000,000"] <= 50_000
    assert recorded["append 100 credentials to 1,000,000"] <= 50_000
    assert recorded["append 10,000 credentials to 1,000,000"] <= 55_000


def test_the_code_fits_every_engine() -> None:
    assert max(code_sizes().values()) <= MOST_CODE
