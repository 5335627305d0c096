"""Each transaction is sent once, whatever is cut off between signing and its receipt."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ledger_node.chain.model import Purpose, TransactionState
from ledger_node.chain.usecases import Order, TransactionSender
from madang.core.merkle.tree import Tree, leaf_hash
from madang.infra.chain import ChainError, RpcChain
from madang.infra.rpc import Rpc
from tests.unit.ledger_node.chain.twin import ChainTwin
from tests.unit.ledger_node.conftest import OTHER, TENANT, Ground, Running


class CutOff(Exception):  # noqa: N818 - what happens, not what is wrong
    """The process ends here."""


class CuttingRpc(Rpc):
    """A node whose caller is cut off at a transaction.

    Args:
        url: address of the node.
        after: whether the node gets the transaction first.
    """

    def __init__(self, url: str, *, after: bool) -> None:
        super().__init__(url)
        self._after = after

    async def call(self, method: str, *params: object) -> Any:
        if method == "eth_sendRawTransaction":
            if self._after:
                await super().call(method, *params)
            raise CutOff
        return await super().call(method, *params)


async def _cut_off(ground: Ground, running: Running, *, after: bool) -> None:
    rpc = CuttingRpc(running.engine.rpc.url, after=after)
    cut = replace(running, anchoring=ground.anchoring(rpc))
    with pytest.raises(CutOff):
        await cut.append()
    await rpc.close()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("grown", [0, 2])
def test_a_head_that_was_signed_and_cut_off_holds_up_no_later_one(
    ground: Ground, *, after: bool, grown: int
) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            ground.grow(TENANT, 3)
            await _cut_off(ground, running, after=after)
            ground.grow(TENANT, grown)
            sent = await running.append()
            assert sent is not None
            assert sent.purpose == f"append:{TENANT}:{3 + grown}"
            assert sent.state is TransactionState.ACCEPTED
            sizes = [size for size, _ in await running.anchored()]
            assert sizes == ([3] if grown == 0 else [3, 5])
            assert {each.state for each in ground.record()} == {TransactionState.ACCEPTED}

    asyncio.run(lives())


@pytest.mark.parametrize("after", [False, True])
def test_a_start_settles_what_was_signed_before_it(ground: Ground, *, after: bool) -> None:
    async def lives() -> None:
        async with ground.running(kill=True) as running:
            ground.grow(TENANT, 3)
            await _cut_off(ground, running, after=after)
            await running.engine.save()
        async with ground.running() as running:
            assert (await running.head()).size == 3
            assert {each.state for each in ground.record()} == {TransactionState.ACCEPTED}
            again = await running.append()
            assert again is not None
            assert again.purpose == f"append:{TENANT}:3"
            assert len(await running.anchored()) == 1

    asyncio.run(lives())


def test_a_purpose_is_one_transaction_however_often_it_is_submitted(ground: Ground) -> None:
    async def lives() -> None:
        async with ground.running() as running:
            chain = RpcChain(running.engine.rpc)
            sender = TransactionSender(chain, ground.stores, 5.0)
            account = running.anchoring.accounts[TENANT]
            call = running.contract.open_call(bytes(32))
            sent = [
                await sender.submit(
                    account, Order(Purpose("again"), running.contract.address, call, 80_000)
                )
                for _ in range(2)
            ]
            assert sent[0] == sent[1]
            assert sender.find(Purpose("again")) == sent[0]
            assert sender.find(Purpose("never")) is None

    asyncio.run(lives())


@pytest.mark.parametrize("size", [2, 3])
def test_a_head_that_the_chain_knows_otherwise_is_not_taken_for_anchored(
    ground: Ground, size: int
) -> None:
    """The log's database was set back: what is sequenced now is not what stands on the chain."""

    async def lives() -> None:
        async with ground.running() as running:
            ground.grow(TENANT, 3)
            await running.append()
            other = Tree([leaf_hash(f"other {number}".encode()) for number in range(size)])
            with pytest.raises(ChainError, match="another head"):
                await running.anchoring.append(
                    running.contract, TENANT, size, other.root(), lambda _old: []
                )
            assert [each for each, _ in await running.anchored()] == [3]

    asyncio.run(lives())


def test_two_senders_of_one_account_make_a_chain_that_can_be_made_again(ground: Ground) -> None:
    """As the node and an officer's command do: each with a sender of its own, on one record."""

    async def lives() -> None:
        async with ground.running(kill=True) as running:
            accounts, to = ground.accounts, running.contract.address
            senders = [ground.anchoring(running.engine.rpc).sender for _ in range(2)]
            data = running.contract.open_call(b"x" * 32)
            orders = [Order(Purpose(f"one:{at}"), to, data, 80_000) for at in range(8)]
            # Signed by one and sent late, so that the other has the next number already.
            late = await senders[0].sign(accounts[TENANT], orders[0])
            await senders[1]._finish(await senders[1].sign(accounts[TENANT], orders[1]))
            await senders[0]._finish(late)
            await asyncio.gather(
                *(
                    senders[at % 2].submit(accounts[TENANT if at % 3 else OTHER], each)
                    for at, each in enumerate(orders)
                )
            )
        record = ground.record()
        blocks = [each.block for each in record]
        assert sorted(set(blocks), key=str) == sorted(blocks, key=str)
        ground.cache.unlink(missing_ok=True)
        async with ground.running() as running:
            for each in record:
                receipt = await running.anchoring.chain.receipt(each.hash)
                assert receipt is not None
                assert receipt.block == each.in_block

    asyncio.run(lives())


def test_two_who_sign_for_one_purpose_get_one_transaction(ground: Ground) -> None:
    async def lives() -> None:
        sender = TransactionSender(ChainTwin(), ground.stores, 5.0)
        account = ground.accounts[TENANT]
        order = Order(Purpose("alive:1"), account.address, b"", 21_000)
        one, other = await asyncio.gather(sender.sign(account, order), sender.sign(account, order))
        assert one == other == ground.record()[0]

    asyncio.run(lives())
