"""The embedded chain: one development engine as a child process, its file only a cache.

The engine's own state file is no database, so the truth is the publisher's record of signed
transactions: after a start with a missing, broken or older file the record is replayed, and the
same transactions with the same times give the same chain.
"""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from madang.infra.chain import Block, RpcChain
from madang.infra.child import ending_with_parent
from madang.infra.clock import Clock
from madang.infra.rpc import Rpc, RpcError, number

START_SECONDS = 20.0
STOP_SECONDS = 10.0
_MAX_STATE_BYTES = 256_000_000
_KEPT_STATES = 64
_POLL_SECONDS = 0.02
_MILLISECONDS = 1000


class EngineError(RuntimeError):
    """The embedded engine could not be started; the message says what was missing."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the embedded engine runs.

    Attributes:
        binary: the engine's program.
        port: loopback port of its JSON-RPC.
        chain_id: id of the chain, part of every transaction's signature.
        genesis_time: seconds since the epoch in the first block; fixed for the life of a chain.
        cache: file that holds the engine's state between runs.
    """

    binary: Path
    port: int
    chain_id: int
    genesis_time: int
    cache: Path


@dataclass(frozen=True, slots=True)
class RecordedTransaction:
    """One signed transaction in the publisher's record.

    Attributes:
        raw: the signed bytes as they were or will be sent.
        sender: address, with which the count of sent transactions is looked up.
        nonce: the sender's sequence number.
        block: the block it went into, or None if it was never seen in one.
    """

    raw: bytes
    sender: str
    nonce: int
    block: Block | None


class Door:
    """Calls to the engine from the outside: they wait until it has its record again.

    A transaction that came in while the record is replayed would make another chain of it.

    Args:
        engine: the engine behind.
    """

    def __init__(self, engine: "EmbeddedEngine") -> None:
        self._engine = engine

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - any JSON value
        """Call the engine; RpcError while it starts."""
        if not self._engine.ready:
            raise RpcError(f"{method}: the chain engine is starting")
        return await self._engine.rpc.call(method, *params)

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self._engine.rpc.close()


