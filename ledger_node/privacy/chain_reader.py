"""Everything that a node has of two contracts: each block's transactions, and the events."""

from collections.abc import Mapping
from typing import Any, Final

from contracts import artifacts
from contracts.addresses import Deployment
from ledger_node.privacy.model import PrivacyInputError, Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.onchain import ChainSearch, Contracts, Event, Transaction
from ledger_node.privacy.published import search_values
from madang.infra.chain import RpcChain
from madang.infra.rpc import JsonRpc, number, understood

BLOCKS_AT_ONCE: Final = 1000
"""Blocks whose events are asked for in one call."""


async def search_chain(
    rpc: JsonRpc,
    deployment: Deployment,
    tenants: frozenset[str],
    needles: Needles,
    search: Search,
) -> None:
    """Look through all blocks of a chain.

    Raises:
        PrivacyInputError: the node has another chain, or not all of it.
        RpcError: it does not answer.
    """
    if await RpcChain(rpc).mismatches(deployment):
        raise PrivacyInputError("the node has another chain or other contracts than the record")
    known = {
        contract.address.lower(): artifacts.load(name)
        for name, contract in deployment.contracts.items()
    }
    chain = ChainSearch(Contracts(known, tenants), needles, search)
    newest = number(await rpc.call("eth_blockNumber"))
    for at in range(newest + 1):
        await _search_block(rpc, at, chain, needles, search)
    for first in range(0, newest + 1, BLOCKS_AT_ONCE):
        last = min(first + BLOCKS_AT_ONCE - 1, newest)
        query = {"address": list(known), "fromBlock": hex(first), "toBlock": hex(last)}
        logs = await rpc.call("eth_getLogs", query)
        with understood("eth_getLogs"):
            for each in logs:
                chain.event(_event(each))


async def _search_block(
    rpc: JsonRpc, at: int, chain: ChainSearch, needles: Needles, search: Search
) -> None:
    block = await rpc.call("eth_getBlockByNumber", hex(at), True)  # noqa: FBT003 - JSON
    if block is None and at == 0:
        return  # some engines begin with block 1
    if block is None:
        raise PrivacyInputError(f"the node does not have block {at}; ask one that keeps them all")
    search.looked["blocks"] += 1
    with understood("eth_getBlockByNumber"):
        search_values(_bytes(block["extraData"]), f"block {at}, extraData", needles, search)
        for each in block["transactions"]:
            chain.transaction(_transaction(each))


def _transaction(value: Mapping[str, Any]) -> Transaction:
    return Transaction(
        hash=str(value["hash"]),
        to=value.get("to"),
        data=_bytes(value["input"]),
        value=number(value["value"]),
        accesses=len(value.get("accessList") or ()),
    )


def _event(value: Mapping[str, Any]) -> Event:
    return Event(
        place=f"event {number(value['logIndex'])} of transaction {value['transactionHash']}",
        address=str(value["address"]),
        topics=tuple(map(_bytes, value["topics"])),
        data=_bytes(value["data"]),
    )


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))
