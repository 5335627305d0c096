"""Fuzz every parser in turn, guided by coverage: `python -m tests.fuzz.run SECONDS [NAME ...]`.

Each harness runs in a process of its own, because libFuzzer never returns. What it learns stays
in build/fuzz; what breaks a parser is written to tests/fuzz/corpus, where the tests replay it.
"""

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
REPOSITORY = FUZZ.parents[1]
LEARNT = REPOSITORY / "build" / "fuzz"
MAX_LEN, TIMEOUT, MEGABYTES = 16_384, 5, 1_500
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERED = re.compile(r"cov: (\d+)")


def child(name: str, arguments: list[str]) -> None:
    """Fuzz one harness in this process until libFuzzer ends it."""
    import atheris  # noqa: PLC0415 - not on every machine, and only the child needs it

    with atheris.instrument_imports(include=["madang"]):
        from tests.fuzz import seeds  # noqa: PLC0415 - imported while instrumented
        from tests.fuzz.harness import load  # noqa: PLC0415

        target = load()[name]
    for number, seed in enumerate(seeds.every()[name]):
        (LEARNT / name / f"seed-{number}").write_bytes(seed)
    warnings.simplefilter("ignore")

    def one(data: bytes) -> None:
        target.accepts(data)

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def fuzz(name: str, seconds: int) -> tuple[int, int, list[Path]]:
    """Return how often a parser ran, how many branches were seen, and the new finds."""
    kept = FUZZ / "corpus" / name
    for folder in (LEARNT / name, kept):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(kept.iterdir())
    arguments = [
        *(f"-max_total_time={seconds}", f"-max_len={MAX_LEN}", f"-timeout={TIMEOUT}"),
        *(f"-rss_limit_mb={MEGABYTES}", f"-artifact_prefix={kept}/", "-print_final_stats=1"),
        *(str(LEARNT / name), str(kept)),
    ]
    command = [sys.executable, "-m", "tests.fuzz.run", "--child", name, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    (LEARNT / f"{name}.log").write_text(done.stdout + done.stderr, "utf-8")
    new = sorted(set(kept.iterdir()) - before)
    if not before and not new:
        kept.rmdir()
    if done.returncode and not new:
        raise RuntimeError(f"{name} did not run; see {LEARNT / name}.log")
    runs, covered = _RUNS.findall(done.stderr), _COVERED.findall(done.stderr)
    return int(runs[-1]) if runs else 0, int(covered[-1]) if covered else 0, new


def main(seconds: int, names: list[str]) -> int:
    """Print a row for each parser; return 1 when anything was found."""
    from tests.fuzz.harness import load  # noqa: PLC0415 - the child has to instrument it first

    total, found = 0, 0
    print(f"{'parser':28}{'runs':>10}{'branches':>10}  finds")
    for name in names or sorted(load()):
        runs, covered, new = fuzz(name, seconds)
        total, found = total + runs, found + len(new)
        told = " ".join(os.path.relpath(path, REPOSITORY) for path in new)
        print(f"{name:28}{runs:10,}{covered:10,}  {told or '-'}", flush=True)
    print(f"{'all':28}{total:10,}{'':10}  {found}")
    return bool(found)


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        child(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
