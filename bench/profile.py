"""Where the time of a service's process goes: `python -m bench.profile OUT MODULE ARGUMENTS...`.

Runs a module until it is told to end; SIGUSR1 starts the profiler of the standard library, so that
the start of the service is left out. `shares` sums up what was found by the rooms of the house and
by what is around it.
"""

import cProfile
import pstats
import runpy
import signal
import sys
from pathlib import PurePath
from typing import Final

GROUPS: Final = (
    ("signatures, keys, hashes (cryptography)", ("cryptography", "_hashlib", "sha256")),
    ("SQLite, commits to the disk included", ("sqlite3",)),
    ("SQLAlchemy and SQLModel", ("sqlalchemy", "sqlmodel")),
    ("the HTTP server and its loop (uvicorn, uvloop)", ("uvicorn", "uvloop", "asyncio", "h11")),
    ("the framework (Starlette, FastAPI)", ("starlette", "fastapi", "anyio", "contextlib.py")),
    ("messages (pydantic)", ("pydantic",)),
    ("JSON", ("json",)),
    ("HTTP to the log (httpx)", ("httpx", "httpcore")),
    ("madang/core", ("madang/core",)),
    ("madang/infra and madang/access", ("madang/infra", "madang/access")),
    ("the service's own features", ("issuer/", "verifier/")),
)
OTHERS: Final = "everything else"
WAITING: Final = ("select.epoll", "run_until_complete", "connect_tcp")


def shares(path: str) -> list[tuple[str, float]]:
    """Return the share of each group in the time of serving, the largest first.

    Args:
        path: what the profiler wrote; waiting is left out.
    """
    found: dict[str, float] = {}
    stats = pstats.Stats(path).stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, own, _, _) in stats.items():
        where = f"{PurePath(file).as_posix()} {name}"
        if any(word in where for word in WAITING):
            continue
        group = next((n for n, words in GROUPS if any(w in where for w in words)), OTHERS)
        found[group] = found.get(group, 0.0) + own
    whole = sum(found.values())
    return sorted(((name, own / whole) for name, own in found.items()), key=lambda each: -each[1])


def main() -> None:
    """Run a module under the profiler."""
    target, sys.argv = sys.argv[1], sys.argv[3:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    profiler = cProfile.Profile()
    signal.signal(signal.SIGUSR1, lambda *_: profiler.enable())
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    finally:
        profiler.disable()
        profiler.dump_stats(target)


if __name__ == "__main__":
    main()
