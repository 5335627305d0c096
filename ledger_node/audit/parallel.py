"""The audit of a published log by several processes, range by range.

A range is a subtree of the log, so that a process needs nothing of the entries before it. What
comes back is put together in the order of the log: the report is that of one pass.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

from ledger_node.audit.reading import read_entries
from ledger_node.audit.row_file import RowFile, RowSlice
from madang.core.evidence.audit import Audit, Part, audit_part
from madang.core.evidence.findings import MAX_FINDINGS, Finding, Report
from madang.core.evidence.heads import Head
from madang.core.evidence.rows import RowPolicy
from madang.core.evidence.second_key import SecondKey
from madang.core.merkle.cosignature import CosignerKey

PART = 1 << 16
"""Entries of one part: a power of two, and whole bundles."""
_AHEAD = 2
"""Parts handed out for each process, so that none waits for work and few wait to be joined."""


@dataclass(frozen=True, slots=True)
class LogPlan:
    """What is to be audited.

    Attributes:
        folder: of the log's bundles.
        size: entries to read.
        heads: every known head.
        rows: the office's rows, or None.
        policy: which entries must have a row.
        second: the log's second key, where it is known; learns where the log introduces it.
        prior: findings made before.
        keep: how many findings of each code are kept.
    """

    folder: Path
    size: int
    heads: tuple[Head, ...]
    rows: RowFile | None = None
    policy: RowPolicy = RowPolicy()  # noqa: RUF009 - a value that nobody can change
    second: SecondKey | None = None
    prior: tuple[Finding, ...] = ()
    keep: int = MAX_FINDINGS


@dataclass(frozen=True, slots=True)
class Job:
    """One range, as it is handed to a process."""

    folder: Path
    start: int
    end: int
    size: int
    sizes: tuple[int, ...]
    rows: RowSlice | None
    policy: RowPolicy
    second: CosignerKey | None
    keep: int

    def run(self) -> tuple[Part, int | None]:
        """Audit the range; return the part and where the second key is introduced in it."""
        entries = read_entries(self.folder, self.start, self.end, self.size)
        second = None if self.second is None else SecondKey(self.second)
        if second is not None:
            entries = second.watch(entries, self.start)
        part = audit_part(
            self.start, entries, self.sizes, self.rows, policy=self.policy, keep=self.keep
        )
        return part, None if second is None else second.introduced


def audit_log(plan: LogPlan, processes: int | None = None, width: int = PART) -> Report:
    """Audit a log.

    Args:
        plan: what is to be audited.
        processes: how many work; by default one for each core.
        width: entries of one part, a power of two and a multiple of 256.

    Raises:
        AuditInputError: a file of the log cannot be read.
        RowError: a line of the export is no row.
        BrokenProcessPool: a process was killed.
    """
    whole = Audit(plan.heads, plan.prior, plan.keep)
    jobs = _jobs(plan, whole.sizes[::-1], width)
    workers = min(processes or len(os.sched_getaffinity(0)), -(-plan.size // width))
    for part, introduced in _run(jobs, workers):
        whole.join(part)
        if plan.second is not None and plan.second.introduced is None:
            plan.second.introduced = introduced
    return whole.report()


def _jobs(plan: LogPlan, sizes: list[int], width: int) -> Iterator[Job]:
    """Yield the ranges; an empty log is one of no entries, so that its rows are judged."""
    at = 0
    for start in range(0, plan.size or 1, width):
        end = min(start + width, plan.size)
        first = at
        while at < len(sizes) and sizes[at] <= end:
            at += 1
        last = None if end == plan.size else end
        yield Job(
            folder=plan.folder,
            start=start,
            end=end,
            size=plan.size,
            sizes=tuple(sizes[first:at]),
            rows=None if plan.rows is None else plan.rows.between(start, last),
            policy=plan.policy,
            second=None if plan.second is None else plan.second.key,
            keep=plan.keep,
        )


def _run(jobs: Iterator[Job], workers: int) -> Iterator[tuple[Part, int | None]]:
    if workers <= 1:
        yield from map(Job.run, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from _in_order(pool, jobs, workers * _AHEAD)
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, jobs: Iterator[Job], ahead: int
) -> Iterator[tuple[Part, int | None]]:
    """Yield results in the order of the jobs, with few of them handed out at a time."""
    waiting: list[Future[tuple[Part, int | None]]] = []
    for job in jobs:
        with _without_main():
            waiting.append(pool.submit(job.run))
        if len(waiting) == ahead:
            yield waiting.pop(0).result()
    for each in waiting:
        yield each.result()


@contextmanager
def _without_main() -> Iterator[None]:
    """Let processes start without the command: spawned ones would import it, which takes seconds.

    A process starts while its first work is handed out, which is within the block.
    """
    command = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = command
