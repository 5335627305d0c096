"""The examples of the format pages run, and print what the pages say they print.

All python blocks of a page run in order in one namespace. A text block directly after one shows
exactly what it printed; a block without one prints nothing.
"""

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NamedTuple

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "formats").glob("*.md"))
_BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\n+```text\n(?P<printed>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
_NAME = re.compile(r"`(madang\.[a-z0-9_.]+(?:\.[A-Z]\w*)?)`")


class Example(NamedTuple):
    """A python block: the line it begins at, and what it should print."""

    line: int
    code: str
    printed: str


def examples(page: str) -> Iterator[Example]:
    for found in _BLOCK.finditer(page):
        line = page.count("\n", 0, found.start("code"))
        yield Example(line, found["code"], found["printed"] or "")


def run(example: Example, namespace: dict[str, Any], name: str) -> str:
    # Empty lines before the code let a traceback name the line of the page.
    source = compile("\n" * example.line + example.code, name, "exec")
    with redirect_stdout(StringIO()) as printed:
        exec(source, namespace)  # noqa: S102 - the page is ours
    return printed.getvalue()


def check(page: str, name: str) -> None:
    namespace: dict[str, Any] = {"__name__": "page"}
    for example in examples(page):
        where = f"{name}:{example.line}"
        assert run(example, namespace, name) == example.printed, where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_print_what_it_says(page: Path) -> None:
    text = page.read_text("utf-8")
    assert any(examples(text))
    check(text, page.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_block_of_a_page_is_left_out(page: Path) -> None:
    text = page.read_text("utf-8")
    found = list(examples(text))
    assert len(re.findall(r"^```python", text, re.MULTILINE)) == len(found)
    outputs = sum(bool(example.printed) for example in found)
    assert len(re.findall(r"^```text", text, re.MULTILINE)) == outputs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_name_on_a_page_exists(page: Path) -> None:
    for name in set(_NAME.findall(page.read_text("utf-8"))):
        resolve_name(name)


SAMPLE = """
```python
number = 1
```

Words.

```python
print(number + 1)
```

```text
2
```
"""


def test_blocks_share_a_namespace_and_the_output_is_compared() -> None:
    check(SAMPLE, "sample")
    assert [example.printed for example in examples(SAMPLE)] == ["", "2\n"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("2\n```\n", "3\n```\n"), ("number = 1", "number = 2"), ("= 1", "= 1; print()")],
)
def test_a_page_that_says_something_else_is_caught(old: str, new: str) -> None:
    with pytest.raises(AssertionError, match=r"sample:\d"):
        check(SAMPLE.replace(old, new), "sample")


def test_a_failing_example_names_its_line_on_the_page() -> None:
    with pytest.raises(ZeroDivisionError) as failed:
        check(SAMPLE.replace("number + 1", "1 / 0"), "sample")
    assert failed.traceback[-1].lineno + 1 == 9
