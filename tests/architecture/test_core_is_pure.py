"""What core may import, and who may read the clock: the rules behind madang/core."""

import ast
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CORE = REPOSITORY / "madang" / "core"
EXTERNAL = {"cbor2", "cryptography", "jwt", "pydantic", "typing_extensions"}
IMPURE = {
    "asyncio",
    "http",
    "io",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "time",
    "urllib.request",
    "threading",
}
ALLOWED = {"encoding/cbor.py": {"io"}}
"""BytesIO is memory; nothing else of io is used there."""


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda p: str(p.relative_to(CORE)))
def test_core_imports_only_the_listed_packages(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}
    external = roots - set(sys.stdlib_module_names) - {"madang"}
    assert external <= EXTERNAL


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda p: str(p.relative_to(CORE)))
def test_core_does_no_input_output_and_draws_no_chance(path: Path) -> None:
    names = imported(path) - ALLOWED.get(path.relative_to(CORE).as_posix(), set())
    assert not {n for n in names if n in IMPURE or n.split(".")[0] in IMPURE}
