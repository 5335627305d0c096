"""What docs/contracts.md says of the contracts is what their artifacts and figures say."""

import json
import re
from pathlib import Path

import pytest

from contracts.artifacts import load

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "contracts.md").read_text("utf-8")
GAS = json.loads((REPOSITORY / "tests" / "contracts" / "gas.json").read_text("utf-8"))
NAMES = ("AnchorLog", "Accreditation")


def section(title: str) -> str:
    """Return what stands under a heading, up to the next one."""
    _, _, rest = PAGE.partition(f"# {title}\n")
    assert rest, title
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of the tables in a text, headings left out."""
    found = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    rules = {place for place, row in enumerate(found) if set(row[0]) == {"-"}}
    return [row for place, row in enumerate(found) if place not in rules | {n - 1 for n in rules}]


@pytest.mark.parametrize("name", NAMES)
def test_every_function_is_on_the_page(name: str) -> None:
    table = rows(section(f"{name}, function by function"))
    functions = {each["name"]: each for each in load(name).abi if each["type"] == "function"}
    assert sorted(row[0].strip("`") for row in table) == sorted(functions)
    for function, who, _ in table:
        reads = functions[function.strip("`")]["stateMutability"] in ("view", "pure")
        assert (who == "everybody") == reads, function


def test_the_slots_are_those_of_the_compiler() -> None:
    table = rows(section("Where things are in storage"))
    named = {(contract, variable.strip("`")): int(slot) for contract, variable, slot, _ in table}
    slots = {(name, key): slot for name in NAMES for key, slot in load(name).storage_slots.items()}
    assert named == slots


def test_the_gas_is_what_the_tests_measured() -> None:
    table = rows(section("What it costs"))
    gas = [[name, key, f"{value:,}"] for name in NAMES for key, value in GAS[name].items()]
    sizes = [[name, f"{value:,}"] for name, value in GAS["code bytes"].items()]
    assert table == gas + sizes


def test_the_price_of_a_credential_is_rounded_right() -> None:
    each = GAS["AnchorLog"]["append 10,000 credentials to 1,000,000"] / 10_000
    assert f"credential among 10,000\ncosts {each:.1f} gas" in PAGE


def test_the_actions_are_those_of_the_sources() -> None:
    table = rows(section("What can be decided"))
    source = (REPOSITORY / "contracts" / "changes.vy").read_text("utf-8")
    names = dict(re.findall(r"^(\w+): constant\(uint8\) = (\d+)$", source, re.MULTILINE))
    votes = (REPOSITORY / "contracts" / "council.vy").read_text("utf-8")
    listed = re.search(r"^WITHOUT_LOCK[^\[]*\[4\]\) = \[(.*?)\]", votes, re.MULTILINE | re.DOTALL)
    assert listed is not None
    at_once = {int(names[each]) for each in re.findall(r"changes\.(\w+)", listed[1])}
    assert [int(row[0].split()[0]) for row in table] == list(range(1, 13))
    assert {int(row[0].split()[0]) for row in table if row[2] == "no"} == at_once


def test_every_invariant_is_checked() -> None:
    numbered = re.findall(r"^(\d+)\. ", section("What must hold"), re.MULTILINE)
    checks = (REPOSITORY / "tests" / "contracts" / "invariants.py").read_text("utf-8")
    assert set(re.findall(r', "(\d+)"$', checks, re.MULTILINE)) == set(numbered)


def test_every_file_that_is_named_is_there() -> None:
    for name in set(re.findall(r"`((?:contracts|tests)/[\w./]+)`", PAGE)):
        assert (REPOSITORY / name).exists(), name
