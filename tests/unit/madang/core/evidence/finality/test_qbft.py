"""Sealed headers of QBFT: those of others, and ones that are sealed here."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import rlp as package
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.ethereum import EXTRA_DATA, parse_header
from madang.core.evidence.finality.model import Chain, Engine, Validator
from madang.core.evidence.finality.qbft import (
    Extra,
    SealedHeader,
    parse_extra,
    unsealed,
    verify,
)
from madang.infra.primitives import PRIMITIVES
from tests.unit.madang.core.evidence.record import raw
from tests.unit.madang.core.evidence.samples import (
    QBFT_NUMBER,
    QBFT_TIME,
    SEALERS,
    address_of,
    sample,
    sealed_header,
)
from tests.unit.madang.core.evidence.world import seeded

OTHERS = json.loads((Path(__file__).parent / "data" / "besu.json").read_text("utf-8"))
GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
CHAIN = sample(Engine.QBFT).trust.chain


def codes(header: bytes, chain: Chain = CHAIN) -> list[str]:
    return [each.code for each in verify(SealedHeader(header), chain, PRIMITIVES).failures]


def chain_of(count: int) -> tuple[Chain, list[PrivateKey]]:
    keys = [PrivateKey(seeded(f"of many {n}")) for n in range(count)]
    validators = tuple(Validator(address_of(key)) for key in keys)
    return replace(CHAIN, validators=validators), keys


def test_a_header_of_besu_is_final_by_its_own_validators() -> None:
    header = raw(OTHERS["sealed"]["header"])
    parsed = parse_header(header)
    extra = parse_extra(parsed.items[EXTRA_DATA])
    digest = PRIMITIVES.keccak(unsealed(parsed, extra))
    assert digest == raw(OTHERS["sealed"]["committed_seal_hash"])
    chain = replace(CHAIN, validators=tuple(Validator(each) for each in extra.validators))
    verdict = verify(SealedHeader(header), chain, PRIMITIVES)
    assert verdict.failures == ()
    assert (verdict.block, verdict.time, verdict.final) == (7528, 1_715_495_307, True)
    assert verdict.state_root.hex().startswith("166ed98eea93ab2b")


def test_extra_data_of_besu_are_read() -> None:
    data = raw(OTHERS["extra"]["encoded"])
    extra = parse_extra(data)
    assert [int.from_bytes(each) for each in extra.validators] == [1, 2]
    assert [int.from_bytes(each[:32]) for each in extra.seals] == [1, 10]
    # The list of seals alone is missing: vote and round stay.
    assert package.decode(extra.unsealed) == [*package.decode(data)[:4], []]


def test_a_header_that_is_sealed_here_is_final() -> None:
    verdict = verify(SealedHeader(sealed_header(SEALERS)), CHAIN, PRIMITIVES)
    assert (verdict.failures, verdict.final) == ((), True)
    assert (verdict.block, verdict.time) == (QBFT_NUMBER, QBFT_TIME)


@pytest.mark.parametrize(
    ("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5)]
)
def test_two_thirds_of_the_validators_rounded_up_are_needed(count: int, needed: int) -> None:
    chain, keys = chain_of(count)
    named = [address_of(key) for key in keys]
    assert codes(sealed_header(keys[:needed], validators=named), chain) == []
    assert codes(sealed_header(keys[: needed - 1], validators=named), chain) == ["quorum"]


def test_without_validators_nothing_is_final() -> None:
    assert codes(sealed_header([], validators=[]), replace(CHAIN, validators=())) == ["quorum"]


def test_one_validator_seals_once() -> None:
    assert codes(sealed_header([SEALERS[0]] * 3)) == ["seal", "seal", "quorum"]


def resealed(seals: Sequence[bytes]) -> bytes:
    """Return the header that is sealed here with other seals in it."""
    fields = package.decode(sealed_header([]))
    extra = package.decode(fields[EXTRA_DATA])
    fields[EXTRA_DATA] = package.encode([*extra[:4], list(seals)])
    return bytes(package.encode(fields))


def seals_of(header: bytes) -> tuple[bytes, ...]:
    return parse_extra(parse_header(header).items[EXTRA_DATA]).seals


def mirrored(seal: bytes) -> bytes:
    """Return the other signature of the same key over the same digest (r, -s)."""
    s = GROUP_ORDER - int.from_bytes(seal[32:64])
    return seal[:32] + s.to_bytes(32) + bytes([seal[64] ^ 1])


def test_the_mirror_of_a_seal_is_not_the_seal_of_another() -> None:
    seals = seals_of(sealed_header(SEALERS[:2]))
    assert codes(resealed([*seals, mirrored(seals[0])])) == ["seal", "quorum"]


def test_a_seal_is_of_its_round_and_of_its_block() -> None:
    for other in (sealed_header(SEALERS, round_=1), sealed_header(SEALERS, validators=[])):
        assert codes(resealed(seals_of(other))) == ["seal"] * 4 + ["quorum"]


@pytest.mark.parametrize("last", [2, 3, 4, 27, 28, 255])
def test_a_seal_without_a_key_is_told(last: int) -> None:
    seal = seals_of(sealed_header(SEALERS[:1]))[0]
    for r in (seal[:32], bytes(32), b"\xff" * 32):
        assert codes(resealed([r + seal[32:64] + bytes([last])])) == ["seal", "quorum"]


def test_a_strangers_seal_is_refused_although_the_others_are_enough() -> None:
    stranger = PrivateKey(seeded("stranger"))
    assert codes(sealed_header([*SEALERS[:3], stranger])) == ["seal"]


def test_other_validators_are_refused() -> None:
    chain, keys = chain_of(4)
    assert "validators" in codes(sealed_header(SEALERS), chain)
    assert codes(sealed_header(SEALERS, validators=[address_of(keys[0])])) == ["validators"]


def test_validators_may_be_named_by_a_contract_instead() -> None:
    assert codes(sealed_header(SEALERS, validators=[])) == []


def test_a_header_of_another_engine_is_refused() -> None:
    assert codes(sealed_header(SEALERS, mix_hash=bytes(32))) == ["header"]


def test_every_bit_of_a_header_counts() -> None:
    header = sealed_header(SEALERS[:3])
    for place in range(len(header)):
        changed = bytearray(header)
        changed[place] ^= 1 << place % 8
        assert codes(bytes(changed)), place


@pytest.mark.parametrize(
    "parts",
    [
        [b"\0" * 32, [], [], b""],
        [b"\0" * 32, b"", [], b"", []],
        [b"\0" * 32, [b"\0" * 19], [], b"", []],
        [b"\0" * 32, [[]], [], b"", []],
        [b"\0" * 32, [], [], b"", [b"\0" * 64]],
        [b"\0" * 32, [], [], b"", b"\0" * 65],
    ],
    ids=range(6),
)
def test_extra_data_in_another_form_is_refused(parts: list[object]) -> None:
    with pytest.raises(EvidenceError):
        parse_extra(package.encode(parts))
    fields = [b"\0" * 32 if n == 3 else b"" for n in range(15)]
    fields[EXTRA_DATA] = package.encode(parts)
    assert codes(package.encode(fields)) == ["header"]


@pytest.mark.parametrize(
    "fields",
    [
        [b""] * 14,
        [b""] * 33,
        [b""] * 15,
        [*[b""] * 3, b"\0" * 32, *[b""] * 4, b"\0\1", *[b""] * 6],
        [*[b""] * 3, b"\0" * 32, *[b""] * 4, b"\1" * 9, *[b""] * 6],
        [*[b""] * 3, b"\0" * 32, *[b""] * 10, []],
    ],
    ids=range(6),
)
def test_a_header_in_another_form_is_refused(fields: list[object]) -> None:
    with pytest.raises(EvidenceError):
        parse_header(package.encode(fields))


@given(st.binary(max_size=200))
def test_any_bytes_are_extra_data_or_the_one_error(data: bytes) -> None:
    with suppress(EvidenceError):
        assert isinstance(parse_extra(data), Extra)
