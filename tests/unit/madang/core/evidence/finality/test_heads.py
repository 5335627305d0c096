"""The engine is the trusted chain's, and not the evidence's choice."""

from dataclasses import replace

import pytest

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.heads import engine_of, state_root, verify_head
from madang.core.evidence.finality.model import Engine
from madang.infra.primitives import PRIMITIVES
from tests.unit.madang.core.evidence.samples import recorded, sample


@pytest.mark.parametrize("engine", Engine)
def test_a_head_is_judged_by_its_engine(engine: Engine) -> None:
    known = sample(engine)
    assert engine_of(known.evidence.head) is engine
    verdict = verify_head(known.evidence.head, known.trust.chain, PRIMITIVES)
    assert verdict.failures == ()
    assert verdict.final is (engine is not Engine.DEVELOPMENT)
    assert verdict.state_root == state_root(known.evidence.head)


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("other", Engine)
def test_evidence_of_another_engine_is_refused(engine: Engine, other: Engine) -> None:
    if engine is other:
        return
    verdict = verify_head(sample(engine).evidence.head, sample(other).trust.chain, PRIMITIVES)
    assert [each.code for each in verdict.failures] == ["engine"]
    assert (verdict.final, verdict.state_root) == (False, b"")


def test_a_development_header_has_the_hash_that_the_node_says() -> None:
    known = sample(Engine.DEVELOPMENT)
    head = known.evidence.head
    assert isinstance(head, PlainHeader)
    (block,) = (v for k, v in recorded("anvil")["answers"].items() if "getBlockByNumber" in k)
    assert head.hash.hex() == block["hash"].removeprefix("0x")
    verdict = verify_head(head, known.trust.chain, PRIMITIVES)
    assert (verdict.block, verdict.time) == (int(block["number"], 16), int(block["timestamp"], 16))


def test_a_changed_development_header_is_told() -> None:
    known = sample(Engine.DEVELOPMENT)
    head = known.evidence.head
    assert isinstance(head, PlainHeader)
    for changed, code in (
        (replace(head, hash=bytes(32)), "header_hash"),
        (replace(head, header=head.header[:-1] + b"\x00"), "header_hash"),
        (replace(head, header=b"\xc0"), "header"),
    ):
        verdict = verify_head(changed, known.trust.chain, PRIMITIVES)
        assert [each.code for each in verdict.failures] == [code]


def test_the_state_root_of_a_header_that_cannot_be_read() -> None:
    with pytest.raises(EvidenceError):
        state_root(PlainHeader(b"", bytes(32)))
