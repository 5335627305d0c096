"""What the product reads of the contracts is what lies in the tree."""

from hashlib import sha256
from pathlib import Path

import pytest

from contracts.artifacts import ArtifactError, load

SOURCES = Path(__file__).resolve().parents[3] / "contracts"


def test_the_artifact_is_of_the_source_beside_it() -> None:
    artifact = load("AnchorLog")
    assert artifact.source_sha256 == sha256((SOURCES / "AnchorLog.vy").read_bytes()).hexdigest()
    assert artifact.compiler.startswith("vyper 0.4.3+")
    assert artifact.evm_version == "london"


def test_the_interface_has_what_publishers_and_auditors_call() -> None:
    names = {(each["type"], each.get("name")) for each in load("AnchorLog").abi}
    for function in ("open", "append", "head", "idOf", "verifyInclusion", "acceptOwner"):
        assert ("function", function) in names
    for event in ("Opened", "Appended", "OwnerChanged"):
        assert ("event", event) in names


def test_every_function_is_explained() -> None:
    artifact = load("AnchorLog")
    source = (SOURCES / "AnchorLog.vy").read_text("utf-8")
    functions = [each["name"] for each in artifact.abi if each["type"] == "function"]
    for name in functions:
        head, _, rest = source.partition(f"def {name}(")
        explained = "@notice" in rest.split("def ", 1)[0] if rest else f"{name}: public(" in head
        assert explained, name


def test_heads_are_at_the_slot_that_proofs_of_storage_use() -> None:
    assert load("AnchorLog").storage_slots["_heads"] == 1


def test_the_code_on_the_chain_ends_in_the_fixed_values() -> None:
    artifact = load("AnchorLog")
    assert artifact.code_on_chain(7) == artifact.runtime + bytes(31) + b"\x07"
    assert artifact.runtime in artifact.bytecode


def test_the_code_uses_nothing_newer_than_its_rules() -> None:
    # PUSH0 came with Shanghai; a scan has to step over the data of pushes.
    code, at, opcodes = load("AnchorLog").runtime, 0, set()
    while at < len(code):
        opcodes.add(code[at])
        at += 1 + max(0, code[at] - 0x5F if code[at] <= 0x7F else 0)
    assert 0x5F not in opcodes


@pytest.mark.parametrize("name", ["Nothing", "", "../AnchorLog", "AnchorLog.json"])
def test_a_contract_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ArtifactError, match="compile_contracts"):
        load(name)
