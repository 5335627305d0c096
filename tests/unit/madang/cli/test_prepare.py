"""`madang prepare` and `madang serve` as whoever runs the services meets them."""

import json
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from madang.cli import serve
from madang.cli.main import app
from madang.infra import keystore as keys_module

CATALOG = Path(__file__).resolve().parents[4] / "catalog"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(CATALOG))
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "right")
    return tmp_path


def typed(*arguments: str, code: int = 0) -> str:
    result: Result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return str(result.output)


def moved_to(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    origins = dict.fromkeys(("issuer", "verifier", "counter"), f"http://127.0.0.1:{port}")
    monkeypatch.setenv("MADANG_ORIGINS", json.dumps(origins))


def test_what_is_refused_is_a_line_and_no_traceback(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "")
    told = typed("prepare", code=1)
    assert told == "refused: MADANG_KEY_PASSPHRASE is empty; keys need one that is not\n"
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(state / "nowhere"))
    told = typed("prepare", code=1)
    assert told.startswith("refused: ")
    assert "nowhere" in told


def test_whoever_prepares_is_told_whose_root_is_one_for_development(state: Path) -> None:
    """Who forgot the ceremony learns it now, and not when verifiers have the root."""
    told = typed("prepare")
    for tenant in ("hanbit", "saebyeol"):
        assert f"{tenant}: keys and anchors are there. The root is one for development" in told
    assert "madang ceremony" in told
    assert typed("prepare") == told
    for tenant in ("hanbit", "saebyeol"):
        (state / "keys" / tenant / "ca-root.key").unlink()
    assert (
        typed("prepare")
        == "hanbit: keys and anchors are there.\nsaebyeol: keys and anchors are there.\n"
    )


@pytest.mark.parametrize("command", [("prepare",), ("serve", "issuer"), ("serve", "wallet")])
def test_a_state_folder_of_other_ports_is_refused_in_words(
    state: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    moved_to(monkeypatch, 8401)
    typed("prepare")
    moved_to(monkeypatch, 9401)
    told = typed(*command, code=1)
    assert told.startswith("refused: ")
    assert "made for http://127.0.0.1:8401/hanbit/issuer" in told
    assert "http://127.0.0.1:9401/hanbit/issuer" in told


@pytest.mark.parametrize("service", ["issuer", "verifier", "counter", "wallet", "witness"])
def test_a_service_without_its_keys_is_refused_at_the_start(
    state: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    told = typed("serve", service, code=1)
    assert told.startswith("refused: no")
    assert str(state) in told
    assert "`madang prepare` makes what is" in told
    typed("prepare")
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "wrong")
    told = typed("serve", service, code=1)
    assert "does not open; MADANG_KEY_PASSPHRASE must be the one with which it was made" in told


def test_a_service_that_runs_alone_refuses_alike(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved_to(monkeypatch, 8401)
    typed("prepare")
    moved_to(monkeypatch, 9401)
    alone = typer.Typer()
    alone.command()(serve.serve)
    result = CliRunner().invoke(alone, ["issuer"])
    assert (result.exit_code, result.output[:9]) == (1, "refused: ")


def test_an_audit_body_gets_one_key_and_nothing_of_a_municipality(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MADANG_WITNESS_NAME", "audit")
    monkeypatch.setenv("MADANG_ORIGINS", json.dumps({"witness": "https://audit.example"}))
    assert typed("prepare") == "audit: the key of its witness is there.\n"
    made = {path.relative_to(state).as_posix() for path in state.rglob("*") if path.is_file()}
    assert made == {
        "keys/audit/witness.key",
        "keys/salt",
        "prepare.lock",
        "trust/witnesses/audit.vkey",
    }
    assert typed("prepare") == "audit: the key of its witness is there.\n"


@pytest.mark.parametrize("command", [("prepare",), ("serve", "witness")])
@pytest.mark.parametrize("name", ["hanbit", "Audit", "audit"])
def test_a_witness_that_cannot_be_is_refused_in_words(
    state: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], name: str
) -> None:
    monkeypatch.setenv("MADANG_WITNESS_NAME", name)
    told = typed(*command, code=1)
    assert told.startswith("refused: ")
    assert ("MADANG_ORIGINS" if name == "audit" else "MADANG_WITNESS_NAME") in told


def test_a_log_whose_witnesses_are_not_known_is_refused_in_words(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("prepare")
    monkeypatch.setenv("MADANG_WITNESSES", json.dumps(["https://x.example/x/witness"]))
    told = typed("serve", "log", code=1)
    assert told.startswith("refused: MADANG_WITNESSES names https://x.example/x/witness")


def test_a_city_on_other_ports_is_refused_in_words(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = state / "city"
    moved_to(monkeypatch, 8401)
    monkeypatch.setenv("MADANG_STATE_DIR", str(folder))
    typed("prepare")
    (folder / "passphrase").write_text("right")
    told = typed("run", "--state", str(folder), "--port", "9400", "--once", code=1)
    assert "refused: " in told
    assert "--port" in told
