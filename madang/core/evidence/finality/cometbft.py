"""Finality of CometBFT 0.38: more than two thirds of the power have signed the block.

The header's hash is the RFC 6962 root over its fourteen encoded fields, so these are kept as they
are hashed. The `app_hash` of block H+1 is the state behind block H: the evidence holds the header
that is one later than the state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from madang.core.encoding import base64url
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.model import Chain, Validator, Verdict
from madang.core.evidence.receipt import Failure
from madang.core.evidence.storage.protobuf import (
    bytes_field,
    fields,
    fixed_field,
    number_field,
    varint,
)
from madang.core.evidence.storage.slots import WORD
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for
from madang.core.merkle.tree import leaf_hash
from madang.core.merkle.tree import root as tree_root

HEADER_FIELDS: Final = 14
MAX_FIELD_BYTES: Final = 256
MAX_VALIDATORS: Final = 200
_CHAIN_ID, _HEIGHT, _TIME, _VALIDATORS_HASH, _APP_HASH = 1, 2, 3, 7, 10
_PRECOMMIT: Final = 2
_ADDRESS: Final = 20


@dataclass(frozen=True, slots=True)
class Vote:
    """A precommit for the block.

    Attributes:
        validator: place in the set, from 0 (see `ordered`).
        seconds: of its time.
        nanos: of its time.
        signature: 64 bytes.
    """

    validator: int
    seconds: int
    nanos: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """A header and the votes for it.

    Attributes:
        header: its fourteen fields as they are hashed, in the order of the specification.
        parts: number of the block's parts.
        parts_hash: root over them, 32 bytes.
        round: in which the votes were given.
        votes: in the order of the set.
    """

    header: tuple[bytes, ...]
    parts: int
    parts_hash: bytes
    round: int
    votes: tuple[Vote, ...]

    @property
    def hash(self) -> bytes:
        """The hash of the header."""
        return tree_root(leaf_hash(each) for each in self.header)


@dataclass(frozen=True, slots=True)
class Header:
    """What is read of a header."""

    network: str
    height: int
    time: int
    validators_hash: bytes
    app_hash: bytes


def verify(commit: Commit, chain: Chain) -> Verdict:
    """Say what is known of a header.

    Steps: 1. it can be read; 2. its chain is the expected one; 3. its validators are; 4. every
    vote is that of one of them; 5. together they have more than two thirds of the power.
    """
    try:
        header = parse_header(commit.header)
    except EvidenceError as error:
        return Verdict((Failure("header", "CometBFT header", str(error)),))
    failures = []
    if header.network != chain.network:
        detail = f"the header is of {header.network!r}, expected {chain.network!r}"
        failures.append(Failure("network", "CometBFT header", detail))
    validators = ordered(chain.validators)
    if header.validators_hash != validators_hash(validators):
        detail = "the header names other validators than the trusted ones"
        failures.append(Failure("validators", "CometBFT validators_hash", detail))
    failures += _about_votes(commit, header, validators)
    return Verdict(
        tuple(failures), header.app_hash, header.height - 1, header.time, final=not failures
    )


def _about_votes(
    commit: Commit, header: Header, validators: Sequence[Validator]
) -> Iterable[Failure]:
    places = [vote.validator for vote in commit.votes]
    if any(low >= high for low, high in pairwise(places)):
        yield Failure("votes", "CometBFT commit", "votes are not in the order of the validators")
    power = 0
    for vote in commit.votes:
        if vote.validator >= len(validators):
            detail = f"there is no validator {vote.validator}"
            yield Failure("vote", "CometBFT commit", detail)
        elif not _signed(validators[vote.validator], vote, sign_bytes(commit, header, vote)):
            detail = f"the vote of validator {vote.validator} is not signed by its key"
            yield Failure("vote", "CometBFT commit", detail)
        else:
            power += validators[vote.validator].power
    total = sum(each.power for each in validators)
    if 3 * power <= 2 * total:
        detail = f"votes have {power} of {total} of the power, more than two thirds are needed"
        yield Failure("quorum", "CometBFT commit", detail)


def _signed(validator: Validator, vote: Vote, message: bytes) -> bool:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(validator.key)}
    return checker_for(PublicKey.from_jwk(jwk)).check(vote.signature, message)


def sign_bytes(commit: Commit, header: Header, vote: Vote) -> bytes:
    """Return what a validator signs: CanonicalVote behind its length."""
    parts = number_field(1, commit.parts) + bytes_field(2, commit.parts_hash)
    block = bytes_field(1, commit.hash) + bytes_field(2, parts, always=True)
    canonical = b"".join(
        (
            number_field(1, _PRECOMMIT),
            fixed_field(2, header.height),
            fixed_field(3, commit.round),
            bytes_field(4, block),
            bytes_field(5, timestamp(vote.seconds, vote.nanos), always=True),
            bytes_field(6, header.network.encode()),
        )
    )
    return varint(len(canonical)) + canonical


def timestamp(seconds: int, nanos: int) -> bytes:
    """Return an encoded `google.protobuf.Timestamp`."""
    return number_field(1, seconds) + number_field(2, nanos)


def ordered(validators: Iterable[Validator]) -> list[Validator]:
    """Return a set in CometBFT's order: by falling power, then by rising address."""
    return sorted(validators, key=lambda each: (-each.power, sha256(each.key).digest()[:_ADDRESS]))


def validators_hash(validators: Sequence[Validator]) -> bytes:
    """Return the root over a set in its order, as a header names it."""
    encoded = (
        bytes_field(1, bytes_field(1, each.key)) + number_field(2, each.power)
        for each in validators
    )
    return tree_root(leaf_hash(each) for each in encoded)


def parse_header(encoded: Sequence[bytes]) -> Header:
    """Read the fields of a header.

    Raises:
        EvidenceError: "header" or "protobuf", when one that is needed has another form.
    """
    if len(encoded) != HEADER_FIELDS:
        raise _bad(f"{len(encoded)} fields, {HEADER_FIELDS} were expected")
    try:
        network = _bytes(encoded[_CHAIN_ID]).decode()
    except UnicodeDecodeError as error:
        raise _bad("its chain id is no text") from error
    hashes = [_bytes(encoded[at]) for at in (_VALIDATORS_HASH, _APP_HASH)]
    if any(len(each) != WORD for each in hashes):
        raise _bad("a hash has not 32 bytes")
    return Header(network, _number(encoded[_HEIGHT]), _number(encoded[_TIME]), *hashes)


def _number(data: bytes) -> int:
    """Return field 1 of a message, a whole number from 1; other fields may follow."""
    found = fields(data)
    if not found or found[0][0] != 1 or not isinstance(found[0][1], int):
        raise _bad("a number is missing")
    return found[0][1]


def _bytes(data: bytes) -> bytes:
    """Return field 1 of a message that has no other, bytes."""
    found = fields(data)
    if len(found) != 1 or found[0][0] != 1 or not isinstance(found[0][1], bytes):
        raise _bad("a text or hash is missing")
    return found[0][1]


def _bad(message: str) -> EvidenceError:
    return EvidenceError("header", f"header of CometBFT: {message}")
