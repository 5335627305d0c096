"""Records of deployments come back, and nothing else is taken for one."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from contracts.addresses import Deployment, DeploymentError, read, write

RECORD = Deployment(
    contract="AnchorLog",
    chain_id=31_337,
    genesis_hash="0x" + "0a" * 32,
    address="0x5FbDB2315678afecb367f032d93F642f64180aa3",
    code_hash="0x" + "f1" * 32,
)


def test_a_record_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "AnchorLog.json"
    write(file, replace(RECORD, chain_id=1))
    write(file, RECORD)
    assert read(file) == RECORD
    assert [each.name for each in tmp_path.iterdir()] == ["AnchorLog.json"]


def test_the_same_node_has_no_mismatch() -> None:
    found = {"chain_id": 31_337, "genesis_hash": "0x" + "0a" * 32, "code_hash": "0x" + "f1" * 32}
    assert RECORD.mismatches(**found) == ()  # type: ignore[arg-type]


def test_another_node_is_told_by_every_mark() -> None:
    found = RECORD.mismatches(chain_id=1, genesis_hash="0x00", code_hash="0x")
    assert found == (
        ("chain_id", "31337", "1"),
        ("genesis_hash", RECORD.genesis_hash, "0x00"),
        ("code_hash", RECORD.code_hash, "0x"),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"contract": ""},
        {"contract": "../x"},
        {"chain_id": 0},
        {"chain_id": "31337"},
        {"chain_id": True},
        {"genesis_hash": "0x" + "0A" * 32},
        {"genesis_hash": "0a" * 32},
        {"address": "0x" + "0" * 39},
        {"address": None},
        {"code_hash": ""},
        {"more": 1},
    ],
)
def test_a_malformed_record_is_refused_by_file(tmp_path: Path, changes: dict[str, object]) -> None:
    file = tmp_path / "AnchorLog.json"
    file.write_text(json.dumps(asdict(RECORD) | changes), encoding="utf-8")
    with pytest.raises(DeploymentError, match=r"AnchorLog\.json: "):
        read(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '"x"', " " * 20_000])
def test_other_content_is_refused_by_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "AnchorLog.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DeploymentError, match=r"AnchorLog\.json: "):
        read(file)


def test_a_missing_record_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="deploy the contract first"):
        read(tmp_path / "AnchorLog.json")
