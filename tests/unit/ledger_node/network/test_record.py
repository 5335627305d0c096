"""`network.json` comes back as it was written, and anything else is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_node.network.configuration import Ports
from ledger_node.network.record import FILE, NetworkRecord, RecordError, Validator
from tests.unit.ledger_node.network.members import member

RECORD = NetworkRecord(
    262_144,
    "madang-1",
    "ab" * 32,
    ("0x" + "1" * 40,),
    tuple(Validator(member(at), 100, Ports.at(9000 + 10 * at)) for at in (1, 2)),
)


def test_a_record_comes_back(tmp_path: Path) -> None:
    RECORD.write(tmp_path)
    assert NetworkRecord.read(tmp_path) == RECORD


def test_a_reader_finds_keys_powers_and_addresses(tmp_path: Path) -> None:
    RECORD.write(tmp_path)
    value = json.loads((tmp_path / FILE).read_bytes())
    assert value["chain_id"] == 262_144
    first = value["validators"][0]
    assert (first["key"], first["power"]) == (member(1).key, 100)
    assert first["json_rpc"] == "http://127.0.0.1:9010"
    assert first["comet_rpc"] == "http://127.0.0.1:9011"
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644


def test_a_folder_without_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no network in"):
        NetworkRecord.read(tmp_path)


@pytest.mark.parametrize("missing", ["chain_id", "comet_chain_id", "writers", "validators"])
def test_a_record_without_a_part_is_refused(tmp_path: Path, missing: str) -> None:
    RECORD.write(tmp_path)
    value = json.loads((tmp_path / FILE).read_bytes())
    del value[missing]
    (tmp_path / FILE).write_text(json.dumps(value))
    with pytest.raises(RecordError, match=missing):
        NetworkRecord.read(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(RecordError):
        NetworkRecord.read(tmp_path)
