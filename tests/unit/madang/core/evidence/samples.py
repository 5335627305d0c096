"""Whole evidence files with the trust that they hold by, one for each engine.

Those of the development chain and of CometBFT are made from recorded answers of anvil 1.7.1 and
evmd 0.3.2 (`record.py`). QBFT's header is made here, with the packages rlp and coincurve, over the
state that anvil had.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import rlp
from coincurve import PrivateKey

from madang.core.evidence.bundle import Evidence, Thing
from madang.core.evidence.finality.model import Chain, Engine, Validator
from madang.core.evidence.finality.qbft import SealedHeader
from madang.core.evidence.trust_file import Trust, TrustedContract
from madang.core.merkle.note import Note, parse_note
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import StateProofs
from madang.infra.state_proofs import CometProofs, EthereumProofs
from tests.unit.madang.core.evidence.record import DATA, Replay, raw
from tests.unit.madang.core.evidence.world import (
    INDEX,
    ORIGIN,
    digest_of,
    entries,
    head,
    note,
    salt_of,
    seeded,
    tree,
    trusted_log,
)

MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
SEALERS = [PrivateKey(seeded(f"validator {n}")) for n in range(4)]
QBFT_NUMBER, QBFT_TIME, QBFT_ROUND = 4_711, 1_795_622_400, 2


@dataclass(frozen=True)
class Sample:
    evidence: Evidence
    trust: Trust


def address_of(key: PrivateKey) -> bytes:
    return PRIMITIVES.keccak(key.public_key.format(compressed=False)[1:])[12:]


def recorded(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    return value


@cache
def signed_note() -> Note:
    return parse_note(note(head()))


@cache
def sample(engine: Engine) -> Sample:
    if engine is Engine.QBFT:
        return qbft()
    known = recorded("evmd" if engine is Engine.COMETBFT else "anvil")
    replay = Replay(known["answers"])
    chain = Chain(
        engine,
        known["chain_id"],
        raw(known["genesis"]),
        known.get("network", ""),
        tuple(Validator(raw(key), power) for key, power in known.get("validators", [])),
    )
    comet = engine is Engine.COMETBFT
    proofs: StateProofs = CometProofs(replay) if comet else EthereumProofs(replay, engine)
    log = trusted_log(raw(known["opener"]))
    contract = TrustedContract(raw(known["address"]), raw(known["code_hash"]))
    trust = Trust(chain, {"AnchorLog": contract}, {ORIGIN: log})
    state, proved = asyncio.run(proofs.prove(trust.place(log, PRIMITIVES)))
    evidence = Evidence(
        thing=Thing(digest_of(INDEX), salt_of(INDEX)),
        entry=entries()[INDEX],
        inclusion=tuple(tree().inclusion_proof(INDEX, head().size)),
        checkpoint=signed_note(),
        chain_id=chain.chain_id,
        genesis_hash=chain.genesis_hash,
        state=state,
        head=proved,
    )
    return Sample(evidence, trust)


def qbft() -> Sample:
    plain = sample(Engine.DEVELOPMENT)
    validators = tuple(Validator(address_of(key)) for key in SEALERS)
    chain = Chain(Engine.QBFT, plain.trust.chain.chain_id, seeded("genesis"), "", validators)
    evidence = replace(
        plain.evidence,
        genesis_hash=chain.genesis_hash,
        head=SealedHeader(sealed_header(SEALERS[:3])),
    )
    return Sample(evidence, replace(plain.trust, chain=chain))


def sealed_header(
    sealers: list[PrivateKey],
    *,
    validators: list[bytes] | None = None,
    mix_hash: bytes = MIX_HASH,
    round_: int = QBFT_ROUND,
) -> bytes:
    """Return a header of QBFT, built beside the product's own RLP."""
    named = [address_of(key) for key in SEALERS] if validators is None else validators
    extra = [b"\0" * 32, sorted(named), [], round_, []]
    fields = header_fields(mix_hash)
    fields[12] = rlp.encode(extra)
    digest = PRIMITIVES.keccak(rlp.encode(fields))
    extra[4] = [key.sign_recoverable(digest, hasher=None) for key in sealers]
    fields[12] = rlp.encode(extra)
    return bytes(rlp.encode(fields))


def header_fields(mix_hash: bytes) -> list[Any]:
    (block,) = (
        value
        for asked, value in recorded("anvil")["answers"].items()
        if "eth_getBlockByNumber" in asked
    )
    return [
        *(raw(block[name]) for name in ("parentHash", "sha3Uncles", "miner", "stateRoot")),
        *(raw(block[name]) for name in ("transactionsRoot", "receiptsRoot", "logsBloom")),
        *(1, QBFT_NUMBER, 30_000_000, 0, QBFT_TIME),
        *(b"", mix_hash, b"\0" * 8),
        *(0, raw(block["withdrawalsRoot"])),
    ]
