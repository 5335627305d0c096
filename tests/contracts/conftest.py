"""Fixtures of the contract tests, which run in an environment of their own."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from federation import Federation
    from harness import Chain

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"

# The environment of the product has no compiler and walks by.
collect_ignore_glob = [] if find_spec("boa") else ["*.py"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let gas.json be changed on purpose only."""
    parser.addoption("--update-gas", action="store_true", help="write gas.json anew")


@pytest.fixture(scope="session")
def deployed() -> "Chain":
    """One deployment for all tests; each test runs on a copy of its state."""
    chain: Chain = import_module("harness").deploy()
    return chain


@pytest.fixture
def chain(deployed: "Chain") -> "Iterator[Chain]":
    with import_module("boa").env.anchor():
        yield deployed


@pytest.fixture(scope="session")
def laid() -> "Federation":
    """One Accreditation with its AnchorLog for all tests, not yet sealed."""
    federation: Federation = import_module("federation").unsealed()
    return federation


@pytest.fixture
def founding(laid: "Federation") -> "Iterator[Federation]":
    """The contracts while the founder may still act."""
    with import_module("boa").env.anchor():
        yield laid


@pytest.fixture
def federation(founding: "Federation") -> "Federation":
    """The contracts as they run: sealed, with a tenant and five members, of whom three decide."""
    sealed: Federation = import_module("federation").sealed(founding)
    return sealed


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Path]:
    """Return a function from a specification's name to its folder of vectors, or skip by name."""

    def folder(name: str) -> Path:
        path = VECTORS / name
        if not path.is_dir():
            pytest.skip(f"vectors absent: {name}")
        return path

    return folder


@pytest.fixture
def record_case(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return what a vector test names each case by: the file, and its id where a file has many."""

    def record(path: Path, case: object = None) -> None:
        name = path.relative_to(VECTORS).as_posix()
        record_property("vector", name if case is None else f"{name}#{case}")

    return record
