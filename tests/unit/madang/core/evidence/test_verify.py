"""An evidence file holds on each engine; each region that is bent has a reason of its own."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.core.evidence.bundle import Evidence, Thing, parse
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.cometbft import Commit
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.finality.qbft import SealedHeader
from madang.core.evidence.storage.ics23 import IavlState
from madang.core.evidence.storage.mpt import TrieState
from madang.core.evidence.trust_file import Trust, TrustedContract
from madang.core.evidence.verify import Verdict, verify_evidence
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import cosign
from madang.core.merkle.note import Note, NoteSignature, parse_note
from madang.infra.primitives import PRIMITIVES
from tests.unit.madang.core.evidence import world
from tests.unit.madang.core.evidence.samples import SEALERS, sample, sealed_header
from tests.unit.madang.core.evidence.world import INDEX, ORIGIN, SIZE, digest_of, salt_of, seeded

ENGINES = list(Engine)


def judged(evidence: Evidence, trust: Trust, thing: bytes | None = None) -> Verdict:
    return verify_evidence(evidence, trust, PRIMITIVES, thing=thing)


def codes(evidence: Evidence, trust: Trust, thing: bytes | None = None) -> list[str]:
    return [failure.code for failure in judged(evidence, trust, thing).failures]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_holds(engine: Engine) -> None:
    known = sample(engine)
    verdict = judged(parse(known.evidence.encode()), known.trust, digest_of(INDEX))
    assert verdict.failures == ()
    assert verdict.ok
    assert verdict.final is (engine is not Engine.DEVELOPMENT)
    assert verdict.entry is not None
    assert (verdict.entry.sequence, verdict.size, verdict.witnesses) == (INDEX, SIZE, 4)
    assert verdict.block > 0
    assert verdict.block_time > 0
    assert abs(verdict.anchored - verdict.block_time) < 3_600


Bend = Callable[[Evidence], Evidence]


def with_lines(change: Callable[[tuple[NoteSignature, ...]], Any]) -> Bend:
    def bend(evidence: Evidence) -> Evidence:
        note = evidence.checkpoint
        return replace(evidence, checkpoint=Note(note.text, tuple(change(note.signatures))))

    return bend


def with_text(change: Callable[[str], str]) -> Bend:
    def bend(evidence: Evidence) -> Evidence:
        note = evidence.checkpoint
        return replace(evidence, checkpoint=Note(change(note.text), note.signatures))

    return bend


def with_thing(digest: bytes, salt: bytes) -> Bend:
    return lambda evidence: replace(evidence, thing=Thing(digest, salt))


def spoiled(line: NoteSignature) -> NoteSignature:
    return replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))


def with_head(checkpoint: Checkpoint) -> Bend:
    """Put another head in, signed by everybody: only the chain says otherwise."""
    note = parse_note(world.note(checkpoint))
    proof = tuple(world.tree().inclusion_proof(INDEX, checkpoint.size))
    return lambda evidence: replace(evidence, checkpoint=note, inclusion=proof)


OTHER_KEY = world.ed25519_signer("stranger")
LATER = Checkpoint(ORIGIN, SIZE, world.tree().root(), ("a further line",))
STRANGER = cosign(world.head(), "city.example/stranger/witness", OTHER_KEY, world.COSIGNED)
BENT: dict[str, tuple[Bend, list[str]]] = {
    "another digest": (with_thing(seeded("x"), salt_of(INDEX)), ["commitment"]),
    "another salt": (with_thing(digest_of(INDEX), bytes(16)), ["commitment"]),
    "no thing": (lambda e: replace(e, thing=None), ["thing_missing"]),
    "another entry": (lambda e: replace(e, entry=world.entries()[7]), ["commitment", "inclusion"]),
    "no entry": (lambda e: replace(e, entry=b"{}"), ["entry"]),
    "a hash of the proof": (
        lambda e: replace(e, inclusion=(bytes(32), *e.inclusion[1:])),
        ["inclusion"],
    ),
    "a shorter proof": (lambda e: replace(e, inclusion=e.inclusion[:-1]), ["inclusion"]),
    "no checkpoint": (with_text(lambda _: "a\n"), ["checkpoint"]),
    "another log": (with_text(lambda text: text.replace("hanbit", "areum")), ["origin"]),
    "the log's line": (with_lines(lambda s: (spoiled(s[0]), *s[1:])), ["signature"]),
    "no line of the log": (with_lines(lambda s: s[1:]), ["signature"]),
    "the second line": (with_lines(lambda s: (s[0], spoiled(s[1]), *s[2:])), ["second_signature"]),
    "no second line": (with_lines(lambda s: (s[0], *s[2:])), ["second_signature"]),
    "a witness's line": (with_lines(lambda s: (*s[:5], spoiled(s[5]))), ["witness_signature"]),
    "two false lines": (
        with_lines(lambda s: (*s[:4], *map(spoiled, s[4:]))),
        ["witness_signature", "witness_signature", "witnesses"],
    ),
    "one line fewer": (with_lines(lambda s: s[:5]), []),
    "two lines fewer": (with_lines(lambda s: s[:4]), ["witnesses"]),
    "one line twice": (with_lines(lambda s: (*s[:4], s[3], s[3])), ["witnesses"]),
    "a stranger's line": (with_lines(lambda s: (*s, STRANGER)), ["unknown_signature"]),
    "another head": (with_head(world.head(SIZE - 1)), ["head_root", "head_size"]),
    "another chain id": (lambda e: replace(e, chain_id=e.chain_id + 1), ["chain"]),
    "another genesis": (lambda e: replace(e, genesis_hash=bytes(32)), ["chain"]),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", BENT)
def test_each_region_is_refused_with_its_reason(engine: Engine, name: str) -> None:
    known = sample(engine)
    bend, expected = BENT[name]
    assert codes(bend(known.evidence), known.trust) == expected


def test_the_same_root_under_another_size_is_refused() -> None:
    """A size is only a claim: the chain's has to be the checkpoint's."""
    known = sample(Engine.COMETBFT)
    claimed = Checkpoint(ORIGIN, SIZE + 1, world.tree().root())
    note = parse_note(world.note(claimed))
    found = codes(replace(known.evidence, checkpoint=note), known.trust)
    assert "head_size" in found
    assert "head_root" not in found


STATES: list[tuple[Engine, Callable[[Any], Any]]] = [
    (Engine.COMETBFT, lambda s: replace(s, root=s.packed)),
    (Engine.COMETBFT, lambda s: replace(s, packed=s.root)),
    (Engine.COMETBFT, lambda s: replace(s, code=s.root)),
    (Engine.COMETBFT, lambda s: replace(s, store=s.root)),
    (Engine.QBFT, lambda s: TrieState(s.nodes[1:])),
    (Engine.QBFT, lambda s: TrieState(s.nodes[:-1])),
    (Engine.QBFT, lambda s: TrieState((*s.nodes, b"\xc0"))),
    (Engine.DEVELOPMENT, lambda s: TrieState((s.nodes[0][:-1] + b"\x81", *s.nodes[1:]))),
    (Engine.DEVELOPMENT, lambda s: IavlState(s.nodes[0], b"", b"", b"")),
]


@pytest.mark.parametrize("case", range(len(STATES)))
def test_a_state_proof_that_does_not_hold_is_told(case: int) -> None:
    engine, bend = STATES[case]
    known = sample(engine)
    evidence = replace(known.evidence, state=bend(known.evidence.state))
    assert codes(evidence, known.trust) == ["state"]


def head_of(engine: Engine) -> Any:
    return sample(engine).evidence.head


HEADS: list[tuple[Engine, Any, str]] = [
    (Engine.COMETBFT, lambda h: replace(h, votes=h.votes[:2]), "quorum"),
    (Engine.COMETBFT, lambda h: replace(h, votes=(h.votes[1], *h.votes)), "votes"),
    (Engine.COMETBFT, lambda h: replace(h, round=h.round + 1), "vote"),
    (Engine.COMETBFT, lambda h: replace(h, parts=h.parts + 1), "vote"),
    (Engine.COMETBFT, lambda h: replace(h, parts_hash=bytes(32)), "vote"),
    (Engine.COMETBFT, lambda h: replace(h, header=(b"", *h.header[1:])), "vote"),
    (Engine.COMETBFT, lambda h: replace(h, header=h.header[:10] + (b"",) * 4), "header"),
    (Engine.QBFT, lambda _: SealedHeader(sealed_header(SEALERS[:2])), "quorum"),
    (Engine.QBFT, lambda _: SealedHeader(sealed_header([*SEALERS[:3], SEALERS[0]])), "seal"),
    (Engine.QBFT, lambda h: SealedHeader(h.header[:-1]), "header"),
    (Engine.DEVELOPMENT, lambda h: replace(h, hash=bytes(32)), "header_hash"),
    (Engine.DEVELOPMENT, lambda h: replace(h, header=b"\xc0"), "header"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(HEADS)))
def test_a_head_that_is_not_final_is_told(case: int) -> None:
    engine, bend, code = HEADS[case]
    known = sample(engine)
    bent = replace(known.evidence, head=bend(known.evidence.head))
    verdict = judged(bent, known.trust)
    assert code in [each.code for each in verdict.failures]
    assert not verdict.final


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("other", ENGINES)
def test_a_trust_of_another_engine_refuses_the_file(engine: Engine, other: Engine) -> None:
    if engine is other:
        return
    verdict = judged(sample(engine).evidence, sample(other).trust)
    assert [each.code for each in verdict.failures] == ["engine"]
    assert not verdict.final


def test_a_production_trust_refuses_a_development_chain_in_disguise() -> None:
    """The file's own word for its engine counts for nothing."""
    for engine in (Engine.COMETBFT, Engine.QBFT):
        known = sample(engine)
        plain = head_of(Engine.DEVELOPMENT)
        assert isinstance(plain, PlainHeader)
        bent = replace(known.evidence, head=plain, state=sample(Engine.DEVELOPMENT).evidence.state)
        assert codes(bent, known.trust) == ["engine"]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_trusted_decides(engine: Engine) -> None:
    known = sample(engine)
    log, contract = known.trust.logs[ORIGIN], known.trust.contracts["AnchorLog"]

    def found(trust: Trust) -> list[str]:
        return codes(known.evidence, trust)

    other_code = TrustedContract(contract.address, seeded("code"))
    assert found(replace(known.trust, contracts={"AnchorLog": other_code})) == ["code"]
    elsewhere = TrustedContract(seeded("address")[:20], contract.code_hash)
    assert found(replace(known.trust, contracts={"AnchorLog": elsewhere})) == ["state"]
    opened = replace(log, opener=seeded("opener")[:20])
    assert found(replace(known.trust, logs={ORIGIN: opened})) == ["state"]
    assert found(replace(known.trust, logs={})) == ["origin"]
    fewer = replace(log, witnesses=log.witnesses[:3])
    assert found(replace(known.trust, logs={ORIGIN: fewer})) == ["unknown_signature"]
    alone = replace(log, second_key=None)
    assert found(replace(known.trust, logs={ORIGIN: alone})) == ["unknown_signature"]
    another = replace(log, key=world.VerifierKey.of(ORIGIN, OTHER_KEY))
    assert found(replace(known.trust, logs={ORIGIN: another})) == ["signature", "unknown_signature"]


