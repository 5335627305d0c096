"""Complete issuance and presentation flows: rates per CPU-second, latency at half load, memory."""

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.bound import BARE, BY_HAND, Recorded, record, served
from bench.city import TENANT, Running, running
from bench.driven import Flows, Issuance, Presentation, presented_copy
from bench.measure import RUNS, Row, cpu_seconds, resident_megabytes
from bench.wire import Wire

FLOWS = 200
WARMING = 50
LOADED_SECONDS = 5.0
CONNECTIONS = 16
P99_MILLISECONDS = 50
MEGABYTES = 200


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


@dataclass(frozen=True)
class Names:
    """How a flow is called in the table, its bounds, and what it should reach.

    Attributes:
        what: the name.
        bound: flows per CPU-second by hand.
        bytes: where requests are not even read.
        aim: what should be reached.
    """

    what: str
    bound: float
    bytes: float
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
            bound=f"bare ASGI and SQLite, by hand: {names.bound:,.0f} flows/CPU-s",
            share=f"{middle / names.bound:.2f}",
            aim=names.aim,
        ),
        Row(
            what=f"{names.what}, beside requests that nobody reads",
            figure=f"{middle:,.0f} flows/CPU-s",
            spread="",
            bound=f"bare ASGI and SQLite, commits alone: {names.bytes:,.0f} flows/CPU-s",
            share=f"{middle / names.bytes:.2f}",
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


async def _bounds(recorded: Recorded) -> tuple[float, float]:
    """Return flows per CPU-second by hand, and with requests that are not read."""
    found = []
    for module in (BY_HAND, BARE):
        async with served(replace(recorded, module=module)) as (bare, pid):
            found.append(median(await _rates(bare.origin, pid, bare)))
    return found[0], found[1]


async def _measure(state: Path) -> list[Row]:
    recorded = await record(state, WARMING + RUNS * FLOWS)
    issuance, presentation = [await _bounds(each) for each in recorded]
    async with running(state / "city") as city:
        held = await presented_copy(city)
        return [
            *await _rows(
                city,
                "issuer",
                Issuance(city),
                Names("issuance flow: token, nonce, credential", *issuance, "0.50, 500/CPU-s"),
            ),
            *await _rows(
                city,
                "verifier",
                Presentation(city, held),
                Names(
                    "presentation flow: session, request, answer", *presentation, "0.50, 400/CPU-s"
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
