"""A chain that takes blocks back: noticed, told, sent again as it was signed, and nothing twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import pytest

from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from ledger_node.chain.usecases import Order, TransactionSender, Watch
from madang.infra.chain import Block, Chain, ChainAccount, RpcChain
from madang.infra.clock import FixedClock
from madang.infra.journal import entries
from tests.unit.ledger_node.chain.twin import ChainTwin
from tests.unit.ledger_node.conftest import CHAIN_ID, TENANT, Ground

DEPTH = 3
NOW = 1_800_000_000
ACCOUNT = ChainAccount(b"\x07" * 32, CHAIN_ID)
ELSEWHERE = "0x" + "22" * 20


class Forking(Chain, Protocol):
    """A chain that can be made to take blocks back."""

    async def final_block(self, depth: int | None) -> Block | None: ...
    async def take_back(self, depth: int, *, move: bool = False) -> None: ...
    async def bury(self, blocks: int) -> None: ...


class ForkingEngine(RpcChain):
    """The engine, which forks when it is told to."""

    async def take_back(self, depth: int, *, move: bool = False) -> None:
        newest = await self.block("latest")
        assert newest is not None
        pairs = []
        for at in range(depth):
            number = hex(newest.number - depth + 1 + at)
            block = await self.rpc.call("eth_getBlockByNumber", number, True)  # noqa: FBT003 - JSON
            raws = [
                await self.rpc.call("eth_getRawTransactionByHash", each["hash"])
                for each in block["transactions"]
            ]
            pairs += [[raw, depth - 1] for raw in raws if move]
        await self.rpc.call("anvil_reorg", depth, pairs)

    async def bury(self, blocks: int) -> None:
        await self.rpc.call("anvil_mine", hex(blocks))


@dataclass
class Scene:
    """A chain, the record of what was sent to it, and who follows it."""

    ground: Ground
    chain: Forking

    def __post_init__(self) -> None:
        self.sender = TransactionSender(self.chain, self.ground.stores, 5.0)
        self.watch = Watch(self.chain, self.ground.stores, FixedClock(NOW))

    async def send(self, number: int) -> ChainTransaction:
        order = Order(Purpose(f"send:{number}"), ELSEWHERE, bytes([number]), 30_000)
        return await self.sender.submit(ACCOUNT, order)

    async def round(self) -> list[ChainTransaction]:
        """Look and settle, as a log's round does; return the record."""
        await self.look()
        await self.sender.settle(ACCOUNT.address)
        return self.record()

    async def look(self) -> list[ChainTransaction]:
        final = await self.chain.final_block(DEPTH)
        await self.watch.look(TENANT, ACCOUNT.address, final)
        return self.record()

    def record(self) -> list[ChainTransaction]:
        return [each for each in self.ground.record() if each.purpose.startswith("send:")]

    def journal(self) -> list[tuple[str, str | None]]:
        with self.ground.database.reading() as session:
            return [(each.code, each.reference) for each in entries(session, TENANT)]


@contextlib.asynccontextmanager
async def scene(ground: Ground, kind: str) -> AsyncIterator[Scene]:
    if kind == "twin":
        yield Scene(ground, ChainTwin())
        return
    async with ground.running() as running:
        # anvil's reorganisations need a chain of some length.
        await running.engine.rpc.call("anvil_mine", hex(DEPTH + 5))
        yield Scene(ground, ForkingEngine(running.engine.rpc))


BOTH = pytest.mark.parametrize("kind", ["twin", "engine"])


@BOTH
def test_a_transaction_is_final_when_so_many_blocks_follow(ground: Ground, kind: str) -> None:
    async def lives() -> None:
        async with scene(ground, kind) as here:
            sent = await here.send(1)
            for _ in range(DEPTH - 1):
                await here.chain.bury(1)
                assert not (await here.look())[0].final
            assert here.watch.waiting(ACCOUNT.address)
            await here.chain.bury(1)
            (final,) = await here.look()
            assert final.final
            assert final.in_block == sent.in_block
            assert not here.watch.waiting(ACCOUNT.address)
            with ground.stores() as store:
                assert store.newest_final() == sent.in_block
            assert here.journal() == []

    asyncio.run(lives())


@BOTH
def test_what_a_reorganisation_drops_is_sent_again_as_it_was_signed(
    ground: Ground, kind: str
) -> None:
    async def lives() -> None:
        async with scene(ground, kind) as here:
            before = [await here.send(number) for number in (1, 2)]
            await here.chain.take_back(2)
            dropped = await here.look()
            assert [each.state for each in dropped] == [TransactionState.SIGNED] * 2
            assert [each.in_block for each in dropped] == [None, None]
            told = [("chain.taken_back", each.hash) for each in before]
            assert here.journal() == told
            again = await here.round()
            assert [each.raw for each in again] == [each.raw for each in before]
            assert {each.state for each in again} == {TransactionState.ACCEPTED}
            assert await here.chain.transaction_count(ACCOUNT.address) == 2
            assert here.journal() == told
            await here.chain.bury(DEPTH)
            assert [each.final for each in await here.look()] == [True, True]

    asyncio.run(lives())


