"""The node goes on when disk, database or chain are away for a while, and loses nothing by it."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col, delete

from ledger_node.condition import Health
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import HeadState, LogDamagedError
from ledger_node.publisher.store import LogEntryRow, LogHeadRow, SqlLog, SqlLogs
from ledger_node.worker import Node
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.tiles import Tile, TileTree
from madang.infra.rpc import JsonRpc
from tests.unit.ledger_node.node_world import TENANTS, World, call, entry

TENANT, OTHER = TENANTS


class FullDisk(LogFiles):
    """Files on a disk that is full for some writes."""

    refusals = 0

    def write(self, tile: Tile, content: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OSError(28, "No space left on device")
        super().write(tile, content)


class LockedDatabase(SqlLogs):
    """A database that is locked for some calls."""

    refusals = 0

    def __call__(self) -> AbstractContextManager[SqlLog]:
        if self.refusals:
            self.refusals -= 1
            raise OperationalError("", None, Exception("database is locked"))
        return super().__call__()


@pytest.fixture
def world(tmp_path: Path, free_port: int) -> Iterator[World]:
    world = World(tmp_path, free_port)
    yield world
    world.database.close()


@dataclass
class Harmed:
    """A node whose log of one municipality can be kept from its disk and its database."""

    node: Node
    files: FullDisk
    stores: LockedDatabase

    def publish(self) -> int:
        """Publish, and return what the files then hold."""
        self.node.publish(TENANT)
        return published(self.files)


@pytest.fixture
def harmed(world: World) -> Harmed:
    node = world.node()
    publisher = node.publishers[TENANT]
    files, stores = FullDisk(publisher.files.folder), LockedDatabase(world.database, TENANT)
    publisher.files, publisher.stores = files, stores
    publisher.introduce()
    publisher.accept([entry(number) for number in range(2)])
    node.conditions[TENANT].compared = True
    return Harmed(node, files, stores)


def published(files: LogFiles) -> int:
    note = files.checkpoint()
    if note is None:
        return 0
    head = parse_note(note).checkpoint
    assert TileTree(head.size, files.read).root() == head.root
    return head.size


@pytest.mark.parametrize("refusals", [1, 2, 5])
def test_a_full_disk_delays_and_loses_nothing(harmed: Harmed, refusals: int) -> None:
    harmed.files.refusals = refusals
    assert [harmed.publish() for _ in range(refusals)] == [0] * refusals
    assert harmed.publish() == 3
    harmed.node.publishers[TENANT].accept([entry(3)])
    assert harmed.publish() == 4


def test_a_locked_database_delays_and_loses_nothing(harmed: Harmed) -> None:
    harmed.stores.refusals = 2
    assert [harmed.publish() for _ in range(3)] == [0, 0, 3]


def test_what_keeps_a_log_from_its_disk_is_told_once_and_shown(
    world: World, harmed: Harmed, caplog: pytest.LogCaptureFixture
) -> None:
    node, stores = harmed.node, {tenant: world.logs(tenant) for tenant in TENANTS}
    health = Health(node.publishers, node.conditions, stores, world.clock)
    harmed.files.refusals = 3
    for _ in range(3):
        harmed.publish()
        assert health()["logs"][TENANT]["waiting"] == "disk"
    assert caplog.text.count("the log of hanbit waits") == 1
    harmed.publish()
    assert health()["logs"][TENANT]["waiting"] is None


def _no_checkpoint(log: Path) -> None:
    (log / "checkpoint").write_bytes(b"torn")


def _no_text(log: Path) -> None:
    (log / "checkpoint").write_bytes(b"\xff")


def _short_tile(log: Path) -> None:
    tile = next((log / "tile/0").glob("000.p/*"))
    tile.write_bytes(tile.read_bytes()[:-1])


def _unreadable(log: Path) -> None:
    (log / "checkpoint").unlink()
    (log / "checkpoint").mkdir()


@pytest.mark.parametrize("harm", [_no_checkpoint, _no_text, _short_tile, _unreadable])
def test_broken_files_of_one_log_stop_no_other(world: World, harm: Callable[[Path], None]) -> None:
    async def lives() -> None:
        async with world.running() as node:
            node.publishers[TENANT].accept([entry(1)])
            await _settle(node)
        harm(world.folder / "log" / TENANT)
        async with world.running() as node:
            assert node.conditions[TENANT].behind == ("disk" if harm is _unreadable else "")
            node.publishers[OTHER].accept([entry(2)])
            await _settle(node, OTHER)
            newest = node.publishers[OTHER].newest()
            assert newest is not None
            assert newest.state is HeadState.ANCHORED

    asyncio.run(lives())


# --- the chain


async def _settle(node: Node, *tenants: str) -> None:
    """Publish what waits, and follow it until it is final."""
    for tenant in tenants or TENANTS:
        await node.anchor(tenant)
        node.publish(tenant)
        for _ in range(2):
            await node.anchor(tenant)
        assert node.conditions[tenant].waiting == ""


async def _until(reached: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not reached():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


async def _waiting(rpc: JsonRpc, count: int) -> None:
    """Wait until so many transactions wait for a block."""
    status: dict[str, str] = {}
    for _ in range(1_000):
        status = await rpc.call("txpool_status")
        if int(status["pending"], 16) == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(status)


def test_a_head_is_published_then_included_then_anchored(world: World) -> None:
    async def lives() -> None:
        async with world.running() as node:
            node.publishers[TENANT].accept([entry(1)])
            node.publish(TENANT)
            assert world.newest().state is HeadState.PUBLISHED
            await node.anchor(TENANT)
            included = world.newest()
            assert included.state is HeadState.INCLUDED
            with world.logs(TENANT)() as log:
                assert log.anchored_from(1) is None, "it does not count before it is final"
            await node.anchor(TENANT)
            anchored = world.newest()
            assert anchored.state is HeadState.ANCHORED
            assert anchored.block_hash is not None
            found = await call(node, "eth_getBlockByHash", anchored.block_hash, False)  # noqa: FBT003 - JSON
            assert int(found["number"], 16) == anchored.block == included.block

    asyncio.run(lives())


def test_a_start_after_a_kill_finds_everything_and_sends_nothing_twice(world: World) -> None:
    async def lives() -> None:
        for number in range(3):
            async with world.running() as node:
                node.publishers[TENANT].accept([entry(number)])
                await _settle(node)
                process = node.following.work.engine._process
                os.kill(process.pid, signal.SIGKILL)
                await process.wait()
        async with world.running() as node:
            await _settle(node)
            assert world.newest().state is HeadState.ANCHORED
        appended = [each for each in world.purposes() if each.startswith(f"append:{TENANT}:")]
        assert appended == [f"append:{TENANT}:{size}" for size in (2, 3, 4)]

    asyncio.run(lives())


def test_ten_thousand_credentials_are_on_the_chain_in_one_transaction(world: World) -> None:
    async def lives() -> None:
        async with world.running() as node:
            await _settle(node)
            before = int(await call(node, "eth_blockNumber"), 16)
            for start in range(0, 10_000, 1_000):
                node.publishers[TENANT].accept([entry(start + at) for at in range(1_000)])
            await _settle(node, TENANT)
            assert int(await call(node, "eth_blockNumber"), 16) - before == 1
            head = world.newest()
            assert (head.size, head.state) == (10_001, HeadState.ANCHORED)

    asyncio.run(lives())


def test_logs_share_a_block_where_blocks_take_their_time(world: World) -> None:
    """Rounds of several logs run beside each other: none waits for another's receipt."""

    async def lives() -> None:
        async with world.running() as node:
            await _settle(node)
            engine = node.following.work.engine
            elsewhere = World(world.folder / "elsewhere", 1, (engine.rpc.url,), 0)
            async with elsewhere.running() as remote:
                await _settle(remote)
                await engine.rpc.call("evm_setAutomine", False)  # noqa: FBT003 - JSON
                for tenant in TENANTS:
                    remote.publishers[tenant].accept([entry(1)])
                    remote.publish(tenant)
                rounds = [asyncio.create_task(remote.anchor(tenant)) for tenant in TENANTS]
                await _waiting(engine.rpc, len(TENANTS))
                await engine.rpc.call("evm_mine")
                await asyncio.gather(*rounds)
                heads = [elsewhere.newest(tenant) for tenant in TENANTS]
                assert heads[0].block_hash == heads[1].block_hash
                assert {each.state for each in heads} == {HeadState.INCLUDED}
            elsewhere.database.close()

    asyncio.run(lives())


