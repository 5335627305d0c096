"""`madang openapi` prints what the service serves, and needs nothing that was prepared."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from madang.cli.main import app
from madang.infra import keystore

CATALOG = Path(__file__).resolve().parents[4] / "catalog"


def test_a_document_is_printed_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore, "SCRYPT_N", 2)
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(CATALOG))
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path / "state"))
    outcome = CliRunner().invoke(app, ["openapi", "wallet"])
    assert outcome.exit_code == 0, outcome.output
    told = json.loads(outcome.stdout)
    assert told["openapi"] == "3.1.0"
    assert "/{tenant}/wallet/attestations/key" in told["paths"]
    assert "KeyAttestationCall" in told["components"]["schemas"]
    assert not (tmp_path / "state").exists()
