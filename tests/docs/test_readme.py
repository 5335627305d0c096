"""What the documents name exists, and what exists is named."""

import re
from pathlib import Path

import pytest

from madang.cli.main import COMMANDS
from madang.cli.serve import Service
from madang.infra.catalogue import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
HOUSE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def commands() -> list[str]:
    return sorted(COMMANDS)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`madang {command}" in README


def test_the_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"`madang ([a-z-]+)", README))
    assert named == set(commands())


@pytest.mark.parametrize("service", Service)
def test_every_service_is_in_the_readme(service: Service) -> None:
    assert f"`{service.value}`" in README


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:`|^ {4})make ([a-z]+)", README + HOUSE, re.MULTILINE))
    assert {"run", "test", "bench", "check"} <= named
    assert named <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("text", [README, HOUSE], ids=["README", "ARCHITECTURE"])
def test_every_path_that_is_named_exists(text: str) -> None:
    named = re.findall(r"`([a-z_]+(?:/[A-Za-z0-9_.-]+)*/?)`", text)
    paths = [path for path in named if "/" in path.rstrip("/") or (ROOT / path).exists()]
    made_at_run_time = {"state/", "docs/benchmarks.md"}
    missing = [
        path
        for path in paths
        if path not in made_at_run_time and not (ROOT / path).exists() and "<" not in path
    ]
    assert not [path for path in missing if path.split("/")[0] in folders()]


def folders() -> set[str]:
    return {path.name for path in ROOT.iterdir() if path.is_dir()}


def test_every_product_folder_is_described() -> None:
    for folder in ("madang", "issuer", "verifier", "counter", "wallet_api", "ledger_node",
                   "mobile_stub", "contracts", "catalog"):  # fmt: skip
        assert f"`{folder}" in HOUSE


def test_every_decision_has_its_parts_and_a_number_of_its_own() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [record.name[:4] for record in records]
    assert numbers == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        assert "Status: accepted" in record.read_text("utf-8")


def test_the_dependencies_of_the_product_are_argued() -> None:
    argued = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text("utf-8")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    block = project.partition("dependencies = [")[2].partition("]")[0]
    for name in re.findall(r'"([a-z0-9-]+)==', block):
        assert name in argued, name


def test_the_changelog_speaks_of_the_version() -> None:
    version = re.search(
        r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_figure_of_types_in_the_changelog_is_right() -> None:
    assert len(load_catalogue(ROOT / "catalog").types) == 9
    assert "Nine certificate types" in (ROOT / "CHANGELOG.md").read_text("utf-8")
