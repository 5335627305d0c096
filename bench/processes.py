"""Issuing by two processes beside one: nothing is shared, so two should do nearly twice as much."""

import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from statistics import median

from bench.credentials import COPIES, Sample
from bench.measure import RUNS, Row, row

CERTIFICATES = 10_000
PROCESSES = 2


@cache
def sample() -> Sample:
    """Return the sample of this process, with keys of its own."""
    return Sample()


def issue_many(number: int) -> int:
    """Issue so many certificates, several copies at once as the issuer does."""
    made = sample()
    return sum(len(made.copies(made.keys)) for _ in range(number // COPIES))


def process_rows() -> list[Row]:
    """Measure by the clock on the wall; both ways take turns."""
    alone, together = [], []
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        _rate(pool, PROCESSES)  # both have started and made their keys
        for _ in range(RUNS):
            alone.append(_rate(pool, 1))
            together.append(_rate(pool, PROCESSES))
    what = f"SD-JWT VC issue, {CERTIFICATES:,} certificates by {PROCESSES} processes, wall clock"
    return [row(what, together, "/s", ("one process", median(alone)), "1.70")]


def _rate(pool: ProcessPoolExecutor, processes: int) -> float:
    """Return certificates per second of the wall clock."""
    started = time.perf_counter()
    made = sum(pool.map(issue_many, [CERTIFICATES // processes] * processes))
    return made / (time.perf_counter() - started)
