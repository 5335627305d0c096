"""The committed code is the tested code, and a deployment can be told by it."""

import subprocess
import sys
from pathlib import Path

import boa
from harness import DELAY, REPOSITORY, Chain

from contracts.artifacts import load

SCRIPT = REPOSITORY / "scripts" / "compile_contracts.py"


def test_the_committed_artifact_is_what_the_source_compiles_to() -> None:
    subprocess.run([sys.executable, SCRIPT, "--check"], check=True)


def test_a_stale_artifact_is_named(tmp_path: Path) -> None:
    for name in ("scripts", "contracts"):
        (tmp_path / name).mkdir()
    (tmp_path / "scripts" / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
    for each in (REPOSITORY / "contracts").glob("*.vy"):
        (tmp_path / "contracts" / each.name).write_bytes(each.read_bytes())
    command = [sys.executable, tmp_path / "scripts" / SCRIPT.name]
    subprocess.run(command, check=True)
    for name in ("AnchorLog.json", "Accreditation.json"):
        made = (tmp_path / "contracts" / "artifacts" / name).read_bytes()
        assert made == (REPOSITORY / "contracts" / "artifacts" / name).read_bytes()
    with (tmp_path / "contracts" / "council.vy").open("a", encoding="utf-8") as module:
        module.write("\n# changed\n")
    found = subprocess.run([*command, "--check"], check=False, capture_output=True, text=True)
    assert found.returncode == 1
    assert "Accreditation: the committed artifact" in found.stdout
    assert "AnchorLog" not in found.stdout


def test_a_deployment_has_the_committed_code_and_its_delay(chain: Chain) -> None:
    code = boa.env.get_code(chain.contract.address)
    assert code == load("AnchorLog").code_on_chain(DELAY)
