"""The list of commands is told without loading what stands behind them, and tells the truth."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from madang.cli.main import COMMANDS, app

HEAVY = ("sqlalchemy", "web3", "rich.live", "issuer", "ledger_node", "mobile_stub", "httpx")
LOADED = f"import sys; print([each for each in {HEAVY!r} if each in sys.modules])"


@pytest.mark.parametrize("name", COMMANDS)
def test_what_the_list_says_of_a_command_is_what_it_says_of_itself(name: str) -> None:
    command = COMMANDS[name].load(name)
    assert command.name == name
    told = " ".join((command.help or "").split())
    assert told.startswith(COMMANDS[name].help)


def test_every_command_is_in_the_list_and_an_unknown_one_is_named() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    assert all(f" {name} " in shown.output for name in COMMANDS)
    wrong = CliRunner().invoke(app, ["walet"])
    assert wrong.exit_code == 2
    assert "walet" in wrong.output


def test_a_command_is_called_by_its_whole_name() -> None:
    for words in (["openapi"], ["wallet", "list"], ["audit", "log"]):
        shown = CliRunner().invoke(app, [*words, "--help"], prog_name="madang")
        assert shown.exit_code == 0
        assert f"madang {' '.join(words)} [OPTIONS]" in " ".join(shown.output.split())


def test_an_import_of_the_command_loads_nothing_heavy() -> None:
    found = subprocess.run(
        [sys.executable, "-c", f"import madang.cli.main; {LOADED}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


def test_the_wallets_command_loads_no_service() -> None:
    services = ("sqlalchemy", "issuer", "verifier", "ledger_node", "contracts", "fastapi", "PIL")
    services += ("httpx", "mobile_stub.wallet", "mobile_stub.receiving.build")
    told = f"import sys; print([each for each in {services!r} if each in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", f"import madang.cli.wallet; {told}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"
