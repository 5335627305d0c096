"""The engine's file is a cache: whatever becomes of it, the contract's head is as recorded."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger_node.chain.engine import EmbeddedEngine, EngineError, EngineSettings
from ledger_node.chain.model import Purpose, TransactionState
from ledger_node.chain.usecases import Order
from ledger_node.chain.work import recorded
from ledger_node.settings import Settings
from madang.infra.clock import SystemClock
from madang.infra.rpc import Rpc, RpcError
from tests.unit.ledger_node.conftest import CHAIN_ID, GENESIS, OTHER, TENANT, Ground

SIZES = (3, 4, 9)
CLOCK_SECONDS = 60


async def _first_life(ground: Ground, save_after: int) -> str:
    """Anchor three heads; keep the cache as it was after `save_after` of them, and die."""
    async with ground.running(kill=True) as running:
        for number, size in enumerate(SIZES, start=1):
            ground.grow(TENANT, size - ground.trees[TENANT].size)
            await running.append()
            ground.grow(OTHER, 1)
            await running.append(OTHER)
            if number == save_after:
                await running.engine.save()
        return running.contract.address


async def _check(ground: Ground, address: str) -> None:
    """Start again, and find what was recorded; then go on."""
    before = ground.record()
    async with ground.running() as running:
        assert running.contract.address == address
        assert ground.record() == before
        for tenant in (TENANT, OTHER):
            head = await running.head(tenant)
            assert (head.size, head.root) == (
                ground.trees[tenant].size,
                ground.trees[tenant].root(),
            )
        recorded = [each.hash for each in before if each.purpose.startswith(f"append:{TENANT}:")]
        assert await running.anchored() == list(zip(SIZES, recorded, strict=True))
        for each in before:
            receipt = await running.anchoring.chain.receipt(each.hash)
            assert receipt is not None
            assert receipt.succeeded
            assert receipt.block == each.in_block
        ground.grow(TENANT, 1)
        sent = await running.append()
        assert sent is not None
        assert sent.state is TransactionState.ACCEPTED
        assert (await running.head()).size == ground.trees[TENANT].size


def _delete(cache: Path) -> None:
    cache.unlink()


def _truncate(cache: Path) -> None:
    cache.write_bytes(cache.read_bytes()[: cache.stat().st_size // 2])


def _garble(cache: Path) -> None:
    cache.write_bytes(b"\xff\x00 not a state")


def _empty(cache: Path) -> None:
    cache.write_bytes(b"")


def _leave(cache: Path) -> None:
    assert cache.exists()


@pytest.mark.parametrize("harm", [_delete, _truncate, _garble, _empty, _leave])
@pytest.mark.parametrize("saved_after", [1, len(SIZES)])
def test_after_a_kill_the_heads_are_as_recorded(
    ground: Ground, harm: Callable[[Path], None], saved_after: int
) -> None:
    async def lives() -> None:
        address = await _first_life(ground, saved_after)
        harm(ground.cache)
        await _check(ground, address)

    asyncio.run(lives())


def test_a_cache_that_is_newer_than_the_record_is_not_used(ground: Ground, tmp_path: Path) -> None:
    async def lives() -> None:
        address = await _first_life(ground, len(SIZES))
        # Another node's record has gone on; its cache is put into this node's folder.
        ahead = Ground(ground.folder, ground.port, ground.database, {})
        ahead.trees = ground.trees
        record = ground.record()
        async with ahead.running() as running:
            sizes = {tenant: tree.size for tenant, tree in ground.trees.items()}
            account = running.anchoring.accounts[OTHER]
            nonce = await running.anchoring.chain.transaction_count(account.address)
            call = running.contract.open_call(bytes(32))
            stray = account.sign(nonce=nonce, to=address, data=call, gas=80_000)
            await running.anchoring.chain.send(stray.raw)
            assert await running.anchoring.chain.receipt(stray.hash) is not None
        assert {tenant: tree.size for tenant, tree in ground.trees.items()} == sizes
        assert ground.record() == record
        async with ground.running() as running:
            assert await running.anchoring.chain.receipt(stray.hash) is None
        await _check(ground, address)

    asyncio.run(lives())


async def _cache_of(ground: Ground, genesis: int, blocks: int) -> bytes:
    """Return the cache of another chain."""
    cache = ground.folder / "other"
    settings = EngineSettings(Settings().engine, ground.port, CHAIN_ID, genesis, cache)
    other = EmbeddedEngine(settings, SystemClock())
    await other.start([])
    await other.rpc.call("anvil_mine", hex(blocks))
    await other.stop()
    return cache.read_bytes()


@pytest.mark.parametrize("blocks", [0, 1, 8])
@pytest.mark.parametrize("genesis", [GENESIS, GENESIS + 1])
def test_the_cache_of_another_chain_is_not_used(ground: Ground, blocks: int, genesis: int) -> None:
    async def lives() -> None:
        address = await _first_life(ground, 0)
        ground.cache.write_bytes(await _cache_of(ground, genesis, blocks))
        await _check(ground, address)

    asyncio.run(lives())


def test_a_large_cache_is_loaded_and_not_replayed(ground: Ground) -> None:
    """The engine takes two megabytes in a call unless it is told otherwise."""
    mark = "0x" + "77" * 20

    async def lives() -> None:
        async with ground.running() as running:
            for at in range(120):
                code = "0x" + random.Random(at).randbytes(24_000).hex()  # noqa: S311 - packs badly
                await running.engine.rpc.call("anvil_setCode", f"0x{at + 1:040x}", code)
            await running.engine.rpc.call("anvil_setCode", mark, "0x77")
        assert ground.cache.stat().st_size > 4_000_000
        async with ground.running() as running:
            assert await running.engine.rpc.call("eth_getCode", mark, "latest") == "0x77"
            ground.grow(TENANT, 1)
            await running.append()
            assert (await running.head()).size == 1

    asyncio.run(lives())


def test_the_record_is_replayed_in_the_order_of_blocks(ground: Ground) -> None:
    """Two accounts sign in one order and get into blocks in the other."""

    async def lives() -> None:
        async with ground.running(kill=True) as running:
            sender = running.anchoring.sender
            for at, tenant in enumerate((TENANT, OTHER)):
                call = running.contract.open_call(bytes([at]) * 32)
                order = Order(Purpose(f"late:{tenant}"), running.contract.address, call, 80_000)
                await sender.sign(ground.accounts[tenant], order)
            for tenant in (OTHER, TENANT):
                await sender.settle(ground.accounts[tenant].address)
        last = ground.record()[-2:]
        assert last[0].block > last[1].block
        async with ground.running() as running:
            for each in last:
                receipt = await running.anchoring.chain.receipt(each.hash)
                assert receipt is not None
                assert receipt.block == each.in_block

    asyncio.run(lives())


def test_nobody_gets_in_while_the_record_is_replayed(ground: Ground) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            assert int(await running.engine.door.call("eth_blockNumber"), 16) > 0
            running.engine.ready = False
            with pytest.raises(RpcError, match="the chain engine is starting"):
                await running.engine.door.call("eth_blockNumber")

    asyncio.run(lives())


def test_a_start_without_anything_makes_the_same_chain_twice(ground: Ground) -> None:
    async def lives() -> None:
        address = await _first_life(ground, 0)
        assert not ground.cache.exists()
        await _check(ground, address)

    asyncio.run(lives())


def test_new_blocks_tell_the_present_time_after_a_rebuild(ground: Ground) -> None:
    async def lives() -> None:
        await _first_life(ground, 0)
        async with ground.running() as running:
            ground.grow(TENANT, 1)
            sent = await running.append()
            assert sent is not None
            assert sent.block_time is not None
            assert abs(sent.block_time - SystemClock().now()) < CLOCK_SECONDS

    asyncio.run(lives())


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "no-engine"
    engine = EmbeddedEngine(
        EngineSettings(missing, 1, 1, GENESIS, tmp_path / "state"), SystemClock()
    )
    with pytest.raises(EngineError, match="no-engine"):
        asyncio.run(engine.start([]))


def test_an_engine_that_was_killed_leaves_its_port_free(ground: Ground) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            process = running.engine._process
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        async with ground.running() as running:
            assert (await running.head()).size == 0

    asyncio.run(lives())


def test_an_engine_on_a_port_that_is_taken_touches_nothing(ground: Ground) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            ground.grow(TENANT, 3)
            await running.append()
            await running.engine.save()
            ground.grow(TENANT, 2)
            await running.append()
            settings = EngineSettings(
                Settings().engine, ground.port, CHAIN_ID, GENESIS, ground.cache
            )
            with pytest.raises(EngineError, match=str(ground.port)):
                await EmbeddedEngine(settings, SystemClock()).start([])
            assert (await running.head()).size == 5

    asyncio.run(lives())


class Stumbling(Rpc):
    """The engine's door, which does not answer once at one of its calls."""

    stumbles = ""

    async def call(self, method: str, *params: object) -> Any:
        if method == self.stumbles:
            self.stumbles = ""
            raise RpcError(f"{method}: no answer")
        return await super().call(method, *params)


