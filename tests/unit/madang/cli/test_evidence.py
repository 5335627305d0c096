"""`madang evidence` and `madang audit evidence` as typed, on an engine that really runs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from madang.cli.main import app
from madang.core.evidence import bundle, trust_file
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.trust_file import Trust
from madang.core.merkle.cosignature import cosign
from madang.core.merkle.note import parse_note, with_signatures
from tests.unit.madang.cli.evidence_city import HEAD, THINGS, City, build, running, served
from tests.unit.madang.core.evidence import world
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.world import ORIGIN


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with running() as url:
        yield build(tmp_path_factory.mktemp("city"), url)


@pytest.fixture(scope="module")
def trust(city: City) -> Path:
    path = city.state / "trust.json"
    told = typed(
        "evidence", "trust", "--state", city.state, "--engine", "development", "--out", path
    )
    assert told.exit_code == 0, told.output
    return path


def typed(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def exported(city: City, trust: Path, index: int, *further: object) -> Path:
    out = city.state / f"{index}.evidence"
    out.unlink(missing_ok=True)
    given = further or ("--log", city.log, "--rpc", city.rpc)
    told = typed("evidence", "export", city.receipt(index), "--trust", trust, "--out", out, *given)
    assert told.exit_code == 0, told.output
    assert f"{out.stat().st_size} bytes" in told.output
    return out


def read(path: Path) -> Trust:
    return trust_file.parse(path.read_bytes())


def test_the_trust_is_what_the_state_folder_says(city: City, trust: Path) -> None:
    found = read(trust)
    log = found.logs[ORIGIN]
    assert found.chain.engine is Engine.DEVELOPMENT
    assert (log.key, log.second_key) == (world.KEY, world.SECOND_KEY)
    assert {each.name for each in log.witnesses} == set(world.WITNESSES)
    assert log.quorum == 3
    assert list(found.contracts) == ["AnchorLog"]


@pytest.mark.parametrize("index", range(3))
def test_a_file_is_made_and_proved_with_its_thing(city: City, trust: Path, index: int) -> None:
    out = exported(city, trust, index)
    told = typed("audit", "evidence", out, "--trust", trust, "--thing", city.thing(index))
    assert told.exit_code == 0, told.output
    assert f"Entry {index} of {ORIGIN}: {THINGS[index][0]}" in told.output
    assert "in the tree of 3 entries, which 4 witnesses cosigned" in told.output
    assert "Nobody stands for that block" in told.output


def test_a_decision_is_recomputed_from_its_rule(city: City, trust: Path) -> None:
    out = exported(city, trust, 2)
    proved = ("audit", "evidence", out, "--trust", trust, "--thing", city.thing(2), "--rule")
    assert typed(*proved, city.thing(1)).exit_code == 0
    rule = json.loads(city.thing(1).read_text("utf-8"))
    other = city.state / "other-rule"
    other.write_text(json.dumps(rule | {"version": "2099-01-01"}), "utf-8")
    told = typed(*proved, other)
    assert told.exit_code == 1
    assert "FAILED decision_" in told.output


def test_a_rule_goes_with_a_decision_alone(city: City, trust: Path) -> None:
    out = exported(city, trust, 0)
    for further in ((), ("--thing", city.thing(0))):
        told = typed("audit", "evidence", out, "--trust", trust, "--rule", city.thing(1), *further)
        assert told.exit_code == 2
        assert "--rule goes with --thing" in told.output


def test_another_thing_is_told(city: City, trust: Path, tmp_path: Path) -> None:
    out = exported(city, trust, 1)
    changed = tmp_path / "rule"
    changed.write_text(json.dumps(json.loads(THINGS[1][1]) | {"version": "2099-01-01"}), "utf-8")
    told = typed("audit", "evidence", out, "--trust", trust, "--thing", changed, "--json")
    assert told.exit_code == 1
    found = json.loads(told.output)
    assert found["ok"] is False
    assert [each["code"] for each in found["failures"]] == ["thing"]


def test_machines_read_json(city: City, trust: Path) -> None:
    told = typed("audit", "evidence", exported(city, trust, 0), "--trust", trust, "--json")
    found = json.loads(told.output)
    assert (found["ok"], found["final"], found["failures"]) == (True, False, [])
    assert found["entry"]["sequence"] == 0
    assert (found["size"], found["witnesses"]) == (3, 4)


def test_a_log_behind_http_is_read_too(city: City, trust: Path) -> None:
    with served(city.log) as url:
        exported(city, trust, 0, "--log", url, "--rpc", city.rpc)


def test_the_logs_own_node_is_asked_for_the_public_half(city: City, trust: Path) -> None:
    whole = bundle.parse(exported(city, trust, 0).read_bytes())
    (city.log / "evidence").mkdir()
    (city.log / "evidence" / "0").write_bytes(replace(whole, thing=None).encode())
    with served(city.log) as url:
        joined = exported(city, trust, 0, "--log", f"{url}/")
        assert joined.read_bytes() == whole.encode()
        out, receipt = city.state / "none", city.receipt(1)
        told = typed("evidence", "export", receipt, "--trust", trust, "--log", url, "--out", out)
    assert told.exit_code == 2
    assert "answered 404" in told.output
    assert not out.exists()


def test_lines_of_others_are_left_out(city: City, trust: Path) -> None:
    path = city.log / "checkpoint"
    kept = path.read_text("utf-8")
    stranger = cosign(HEAD, "stranger.example/a/witness", world.ed25519_signer("x"), world.COSIGNED)
    path.write_text(with_signatures(parse_note(kept), [stranger]).serialize(), "utf-8")
    found = bundle.parse(exported(city, trust, 0).read_bytes())
    assert found.checkpoint.signatures == parse_note(kept).signatures
    path.write_text(kept, "utf-8")


def test_what_does_not_hold_is_not_written(city: City, trust: Path, tmp_path: Path) -> None:
    value = json.loads(trust.read_text("utf-8"))
    value["contracts"]["AnchorLog"]["code_hash"] = "0x" + "00" * 32
    other, out = tmp_path / "trust", tmp_path / "out"
    other.write_text(json.dumps(value), "utf-8")
    given = ("--log", city.log, "--rpc", city.rpc, "--out", out)
    told = typed("evidence", "export", city.receipt(0), "--trust", other, *given)
    assert told.exit_code == 1
    assert "FAILED code" in told.output
    assert not out.exists()


def test_a_head_that_is_not_on_the_chain_is_told(city: City, trust: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    older = replace(HEAD, size=2)
    (log / "checkpoint").write_text(world.note(older), "utf-8")
    receipt = json.loads(city.receipt(0).read_text("utf-8")) | {"checkpoint": world.note(older)}
    path = tmp_path / "receipt"
    path.write_text(json.dumps(receipt), "utf-8")
    given = ("--log", log, "--rpc", city.rpc, "--out", tmp_path / "out")
    told = typed("evidence", "export", path, "--trust", trust, *given)
    assert told.exit_code == 2
    assert "the chain has the head of 3 entries" in told.output


def test_a_tampered_file_is_refused_and_told(city: City, trust: Path) -> None:
    evidence = bundle.parse(exported(city, trust, 0).read_bytes())
    bent = city.state / "bent"
    bent.write_bytes(replace(evidence, inclusion=evidence.inclusion[:-1]).encode())
    told = typed("audit", "evidence", bent, "--trust", trust)
    assert told.exit_code == 1
    assert "FAILED inclusion (RFC 9162 section 2.1.3.2): entry 0 is not shown" in told.output
    assert "Entry 0 of" not in told.output


def test_a_production_trust_refuses_a_development_chain(city: City, trust: Path) -> None:
    production = city.state / "production.json"
    value = sample(Engine.COMETBFT).trust.to_json()
    production.write_text(json.dumps(value), "utf-8")
    told = typed("audit", "evidence", exported(city, trust, 0), "--trust", production)
    assert told.exit_code == 1
    assert "FAILED engine" in told.output


@pytest.mark.parametrize("engine", [Engine.COMETBFT, Engine.QBFT])
def test_a_file_of_a_final_chain_says_so(engine: Engine, tmp_path: Path) -> None:
    known = sample(engine)
    (tmp_path / "file").write_bytes(known.evidence.encode())
    (tmp_path / "trust").write_text(json.dumps(known.trust.to_json()), "utf-8")
    told = typed("audit", "evidence", tmp_path / "file", "--trust", tmp_path / "trust")
    assert told.exit_code == 0
    assert "The validators of the trust file made that block final." in told.output


@pytest.mark.parametrize("content", [b"", b"\xa0", b"{}"], ids=range(3))
def test_what_cannot_be_read_ends_the_audit(content: bytes, trust: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    for arguments in ((tmp_path / "file", trust), (tmp_path / "none", trust)):
        told = typed("audit", "evidence", arguments[0], "--trust", arguments[1])
        assert told.exit_code == 2
        assert "cannot audit: " in told.output


def test_a_trust_file_needs_validators_where_the_engine_has_them(
    city: City, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    base = ("evidence", "trust", "--state", city.state, "--out", out, "--engine")
    told = typed(*base, "qbft")
    assert told.exit_code == 2
    assert "$.validators: an array of all validators was expected" in told.output
    validators = tmp_path / "validators"
    validators.write_text(json.dumps([{"address": "0x" + "11" * 20}]), "utf-8")
    assert typed(*base, "qbft", "--validators", validators).exit_code == 0
    assert read(out).chain.engine is Engine.QBFT
    known: Any = sample(Engine.COMETBFT).trust.to_json()["validators"]
    record = {"comet_chain_id": "madang-1", "validators": [each | {"name": "a"} for each in known]}
    validators.write_text(json.dumps(known), "utf-8")
    told = typed(*base, "cometbft", "--validators", validators)
    assert (told.exit_code, "--network" in told.output) == (2, True)
    named = typed(*base, "cometbft", "--validators", validators, "--network", "madang-1")
    assert named.exit_code == 0
    validators.write_text(json.dumps(record), "utf-8")
    assert typed(*base, "cometbft", "--validators", validators).exit_code == 0
    chain = read(out).chain
    assert chain.network == "madang-1"
    assert chain.validators == sample(Engine.COMETBFT).trust.chain.validators
    for wrong in ({}, {"validators": []}, {"comet_chain_id": "a-1", "validators": [7]}, 7):
        validators.write_text(json.dumps(wrong), "utf-8")
        assert typed(*base, "cometbft", "--validators", validators).exit_code == 2


@pytest.mark.parametrize(
    "name", ["contract.json", "trust/logs/hanbit.owner", "trust/logs/hanbit.vkey"]
)
def test_what_a_state_folder_lacks_is_told(city: City, tmp_path: Path, name: str) -> None:
    path = city.state / name
    kept = path.read_bytes()
    path.unlink()
    given = ("--engine", "development", "--out", tmp_path / "out")
    told = typed("evidence", "trust", "--state", city.state, *given)
    path.write_bytes(kept)
    assert told.exit_code == 2
    assert Path(name).name in told.output or "no log's key" in told.output
