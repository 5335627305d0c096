"""The mutants of mutants.py still fit the sources; whether tests find them, its run shows."""

import pytest
from harness import REPOSITORY
from mutants import MUTANTS, TESTS, Mutant


def test_each_mutant_changes_its_source_in_one_place() -> None:
    for mutant in MUTANTS:
        source = (REPOSITORY / "contracts" / f"{mutant.contract}.vy").read_text("utf-8")
        assert mutant.applied(source) != source


def test_a_mutant_that_no_longer_fits_is_named() -> None:
    with pytest.raises(ValueError, match="stands 0 times in council: no such line"):
        Mutant("council", "no such line", "").applied("some line")


def test_every_source_is_broken_somewhere() -> None:
    sources = {each.stem for each in (REPOSITORY / "contracts").glob("*.vy")}
    assert {each.contract for each in MUTANTS} == set(TESTS) == sources