def test_a_dropped_anchor_is_told_and_comes_back(world: World) -> None:
    async def lives() -> None:
        async with world.running() as node:
            await _settle(node)
            engine = node.following.work.engine
            elsewhere = World(world.folder / "elsewhere", 1, (engine.rpc.url,), 2)
            async with elsewhere.running() as remote:
                remote.publishers[TENANT].accept([entry(1)])
                remote.publish(TENANT)
                await remote.anchor(TENANT)
                sent = elsewhere.newest().transaction
                assert elsewhere.newest().state is HeadState.INCLUDED
                await engine.rpc.call("anvil_reorg", 1, [])
                await engine.rpc.call("evm_setAutomine", False)  # noqa: FBT003 - JSON
                waiting = asyncio.create_task(remote.anchor(TENANT))
                await _until(lambda: elsewhere.newest().state is HeadState.PUBLISHED)
                await engine.rpc.call("evm_setAutomine", True)  # noqa: FBT003 - JSON
                await waiting
                await engine.rpc.call("anvil_mine", hex(3))
                await remote.anchor(TENANT)
                final = elsewhere.newest()
                assert (final.state, final.transaction) == (HeadState.ANCHORED, sent)
                assert elsewhere.purposes().count(f"append:{TENANT}:{final.size}") == 1
            elsewhere.database.close()

    asyncio.run(lives())


