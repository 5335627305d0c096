"""Medians of several runs, CPU time of other processes, and the rows of the table."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

RUNS = 5
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        figure: median with its unit.
        spread: least and most of the runs.
        bound: the bound and its figure.
        share: the figure as a share of the bound.
        aim: what the share should reach.
    """

    what: str
    figure: str
    spread: str
    bound: str
    share: str
    aim: str = ""


def rates(work: Callable[[], object], seconds: float = 0.5, runs: int = RUNS) -> list[float]:
    """Return how often `work` was done per second of this process's CPU time, once a run."""
    work()
    found = []
    for _ in range(runs):
        started, count = time.process_time(), 0
        while (spent := time.process_time() - started) < seconds:
            for _ in range(AT_ONCE):  # reading the clock costs about as much as a claim
                work()
            count += AT_ONCE
        found.append(count / spent)
    return found


def row(what: str, found: list[float], unit: str, bound: tuple[str, float], aim: str = "") -> Row:
    """Return a row from the runs' rates and the bound's name and rate."""
    middle = median(found)
    return Row(
        what=what,
        figure=f"{middle:,.0f} {unit}",
        spread=f"{min(found):,.0f} to {max(found):,.0f}",
        bound=f"{bound[0]}: {bound[1]:,.0f} {unit}",
        share=f"{middle / bound[1]:.2f}",
        aim=aim,
    )


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process's threads have used, user and system."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text("ascii").split()[0]) for each in tasks) / 1e9


def resident_megabytes(pid: int) -> float:
    """Return the memory that a process has in use."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