def _engine(ground: Ground) -> EmbeddedEngine:
    settings = EngineSettings(Settings().engine, ground.port, CHAIN_ID, GENESIS, ground.cache)
    return EmbeddedEngine(settings, SystemClock())


@pytest.mark.parametrize("method", ["evm_setAutomine", "evm_setTime", "eth_blockNumber"])
def test_a_start_that_stumbled_is_told_and_can_be_repeated(ground: Ground, method: str) -> None:
    async def lives() -> None:
        await _first_life(ground, 1)
        record = [recorded(each) for each in ground.record()]
        engine = _engine(ground)
        engine.rpc = engine._chain.rpc = rpc = Stumbling(engine.rpc.url)
        rpc.stumbles = method
        try:
            with pytest.raises(RpcError):
                await engine.start(record)
            assert engine.ended
            await engine.start(record)
            assert not engine.ended
        finally:
            await engine.stop()

    asyncio.run(lives())


def test_a_record_that_makes_another_chain_is_refused(ground: Ground) -> None:
    async def lives() -> None:
        await _first_life(ground, 0)
        record = [recorded(each) for each in ground.record()]
        lacking = [each for each in record if each.block != record[-2].block]
        engine = _engine(ground)
        try:
            with pytest.raises(EngineError, match="does not make block"):
                await engine.start(lacking)
            assert engine.ended
        finally:
            await engine.stop()

    asyncio.run(lives())


@pytest.mark.parametrize("signals", [[], [signal.SIGSTOP]])
def test_a_stop_ends_the_engine_whatever_it_does(
    ground: Ground, signals: list[signal.Signals], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lives() -> None:
        engine = _engine(ground)
        await engine.start([])
        process = engine._process
        assert process is not None
        await engine.rpc.close()  # the next connection has the shorter time
        engine.rpc._timeout = 0.5
        ground.cache.mkdir()  # as on a full disk, nothing can be written
        for each in signals:
            os.kill(process.pid, each)
        await asyncio.wait_for(engine.stop(), 10)
        assert process.returncode is not None

    monkeypatch.setattr("ledger_node.chain.engine.STOP_SECONDS", 0.5)
    asyncio.run(lives())