def test_an_engine_that_dies_is_started_again_and_the_log_goes_on(world: World) -> None:
    async def lives() -> None:
        async with world.running() as node:
            running = asyncio.create_task(node.run())
            node.publishers[TENANT].accept([entry(1)])
            await _until(lambda: world.anchored() == 2)
            process = node.following.work.engine._process
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            node.publishers[TENANT].accept([entry(2)])
            await _until(lambda: world.anchored() == 3, 15)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(lives())


def test_a_chain_that_is_away_is_waited_for_and_told(world: World, free_port: int) -> None:
    async def lives() -> None:
        away = World(world.folder / "away", 1, (f"http://127.0.0.1:{free_port}",), 0)
        async with away.running() as node:
            node.publishers[TENANT].accept([entry(1)])
            node.publish(TENANT)
            assert node.publishers[TENANT].newest() is None, "nothing is signed unseen"
            assert _health(node, away)[TENANT] == {
                "size": 0,
                "final_size": 0,
                "seconds_since_final": None,
                "waiting": "no_answer",
                "held": False,
            }
            async with world.running():  # the engine on this port
                for tenant in TENANTS:
                    await node.anchor(tenant)
                await _settle(node)
                assert away.newest().state is HeadState.ANCHORED
        away.database.close()

    asyncio.run(lives())


def _health(node: Node, world: World) -> dict[str, Any]:
    logs = {tenant: world.logs(tenant) for tenant in TENANTS}
    told: dict[str, Any] = Health(node.publishers, node.conditions, logs, world.clock)()["logs"]
    return told


class CutOff(Exception):  # noqa: N818 - what happens, not what is wrong
    """The process ends here."""


@dataclass
class CuttingRpc:
    """Calls that are cut off at the n-th, before or after the chain has it.

    Attributes:
        left: calls that go through.
        reached: how many were made.
    """

    rpc: JsonRpc
    left: int
    after: bool
    reached: int = 0

    async def call(self, method: str, *params: object) -> Any:
        self.reached += 1
        if self.reached == self.left and not self.after:
            raise CutOff
        found = await self.rpc.call(method, *params)
        if self.reached == self.left:
            raise CutOff
        return found

    async def close(self) -> None:
        await self.rpc.close()


async def _lives(here: World, left: int, *, after: bool) -> int:
    """Live once, cut off at a call; return how many were made."""
    node = here.node()
    chain = node.following.work.anchoring.chain
    cutting = chain.rpc = CuttingRpc(chain.rpc, left, after)
    try:
        await node.start()
        node.publishers[TENANT].accept([entry(1)])
        await _settle(node)
    except CutOff:
        pass
    finally:
        await node.stop()
    return cutting.reached