def test_the_thing_at_hand_counts() -> None:
    known = sample(Engine.COMETBFT)
    assert codes(known.evidence, known.trust, digest_of(INDEX)) == []
    assert codes(known.evidence, known.trust, digest_of(7)) == ["thing"]


def test_further_lines_of_a_checkpoint_are_signed_too() -> None:
    known = sample(Engine.DEVELOPMENT)
    note = parse_note(world.note(LATER))
    assert codes(replace(known.evidence, checkpoint=note), known.trust) == []
    bare = replace(note, text=world.head().text())
    found = codes(replace(known.evidence, checkpoint=bare), known.trust)
    assert found == ["signature", *["witness_signature"] * 4, "witnesses"]


def holds(data: bytes, trust: Trust) -> bool:
    try:
        return judged(parse(data), trust).ok
    except EvidenceError:
        return False


@pytest.mark.parametrize("engine", ENGINES)
def test_no_byte_of_a_file_can_be_changed(engine: Engine) -> None:
    """One bit of every byte where the engine's is tried whole; of some in the long signature."""
    known = sample(engine)
    data = known.evidence.encode()
    assert holds(data, known.trust)
    chance = random.Random(engine)  # noqa: S311 - which bits are tried
    second = data.index(known.evidence.checkpoint.signatures[1].signature)
    step = 1 if engine is Engine.COMETBFT else 3
    for place in range(len(data)):
        if place % (50 if second <= place < second + 2_428 else step):
            continue
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        assert not holds(bytes(changed), known.trust), place


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ENGINES), st.data())
def test_no_file_that_was_changed_anywhere_holds(engine: Engine, data: st.DataObject) -> None:
    known = sample(engine)
    whole = known.evidence.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(at, min(len(whole), at + 40)))
    put = data.draw(st.binary(max_size=40))
    changed = whole[:at] + put + whole[end:]
    assert changed == whole or not holds(changed, known.trust)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ENGINES), st.sampled_from(ENGINES), st.data())
def test_parts_of_two_files_make_none(one: Engine, other: Engine, data: st.DataObject) -> None:
    """Nothing is raised whatever the parts are, and what holds is one of the two."""
    first, second = sample(one), sample(other)
    names = ("state", "head", "chain_id", "genesis_hash")
    taken = data.draw(st.sets(st.sampled_from(names)))
    mixed = replace(
        first.evidence, **{name: getattr(second.evidence, name) for name in sorted(taken)}
    )
    if judged(mixed, first.trust).ok:
        assert mixed == first.evidence


def test_a_commit_is_what_is_recorded() -> None:
    assert isinstance(head_of(Engine.COMETBFT), Commit)
    assert isinstance(sample(Engine.COMETBFT).evidence.state, IavlState)
