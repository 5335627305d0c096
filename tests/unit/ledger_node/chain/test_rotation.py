"""A log's owner changes by the contract; its id, and the file that tells who opened it, never."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_node.audit.inspection import ChainPoint, Inspection, read_anchors
from ledger_node.chain.model import Purpose
from ledger_node.chain.usecases import Order
from ledger_node.worker import Node
from tests.unit.ledger_node.node_world import TENANTS, World, call, entry

TENANT, OTHER = TENANTS
DELAY = 7 * 86_400


@pytest.fixture
def world(tmp_path: Path, free_port: int) -> Iterator[World]:
    world = World(tmp_path, free_port)
    yield world
    world.database.close()


def owner_file(world: World) -> Path:
    return world.folder / "trust" / "logs" / f"{TENANT}.owner"


async def on_chain(node: Node) -> tuple[str, int]:
    """Return owner and size of the log on the chain."""
    work = node.following.work
    head = await work.anchoring.head(work.contract, TENANT)
    return head.owner, head.size


def account(node: Node) -> str:
    return node.following.work.anchoring.accounts[TENANT].address


async def grow(node: Node, world: World, number: int) -> int:
    """Publish a head of one entry more, and do two rounds; return its size."""
    node.publishers[TENANT].accept([entry(number)])
    node.publish(TENANT)
    for _ in range(2):
        await node.anchor(TENANT)
    return world.newest().size


async def hand(node: Node, successor: str) -> None:
    """Propose another owner as the present one."""
    anchoring, contract = node.following.work.anchoring, node.following.work.contract
    data = contract.propose_owner_call(await anchoring.log_id(contract, TENANT), successor)
    order = Order(Purpose("propose"), contract.address, data, 120_000)
    await anchoring.sender.submit(anchoring.accounts[TENANT], order)


def test_a_new_key_goes_on_in_the_same_log_when_the_rotation_is_over(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def lives() -> None:
        async with world.running() as engine:
            here = World(world.folder / "here", 1, (engine.following.work.engine.rpc.url,), 0)
            async with here.running() as node:
                first = await grow(node, here, 1)
                old, log_id = account(node), await log_of(node)
                assert await on_chain(node) == (old, first)
            opened = owner_file(here).read_bytes()
            assert opened == old.encode()

            here.seeds[TENANT] = 9
            async with here.running() as node:  # a foreign key: it opens nothing
                new = account(node)
                assert node.conditions[TENANT].waiting == "not_owner"
                told = f"{log_id.hex()}, belongs to account {old}, this node has {new}"
                assert told in caplog.text
                second = await grow(node, here, 2)
                assert second == first + 1, "residents wait for no chain"
                assert await on_chain(node) == (old, first)
                assert node.conditions[OTHER].waiting == ""
            assert owner_file(here).read_bytes() == opened

            here.seeds[TENANT] = 1
            async with here.running() as node:
                await hand(node, new)
                await node.anchor(TENANT)
                assert await on_chain(node) == (old, second), "the owner goes on meanwhile"

            here.seeds[TENANT] = 9
            async with here.running() as node:
                assert node.conditions[TENANT].waiting == "handover"
                third = await grow(node, here, 3)
                assert await on_chain(node) == (old, second)
                await call(node, "evm_increaseTime", DELAY + 60)
                for _ in range(2):
                    await node.anchor(TENANT)
                assert node.conditions[TENANT].waiting == ""
                assert await on_chain(node) == (new, third)
                assert await log_of(node) == log_id
                assert here.anchored() == third
                await audited(node, here, old, [first, second, third])
            assert owner_file(here).read_bytes() == opened
            purposes = here.purposes()
            assert purposes.count(f"open:{TENANT}") == 1
            assert sum(each.startswith("accept-owner:") for each in purposes) == 1
            here.database.close()

    asyncio.run(lives())


async def log_of(node: Node) -> bytes:
    work = node.following.work
    return await work.anchoring.log_id(work.contract, TENANT)


async def audited(node: Node, world: World, opener: str, sizes: list[int]) -> None:
    """Hold what an auditor finds by the opener's address against what was anchored."""
    work, found = node.following.work, Inspection()
    assert work.anchoring.opener(TENANT) == opener
    point = ChainPoint(world.rpc_urls[0], work.deployment, opener)
    anchors = await read_anchors(point, work.anchoring.origins[TENANT], found)
    assert [each.size for each in anchors] == sizes
    assert found.ok


def test_a_start_with_another_key_before_the_file_is_written_opens_no_second_log(
    world: World,
) -> None:
    async def lives() -> None:
        async with world.running() as engine:
            here = World(world.folder / "here", 1, (engine.following.work.engine.rpc.url,), 0)
            async with here.running() as node:
                old = account(node)
            owner_file(here).unlink()
            here.seeds[TENANT] = 9
            async with here.running() as node:
                assert node.conditions[TENANT].waiting == "not_owner"
            assert owner_file(here).read_text() == old
            owner_file(here).write_text("0x12")
            async with here.running() as node:
                assert node.conditions[TENANT].waiting == "owner_file"
            assert owner_file(here).read_text() == "0x12"
            assert here.purposes().count(f"open:{TENANT}") == 1
            here.database.close()

    asyncio.run(lives())
