"""The report itself: a case left out unsaid, failed, or excluded and run, is told."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
JUNIT = """<testsuites><testsuite>
<testcase name="a">{a}</testcase>
<testcase name="b">{b}{outcome}</testcase>
</testsuite></testsuites>"""
TABLE = """
[[exclusion]]
cases = ["abc/other.txt", "wycheproof/x.json#4-5,7"]
reason = "not in the product"
"""


@pytest.fixture(scope="module")
def report() -> ModuleType:
    spec = importlib.util.spec_from_file_location("report", REPOSITORY / "scripts" / "vectors.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(report: ModuleType, tmp_path: Path) -> Callable[..., int]:
    """Return the exit code for these recorded cases, of vectors with five cases to run."""
    abc, wycheproof = (tmp_path / "shared" / "vectors" / n for n in ("abc", "wycheproof"))
    for folder in (abc, wycheproof, tmp_path / "own" / "tests" / "vectors"):
        folder.mkdir(parents=True)
        (folder / "README.md").touch()
    for name in ("case.txt", "other.txt"):
        (abc / name).touch()
    groups = [{"tests": [{"tcId": n} for n in span]} for span in ((1, 2, 3), (4, 5, 6, 7))]
    case_file = {"numberOfTests": 7, "testGroups": groups}
    (wycheproof / "x.json").write_text(json.dumps(case_file), "utf-8")

    def exit_code(a: list[str], b: list[str], outcome: str = "", table: str = TABLE) -> int:
        lists = ("".join(f'<property name="vector" value="{case}"/>' for case in x) for x in (a, b))
        made = (f"<properties>{each}</properties>" for each in lists)
        text = JUNIT.format(a=next(made), b=next(made), outcome=outcome)
        (tmp_path / "run.xml").write_text(text, "utf-8")
        (tmp_path / "own" / "tests" / "vectors" / "exclusions.toml").write_text(table, "utf-8")
        return int(report.main(tmp_path / "own", [tmp_path / "run.xml"]))

    return exit_code


X = [f"wycheproof/x.json#{n}" for n in (1, 2, 3, 6)]
EVERY = ["abc/case.txt", *X]


def test_every_case_run_or_excluded_is_well(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(EVERY, X) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["abc", "2", "2", "1", "1", "1", "1"]
    assert printed[3].split() == ["wycheproof", "1", "7", "4", "8", "4", "3"]
    assert printed[4].split() == ["3", "not", "in", "the", "product"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"a": EVERY[:-1], "b": []}, "neither run nor excluded: wycheproof/x.json 6"),
        ({"a": EVERY, "b": X[:1], "outcome": "<failure/>"}, "failed: wycheproof/x.json 1"),
        ({"a": EVERY, "b": X[:1], "outcome": "<error/>"}, "failed: wycheproof/x.json 1"),
        ({"a": EVERY, "b": X[:1], "outcome": "<skipped/>"}, "failed: wycheproof/x.json 1"),
        ({"a": EVERY, "b": ["abc/other.txt"]}, "excluded and yet run: abc/other.txt"),
        ({"a": EVERY, "b": ["abc/gone.txt"]}, "run and not there: abc/gone.txt"),
        (
            {"a": EVERY, "b": [], "table": TABLE.replace('["abc', '["abc/no*", "abc')},
            "excludes nothing: abc/no*",
        ),
    ],
)
def test_whatever_disagrees_is_told_and_fails(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    told: str,
) -> None:
    assert run(**change) == 1
    assert capsys.readouterr().out.splitlines()[-1] == told


def test_an_exclusion_needs_its_reason(run: Callable[..., int]) -> None:
    with pytest.raises(KeyError, match="reason"):
        run(EVERY, [], table='[[exclusion]]\ncases = ["abc/other.txt"]')


def test_a_file_that_announces_more_than_it_holds_is_an_error(
    report: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "wycheproof").mkdir()
    text = json.dumps({"numberOfTests": 2, "testGroups": [{"tests": [{"tcId": 1}]}]})
    (tmp_path / "wycheproof" / "x.json").write_text(text, "utf-8")
    with pytest.raises(ValueError, match="announces 2"):
        report.present(tmp_path / "wycheproof")


def test_without_the_folder_there_is_nothing_to_hold(
    report: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report.main(tmp_path / "own", []) == 0
    assert "vectors absent" in capsys.readouterr().out
