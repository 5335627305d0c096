"""Every command on the page about chains is one, with options that it has."""

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from ledger_node.network import binary
from ledger_node.settings import Settings
from madang.cli.main import app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "chain.md").read_text("utf-8")
LINES = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def lines(program: str) -> list[list[str]]:
    split = (shlex.split(line) for line in LINES)
    return [words for words in split if program in words]


@pytest.mark.parametrize("words", lines("madang"), ids=lambda words: " ".join(words[1:4]))
def test_a_command_of_ours_takes_what_the_page_gives_it(words: list[str]) -> None:
    command, rest = typer.main.get_command(app), words[words.index("madang") + 1 :]
    while isinstance(command, TyperGroup):
        found = command.get_command(typer.Context(command), rest[0])
        assert found is not None, rest
        command, rest = found, rest[1:]
    # Parsing refuses an option that is not there, and one that is missing.
    command.make_context("madang", rest)


@cache
def helped(path: tuple[str, ...]) -> str:
    command = [binary.cached(), *path, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("words", lines("evmd"), ids=lambda words: " ".join(words[1:4]))
def test_a_command_of_the_engine_has_the_options_that_the_page_gives_it(words: list[str]) -> None:
    if not binary.cached().is_file():
        pytest.skip("no network engine: Go is absent")
    path: list[str] = []
    for word in words[1:]:
        if not re.search(rf"^  {re.escape(word)} ", helped(tuple(path)), re.MULTILINE):
            break
        path.append(word)
    assert path
    text = helped(tuple(path))
    for option in (word for word in words if word.startswith("--")):
        assert f"{option} " in text, option


def test_the_page_has_commands_and_every_one_of_chain() -> None:
    assert len(lines("madang")) >= 6
    named = set(re.findall(r"madang chain ([a-z]+)", PAGE))
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    chain = group.get_command(typer.Context(group), "chain")
    assert isinstance(chain, TyperGroup)
    assert named == set(chain.commands)


def test_the_settings_and_files_that_it_names_are_there() -> None:
    for name in re.findall(r"MADANG_([A-Z_]+)", PAGE):
        assert name.lower() in Settings.model_fields