@BOTH
def test_what_a_reorganisation_moves_is_kept_with_its_new_block(ground: Ground, kind: str) -> None:
    async def lives() -> None:
        async with scene(ground, kind) as here:
            before = await here.send(1)
            await here.chain.bury(1)
            await here.chain.take_back(2, move=True)
            (moved,) = await here.look()
            assert moved.state is TransactionState.ACCEPTED
            assert moved.block_hash not in (None, before.block_hash)
            assert here.journal() == [("chain.moved", before.hash)]
            assert await here.look() == [moved]
            assert len(here.journal()) == 1

    asyncio.run(lives())


@BOTH
def test_what_is_final_is_not_looked_at_again(ground: Ground, kind: str) -> None:
    async def lives() -> None:
        async with scene(ground, kind) as here:
            await here.send(1)
            await here.chain.bury(DEPTH)
            final = await here.look()
            await here.chain.take_back(DEPTH + 1)
            assert await here.look() == final

    asyncio.run(lives())


def test_a_snapshot_that_is_put_back_takes_the_anchor_with_it(ground: Ground) -> None:
    """The engine's own way back (evm_snapshot, evm_revert), with heads of a log."""

    async def lives() -> None:
        async with ground.running() as running:
            snapshot = await running.engine.rpc.call("evm_snapshot")
            ground.grow(TENANT, 3)
            sent = await running.append()
            assert sent is not None
            await running.engine.rpc.call("evm_revert", snapshot)
            assert (await running.head()).size == 0
            account = running.anchoring.accounts[TENANT]
            watch = Watch(running.anchoring.chain, ground.stores, FixedClock(NOW))
            await watch.look(TENANT, account.address, None)
            await running.anchoring.sender.settle(account.address)
            assert (await running.head()).size == 3
            assert await running.anchored() == [(3, sent.hash)]
            assert await running.append() == ground.record()[-1]
            assert len(await running.anchored()) == 1

    asyncio.run(lives())


@pytest.mark.parametrize("refusals", [1, 3])
def test_a_first_burst_that_is_refused_is_sent_again(ground: Ground, refusals: int) -> None:
    async def lives() -> None:
        chain = ChainTwin(refusals=refusals)
        sender = TransactionSender(chain, ground.stores, 30.0)
        order = Order(Purpose("send:1"), ELSEWHERE, b"", 30_000)
        sent = await sender.submit(ACCOUNT, order)
        assert sent.state is TransactionState.ACCEPTED
        assert chain.sent == [sent.hash] * (refusals + 1)

    asyncio.run(lives())


def test_what_is_in_no_block_in_time_is_told_with_what_the_node_says(ground: Ground) -> None:
    async def lives() -> None:
        chain = ChainTwin(refusals=1_000)
        sender = TransactionSender(chain, ground.stores, 0.1)
        order = Order(Purpose("send:1"), ELSEWHERE, b"", 30_000)
        with pytest.raises(Exception, match=r"in no block after 0\.1 s; the node says: the pool"):
            await sender.submit(ACCOUNT, order)
        chain.refusals = 0
        sent = await sender.submit(ACCOUNT, order)
        assert {*chain.sent} == {sent.hash}

    asyncio.run(lives())


def test_a_number_that_another_transaction_used_is_named(ground: Ground) -> None:
    async def lives() -> None:
        chain = ChainTwin(mines=False)
        sender = TransactionSender(chain, ground.stores, 0.1)
        await sender.sign(ACCOUNT, Order(Purpose("send:1"), ELSEWHERE, b"", 30_000))
        chain.mines = True
        other = ACCOUNT.sign(nonce=0, to=ELSEWHERE, data=b"other", gas=30_000)
        await chain.send(other.raw)
        chain.mines = False
        with pytest.raises(Exception, match="number 0 was used for another transaction"):
            await sender.settle(ACCOUNT.address)

    asyncio.run(lives())


def test_a_record_that_was_set_back_goes_on_with_the_numbers_of_the_chain(ground: Ground) -> None:
    async def lives() -> None:
        chain = ChainTwin()
        for number in range(3):
            other = ACCOUNT.sign(nonce=number, to=ELSEWHERE, data=b"", gas=30_000)
            await chain.send(other.raw)
        sender = TransactionSender(chain, ground.stores, 1.0)
        sent = await sender.submit(ACCOUNT, Order(Purpose("send:1"), ELSEWHERE, b"", 30_000))
        assert sent.nonce == 3

    asyncio.run(lives())


def test_what_several_purposes_need_is_handed_over_before_any_is_waited_for(
    ground: Ground,
) -> None:
    async def lives() -> None:
        chain = ChainTwin()
        sender = TransactionSender(chain, ground.stores, 1.0)
        signed = [
            await sender.sign(ACCOUNT, Order(Purpose(f"send:{at}"), ELSEWHERE, b"", 30_000))
            for at in range(3)
        ]
        assert [each.nonce for each in signed] == [0, 1, 2]
        assert chain.sent == []
        await sender.settle(ACCOUNT.address)
        assert chain.sent[:3] == [each.hash for each in signed]
        assert {each.state for each in ground.record()} == {TransactionState.ACCEPTED}

    asyncio.run(lives())
