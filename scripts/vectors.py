"""Hold what the vector tests ran against what lies in ../shared/vectors.

    python scripts/vectors.py build/junit/contracts.xml build/junit/unit.xml

What is present is counted in the files themselves, by the form of each. What ran is in the JUnit
files: a test names each case by the fixture `record_case`. What is left out stands in
tests/vectors/exclusions.toml with its reason. Prints a row for each folder; exits 1 when a case
neither ran nor is left out, failed, or is not there at all. See docs/testing.md.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

# The reports of our own test runs; nobody else writes them.
from xml.etree import ElementTree as ET

PROPERTY = "vector"
NO_CASES = ("README.md", "LICENSE.txt", "settings.yml")
"""Where a folder is from, and the keys and seeds of its cases."""


@dataclass(frozen=True)
class Exclusion:
    """Cases that no test runs, as patterns, and why."""

    cases: tuple[str, ...]
    reason: str

    def of(self, present: Iterable[str]) -> set[str]:
        """Return those of the cases that it leaves out."""
        return {c for c in present for pattern in self.cases if matches(c, pattern)}


def matches(case: str, pattern: str) -> bool:
    """Tell whether a case is meant: file by shell pattern, ids as `1-17,25` or all of them."""
    (file, _, number), (files_meant, _, ids) = case.partition("#"), pattern.partition("#")
    if not ids or not fnmatchcase(file, files_meant):
        return fnmatchcase(file, files_meant)
    spans = [span.partition("-") for span in ids.split(",")]
    return any(int(low) <= int(number) <= int(high or low) for low, _, high in spans)


@dataclass
class Ran:
    """What became of each case: in how many tests it ran, and in how many it failed."""

    tests: Counter[str]
    failed: Counter[str]

    def passed(self) -> set[str]:
        """Return the cases that passed in every test they ran in."""
        return set(self.tests) - set(self.failed)


def elements(path: Path) -> Iterator[str]:
    """One case an element of a JSON array, by index, or a member of an object, by name."""
    value = json.loads(path.read_bytes())
    for name in value if isinstance(value, dict) else range(len(value)):
        yield f"#{name}"


def wycheproof(path: Path) -> Iterator[str]:
    """One case a tcId; the file says itself how many there are."""
    value = json.loads(path.read_bytes())
    ids = {case["tcId"] for group in value["testGroups"] for case in group["tests"]}
    if len(ids) != value["numberOfTests"]:
        raise ValueError(f"{path.name} announces {value['numberOfTests']} tests, has {len(ids)}")
    yield from (f"#{number}" for number in ids)


FORMS: dict[str, Callable[[Path], Iterator[str]]] = {
    "wycheproof/*.json": wycheproof,
    "bitstring-status-list/*.json": elements,
    "blind-rsa-rfc9474/*.json": elements,
    "privacypass-rfc9578/*.json": elements,
    "iso-mdoc/*.json": elements,
}
"""Files that hold several cases; any other file is one."""


def files(folder: Path) -> list[Path]:
    """Return the files of a folder that hold cases."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in NO_CASES)


def present(folder: Path) -> set[str]:
    """Return the names of the cases in a folder: `<folder>/<file>`, `#<id>` where a file has many.

    Raises:
        ValueError: a file does not hold as many as it says.
    """
    found = set()
    for path in files(folder):
        name = path.relative_to(folder.parent).as_posix()
        form = next((f for pattern, f in FORMS.items() if fnmatchcase(name, pattern)), None)
        found |= {name + case for case in form(path)} if form else {name}
    return found


def ran(reports: Iterable[Path]) -> Ran:
    """Read what the tests recorded from JUnit files."""
    result = Ran(Counter(), Counter())
    for report in reports:
        for test in ET.parse(report).iter("testcase"):  # noqa: S314 (see the import)
            cases = {p.get("value", "") for p in test.iter("property") if p.get("name") == PROPERTY}
            result.tests.update(cases)
            if any(test.find(bad) is not None for bad in ("failure", "error", "skipped")):
                result.failed.update(cases)
    return result


def exclusions(path: Path) -> tuple[Exclusion, ...]:
    """Read the table of what is left out.

    Raises:
        KeyError: an exclusion lacks its cases or its reason.
    """
    rows = tomllib.loads(path.read_text("utf-8"))["exclusion"]
    return tuple(Exclusion(tuple(row["cases"]), row["reason"]) for row in rows)


def problems(cases: set[str], result: Ran, left_out: tuple[Exclusion, ...]) -> list[str]:
    """Return a line for everything in which cases, runs and exclusions disagree."""
    excluded = {case for each in left_out for case in each.of(cases)}
    run = set(result.tests)
    patterns = [pattern for each in left_out for pattern in each.cases]
    return [
        *by_file("neither run nor excluded", cases - run - excluded),
        *by_file("failed", set(result.failed)),
        *by_file("excluded and yet run", excluded & run),
        *by_file("run and not there", run - cases),
        *(f"excludes nothing: {p}" for p in patterns if not any(matches(c, p) for c in cases)),
    ]


def by_file(what: str, cases: set[str]) -> list[str]:
    """Return a line for each file with what is said of its cases."""
    ids: dict[str, list[str]] = {}
    for case in sorted(cases, key=lambda name: (len(name), name)):
        file, _, number = case.partition("#")
        ids.setdefault(file, []).append(number)
    return [f"{what}: {file} {' '.join(numbers)}".rstrip() for file, numbers in ids.items()]


def row(folder: Path, result: Ran, left_out: tuple[Exclusion, ...]) -> list[str]:
    """Return a folder's line of the table, and a line for each reason to leave something out."""
    cases = present(folder)
    run, passed = cases & set(result.tests), cases & result.passed()
    checks = sum(result.tests[case] for case in run)
    reasons = [(len(each.of(cases)), each.reason) for each in left_out if each.of(cases)]
    figures = (len(files(folder)), len(cases), len(run), checks, len(passed))
    excluded = len(set().union(*(each.of(cases) for each in left_out)))
    return [
        f"{folder.name:24}" + "".join(f"{n:9,}" for n in (*figures, excluded)),
        *(f"{count:78,}  {reason}" for count, reason in reasons),
    ]


def main(repository: Path, reports: list[Path]) -> int:
    """Print the table and what is wrong; return the exit code."""
    vectors = repository.parent / "shared" / "vectors"
    if not vectors.is_dir():
        print(f"vectors absent: {vectors}")
        return 0
    folders = sorted(path for path in vectors.iterdir() if path.is_dir())
    left_out = exclusions(repository / "tests" / "vectors" / "exclusions.toml")
    result = ran(reports)
    heads = ("files", "present", "run", "tests", "passed", "excluded")
    print(f"{'vectors':24}" + "".join(f"{head:>9}" for head in heads))
    for folder in folders:
        print("\n".join(row(folder, result, left_out)))
    wrong = problems({c for folder in folders for c in present(folder)}, result, left_out)
    print("\n".join(wrong) or "vectors: every case present was run and passed, or has its reason")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[1], [Path(name) for name in sys.argv[1:]]))
