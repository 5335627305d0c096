"""The bounds of the flows: recorded from the services, and done again without them."""

import asyncio
import os
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from bench.city import TENANT, Running, running
from bench.driven import Flows, Issuance, Presentation, presented_copy
from bench.wire import Answer, Wire
from madang.cli.processes import City, Program

PORTS = {"bench.bare": 8990, "bench.byhand": 8991}
_JOINING = ("--http", "madang.infra.web.server:JoiningProtocol")
_OPTIONS = (*_JOINING, "--no-access-log", "--no-proxy-headers", "--no-server-header")
SETTLING_SECONDS = 2.0
"""Until what came before has reached the log."""
BARE, BY_HAND = "bench.bare", "bench.byhand"
NAMES = {
    # Letters of bench.bare per request: what each really needs.
    BARE: {"issuer": ("c", "", "vsc"), "verifier": ("c", "s", "vc")},
    BY_HAND: {
        "issuer": ("token", "nonce", "credential"),
        "verifier": ("session", "request", "answer"),
    },
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of a flow as it went over the wire, and how long its answer was."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    answered: int


class NotedWire(Wire):
    """A connection that notes what goes over it; see `Wire`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.notes: list[Sent] = []

    async def call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request, wait for its answer, and note both."""
        answer = await super().call(method, url, headers, body)
        self.notes.append(Sent(method, dict(headers or {}), body, len(answer.body)))
        return answer


@dataclass(frozen=True)
class Recorded:
    """What a service did for flows of one kind.

    Attributes:
        service: its name.
        database: a copy from before.
        commits: what was committed, a line per transaction.
        requests: those of one flow.
        module: what does it again.
    """

    service: str
    database: Path
    commits: Path
    requests: tuple[Sent, ...]
    module: str = BARE


@dataclass(frozen=True)
class Bare:
    """The same requests, commits, signature and verification, bare.

    Attributes:
        origin: where it is served.
        recorded: what is done again.
    """

    origin: str
    recorded: Recorded

    async def ready(self, count: int) -> None:
        """Need nothing; see `Flows.ready`."""

    async def flow(self, wire: Wire) -> None:
        """Go through one flow; see `Flows.flow`."""
        names = NAMES[self.recorded.module][self.recorded.service]
        for name, sent in zip(names, self.recorded.requests, strict=True):
            url = f"{self.origin}/{name}/{sent.answered}"
            await wire.call(sent.method, url, sent.headers, sent.body)


async def record(folder: Path, count: int) -> tuple[Recorded, Recorded]:
    """Record so many issuance and presentation flows of services that run for it alone."""
    async with running(folder / "recorded", "bench.recorder", folder) as city:
        held = await presented_copy(city)
        return (
            await _recorded(city, "issuer", Issuance(city), folder, count),
            await _recorded(city, "verifier", Presentation(city, held), folder, count),
        )


async def _recorded(
    city: Running, service: str, flows: Flows, folder: Path, count: int
) -> Recorded:
    await flows.ready(count + 1)
    wire = await NotedWire.to(city.plan.addresses.origin(TENANT, service))
    await flows.flow(wire)  # leaves rows to look up
    await asyncio.sleep(SETTLING_SECONDS)
    before = folder / f"{service}.before"
    _copy(city, service, before)
    os.kill(city.city.pid(service), signal.SIGUSR1)
    for _ in range(count):
        wire.notes = []
        await flows.flow(wire)
    await wire.close()
    return Recorded(service, before, folder / service, tuple(wire.notes))


def _copy(city: Running, service: str, target: Path) -> None:
    path = city.plan.settings.database(service).removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


@asynccontextmanager
async def served(recorded: Recorded) -> AsyncIterator[tuple[Bare, int]]:
    """Serve what was recorded, and tell the process."""
    module, port = recorded.module, PORTS[recorded.module]
    copy = recorded.database.with_suffix(f".{module}")
    shutil.copy(recorded.database, copy)
    origin = f"http://127.0.0.1:{port}"
    program = Program(
        name=module,
        arguments=("-m", "uvicorn", f"{module}:app", "--port", str(port), *_OPTIONS),
        environment={
            "BENCH_DATABASE": str(copy),
            "BENCH_COMMITS": str(recorded.commits),
        },
        health=f"{origin}//0",
    )
    city = City(copy.with_suffix(".logs"))
    try:
        await city.start([program])
        yield Bare(origin, recorded), city.pid(module)
    finally:
        await city.stop()
        for each in copy.parent.glob(f"{copy.name}*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
