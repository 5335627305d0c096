"""`make bench`: measure, print the table, write docs/benchmarks.md."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.credentials import credential_rows
from bench.decisions import decision_rows
from bench.evidence import evidence_rows
from bench.flows import FLOWS, ROUNDS, flow_rows
from bench.gas import gas_rows
from bench.hsm import hsm_rows
from bench.log import log_rows
from bench.mdoc import mdoc_rows
from bench.measure import RUNS, Row
from bench.processes import process_rows
from bench.status import status_rows
from bench.where import write_profile
from madang.infra.clock import SystemClock

TARGET = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEADS = ("what", "median", f"least to most of {RUNS}", "bound in the same run", "share", "aim")


def main() -> None:
    """Measure everything; takes some minutes."""
    rows = [
        *credential_rows(),
        *process_rows(),
        *mdoc_rows(),
        *hsm_rows(),
        *status_rows(),
        *decision_rows(),
        *gas_rows(),
        *log_rows(),
        *evidence_rows(),
        *flow_rows(),
    ]
    write_profile()
    table = _table(rows)
    print(table)
    TARGET.write_text(_page(table), "utf-8")


def _table(rows: list[Row]) -> str:
    lines = [HEADS, ("---",) * len(HEADS)]
    lines += [(r.what, r.figure, r.spread, r.bound, r.share, r.aim) for r in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _page(table: str) -> str:
    day = datetime.fromtimestamp(SystemClock().now(), UTC).date().isoformat()
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    notes = TARGET.with_name("benchmarks-notes.md").read_text("utf-8")
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {day}: {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, {openssl.stdout.strip()}.\n\n"
        "Rates are per second of CPU time: of this process for functions, of the service's process "
        f"for flows ({ROUNDS} rounds of {FLOWS}, in which service and bounds take turns; commits "
        "durable on the disk). Ratios carry over to other machines, absolute figures do not. A "
        "share is the figure divided by its bound, of flows the median of the rounds' shares; for "
        "gas and milliseconds less is better.\n\n"
        f"{table}\n\n{notes}"
    )


if __name__ == "__main__":
    main()
