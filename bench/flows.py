"""Complete issuance and presentation flows: rates per CPU-second, latency at half load, memory."""

import asyncio
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Protocol

from bench.callers import Fetcher, Held, Visitor, Voucher
from bench.city import TENANT, Running, running
from bench.measure import RUNS, Row, cpu_seconds, resident_megabytes
from bench.wire import Wire
from madang.cli.processes import City, Program

FLOWS = 200
WARMING = 50
LOADED_SECONDS = 5.0
CONNECTIONS = 16
BARE_PORT = 8990
# Letters of bench.bare per request: what each really needs.
ISSUANCE = ("c", "", "vsc")
PRESENTATION = ("c", "s", "vc")
P99_MILLISECONDS = 50
MEGABYTES = 200


class Flows(Protocol):
    """Flows of one kind against a service."""

    async def ready(self, count: int) -> None:
        """Make what so many flows need beforehand; it is not measured."""
        ...

    async def flow(self, wire: Wire) -> None:
        """Go through one flow."""
        ...


@dataclass
class Issuance:
    """Token, nonce and credential; the counter's calls come before."""

    city: Running
    vouchers: deque[Voucher] = field(default_factory=deque)

    async def ready(self, count: int) -> None:
        """Make offers; see `Flows.ready`."""
        while len(self.vouchers) < count:
            self.vouchers.append(Voucher.of(await self.city.offer()))

    async def flow(self, wire: Wire) -> None:
        """Go through one flow; see `Flows.flow`."""
        issuer = self.city.plan.addresses.identifier(TENANT, "issuer")
        await Fetcher(issuer, wire).fetch(self.vouchers.popleft())


@dataclass
class Presentation:
    """The session, the request and the answer with one Digital ID."""

    city: Running
    held: Held

    async def ready(self, count: int) -> None:
        """Need nothing; see `Flows.ready`."""

    async def flow(self, wire: Wire) -> None:
        """Go through one flow; see `Flows.flow`."""
        await Visitor(self.city, wire, self.held).visit()


@dataclass(frozen=True)
class Bare:
    """The same requests, commits, signature and verification, bare."""

    origin: str
    requests: tuple[str, ...]

    async def ready(self, count: int) -> None:
        """Need nothing; see `Flows.ready`."""

    async def flow(self, wire: Wire) -> None:
        """Go through one flow; see `Flows.flow`."""
        for letters in self.requests:
            await wire.call("POST", f"{self.origin}/{letters}")


async def _rates(origin: str, pid: int, flows: Flows) -> list[float]:
    """Return flows per second of the process's CPU time, one after another."""
    found = []
    for count in (WARMING, *[FLOWS] * RUNS):
        await flows.ready(count)
        wire = await Wire.to(origin)
        before = cpu_seconds(pid)
        for _ in range(count):
            await flows.flow(wire)
        found.append(count / (cpu_seconds(pid) - before))
        await wire.close()
    return found[1:]


async def _latencies(origin: str, flows: Flows, rate: float) -> list[float]:
    """Return the milliseconds of flows that begin at this rate, whether or not earlier ended."""
    count = int(rate * LOADED_SECONDS)
    await flows.ready(count)
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await Wire.to(origin))
    found: list[float] = []

    async def one(due: float) -> None:
        wire = await free.get()
        await flows.flow(wire)
        free.put_nowait(wire)
        found.append((time.perf_counter() - due) * 1000)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            due = started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(due))
    while not free.empty():
        await free.get_nowait().close()
    return found


async def _capacity(origin: str, flows: Flows) -> float:
    """Return flows per second of the clock, as many at once as there are connections."""
    await flows.ready(FLOWS)
    wires = [await Wire.to(origin) for _ in range(CONNECTIONS)]

    async def many(wire: Wire) -> None:
        for _ in range(FLOWS // CONNECTIONS):
            await flows.flow(wire)

    started = time.perf_counter()
    await asyncio.gather(*map(many, wires))
    took = time.perf_counter() - started
    for wire in wires:
        await wire.close()
    return FLOWS // CONNECTIONS * CONNECTIONS / took


@asynccontextmanager
async def _bare(state: Path) -> AsyncIterator[tuple[str, int]]:
    origin = f"http://127.0.0.1:{BARE_PORT}"
    program = Program(
        name="bare",
        arguments=("-m", "uvicorn", "bench.bare:app", "--port", str(BARE_PORT), "--no-access-log"),
        environment={"BENCH_DATABASE": str(state / "bare.sqlite")},
        health=f"{origin}/",
    )
    city = City(state / "logs")
    try:
        await city.start([program])
        yield origin, city.pid("bare")
    finally:
        await city.stop()


async def _bounds(state: Path) -> list[float]:
    async with _bare(state) as (origin, pid):
        flows = [Bare(origin, requests) for requests in (ISSUANCE, PRESENTATION)]
        return [median(await _rates(origin, pid, each)) for each in flows]


@dataclass(frozen=True)
class Names:
    """How a flow is called in the table, its bound, and what it should reach."""

    what: str
    bound: float
    aim: str


async def _rows(city: Running, service: str, flows: Flows, names: Names) -> list[Row]:
    origin, pid = city.plan.addresses.origin(TENANT, service), city.city.pid(service)
    rates = await _rates(origin, pid, flows)
    load = await _capacity(origin, flows) / 2
    latencies = sorted(await _latencies(origin, flows, load))
    p99 = latencies[len(latencies) * 99 // 100]
    middle = median(rates)
    megabytes = resident_megabytes(pid)
    return [
        Row(
            what=names.what,
            figure=f"{middle:,.0f} flows/CPU-s",
            spread=f"{min(rates):,.0f} to {max(rates):,.0f}",
            bound=f"bare ASGI and SQLite: {names.bound:,.0f} flows/CPU-s",
            share=f"{middle / names.bound:.2f}",
            aim=names.aim,
        ),
        Row(
            what=f"{names.what}: 99th percentile at half load, {load:,.0f} flows/s",
            figure=f"{p99:.1f} ms",
            spread=f"median {median(latencies):.1f} ms, longest {latencies[-1]:.1f} ms",
            bound="",
            share="",
            aim=f"{P99_MILLISECONDS} ms",
        ),
        Row(
            what=f"memory of the {service}'s process after that",
            figure=f"{megabytes:.0f} MB",
            spread="",
            bound="",
            share="",
            aim=f"{MEGABYTES} MB",
        ),
    ]


async def presented_copy(city: Running) -> Held:
    """Fetch the Digital ID that the presentations show."""
    wire = await Wire.to(city.plan.addresses.origin(TENANT, "issuer"))
    issuer = city.plan.addresses.identifier(TENANT, "issuer")
    copy = await Fetcher(issuer, wire).fetch(Voucher.of(await city.offer()))
    await wire.close()
    return Held.of(*copy)


async def _measure(state: Path) -> list[Row]:
    issuance, presentation = await _bounds(state)
    async with running(state / "city") as city:
        held = await presented_copy(city)
        return [
            *await _rows(
                city,
                "issuer",
                Issuance(city),
                Names("issuance flow: token, nonce, credential", issuance, "0.50, 500/CPU-s"),
            ),
            *await _rows(
                city,
                "verifier",
                Presentation(city, held),
                Names(
                    "presentation flow: session, request, answer", presentation, "0.50, 400/CPU-s"
                ),
            ),
        ]


def flow_rows() -> list[Row]:
    """Measure both flows on services that run as processes, with their commits on the disk."""
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


if __name__ == "__main__":
    sys.stdout.write("\n".join(map(str, flow_rows())) + "\n")
