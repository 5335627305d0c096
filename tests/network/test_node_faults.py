"""The product on the network: validators fall, entries are taken all the same, none is lost."""

import time
from collections.abc import Iterator

import pytest

from ledger_node.network.network import Network
from madang.cli.city import CityPlan
from tests.network.node import OTHER, TENANT, LedgerNode

pytestmark = pytest.mark.xdist_group("network")


@pytest.fixture(scope="module")
def node(shared_network: Network, plan: CityPlan) -> Iterator[LedgerNode]:
    shared_network.start()
    node = LedgerNode(plan, shared_network.rpc_urls[:1], shared_network.chain_id)
    node.start()
    try:
        yield node
    finally:
        node.stop()


def test_both_logs_are_anchored(network: Network, node: LedgerNode) -> None:
    for tenant in (TENANT, OTHER):
        node.append(tenant, 50)
        size = node.published(tenant)
        found = node.wait_anchored(tenant, size)
        assert found["state"] == "anchored"
        assert 0 < found["block"] <= network.height(0) + 1


def test_one_validator_falls_while_entries_come(network: Network, node: LedgerNode) -> None:
    before = node.published(TENANT)
    network.kill(3)
    for _ in range(10):
        node.append(TENANT, 10)
        time.sleep(0.5)
    node.wait_published(TENANT, before + 100)
    node.wait_anchored(TENANT, before + 100)
    network.restart(3)
    node.append(TENANT, 10)
    node.wait_published(TENANT, before + 110)
    block = node.wait_anchored(TENANT, before + 110)["block"]
    network.wait_for(block, [3])


def test_half_fall_and_all_is_anchored_after_their_return(
    network: Network, node: LedgerNode
) -> None:
    before = node.published(TENANT)
    network.kill(2)
    network.kill(3)
    time.sleep(2)
    for _ in range(5):
        # What a resident waits for does not wait for the chain.
        assert node.append(TENANT, 20) < 2
        time.sleep(0.5)
    node.wait_published(TENANT, before + 100)
    time.sleep(5)
    assert node.anchor(TENANT, before + 100) is None
    assert node.health()["status"] == "up"
    network.restart(2)
    network.restart(3)
    node.wait_anchored(TENANT, before + 100, 90)


def test_the_validator_behind_the_node_falls_and_comes_back(
    network: Network, node: LedgerNode
) -> None:
    before = node.published(TENANT)
    network.kill(0)
    node.append(TENANT, 30)
    node.wait_published(TENANT, before + 30)
    time.sleep(2)
    assert node.anchor(TENANT, before + 30) is None
    assert f"the log of {TENANT} waits for the chain" in node.log_file.read_text("utf-8")
    network.restart(0)
    node.wait_anchored(TENANT, before + 30)


def test_a_node_that_knows_several_validators_goes_on_without_one(
    network: Network, node: LedgerNode
) -> None:
    node.stop()
    node.rpc_urls = network.rpc_urls[:2]
    node.start()
    before = node.published(TENANT)
    network.kill(0)
    node.append(TENANT, 30)
    node.wait_published(TENANT, before + 30)
    node.wait_anchored(TENANT, before + 30)


def test_a_node_that_starts_again_goes_on(network: Network, node: LedgerNode) -> None:
    before = node.published(OTHER)
    node.stop()
    node.start()
    node.append(OTHER, 7)
    node.wait_published(OTHER, before + 7)
    node.wait_anchored(OTHER, before + 7)
