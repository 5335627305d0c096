"""The node's work goes on when the engine below it has ended by itself."""

import asyncio
import contextlib
from pathlib import Path

from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import HeadState, Submitted
from ledger_node.publisher.store import LogEntryRow, LogHeadRow, SqlLogs
from ledger_node.publisher.usecases import Publisher
from ledger_node.settings import Settings
from ledger_node.worker import Node
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.entry import EntryKind
from madang.infra.clock import SystemClock
from madang.infra.ids import SeededIds
from tests.unit.ledger_node.conftest import CHAIN_ID, GENESIS, TENANT, Ground, killed

WAIT_SECONDS = 20


def _publisher(ground: Ground, folder: Path) -> Publisher:
    ground.database.create(LogEntryRow, LogHeadRow)
    return Publisher(
        origin="log.hanbit.example/hanbit",
        signer=generate_ed25519("log"),
        files=LogFiles(folder / "log"),
        stores=SqlLogs(ground.database, TENANT),
        shuffle=SeededIds("order").shuffled,
        limit=100,
    )


def _accept(publisher: Publisher, key: str) -> None:
    entry = Submitted(key, EntryKind.KEY, key.encode().ljust(32), "https://id.example", 0)
    publisher.accept([entry])


async def _anchored(publisher: Publisher, size: int) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            head = publisher.newest()
            if head is not None and (head.size, head.state) == (size, HeadState.ANCHORED):
                return
            await asyncio.sleep(0.05)


def test_an_engine_that_ends_by_itself_is_started_again(ground: Ground, tmp_path: Path) -> None:
    engine = EmbeddedEngine(
        EngineSettings(Settings().engine, ground.port, CHAIN_ID, GENESIS, ground.cache),
        SystemClock(),
    )
    publisher = _publisher(ground, tmp_path)
    anchoring = ground.anchoring(engine.rpc)
    node = Node({TENANT: publisher}, anchoring, ground.stores, engine, 0.1, 60.0)

    async def lives() -> None:
        await node.start()
        work = asyncio.create_task(node.run())
        _accept(publisher, "first-entry")
        await _anchored(publisher, 1)
        await killed(engine)
        _accept(publisher, "second-entry")
        await _anchored(publisher, 2)
        assert node.contract is not None
        head = await node.contract.head(await anchoring.log_id(node.contract, TENANT))
        assert head.size == 2
        assert not work.done()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        await node.stop()
        await engine.rpc.close()

    asyncio.run(lives())
