"""`madang audit log` as it is typed: the second key is read like the first, and told of."""

from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.addresses import DeployedContract, Deployment
from ledger_node.audit.inspection import AuditInputError, Inspection
from madang.cli.audit import UNREADABLE, _block, _told
from madang.cli.main import app
from madang.core.encoding import strict_json
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.note import VerifierKey
from madang.infra.chain import Block

ADDRESS, HASH = "0x" + "11" * 20, "0x" + "00" * 32
KEY = VerifierKey.of("log.example/hanbit/log", generate_ed25519("log")).encode()


@pytest.mark.parametrize("second", ["", "no key", KEY, KEY + "\n"], ids=range(4))
def test_what_is_no_second_key_ends_the_audit_before_it_begins(tmp_path: Path, second: str) -> None:
    deployment = Deployment(1, HASH, {"AnchorLog": DeployedContract(ADDRESS, HASH)})
    given = {
        "contract": strict_json.dumps(asdict(deployment)),
        "owner": ADDRESS,
        "key": KEY,
        "second-key": second,
    }
    arguments = ["audit", "log", "--log", str(tmp_path), "--rpc", "http://127.0.0.1:9"]
    for name, content in given.items():
        (tmp_path / name).write_text(content, "ascii")
        arguments += [f"--{name}", str(tmp_path / name)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == UNREADABLE
    assert "cannot audit: key " in result.output


def test_the_second_signature_is_told_of_where_it_was_proved() -> None:
    found = Inspection()
    assert "ML-DSA" not in _told(found)
    found.proved["cosigned"] = 1_800_000_000
    assert "cosigned by ML-DSA-44, in epoch second 1800000000." in _told(found)
    found = Inspection()
    found.find("cosignature_missing", "checkpoint 0", "size 7")
    assert "FOUND cosignature_missing at checkpoint 0: size 7" in _told(found)
    assert "ML-DSA" not in _told(found)


@pytest.mark.parametrize("told", ["5", "5:0x12", "0x5:" + HASH, f"5:{HASH}0", f"-5:{HASH}"])
def test_a_known_block_has_one_form(told: str) -> None:
    with pytest.raises(AuditInputError, match="expected NUMBER:0x"):
        _block(told)
    assert _block("") is None
    assert _block(f"5:{HASH}") == Block(5, HASH, 0)


def test_the_final_block_is_told_as_the_next_audit_takes_it() -> None:
    found = Inspection()
    assert "--known-block" not in _told(found)
    found.proved["final_block"] = {"number": 5, "hash": HASH}
    told = _told(found).partition("--known-block ")[2].split()[0]
    assert _block(told) == Block(5, HASH, 0)
