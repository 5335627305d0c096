"""Validators that are killed: the others go on or wait, and nothing ever forks."""

import time

import pytest

from ledger_node.network.network import Network
from tests.network.ledger import ACCOUNTS, Ledger, receipt
from tests.network.test_network import hashes

pytestmark = pytest.mark.xdist_group("network")
SILENT_SECONDS = 6


def top(network: Network) -> int:
    return max(network.height(at) for at in network.running())


def still(network: Network) -> int:
    """Return the height that the running validators stay at."""
    time.sleep(2)
    height = top(network)
    time.sleep(SILENT_SECONDS)
    assert top(network) == height
    return height


@pytest.mark.parametrize("victim", [1, 3])
def test_one_is_killed_and_catches_up(network: Network, ledger: Ledger, victim: int) -> None:
    owner = ACCOUNTS[3]
    ledger.open(owner)
    network.kill(victim)
    height = top(network)
    receipt(network.rpc_urls[0], ledger.append(owner, 4))
    network.wait_for(height + 5)
    network.restart(victim)
    network.wait_for(top(network))
    assert all(len(hashes(network, each)) == 1 for each in range(1, height + 6))
    assert ledger.head(owner, victim)[0] == ledger.trees[owner.address].size


def test_two_are_killed_no_block_then_all_goes_on(network: Network, ledger: Ledger) -> None:
    owner = ACCOUNTS[4]
    ledger.open(owner)
    network.kill(2)
    network.kill(3)
    height = still(network)
    raw = ledger.append(owner, 9)
    assert still(network) == height
    network.restart(2)
    assert int(receipt(network.rpc_urls[0], raw, 40)["status"], 16) == 1
    network.restart(3)
    network.wait_for(height + 2)
    assert all(len(hashes(network, each)) == 1 for each in range(1, height + 3))
    assert {ledger.head(owner, at)[0] for at in range(4)} == {9}


def test_all_are_killed_and_come_back(network: Network, ledger: Ledger) -> None:
    owner = ACCOUNTS[5]
    ledger.open(owner)
    receipt(network.rpc_urls[0], ledger.append(owner, 2))
    before = [ledger.head(owner, at) for at in (0, 1)]
    height = top(network)
    for at in range(4):
        network.kill(at)
    network.start()
    network.wait_for(height + 2)
    assert len(hashes(network, height)) == 1
    assert [ledger.head(owner, at) for at in (2, 3)] == before


def test_one_that_ended_is_told_apart_from_one_that_is_slow(network: Network) -> None:
    network.kill(0)
    assert network.running() == [1, 2, 3]
    assert network.height(0) == 0
    with pytest.raises(RuntimeError, match="validator hanbit has no block"):
        network.wait_for(10**6, [0], seconds=1)
