"""What the page about foreign tools names is there: settings, commands, files, tests."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from issuer.settings import Settings as IssuerSettings
from ledger_node.settings import Settings as LogSettings
from madang.cli.main import app
from madang.core.protocol.oid4vp.known_clients import parse_known_clients
from madang.infra.authority import CERTIFIED
from mobile_stub.settings import Settings as WalletSettings
from verifier.settings import Settings as VerifierSettings
from wallet_api.settings import Settings as ProviderSettings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text("utf-8")
SERVICES = (IssuerSettings, VerifierSettings, ProviderSettings, LogSettings)


def test_every_setting_of_a_service_is_one() -> None:
    known = {name.upper() for settings in SERVICES for name in settings.model_fields}
    named = set(re.findall(r"MADANG_([A-Z0-9_]+)", PAGE))
    assert {"TLS_ANCHORS", "SIGNING_KEYS", "WALLET_ANCHORS"} <= named
    assert named <= known


def test_every_setting_of_the_wallet_is_one() -> None:
    known = {name.upper() for name in WalletSettings.model_fields} | {"REQUEST_ANCHORS"}
    named = set(re.findall(r"(?<!MADANG_)WALLET_([A-Z_]+)", PAGE)) - {""}
    assert {"TLS_ANCHORS", "PROVIDER"} <= named
    assert named <= known


@pytest.mark.parametrize("line", re.findall(r"^(?:[A-Z_]+=\S+ )*(madang .*)$", PAGE, re.MULTILINE))
def test_every_command_takes_what_it_is_given(line: str) -> None:
    words = shlex.split(line)[1:]
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        found = command.get_command(typer.Context(command), words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context("madang", words)


def test_every_endpoint_of_the_wallet_is_one() -> None:
    named = set(re.findall(r"^\| `(GET|POST) (/[a-z-]+)", PAGE, re.MULTILINE))
    assert ("GET", "/authorize") in named
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "mobile_stub").glob("**/*.py"))
    assert [path for _, path in named if f'"{path}"' not in sources] == []


def test_the_file_of_clients_is_read() -> None:
    (example,) = re.findall(r"```json\n(\{\n  \"clients\".*?)```", PAGE, re.DOTALL)
    found = parse_known_clients(example.encode())
    assert (set(found.clients), set(found.attesters)) == ({"shop"}, {"https://attester.example"})


def test_every_file_of_the_authority_is_made() -> None:
    named = set(re.findall(r"ca/hanbit-([a-z-]+)\.jwks\.json", PAGE))
    assert named
    assert named <= set(CERTIFIED)


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:tests|docs)/[A-Za-z0-9_/.-]+)`", PAGE))
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_it_says_that_the_suite_was_not_run() -> None:
    assert "The suite itself was not run" in PAGE