@pytest.mark.parametrize("after", [False, True])
def test_a_node_that_is_killed_at_any_call_loses_nothing_and_sends_nothing_twice(
    world: World, *, after: bool
) -> None:
    async def lives() -> None:
        async with world.running() as node:
            engine = node.following.work.engine
            left = reached = 0
            while left <= reached:
                left += 5
                snapshot = await engine.rpc.call("evm_snapshot")
                here = World(world.folder / str(left), 1, (engine.rpc.url,), 0)
                reached = await _lives(here, left, after=after)
                await _lives(here, 0, after=after)
                assert here.newest().state is HeadState.ANCHORED
                assert here.newest().size == 2
                purposes = here.purposes()
                assert len(purposes) == len({*purposes})
                sent = [each for each in purposes if each.startswith(f"append:{TENANT}:")]
                work = here.node().following.work
                deployed = await work.deploy()
                log_id = await work.anchoring.log_id(work.contract, TENANT)
                newest = await work.anchoring.chain.final_block(deployed.final_depth)
                anchors = await work.contract.anchors(log_id, newest.number)
                assert [f"append:{TENANT}:{each.size}" for each in anchors] == sent
                await work.stop()
                here.database.close()
                await engine.rpc.call("evm_revert", snapshot)
            assert left > 60

    asyncio.run(lives())


# --- a log that was set back


def _set_back(world: World, size: int) -> None:
    """Put back the database of one municipality's log as it was with so many entries."""
    with world.database.transaction() as session:
        later = [LogEntryRow.tenant == TENANT, col(LogEntryRow.log_index) >= size]
        session.exec(delete(LogEntryRow).where(*later))
        heads = [LogHeadRow.tenant == TENANT, col(LogHeadRow.size) > size]
        session.exec(delete(LogHeadRow).where(*heads))


async def _two_heads(world: World, urls: tuple[str, ...]) -> World:
    """Anchor heads of 2 and 3 entries on a chain elsewhere."""
    here = World(world.folder / "here", 1, urls, 0)
    async with here.running() as node:
        for number in range(2):
            node.publishers[TENANT].accept([entry(number)])
            await _settle(node)
        assert here.newest().size == 3
    return here


@pytest.mark.parametrize("files", ["newer", "older", "none"])
def test_a_log_that_was_set_back_signs_nothing_and_holds_up_no_other(
    world: World, files: str
) -> None:
    async def lives() -> None:
        async with world.running() as chain:
            here = await _two_heads(world, (chain.following.work.engine.rpc.url,))
            _set_back(here, 2)
            checkpoint = here.folder / "log" / TENANT / "checkpoint"
            newest = checkpoint.read_bytes()
            if files != "newer":
                checkpoint.unlink()
            if files == "older":
                checkpoint.write_text(here.newest().note, "utf-8")
            async with here.running() as node:
                damage = node.publishers[TENANT].damage
                assert "put back" in damage or "the database 2" in damage
                with pytest.raises(LogDamagedError):
                    node.publishers[TENANT].accept([entry(9)])
                node.publish(TENANT)
                await node.anchor(TENANT)
                assert here.newest().size == 2
                node.publishers[OTHER].accept([entry(1)])
                await _settle(node, OTHER)
                assert here.newest(OTHER).state is HeadState.ANCHORED
                state = _health(node, here)
                assert (state[TENANT]["held"], state[OTHER]["held"]) == (True, False)
                assert state[OTHER]["final_size"] == 2
                assert state[OTHER]["seconds_since_final"] < 60
            if files == "newer":
                assert checkpoint.read_bytes() == newest
            here.database.close()

    asyncio.run(lives())


def test_another_history_of_the_same_length_is_noticed_too(world: World) -> None:
    async def lives() -> None:
        async with world.running() as chain:
            here = await _two_heads(world, (chain.following.work.engine.rpc.url,))
            _set_back(here, 2)
            (here.folder / "log" / TENANT / "checkpoint").unlink()
            elsewhere = here.node()
            elsewhere.conditions[TENANT].compared = True
            elsewhere.publishers[TENANT].recover()
            elsewhere.publishers[TENANT].accept([entry(8), entry(9)])
            elsewhere.publish(TENANT)
            assert here.newest().size == 4
            async with here.running() as node:
                assert "is not the same log" in node.publishers[TENANT].damage
            here.database.close()

    asyncio.run(lives())
