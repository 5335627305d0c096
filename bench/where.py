"""Where the time of a flow goes: both services under the profiler, summed up in docs/profile.md."""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from bench.city import TENANT, Running, running
from bench.driven import Flows, Issuance, Presentation, presented_copy
from bench.profile import shares
from bench.wire import Wire

FLOWS = 300
TARGET = Path(__file__).resolve().parents[1] / "docs" / "profile.md"
_HEAD = """# Where the time goes

Written by `make bench`: issuer and verifier under the profiler of the standard library while
{flows} flows of each kind pass one after another, waiting for requests left out. The profiler makes
Python look dearer than it is beside C; commits wait for the disk here, which costs no CPU. Read it
as an order of things, and the rates in [benchmarks.md](benchmarks.md) as their size.
"""
_NAMES = {
    "issuer": "Issuance: token, nonce, credential",
    "verifier": "Presentation: session, request, answer",
}


async def _drive(city: Running, service: str, flows: Flows) -> None:
    await flows.ready(FLOWS)
    os.kill(city.city.pid(service), signal.SIGUSR1)
    wire = await Wire.to(city.plan.addresses.origin(TENANT, service))
    for _ in range(FLOWS):
        await flows.flow(wire)
    await wire.close()


async def _measure(folder: Path) -> None:
    async with running(folder / "city", "bench.profile", folder) as city:
        held = await presented_copy(city)
        await _drive(city, "issuer", Issuance(city))
        await _drive(city, "verifier", Presentation(city, held))


def write_profile() -> None:
    """Run both kinds of flow under the profiler and write the page."""
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    parts = [_HEAD.format(flows=FLOWS)]
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder)))
        for service, name in _NAMES.items():
            rows = [f"| {what} | {share:.1%} |" for what, share in shares(f"{folder}/{service}")]
            parts.append("\n".join([f"## {name}", "", "| where | share |", "|---|---|", *rows, ""]))
    TARGET.write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    write_profile()
    sys.stdout.write(TARGET.read_text("utf-8"))
