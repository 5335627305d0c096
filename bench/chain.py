"""The embedded chain for a measurement, and an account that waits for each of its transactions."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eth_abi.abi import encode as abi_encode

from contracts import artifacts
from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.settings import Settings
from madang.infra.chain import (
    AnchorLog,
    ChainAccount,
    Receipt,
    RpcChain,
    contract_address,
)
from madang.infra.clock import SystemClock

PORT = 8995
CHAIN_ID = 8283
DELAY = 86_400


@dataclass
class Sender:
    """Sends transactions one after another.

    Attributes:
        chain: takes them.
        account: signs them.
        nonce: of the next one.
    """

    chain: RpcChain
    account: ChainAccount = field(
        default_factory=lambda: ChainAccount(hashlib.sha256(b"bench").digest(), CHAIN_ID)
    )
    nonce: int = 0

    async def send(self, to: str | None, data: bytes, gas: int | None = None) -> Receipt:
        """Send a transaction and wait for its block; without a limit the chain is asked for one."""
        limit = gas or await self.chain.estimate(self.account.address, to, data)
        signed = self.account.sign(nonce=self.nonce, to=to, data=data, gas=limit)
        self.nonce += 1
        await self.chain.send(signed.raw)
        while (receipt := await self.chain.receipt(signed.hash)) is None:  # noqa: ASYNC110 - see below
            await asyncio.sleep(0)  # a pause would be what is measured
        if not receipt.succeeded:
            raise RuntimeError("the chain refused a transaction of the bench")
        return receipt

    async def create(self, code: bytes) -> str:
        """Create a contract and return its address."""
        address = contract_address(self.account.address, self.nonce)
        await self.send(None, code)
        return address

    async def anchor_log(self) -> AnchorLog:
        """Create our contract."""
        artifact = artifacts.load("AnchorLog")
        arguments = abi_encode(["address", "uint256"], [self.account.address, DELAY])
        address = await self.create(artifact.bytecode + arguments)
        return AnchorLog(self.chain.rpc, artifact.abi, address)


@asynccontextmanager
async def chain() -> AsyncIterator[Sender]:
    """Run the engine while the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        settings = EngineSettings(Settings().engine, PORT, CHAIN_ID, 1_700_000_000, state)
        engine = EmbeddedEngine(settings, SystemClock())
        await engine.start([])
        try:
            yield Sender(RpcChain(engine.rpc))
        finally:
            await engine.stop()
            await engine.rpc.close()
