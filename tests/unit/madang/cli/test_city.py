"""What the plan of a city gives to whom."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_node.publisher.witness_points import witness_points
from madang.cli.city import QUORUM, CityPlan
from madang.infra.setup import StateFolders
from madang.infra.trust import load_log_keys, load_witness_keys


@pytest.fixture(autouse=True)
def usual_permissions() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def plan(tmp_path: Path) -> CityPlan:
    return CityPlan(tmp_path / "state", 8400)


def test_nobody_else_on_the_machine_looks_into_the_state_folder(plan: CityPlan) -> None:
    assert plan.passphrase
    assert plan.state.stat().st_mode & 0o777 == 0o700


def test_passphrases_stay_the_same(plan: CityPlan) -> None:
    again = CityPlan(plan.state, plan.port)
    assert plan.passphrase == again.passphrase
    assert plan.wallet("yes", 0) == again.wallet("yes", 0)


def test_a_resident_s_wallet_opens_nothing_of_the_offices_or_of_others(plan: CityPlan) -> None:
    first, second = plan.wallet("yes", 0).environment, plan.wallet("no", 1).environment
    assert plan.passphrase not in first.values()
    assert first["WALLET_PASSPHRASE"] != second["WALLET_PASSPHRASE"]


def test_the_audit_body_opens_nothing_of_the_municipalities_and_knows_their_logs(
    plan: CityPlan,
) -> None:
    plan.prepare()
    environment = plan.audit_environment()
    assert plan.passphrase not in environment.values()
    state = StateFolders(Path(environment["MADANG_STATE_DIR"]))
    assert [path.name for path in state.keys.rglob("*.key")] == ["witness.key"]
    known, own = load_log_keys(state.log_keys), StateFolders(plan.state)
    assert known == load_log_keys(own.log_keys)
    keys = load_witness_keys(own.witness_keys)
    assert sorted(keys) == ["audit", "hanbit", "saebyeol"]
    assert load_witness_keys(state.witness_keys) == {"audit": keys["audit"]}
    assert sorted(each.partition("://")[2] for each in plan.witnesses) == sorted(
        key.name for key in keys.values()
    )
    for tenant in known:
        assert len(witness_points(plan.witnesses, keys, tenant, QUORUM)) == QUORUM


def test_no_two_processes_have_one_port(plan: CityPlan) -> None:
    programs = [*plan.services(), *(plan.wallet("yes", number) for number in range(4))]
    health = [program.health for program in programs] + [plan.rpc]
    assert len({each.split("/")[2] for each in health}) == len(health)


def test_what_opens_keys_is_in_no_text(plan: CityPlan) -> None:
    programs = [*plan.services(), plan.wallet("yes", 0)]
    opening = [plan.passphrase, programs[-1].environment["WALLET_PASSPHRASE"]]
    opening += [plan.audit_environment()["MADANG_KEY_PASSPHRASE"]]
    assert not [secret for secret in opening if secret in repr(programs)]


def test_the_chain_is_the_embedded_one_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MADANG_RPC_URLS", raising=False)
    assert CityPlan(tmp_path, 8400).rpc == "http://127.0.0.1:8406"
    monkeypatch.setenv("MADANG_RPC_URLS", '["http://127.0.0.1:8600"]')
    assert CityPlan(tmp_path, 8400).rpc == "http://127.0.0.1:8600"
