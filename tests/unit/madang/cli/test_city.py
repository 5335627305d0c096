"""What the plan of a city gives to whom."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from madang.cli.city import CityPlan


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


def test_what_opens_keys_is_in_no_text(plan: CityPlan) -> None:
    programs = [*plan.services(), plan.wallet("yes", 0)]
    opening = [plan.passphrase, programs[-1].environment["WALLET_PASSPHRASE"]]
    assert not [secret for secret in opening if secret in repr(programs)]


def test_the_chain_is_the_embedded_one_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MADANG_RPC_URLS", raising=False)
    assert CityPlan(tmp_path, 8400).rpc == "http://127.0.0.1:8406"
    monkeypatch.setenv("MADANG_RPC_URLS", '["http://127.0.0.1:8600"]')
    assert CityPlan(tmp_path, 8400).rpc == "http://127.0.0.1:8600"
