"""Gas of one credential when 1, 100 and 10,000 are anchored together, on the embedded chain."""

import asyncio
import hashlib
import tempfile
from pathlib import Path

from eth_abi.abi import encode as abi_encode

from bench.measure import Row
from contracts import artifacts
from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.settings import Settings
from madang.core.merkle.tree import Tree
from madang.infra.chain import (
    OPEN_GAS,
    AnchorLog,
    ChainAccount,
    RpcChain,
    append_gas,
    contract_address,
    wait_for_receipt,
)
from madang.infra.clock import SystemClock

PORT = 8995
CHAIN_ID = 8283
START = 1_000_000
NUMBERS = (1, 100, 10_000)
# What others took for one credential in a transaction of 10,000, measured on the same kind of
# chain: each answers a hash on the chain, a root needs a proof and a separate status channel.
BULK_ISSUE = 24_230


async def _measure(folder: Path) -> dict[int, int]:
    settings = EngineSettings(Settings().engine, PORT, CHAIN_ID, 1_700_000_000, folder / "state")
    engine = EmbeddedEngine(settings, SystemClock())
    await engine.start([])
    try:
        return await _appends(engine)
    finally:
        await engine.stop()


async def _appends(engine: EmbeddedEngine) -> dict[int, int]:
    chain, account = RpcChain(engine.rpc), ChainAccount(hashlib.sha256(b"bench").digest(), CHAIN_ID)
    artifact = artifacts.load("AnchorLog")
    nonce = 0

    async def send(to: str | None, data: bytes, gas: int) -> int:
        nonlocal nonce
        signed = account.sign(nonce=nonce, to=to, data=data, gas=gas)
        nonce += 1
        receipt = await wait_for_receipt(chain, signed.hash, signed.raw)
        if not receipt.succeeded:
            raise RuntimeError("the chain refused a transaction of the bench")
        return receipt.gas_used

    arguments = abi_encode(["address", "uint256"], [account.address, 86_400])
    code = artifact.bytecode + arguments
    await send(None, code, await chain.estimate(account.address, None, code))
    contract = AnchorLog(engine.rpc, artifact.abi, contract_address(account.address, 0))
    tree = Tree(hashlib.sha256(at.to_bytes(8)).digest() for at in range(START))
    found = {}
    for number in NUMBERS:
        label = number.to_bytes(32)
        await send(contract.address, contract.open_call(label), OPEN_GAS)
        log_id = await contract.log_id(account.address, label)
        first = contract.append_call(log_id, START, tree.root(START), ())
        await send(contract.address, first, append_gas(0))
        while tree.size < START + number:
            tree.append(hashlib.sha256(tree.size.to_bytes(8)).digest())
        size = START + number
        proof = tree.consistency_proof(START, size)
        call = contract.append_call(log_id, size, tree.root(size), proof)
        found[number] = await send(contract.address, call, append_gas(len(proof)))
    return found


def gas_rows() -> list[Row]:
    """Measure on a log of a million entries."""
    with tempfile.TemporaryDirectory() as folder:
        used = asyncio.run(_measure(Path(folder)))
    return [
        Row(
            what=f"anchor {number:,} credentials on a log of {START:,}",
            figure=f"{gas:,} gas, {gas / number:,.1f} each",
            spread="exact",
            bound=f"bulkIssue of document-store: {BULK_ISSUE:,} each (at 10,000, cited)",
            share=f"{gas / number / BULK_ISSUE:.4f}",
            aim={1: "50,000 gas", 10_000: "5.5 each"}.get(number, ""),
        )
        for number, gas in used.items()
    ]
