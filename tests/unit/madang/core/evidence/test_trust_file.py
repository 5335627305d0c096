"""A trust file says exactly what it says, and errors teach the right form."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.trust_file import Trust, parse
from madang.core.keys.signing import Signer
from madang.core.merkle.cosignature import CosignerKey
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.world import (
    LOG,
    ORIGIN,
    SECOND,
    WITNESSES,
    ml_dsa_signer,
)

ENGINES = list(Engine)


def value_of(engine: Engine = Engine.COMETBFT) -> Any:
    return json.loads(json.dumps(sample(engine).trust.to_json()))


def refused(value: Any) -> str:
    with pytest.raises(EvidenceError) as told:
        parse(value if isinstance(value, bytes) else json.dumps(value))
    assert told.value.code == "trust"
    return str(told.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_trust_comes_back(engine: Engine) -> None:
    trust = sample(engine).trust
    assert parse(json.dumps(trust.to_json())) == trust


@pytest.mark.parametrize("engine", ENGINES)
def test_each_member_is_needed_and_no_other_is_there(engine: Engine) -> None:
    def walk(value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each, path)
        if not isinstance(value, dict):
            return
        for name in list(value):
            kept = value.pop(name)
            refused(whole)
            value[name] = kept
            walk(kept, (*path, name))
        if path != ("contracts",):
            value["more"] = 1
            refused(whole)
            del value["more"]

    whole = value_of(engine)
    walk(whole, ())
    parse(json.dumps(whole))


@pytest.mark.parametrize(
    "wrong", [None, True, 0, -1, 2**70, "", "text", [], [[]], {}, {"a": 1}], ids=str
)
@pytest.mark.parametrize("engine", ENGINES)
def test_each_part_has_its_type(engine: Engine, wrong: Any) -> None:
    free = {("second_key", "None"), ("logs", "[]"), ("validators", "[]"), ("network", "text")}
    if engine is Engine.DEVELOPMENT:
        free |= {("quorum", "0")}

    def walk(holder: Any, places: Any, name: str = "") -> None:
        for place in places:
            kept, named = holder[place], place if isinstance(place, str) else name
            if kept != wrong and (named, str(wrong)) not in free:
                holder[place] = wrong
                refused(whole)
                holder[place] = kept
            if isinstance(kept, dict):
                walk(kept, list(kept))
            elif isinstance(kept, list):
                walk(kept, range(len(kept)), named)

    whole = value_of(engine)
    walk(whole, list(whole))


def renamed(signer: Signer) -> str:
    return CosignerKey.of("city.example/another/witness", signer).encode()


FOREIGN = CosignerKey.of("a.example/b/log", SECOND).encode()
Change = Callable[[Any], None]
TAUGHT: dict[str, tuple[Engine, Change, str]] = {
    "engine": (
        Engine.QBFT,
        lambda v: v["chain"].update(engine="clique"),
        "$.chain.engine: 'clique', expected cometbft or qbft or development",
    ),
    "network missing": (
        Engine.COMETBFT,
        lambda v: v["chain"].pop("network"),
        "CometBFT's chain id is needed",
    ),
    "network beside": (
        Engine.QBFT,
        lambda v: v["chain"].update(network="x-1"),
        "and for no other engine",
    ),
    "no validators": (
        Engine.QBFT,
        lambda v: v.update(validators=[]),
        "$.validators: an array of all validators was expected",
    ),
    "validators of a development chain": (
        Engine.DEVELOPMENT,
        lambda v: v.update(validators=[{"key": "00" * 32, "power": 1}]),
        "empty for the engine development alone",
    ),
    "a validator twice": (
        Engine.COMETBFT,
        lambda v: v["validators"].append(v["validators"][0]),
        "a validator stands in it twice",
    ),
    "an address of QBFT": (
        Engine.QBFT,
        lambda v: v["validators"][2].update(address="0x12"),
        "$.validators[2].address: '0x12', expected 0x",
    ),
    "power beyond CometBFT": (
        Engine.COMETBFT,
        lambda v: v["validators"][0].update(power=2**60 - 1),
        "beyond what CometBFT accepts",
    ),
    "no power": (
        Engine.COMETBFT,
        lambda v: v["validators"][0].update(power=0),
        "$.validators[0].power: '0', expected a whole number from 1",
    ),
    "no AnchorLog": (
        Engine.QBFT,
        lambda v: v.update(contracts={"Other": v["contracts"]["AnchorLog"]}),
        "an object with the contract AnchorLog was expected",
    ),
    "a log twice": (
        Engine.QBFT,
        lambda v: v["logs"].append(v["logs"][0]),
        "a log stands in it twice",
    ),
    "a witness twice": (
        Engine.QBFT,
        lambda v: v["logs"][0]["witnesses"].append(v["logs"][0]["witnesses"][0]),
        "a witness stands in it twice",
    ),
    "one key under two names": (
        Engine.QBFT,
        lambda v: v["logs"][0]["witnesses"].append(renamed(next(iter(WITNESSES.values())))),
        "a witness has the key of the log or of another witness",
    ),
    "the log as its own witness": (
        Engine.QBFT,
        lambda v: v["logs"][0]["witnesses"].append(renamed(LOG)),
        "a witness has the key of the log or of another witness",
    ),
    "the log as its own witness by its second key": (
        Engine.QBFT,
        lambda v: v["logs"][0]["witnesses"].append(renamed(SECOND)),
        "a witness has the key of the log or of another witness",
    ),
    "no quorum": (
        Engine.QBFT,
        lambda v: v["logs"][0].update(quorum=0),
        "$.logs[0].quorum: '0', expected a whole number from 1 to 4",
    ),
    "a quorum beyond all": (
        Engine.QBFT,
        lambda v: v["logs"][0].update(quorum=5),
        "$.logs[0].quorum: '5', expected a whole number from 1 to 4",
    ),
    "a second key of another log": (
        Engine.QBFT,
        lambda v: v["logs"][0].update(second_key=FOREIGN),
        "$.logs[0].second_key: the key is of 'a.example/b/log'",
    ),
    "a second key of Ed25519": (
        Engine.QBFT,
        lambda v: v["logs"][0].update(second_key=v["logs"][0]["witnesses"][0]),
        "$.logs[0].second_key: ",
    ),
    "a log's key of a witness": (
        Engine.QBFT,
        lambda v: v["logs"][0].update(key=v["logs"][0]["witnesses"][0]),
        "$.logs[0].key: ",
    ),
    "another version": (
        Engine.QBFT,
        lambda v: v.update(format="madang-trust-2"),
        "`madang evidence trust` writes such files",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAUGHT)
def test_an_error_names_the_place_and_the_form(name: str) -> None:
    engine, change, told = TAUGHT[name]
    value = value_of(engine)
    change(value)
    assert told in refused(value)


def test_a_development_chain_may_do_without_witnesses() -> None:
    value = value_of(Engine.DEVELOPMENT)
    value["logs"][0].update(witnesses=[], quorum=0)
    assert parse(json.dumps(value)).logs[ORIGIN].quorum == 0


def test_a_witness_may_sign_by_either_type() -> None:
    value = value_of()
    name = next(iter(WITNESSES))
    value["logs"][0]["witnesses"][0] = CosignerKey.of(name, ml_dsa_signer(name)).encode()
    assert parse(json.dumps(value)).logs[ORIGIN].witnesses[0].name == name


def test_the_keys_of_a_log_are_known_by_name_and_id() -> None:
    known = sample(Engine.COMETBFT)
    log = known.trust.logs[ORIGIN]
    for line in known.evidence.checkpoint.signatures:
        assert log.knows(line)
        assert not log.knows(type(line)(line.name, b"\0\0\0\0", line.signature))
        assert not log.knows(type(line)("another", line.key_id, line.signature))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"null", b"\xff", b'{"format":1}', b"[" * 10], ids=range(7)
)
def test_what_is_no_trust_file_is_told(data: bytes) -> None:
    assert "trust file, $" in refused(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_trust_or_the_one_error(data: bytes) -> None:
    with suppress(EvidenceError):
        assert isinstance(parse(data), Trust)
