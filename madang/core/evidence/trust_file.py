"""An auditor's trust: what is known beforehand, and never taken from an evidence file.

JSON: the chain and its validators, the contracts with their codes, and of each log its keys, the
account that opened it on the chain, and its witnesses with their quorum.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.cometbft import MAX_VALIDATORS
from madang.core.evidence.finality.model import Chain, Engine, Validator
from madang.core.evidence.primitives import Primitives
from madang.core.evidence.storage.slots import Place, log_id
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import (
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    NoteError,
    NoteSignature,
    VerifierKey,
)

FORMAT: Final = "madang-trust-1"
CONTRACT: Final = "AnchorLog"
MAX_BYTES: Final = 4_000_000
MAX_DEPTH: Final = 5
MAX_LOGS: Final = 1_000
MAX_WITNESSES: Final = 32
MAX_CONTRACTS: Final = 16
_HASH: Final = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_NETWORK: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
_MOST: Final = 2**60
"""More power in all than this is none that CometBFT accepts."""


@dataclass(frozen=True, slots=True)
class TrustedContract:
    """A contract: its address (20 bytes) and the keccak256 of its code there."""

    address: bytes
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """A log.

    Attributes:
        key: its name is the log's origin.
        second_key: of ML-DSA-44; None while the log has none.
        opener: account that opened it on the chain, 20 bytes; later owners change nothing.
        witnesses: keys of all that may cosign.
        quorum: how many of them have to.
    """

    key: VerifierKey
    second_key: CosignerKey | None
    opener: bytes
    witnesses: tuple[CosignerKey, ...]
    quorum: int

    def knows(self, line: NoteSignature) -> bool:
        """Tell whether a line of a checkpoint names one of the keys."""
        second = [self.second_key] if self.second_key else []
        known = [(each.name, each.key_id) for each in (*second, *self.witnesses)]
        return (line.name, line.key_id) in [(self.key.name, self.key.key_id), *known]


@dataclass(frozen=True, slots=True)
class Trust:
    """What an auditor goes by.

    Attributes:
        chain: with its validators.
        contracts: by name.
        logs: by origin.
    """

    chain: Chain
    contracts: Mapping[str, TrustedContract]
    logs: Mapping[str, TrustedLog]

    def place(self, log: TrustedLog, primitives: Primitives) -> Place:
        """Return where the head of a log is on the chain."""
        opened = log_id(log.opener, log.key.name, primitives)
        return Place(self.contracts[CONTRACT].address, opened)

    def to_json(self) -> dict[str, Any]:
        """Return the value of the file."""
        chain = {
            "engine": str(self.chain.engine),
            "chain_id": self.chain.chain_id,
            "genesis_hash": _hex(self.chain.genesis_hash),
        }
        if self.chain.network:
            chain["network"] = self.chain.network
        contracts = {
            name: {"address": _hex(each.address), "code_hash": _hex(each.code_hash)}
            for name, each in self.contracts.items()
        }
        validators = [_validator_value(self.chain.engine, v) for v in self.chain.validators]
        logs = [_log_value(each) for each in self.logs.values()]
        return {
            "format": FORMAT,
            "chain": chain,
            "contracts": contracts,
            "validators": validators,
            "logs": logs,
        }


def parse(data: bytes | str) -> Trust:
    """Read a trust file.

    Raises:
        EvidenceError: "trust", naming the place, what came and what was expected.
    """
    try:
        value = strict_json.loads(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    except EncodingError as error:
        raise _bad("$", f"JSON was expected: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise _bad(
            "$.format", f"{FORMAT!r} was expected; `madang evidence trust` writes such files"
        )
    members = _members(value, "$", "format", "chain", "contracts", "validators", "logs")
    chain = _chain(members["chain"], members["validators"])
    listed = _list(members["logs"], "$.logs", MAX_LOGS)
    logs = [_log(each, f"$.logs[{at}]", chain.engine) for at, each in enumerate(listed)]
    by_origin = {each.key.name: each for each in logs}
    if len(by_origin) != len(logs):
        raise _bad("$.logs", "a log stands in it twice")
    return Trust(chain, _contracts(members["contracts"]), by_origin)


def _chain(value: Json, validators: Json) -> Chain:
    further = ("network",) if isinstance(value, dict) and "network" in value else ()
    members = _members(value, "$.chain", "engine", "chain_id", "genesis_hash", *further)
    engine = members["engine"]
    if engine not in list(Engine):
        raise _bad("$.chain.engine", f"{str(engine)[:80]!r}, expected {' or '.join(Engine)}")
    if (engine == Engine.COMETBFT) != bool(further):
        detail = "CometBFT's chain id is needed (--network) for cometbft, and for no other engine"
        raise _bad("$.chain.network", detail)
    chain_id = _number(members["chain_id"], "$.chain.chain_id", 1, 2**63)
    genesis = _bytes(members["genesis_hash"], "$.chain.genesis_hash", _HASH)
    network = members.get("network", "")
    if further and not (isinstance(network, str) and _NETWORK.fullmatch(network)):
        raise _bad("$.chain.network", "a name of up to 50 letters, digits and .-_ was expected")
    known = _validators(validators, Engine(engine))
    return Chain(Engine(engine), chain_id, genesis, network, known)


def _validators(value: Json, engine: Engine) -> tuple[Validator, ...]:
    listed = _list(value, "$.validators", MAX_VALIDATORS)
    if bool(listed) == (engine is Engine.DEVELOPMENT):
        detail = "an array of all validators was expected, empty for the engine development alone"
        raise _bad("$.validators", detail)
    found = tuple(_validator(each, f"$.validators[{n}]", engine) for n, each in enumerate(listed))
    if len({each.key for each in found}) != len(found):
        raise _bad("$.validators", "a validator stands in it twice")
    if sum(each.power for each in found) >= _MOST:
        raise _bad("$.validators", "all power together is beyond what CometBFT accepts")
    return found


def _validator(value: Json, place: str, engine: Engine) -> Validator:
    if engine is Engine.QBFT:
        address = _members(value, place, "address")["address"]
        return Validator(_bytes(address, f"{place}.address", _ADDRESS))
    members = _members(value, place, "key", "power")
    power = _number(members["power"], f"{place}.power", 1, _MOST)
    return Validator(_bytes(members["key"], f"{place}.key", _KEY), power)


def _validator_value(engine: Engine, validator: Validator) -> dict[str, Any]:
    if engine is Engine.QBFT:
        return {"address": _hex(validator.key)}
    return {"key": validator.key.hex(), "power": validator.power}


def _contracts(value: Json) -> dict[str, TrustedContract]:
    if not isinstance(value, dict) or CONTRACT not in value or len(value) > MAX_CONTRACTS:
        raise _bad("$.contracts", f"an object with the contract {CONTRACT} was expected")
    found = {}
    for name, each in value.items():
        place = f"$.contracts.{name[:80]}"
        members = _members(each, place, "address", "code_hash")
        address = _bytes(members["address"], f"{place}.address", _ADDRESS)
        code_hash = _bytes(members["code_hash"], f"{place}.code_hash", _HASH)
        found[name] = TrustedContract(address, code_hash)
    return found


def _log(value: Json, place: str, engine: Engine) -> TrustedLog:
    members = _members(value, place, "key", "second_key", "opener", "witnesses", "quorum")
    witnesses = tuple(
        _cosigner(each, f"{place}.witnesses[{at}]", ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE)
        for at, each in enumerate(_list(members["witnesses"], f"{place}.witnesses", MAX_WITNESSES))
    )
    if len({each.name for each in witnesses}) != len(witnesses):
        raise _bad(f"{place}.witnesses", "a witness stands in it twice")
    # Production without witnesses would let one log tell two stories.
    least = 0 if engine is Engine.DEVELOPMENT else 1
    quorum = _number(members["quorum"], f"{place}.quorum", least, len(witnesses) + 1)
    second = members["second_key"]
    try:
        key = VerifierKey.parse(_text(members["key"], f"{place}.key"))
    except NoteError as error:
        raise _bad(f"{place}.key", str(error)) from error
    known = None if second is None else _second(second, f"{place}.second_key", key)
    _check_distinct([key, *([known] if known else []), *witnesses], place)
    opener = _bytes(members["opener"], f"{place}.opener", _ADDRESS)
    return TrustedLog(key, known, opener, witnesses, quorum)


def _check_distinct(keys: Sequence[VerifierKey | CosignerKey], place: str) -> None:
    """Refuse a key with two names: a line of Ed25519 does not cover its name, and fits both."""
    if len({each.public_key for each in keys}) != len(keys):
        raise _bad(f"{place}.witnesses", "a witness has the key of the log or of another witness")


def _second(value: Json, place: str, key: VerifierKey) -> CosignerKey:
    second = _cosigner(value, place, ML_DSA_44_COSIGNATURE)
    if second.name != key.name:
        raise _bad(place, f"the key is of {second.name!r}, the log is {key.name!r}")
    return second


def _cosigner(value: Json, place: str, *kinds: int) -> CosignerKey:
    try:
        return CosignerKey.parse(_text(value, place), *kinds)
    except NoteError as error:
        raise _bad(place, str(error)) from error


def _log_value(log: TrustedLog) -> dict[str, Any]:
    return {
        "key": log.key.encode(),
        "second_key": log.second_key and log.second_key.encode(),
        "opener": _hex(log.opener),
        "witnesses": [each.encode() for each in log.witnesses],
        "quorum": log.quorum,
    }


def _members(value: Json, place: str, *names: str) -> dict[str, Json]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise _bad(place, f"an object with exactly the members {', '.join(names)} was expected")
    return value


def _list(value: Json, place: str, most: int) -> list[Json]:
    if not isinstance(value, list) or len(value) > most:
        raise _bad(place, f"an array of at most {most} was expected")
    return value


def _text(value: Json, place: str) -> str:
    if not isinstance(value, str):
        raise _bad(place, "text was expected")
    return value


def _bytes(value: Json, place: str, form: re.Pattern[str]) -> bytes:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _bad(place, f"{str(value)[:80]!r}, expected {form.pattern}")
    return bytes.fromhex(value.removeprefix("0x"))


def _number(value: Json, place: str, least: int, below: int) -> int:
    if type(value) is not int or not least <= value < below:
        shown = str(value)[:80]
        raise _bad(place, f"{shown!r}, expected a whole number from {least} to {below - 1}")
    return value


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


def _bad(place: str, message: str) -> EvidenceError:
    return EvidenceError("trust", f"trust file, {place}: {message}")
