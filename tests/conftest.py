"""What every test shares: the folder of official vectors, and no silent skips in CI."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgresql import PostgreSql, running
from tests.serving import neighbouring_ports

# Times vary with what else the machine does, so examples have no deadline. CI draws the same
# examples every time; a run by hand draws new ones, and what it finds becomes a test.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")

REPOSITORY = Path(__file__).resolve().parents[1]
VECTORS = REPOSITORY.parent / "shared" / "vectors"
ALLOWED_SKIPS = REPOSITORY / "tests" / "allowed_skips.txt"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the simulation run longer, or by another seed."""
    parser.addoption("--simulation-steps", type=int, default=10_000, help="steps of the simulation")
    parser.addoption("--simulation-seed", default="1", help="what all its chance follows from")


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Path]:
    """Return a function from a specification's name to its folder of vectors, or skip by name."""

    def folder(name: str) -> Path:
        path = VECTORS / name
        if not path.is_dir():
            pytest.skip(f"vectors absent: {name}")
        return path

    return folder


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSql]:
    """Return a PostgreSQL of this test process, or skip by name."""
    with running() as server:
        yield server


@pytest.fixture
def postgresql(postgresql_server: PostgreSql) -> Iterator[str]:
    """Return the address of an empty PostgreSQL database for one test."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty database, of each kind in its turn."""
    if request.param == "sqlite":
        return "sqlite://"
    url: str = request.getfixturevalue("postgresql")
    return url


@pytest.fixture(scope="session")
def free_ports() -> Iterator[Callable[[int], int]]:
    """Return a function that finds neighbouring loopback ports and keeps others off them."""
    with neighbouring_ports() as first_of:
        yield first_of


@pytest.fixture
def record_case(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return what a vector test names each case by: the file, and its id where a file has many."""

    def record(path: Path, case: object = None) -> None:
        name = path.relative_to(VECTORS).as_posix()
        record_property("vector", name if case is None else f"{name}#{case}")

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every skip that CI does not allow."""
    for line in _forbidden_skips(terminalreporter):
        terminalreporter.write_line(f"not an allowed skip: {line}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CI=true, fail on any skip that tests/allowed_skips.txt does not name."""
    if os.environ.get("CI") != "true":
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _forbidden_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _forbidden_skips(reporter: pytest.TerminalReporter) -> list[str]:
    allowed = {
        line.strip()
        for line in ALLOWED_SKIPS.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    }
    found = []
    for report in reporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if reason not in allowed:
            found.append(f"{report.nodeid}: {reason}")
    return found if os.environ.get("CI") == "true" else []
