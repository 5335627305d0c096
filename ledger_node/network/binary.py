"""The engine's program: built once from pinned sources, and found again by every checkout.

`python -m ledger_node.network.binary` builds what is missing and prints where it is.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from madang.infra.files import alone

PACKAGE: Final = "github.com/cosmos/evm/cmd/evmd"
MODULE: Final = Path(__file__).parent / "engine"
# Without symbols and tables for debuggers: 183 MB became 132.
FLAGS: Final = ("-p=2", "-mod=readonly", "-trimpath", "-ldflags=-s -w")
LEAST_GO: Final = (1, 23)
_BUILD_SECONDS: Final = 3600


class BuildError(RuntimeError):
    """The engine is not there and cannot be built; the message says what to install."""


def cached(module: Path = MODULE) -> Path:
    """Return where the program of these sources is, or would be once built."""
    told = os.environ.get("XDG_CACHE_HOME", "")
    caches = Path(told) if told else Path.home() / ".cache"
    return caches / "madang" / f"evmd-{fingerprint(module)}"


def fingerprint(module: Path = MODULE) -> str:
    """Return what tells one build from another: pins, hashes of all sources, and flags."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((module / name).read_bytes())
    digest.update("\n".join((PACKAGE, *FLAGS)).encode())
    return digest.hexdigest()[:16]


def evmd() -> Path:
    """Return the built program.

    Raises:
        BuildError: it was not built yet.
    """
    path = cached()
    if not path.is_file():
        raise BuildError("the network's engine is not built; `make network-engine` does that")
    return path


def build(module: Path = MODULE) -> Path:
    """Build the program unless it is there; two builders at once wait for each other.

    Raises:
        BuildError: there is no Go, it is too old, or it did not build.
    """
    path = cached(module)
    with alone(path.parent / f"{path.name}.lock"):
        if not path.is_file():
            compiler = go()
            sys.stderr.write("Building the network's engine, once; it takes some minutes ...\n")
            _build(compiler, module, path)
    return path


def go() -> str:
    """Return the Go compiler of PATH; BuildError if there is none that is new enough."""
    found = shutil.which("go")
    wanted = ".".join(map(str, LEAST_GO))
    if found is None:
        raise BuildError(f"no `go` in PATH; install Go {wanted} or newer (Debian: golang-go)")
    told = _run([found, "env", "GOVERSION"], cwd=MODULE.parent)
    version = re.match(r"go(\d+)\.(\d+)", told)
    if version is None or (int(version[1]), int(version[2])) < LEAST_GO:
        raise BuildError(f"{found} is {told.strip()}; install Go {wanted} or newer")
    return found


def _build(compiler: str, module: Path, path: Path) -> None:
    new = path.with_name(f"{path.name}.new")
    _run([compiler, "build", *FLAGS, "-o", str(new), PACKAGE], cwd=module)
    new.replace(path)


def _run(command: list[str], *, cwd: Path) -> str:
    # What is run is Go itself, with arguments that are written above.
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=cwd, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"`{' '.join(command[1:3])}` did not come to its end: {error}") from error
    if done.returncode:
        end = "\n".join(done.stderr.splitlines()[-5:])
        raise BuildError(f"`{' '.join(command[1:3])}` failed; the end of what it says:\n{end}")
    return done.stdout


def main() -> int:
    """Build, and print where the program is; 1 if that cannot be."""
    try:
        sys.stdout.write(f"{build()}\n")
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
