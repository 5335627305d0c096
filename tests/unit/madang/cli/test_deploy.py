"""`madang chain deploy` as it is typed: done once, said each time, refused in a line."""

import os
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from contracts import addresses
from ledger_node.publisher.files import only_writer
from madang.cli.main import app
from madang.infra import keystore as keys_module
from tests.serving import free_port

CATALOG = Path(__file__).parents[4] / "catalog"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    for name in [each for each in os.environ if each.startswith("MADANG_")]:
        monkeypatch.delenv(name)
    given = {"STATE_DIR": tmp_path, "CATALOG_DIR": CATALOG, "CHAIN_PORT": free_port()}
    for name, value in (given | {"KEY_PASSPHRASE": "a passphrase for the test"}).items():
        monkeypatch.setenv(f"MADANG_{name}", str(value))
    assert CliRunner().invoke(app, ["prepare"]).exit_code == 0
    return tmp_path


def _deploy() -> Result:
    return CliRunner().invoke(app, ["chain", "deploy"])


def test_it_is_done_once_and_said_each_time(state: Path) -> None:
    first = _deploy()
    assert first.exit_code == 0, first.output
    record = addresses.read(state / "contract.json")
    for contract in record.contracts.values():
        assert contract.address in first.output
        assert contract.code_hash in first.output
    assert record.genesis_hash in first.output
    assert _deploy().output == first.output
    assert addresses.read(state / "contract.json") == record


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{}", "expected an object with the members"),
        ('{"contract": "AnchorLog"}', "start in another state folder"),
    ],
)
def test_a_record_that_is_none_is_refused(state: Path, content: str, told: str) -> None:
    (state / "contract.json").write_text(content, "ascii")
    found = _deploy()
    assert found.exit_code == 1
    assert found.output.startswith("refused: ")
    assert told in found.output


def test_a_chain_that_does_not_answer_is_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_RPC_URLS", '["http://127.0.0.1:9"]')
    found = _deploy()
    assert found.exit_code == 1
    assert "refused: http://127.0.0.1:9 could not be checked" in found.output
    assert not (state / "contract.json").exists()


def test_it_is_not_done_beside_a_running_node(state: Path) -> None:
    with only_writer(state / "log"):
        found = _deploy()
    assert found.exit_code == 1
    assert "another process writes" in found.output
