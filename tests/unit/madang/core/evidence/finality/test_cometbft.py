"""Commits of CometBFT: a recorded one, and ones that are made here."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality import cometbft
from madang.core.evidence.finality.cometbft import (
    Commit,
    Header,
    Vote,
    ordered,
    parse_header,
    verify,
)
from madang.core.evidence.finality.model import Chain, Engine, Validator
from madang.core.evidence.storage.protobuf import bytes_field, number_field
from madang.core.keys.software import SoftwareSigner
from tests.unit.madang.core.evidence.samples import recorded, sample
from tests.unit.madang.core.evidence.world import ed25519_signer, seeded

KNOWN = sample(Engine.COMETBFT)
assert isinstance(KNOWN.evidence.head, Commit)
COMMIT, CHAIN = KNOWN.evidence.head, KNOWN.trust.chain
NETWORK, HEIGHT = "made-here-1", 12


def codes(commit: Commit, chain: Chain = CHAIN) -> list[str]:
    return [failure.code for failure in verify(commit, chain).failures]


def signers(count: int) -> list[SoftwareSigner]:
    return [ed25519_signer(f"validator {n}") for n in range(count)]


def key_of(signer: SoftwareSigner) -> bytes:
    return base64url.decode(str(signer.public_key.x))


def made(powers: Sequence[int], voters: Sequence[int], *, round_: int = 0) -> tuple[Commit, Chain]:
    """Return a commit by some of a set's validators, named by their places in the set's order."""
    keys = {key_of(signer): signer for signer in signers(len(powers))}
    validators = tuple(map(Validator, keys, powers))
    chain = Chain(Engine.COMETBFT, 1, bytes(32), NETWORK, validators)
    in_order = ordered(validators)
    hashes = [bytes_field(1, seeded(f"hash {n}")) for n in range(9)]
    hashes[2] = bytes_field(1, cometbft.validators_hash(in_order))
    header = (
        number_field(1, 11),
        bytes_field(1, NETWORK.encode()),
        number_field(1, HEIGHT),
        cometbft.timestamp(1_795_000_000, 7),
        b"",
        *hashes,
    )
    commit = Commit(header, 1, seeded("parts"), round_, ())
    votes = []
    for place in voters:
        vote = Vote(place, 1_795_000_001, place, b"")
        signer = keys[in_order[place].key]
        message = cometbft.sign_bytes(commit, parse_header(header), vote)
        votes.append(replace(vote, signature=signer.sign(message)))
    return replace(commit, votes=tuple(votes)), chain


def test_a_recorded_commit_is_final() -> None:
    verdict = verify(COMMIT, CHAIN)
    assert verdict.failures == ()
    assert verdict.final
    (answer,) = (v for k, v in recorded("evmd")["answers"].items() if '"commit"' in k)
    header = answer["signed_header"]["header"]
    assert verdict.state_root.hex() == header["app_hash"].lower()
    assert verdict.block == int(header["height"]) - 1
    assert COMMIT.hash.hex() == answer["signed_header"]["commit"]["block_id"]["hash"].lower()


def test_three_of_four_are_enough_and_two_are_not() -> None:
    assert codes(replace(COMMIT, votes=COMMIT.votes[:3])) == []
    assert codes(replace(COMMIT, votes=COMMIT.votes[:2])) == ["quorum"]
    assert codes(replace(COMMIT, votes=())) == ["quorum"]


@pytest.mark.parametrize(
    ("powers", "voters", "final"),
    [
        ([1], [0], True),
        ([1, 1, 1], [0, 1], False),  # two thirds exactly are not more
        ([1, 1, 1], [0, 1, 2], True),
        ([10, 4, 1], [0], False),  # 30 of 3 * 15
        ([11, 4, 1], [0], True),
        ([10, 4, 1], [1, 2], False),
    ],
)
def test_power_counts(powers: list[int], voters: list[int], final: bool) -> None:  # noqa: FBT001
    commit, chain = made(powers, voters)
    assert verify(commit, chain).final is final
    assert codes(commit, chain) == ([] if final else ["quorum"])


def test_a_vote_counts_once() -> None:
    commit, chain = made([1, 1, 1, 1], [0, 1])
    doubled = replace(commit, votes=(commit.votes[0], *commit.votes, commit.votes[1]))
    assert "votes" in codes(doubled, chain)
    assert not verify(doubled, chain).final
    assert "votes" in codes(replace(COMMIT, votes=COMMIT.votes[::-1]))


def test_a_vote_is_of_its_round() -> None:
    commit, chain = made([1, 1, 1, 1], [0, 1, 2], round_=3)
    assert codes(commit, chain) == []
    assert codes(replace(commit, round=2), chain) == ["vote", "vote", "vote", "quorum"]
    assert "vote" in codes(replace(COMMIT, round=COMMIT.round + 1))


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 1},
        {"nanos": 1},
        {"signature": bytes(64)},
        {"validator": 0},
        {"validator": 4},
    ],
    ids=str,
)
def test_a_false_vote_is_refused_although_the_others_are_enough(change: dict[str, object]) -> None:
    last = replace(COMMIT.votes[2], **change)  # type: ignore[arg-type]
    commit = replace(COMMIT, votes=(*COMMIT.votes[:2], last))
    assert "vote" in codes(commit)


@pytest.mark.parametrize("change", [{"parts": 2}, {"parts_hash": bytes(32)}])
def test_the_parts_are_signed_too(change: dict[str, object]) -> None:
    assert "vote" in codes(replace(COMMIT, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("place", range(14))
def test_every_field_of_the_header_is_signed(place: int) -> None:
    field = COMMIT.header[place]
    changed = (*COMMIT.header[:place], field + b"\x01", *COMMIT.header[place + 1 :])
    assert {"vote", "header"} & {*codes(replace(COMMIT, header=changed))}


def test_another_chain_is_refused() -> None:
    assert codes(COMMIT, replace(CHAIN, network="another-1")) == ["network"]


def test_other_validators_are_refused() -> None:
    fewer = replace(CHAIN, validators=CHAIN.validators[:3])
    assert "validators" in codes(COMMIT, fewer)
    stronger = Validator(CHAIN.validators[0].key, CHAIN.validators[0].power + 1)
    assert "validators" in codes(
        COMMIT, replace(CHAIN, validators=(stronger, *CHAIN.validators[1:]))
    )
    strangers = tuple(Validator(key_of(signer), 1000) for signer in signers(4))
    assert {*codes(COMMIT, replace(CHAIN, validators=strangers))} == {
        "validators",
        "vote",
        "quorum",
    }
    assert not verify(COMMIT, replace(CHAIN, validators=())).final


def test_the_order_of_the_trusted_validators_does_not_matter() -> None:
    assert codes(COMMIT, replace(CHAIN, validators=CHAIN.validators[::-1])) == []


@pytest.mark.parametrize(
    "change",
    [
        {1: b""},
        {1: bytes_field(1, b"\xff")},
        {1: number_field(1, 5)},
        {2: b""},
        {2: bytes_field(1, b"5")},
        {3: b""},
        {7: bytes_field(1, bytes(31))},
        {10: bytes_field(1, bytes(33))},
        {10: bytes_field(1, bytes(32)) + bytes_field(2, b"x")},
    ],
    ids=str,
)
def test_a_header_in_another_form_is_refused(change: dict[int, bytes]) -> None:
    header = tuple(change.get(n, field) for n, field in enumerate(COMMIT.header))
    assert codes(replace(COMMIT, header=header)) == ["header"]
    with pytest.raises(EvidenceError):
        parse_header(header)


def test_a_header_has_fourteen_fields() -> None:
    assert codes(replace(COMMIT, header=COMMIT.header[:-1])) == ["header"]


@given(st.lists(st.binary(max_size=50), min_size=14, max_size=14))
def test_any_fields_are_a_header_or_the_one_error(fields: list[bytes]) -> None:
    with suppress(EvidenceError):
        assert isinstance(parse_header(fields), Header)


def forged(message: Callable[[Commit, Header, Vote], bytes]) -> tuple[Commit, Chain]:
    """Return a commit whose validators have signed something else than a precommit for it."""
    commit, chain = made([1, 1, 1, 1], [0, 1, 2])
    keys = {key_of(signer): signer for signer in signers(4)}
    header, in_order = parse_header(commit.header), ordered(chain.validators)
    votes = tuple(
        replace(
            vote,
            signature=keys[in_order[vote.validator].key].sign(message(commit, header, vote)),
        )
        for vote in commit.votes
    )
    return replace(commit, votes=votes), chain


def canonical(
    header: Header, vote: Vote, block: bytes, *, kind: int = 2, height: int | None = None
) -> bytes:
    """Return a CanonicalVote, built beside the product's own."""
    content = b"".join(
        (
            number_field(1, kind),
            b"\x11" + (header.height if height is None else height).to_bytes(8, "little"),
            bytes_field(4, block),
            bytes_field(5, cometbft.timestamp(vote.seconds, vote.nanos)),
            bytes_field(6, header.network.encode()),
        )
    )
    return bytes([len(content)]) + content


