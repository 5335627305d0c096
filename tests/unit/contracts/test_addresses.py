"""Records of deployments come back, and nothing else is taken for one."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from contracts.addresses import (
    MAX_CONTRACTS,
    DeployedContract,
    Deployment,
    DeploymentError,
    read,
    write,
)

LOG = DeployedContract(
    address="0x5FbDB2315678afecb367f032d93F642f64180aa3", code_hash="0x" + "f1" * 32
)
OTHER = DeployedContract(address="0x" + "22" * 20, code_hash="0x" + "f2" * 32)
RECORD = Deployment(31_337, "0x" + "0a" * 32, {"AnchorLog": LOG, "Accreditation": OTHER})
CODES = {"AnchorLog": LOG.code_hash, "Accreditation": OTHER.code_hash}


def test_a_record_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "contract.json"
    write(file, replace(RECORD, chain_id=1))
    write(file, RECORD)
    assert read(file) == RECORD
    assert [each.name for each in tmp_path.iterdir()] == ["contract.json"]


def test_a_contract_is_found_by_name() -> None:
    assert RECORD["AnchorLog"] == LOG
    with pytest.raises(
        DeploymentError, match="no contract 'Ballot', only Accreditation, AnchorLog"
    ):
        RECORD["Ballot"]


def test_the_same_node_has_no_mismatch() -> None:
    assert (
        RECORD.mismatches(chain_id=31_337, genesis_hash=RECORD.genesis_hash, code_hashes=CODES)
        == ()
    )


def test_another_node_is_told_by_every_mark() -> None:
    found = RECORD.mismatches(chain_id=1, genesis_hash="0x00", code_hashes={"AnchorLog": "0x"})
    assert found == (
        ("chain_id", "31337", "1"),
        ("genesis_hash", RECORD.genesis_hash, "0x00"),
        ("Accreditation.code_hash", OTHER.code_hash, "nothing"),
        ("AnchorLog.code_hash", LOG.code_hash, "0x"),
    )


def test_code_that_the_record_does_not_name_says_nothing() -> None:
    more = CODES | {"Ballot": "0x"}
    assert not RECORD.mismatches(
        chain_id=31_337, genesis_hash=RECORD.genesis_hash, code_hashes=more
    )


def _contracts(**changes: object) -> dict[str, Any]:
    return {"contracts": {"AnchorLog": asdict(LOG) | changes}}


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": 0},
        {"chain_id": "31337"},
        {"chain_id": True},
        {"genesis_hash": "0x" + "0A" * 32},
        {"genesis_hash": "0a" * 32},
        {"final_depth": -1},
        {"final_depth": "0"},
        {"final_depth": False},
        {"more": 1},
        {"contracts": {}},
        {"contracts": []},
        {"contracts": {"AnchorLog": None}},
        {"contracts": {"": asdict(LOG)}},
        {"contracts": {"../x": asdict(LOG)}},
        {"contracts": {f"Log{number}": asdict(LOG) for number in range(MAX_CONTRACTS + 1)}},
        _contracts(address="0x" + "0" * 39),
        _contracts(address=None),
        _contracts(code_hash=""),
        _contracts(more=1),
    ],
)
def test_a_malformed_record_is_refused_by_file(tmp_path: Path, changes: dict[str, object]) -> None:
    file = tmp_path / "contract.json"
    file.write_text(json.dumps(asdict(RECORD) | changes), encoding="utf-8")
    with pytest.raises(DeploymentError, match=r"contract\.json: "):
        read(file)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '"x"', " " * 20_000])
def test_other_content_is_refused_by_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "contract.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DeploymentError, match=r"contract\.json: "):
        read(file)


def test_a_record_from_before_accreditation_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "contract.json"
    earlier = {"contract": "AnchorLog", "chain_id": 1, "genesis_hash": RECORD.genesis_hash}
    file.write_text(json.dumps(earlier | asdict(LOG)), encoding="utf-8")
    with pytest.raises(DeploymentError, match="start in another state folder"):
        read(file)


def test_a_missing_record_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="deploy the contracts first"):
        read(tmp_path / "contract.json")
