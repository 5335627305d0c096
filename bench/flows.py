"""Complete issuance and presentation flows: rates per CPU-second, latency at half load, memory."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.bound import BARE, BY_HAND, Recorded, record, served
from bench.city import TENANT, Running, running
from bench.driven import Flows, Issuance, Presentation, presented_copy
from bench.measure import Row, cpu_seconds, resident_megabytes
from bench.wire import Wire

FLOWS = 100
ROUNDS = 11
WARMING = 50
LOADED_SECONDS = 5.0
CONNECTIONS = 16
AT_ONCE = 12 * CONNECTIONS
P99_MILLISECONDS = 50
MEGABYTES = 200


@dataclass(frozen=True)
class Server:
    """What is measured.

    Attributes:
        origin: where it is served.
        pid: its process.
        flows: against it.
    """

    origin: str
    pid: int
    flows: Flows


async def _rates(servers: Sequence[Server]) -> list[list[float]]:
    """Return for each server its flows per second of CPU time, one after another, once a round.

    The servers take turns, so that what slows the machine for a while slows all of them.
    """
    found: list[list[float]] = [[] for _ in servers]
    for count in (WARMING, *[FLOWS] * ROUNDS):
        for server, rates in zip(servers, found, strict=True):
            await server.flows.ready(count)
            wire = await Wire.to(server.origin)
            before = cpu_seconds(server.pid)
            for _ in range(count):
                await server.flows.flow(wire)
            rates.append(count / (cpu_seconds(server.pid) - before))
            await wire.close()
    return [rates[1:] for rates in found]


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
    await flows.ready(AT_ONCE)
    wires = [await Wire.to(origin) for _ in range(CONNECTIONS)]

    async def many(wire: Wire) -> None:
        for _ in range(AT_ONCE // CONNECTIONS):
            await flows.flow(wire)

    started = time.perf_counter()
    await asyncio.gather(*map(many, wires))
    took = time.perf_counter() - started
    for wire in wires:
        await wire.close()
    return AT_ONCE / took


@dataclass(frozen=True)
class Kind:
    """One kind of flow.

    Attributes:
        service: that serves it.
        what: its name in the table.
        aim: what should be reached.
    """

    service: str
    what: str
    aim: str


ISSUING = Kind("issuer", "issuance flow: token, nonce, credential", "0.50, 500/CPU-s")
PRESENTING = Kind("verifier", "presentation flow: session, request, answer", "0.50, 400/CPU-s")


async def _rows(city: Running, flows: Flows, recorded: Recorded, kind: Kind) -> list[Row]:
    service = Server(
        city.plan.addresses.origin(TENANT, kind.service), city.city.pid(kind.service), flows
    )
    by_hand, bare = (replace(recorded, module=module) for module in (BY_HAND, BARE))
    async with served(by_hand) as (hand, hand_pid), served(bare) as (least, least_pid):
        bounds = Server(hand.origin, hand_pid, hand), Server(least.origin, least_pid, least)
        rates = await _rates((service, *bounds))
    return [*_beside(kind, *rates), *await _loaded(service, kind)]


def _beside(kind: Kind, ours: list[float], by_hand: list[float], bare: list[float]) -> list[Row]:
    figure = f"{median(ours):,.0f} flows/CPU-s"
    return [
        Row(
            what=kind.what,
            figure=figure,
            spread=f"{min(ours):,.0f} to {max(ours):,.0f}",
            bound=f"bare ASGI and SQLite, by hand: {median(by_hand):,.0f} flows/CPU-s",
            share=_share(ours, by_hand),
            aim=kind.aim,
        ),
        Row(
            what=f"{kind.what}, beside requests that nobody reads",
            figure=figure,
            spread="",
            bound=f"bare ASGI and SQLite, commits alone: {median(bare):,.0f} flows/CPU-s",
            share=_share(ours, bare),
        ),
    ]


def _share(ours: list[float], bound: list[float]) -> str:
    """Return the median of the rounds' shares."""
    return f"{median(one / other for one, other in zip(ours, bound, strict=True)):.2f}"


async def _loaded(service: Server, kind: Kind) -> list[Row]:
    load = await _capacity(service.origin, service.flows) / 2
    latencies = sorted(await _latencies(service.origin, service.flows, load))
    p99 = latencies[len(latencies) * 99 // 100]
    megabytes = resident_megabytes(service.pid)
    return [
        Row(
            what=f"{kind.what}: 99th percentile at half load, {load:,.0f} flows/s",
            figure=f"{p99:.1f} ms",
            spread=f"median {median(latencies):.1f} ms, longest {latencies[-1]:.1f} ms",
            bound="",
            share="",
            aim=f"{P99_MILLISECONDS} ms",
        ),
        Row(
            what=f"memory of the {kind.service}'s process after that",
            figure=f"{megabytes:.0f} MB",
            spread="",
            bound="",
            share="",
            aim=f"{MEGABYTES} MB",
        ),
    ]


async def _measure(state: Path) -> list[Row]:
    issued, presented = await record(state, WARMING + ROUNDS * FLOWS)
    async with running(state / "city") as city:
        held = await presented_copy(city)
        return [
            *await _rows(city, Issuance(city), issued, ISSUING),
            *await _rows(city, Presentation(city, held), presented, PRESENTING),
        ]


def flow_rows() -> list[Row]:
    """Measure both flows on services that run as processes, with their commits on the disk."""
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


if __name__ == "__main__":
    sys.stdout.write("\n".join(map(str, flow_rows())) + "\n")