def block_of(commit: Commit, *, hash_: bytes = b"") -> bytes:
    parts = number_field(1, commit.parts) + bytes_field(2, commit.parts_hash)
    return bytes_field(1, hash_ or commit.hash) + bytes_field(2, parts)


def test_a_precommit_as_it_is_written_down_here_is_one() -> None:
    assert codes(*forged(lambda c, h, v: canonical(h, v, block_of(c)))) == []


@pytest.mark.parametrize(
    "message",
    [
        lambda _, h, v: canonical(h, v, b""),  # for nil
        lambda c, h, v: canonical(h, v, block_of(c), kind=1),  # a prevote
        lambda c, h, v: canonical(h, v, block_of(c), kind=32),  # a proposal
        lambda c, h, v: canonical(h, v, block_of(c), height=h.height + 1),
        lambda c, h, v: canonical(h, v, block_of(c, hash_=seeded("another block"))),
        lambda c, h, v: canonical(replace(h, network="another-1"), v, block_of(c)),
        lambda c, h, v: canonical(h, replace(v, nanos=v.nanos + 1), block_of(c)),
        lambda c, h, v: canonical(h, v, block_of(replace(c, parts=2))),
        lambda c, h, v: canonical(h, v, block_of(c))[1:],
    ],
    ids=range(9),
)
def test_what_validators_sign_besides_is_no_precommit_for_the_block(
    message: Callable[[Commit, Header, Vote], bytes],
) -> None:
    assert codes(*forged(message)) == ["vote", "vote", "vote", "quorum"]
