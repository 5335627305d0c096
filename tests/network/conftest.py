"""One network of four validators for all tests here; each leaves it running and whole."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from ledger_node.network import binary
from ledger_node.network.network import Network
from madang.cli.city import CityPlan
from madang.infra.setup import keystore
from tests.network.ledger import ACCOUNTS, Ledger

NAMES = ("hanbit", "saebyeol", "areum", "narae")
GENESIS_TIME = "2026-11-01T00:00:00Z"
ABSENT = "no network engine: Go is absent"


@pytest.fixture(scope="session")
def engine() -> Path:
    """Return the engine's program, or skip where it was not built."""
    path = binary.cached()
    if not path.is_file():
        pytest.skip(ABSENT)
    return path


@pytest.fixture(scope="session")
def base_port() -> int:
    """Return the first of 60 free neighbouring ports."""
    for at in range(100):
        first = 10_000 + (os.getpid() * 60 + at * 600) % 9_000
        if all(_is_free(port) for port in range(first, first + 60)):
            return first
    raise AssertionError("no free neighbouring ports")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="session")
def plan(base_port: int, tmp_path_factory: pytest.TempPathFactory) -> CityPlan:
    """Return a prepared city, whose accounts are among the writers."""
    plan = CityPlan(tmp_path_factory.mktemp("city"), base_port + 44)
    plan.prepare()
    return plan


@pytest.fixture(scope="session")
def other_plan(base_port: int, tmp_path_factory: pytest.TempPathFactory) -> CityPlan:
    """Return another prepared city, on the same ports at another time."""
    plan = CityPlan(tmp_path_factory.mktemp("other-city"), base_port + 44)
    plan.prepare()
    return plan


def accounts(plan: CityPlan) -> list[str]:
    keys = keystore(plan.settings)
    tenants = plan.catalogue.tenants.ids()
    return [Account.from_key(keys.secret(tenant, "chain")).address for tenant in tenants]


@pytest.fixture(scope="session")
def shared_network(
    engine: Path,
    base_port: int,
    plan: CityPlan,
    other_plan: CityPlan,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("network")
    writers = [account.address for account in ACCOUNTS] + accounts(plan) + accounts(other_plan)
    with Network.create(
        folder, NAMES, writers, base_port=base_port, genesis_time=GENESIS_TIME, voting_seconds=10
    ) as network:
        network.start()
        yield network


@pytest.fixture
def network(shared_network: Network) -> Iterator[Network]:
    """Return the network with every validator up, and bring up again what a test has ended."""
    shared_network.start()
    yield shared_network
    shared_network.start()
    height = max(map(shared_network.height, range(len(NAMES))))
    shared_network.wait_for(height + 1)


@pytest.fixture(scope="session")
def ledger(shared_network: Network) -> Ledger:
    """Return AnchorLog, deployed on the network."""
    return Ledger.deployed(shared_network)
