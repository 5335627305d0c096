"""Whoever edits the catalogue wrongly is told the file and the place."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from madang.core.catalog.errors import CatalogError
from madang.infra.catalogue import load_catalogue

CATALOG = Path(__file__).resolve().parents[4] / "catalog"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(CATALOG, tmp_path / "catalog")


def change(path: Path, edit: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text("utf-8"))
    edit(value)
    path.write_text(json.dumps(value), "utf-8")


def test_the_whole_folder_is_read(folder: Path) -> None:
    catalogue = load_catalogue(folder)
    assert set(catalogue.types) == {each.name for each in (folder / "certificates").iterdir()}
    for programme in catalogue.programmes.values():
        assert {rule.digest for rule in programme.rules} == set(programme.documents)
        assert programme.in_force(date(2026, 11, 23)) in programme.rules


@pytest.mark.parametrize("missing", ["certificates", "rules"])
def test_a_missing_folder_is_named(folder: Path, missing: str) -> None:
    shutil.rmtree(folder / missing)
    with pytest.raises(CatalogError, match=missing) as told:
        load_catalogue(folder)
    assert told.value.expected == "a folder"


@pytest.mark.parametrize("missing", ["federation.json", "rules/youth_monthly_rent/texts.json"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(CatalogError) as told:
        load_catalogue(folder)
    assert told.value.file.endswith(missing)


RULES = "rules/youth_monthly_rent"
BROKEN: dict[str, tuple[str, Callable[[Any], None]]] = {
    "not a rule": (f"{RULES}/2024.json", lambda rule: rule.clear()),
    "a text that no rule has": (f"{RULES}/texts.json", lambda words: words.clear()),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_rule_out_of_order_names_its_file(folder: Path, what: str) -> None:
    name, edit = BROKEN[what]
    change(folder / name, edit)
    with pytest.raises(CatalogError) as told:
        load_catalogue(folder)
    assert told.value.file.endswith(name)


def test_a_file_that_is_no_json_is_named(folder: Path) -> None:
    path = folder / RULES / "2024.json"
    path.write_text("{", "utf-8")
    with pytest.raises(CatalogError) as told:
        load_catalogue(folder)
    assert (told.value.file, told.value.expected) == (str(path), "JSON")


def test_two_rules_of_one_date_name_the_folder(folder: Path) -> None:
    shutil.copy(folder / RULES / "2024.json", folder / RULES / "2025.json")
    with pytest.raises(CatalogError) as told:
        load_catalogue(folder)
    assert told.value.file.endswith(RULES)