class EmbeddedEngine:
    """Start, restore, save and stop the engine.

    Args:
        settings: how it runs.
        clock: the time that new blocks tell.
    """

    def __init__(self, settings: EngineSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self.rpc = Rpc(f"http://127.0.0.1:{settings.port}", max_bytes=_MAX_STATE_BYTES)
        self.door = Door(self)
        self._chain = RpcChain(self.rpc)
        self.ready = False

    @property
    def ended(self) -> bool:
        """Tell whether the engine has ended without being told to, or did not get its record."""
        return not self.ready or self._process is None or self._process.returncode is not None

    async def start(self, record: Sequence[RecordedTransaction]) -> None:
        """Bring the engine up with every transaction of the record in it.

        Raises:
            EngineError: the program is missing or does not answer, or its port is taken: what
                answers there is somebody else's chain, which must not be touched. Also when the
                record does not make its chain again.
            RpcError: it stopped answering; call again.
        """
        self.ready = False
        await self._stop_process()  # of a start that failed
        blocks = sorted((each for each in record if each.block is not None), key=_height)
        await self._spawn()
        genesis = await self._chain.block(0)
        if not (await self._load() and await self._follows(record, blocks, genesis)):
            await self._stop_process()
            await self._spawn()
        await self._replay(blocks)
        for last in blocks[-1:]:
            await self._compare(last)
        await self._set_time()
        self.ready = True

    async def _compare(self, last: RecordedTransaction) -> None:
        """Hold the chain against the newest block of the record: its hash names all before it."""
        wanted = _height(last)
        if await self._chain.block(wanted) != last.block:
            raise EngineError(
                f"the record of transactions does not make block {wanted} again; was one of them"
                " sent past the ledger node? Put back the newest copy of the database and of"
                f" {self._settings.cache}, or start in another state folder"
            )

    async def _set_time(self) -> None:
        """Go on with the present time, for the engine goes on from the last block's otherwise."""
        newest = await self._chain.block("latest")
        last = 0 if newest is None else newest.time
        await self.rpc.call("evm_setTime", max(self._clock.now(), last) * _MILLISECONDS)

    async def _spawn(self) -> None:
        settings = self._settings
        if not settings.binary.is_file():
            raise EngineError(
                f"the chain engine is not at {settings.binary}; `make install` puts it there"
            )
        if await self._port_taken():
            raise EngineError(
                f"port {settings.port} is taken; is another ledger node running on this machine?"
            )
        self._process = await asyncio.create_subprocess_exec(
            settings.binary,
            *("--host", "127.0.0.1", "--port", str(settings.port)),
            *("--chain-id", str(settings.chain_id), "--timestamp", str(settings.genesis_time)),
            *("--accounts", "0", "--base-fee", "0", "--gas-price", "0", "--silent"),
            *("--prune-history", str(_KEPT_STATES), "--no-request-size-limit"),
            stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=ending_with_parent(signal.SIGKILL),
            start_new_session=True,
        )
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        while loop.time() < deadline and self._process.returncode is None:
            with contextlib.suppress(RpcError):
                await self.rpc.call("eth_chainId")
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise EngineError(f"the chain engine did not answer on port {settings.port}")

    async def _port_taken(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._settings.port)
        except OSError:
            return False
        writer.close()
        return True

    async def _load(self) -> bool:
        """Load the cache; False if it is missing or the engine refuses it."""
        try:
            state = self._settings.cache.read_text("ascii")
            return bool(await self.rpc.call("anvil_loadState", state))
        except (OSError, UnicodeDecodeError, RpcError):
            return not self._settings.cache.exists()

    async def _follows(
        self,
        record: Sequence[RecordedTransaction],
        blocks: Sequence[RecordedTransaction],
        genesis: Block | None,
    ) -> bool:
        """Tell whether the loaded state is that of the record's chain, and holds nothing more."""
        height = number(await self.rpc.call("eth_blockNumber"))
        if height > len(record) or await self._chain.block(0) != genesis:
            return False
        known = [each.block for each in blocks if _height(each) <= height][-1:]
        for block in known:
            if block is None or await self._chain.block(block.number) != block:
                return False
        counts = {each.sender: each.nonce + 1 for each in record}
        return all([await self._count(sender) <= count for sender, count in counts.items()])

    async def _count(self, sender: str) -> int:
        return number(await self.rpc.call("eth_getTransactionCount", sender, "latest"))

    async def _replay(self, blocks: Sequence[RecordedTransaction]) -> None:
        """Send what the loaded state lacks, each into a block of its recorded time."""
        height = number(await self.rpc.call("eth_blockNumber"))
        await self.rpc.call("evm_setAutomine", False)  # noqa: FBT003 - JSON
        for transaction in blocks:
            if transaction.block is not None and transaction.block.number > height:
                await self.rpc.call("eth_sendRawTransaction", "0x" + transaction.raw.hex())
                await self.rpc.call("evm_mine", {"timestamp": transaction.block.time})
        await self.rpc.call("evm_setAutomine", True)  # noqa: FBT003 - JSON

    async def save(self) -> None:
        """Write the engine's state to the cache: a new file, then a rename."""
        state = str(await self.rpc.call("anvil_dumpState"))
        cache = self._settings.cache
        cache.parent.mkdir(parents=True, exist_ok=True)
        new = cache.with_suffix(".new")
        new.write_text(state, "ascii")
        new.replace(cache)

    async def stop(self) -> None:
        """Save and end the engine."""
        if self._process is None:
            return
        with contextlib.suppress(RpcError, OSError):
            await self.save()
        await self._stop_process()
        await self.rpc.close()

    async def _stop_process(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._process = None


def _height(transaction: RecordedTransaction) -> int:
    return 0 if transaction.block is None else transaction.block.number
