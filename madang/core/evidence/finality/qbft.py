"""Finality of QBFT as Hyperledger Besu has it: seals of two thirds of the validators, rounded up.

`extraData` is RLP of vanity, validators, vote, round and seals. A seal signs the keccak256 of the
header with an empty list of seals and the round in its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.ethereum import EXTRA_DATA, MIX_HASH, BlockHeader, parse_header
from madang.core.evidence.finality.model import Chain, Verdict
from madang.core.evidence.primitives import Primitives
from madang.core.evidence.receipt import Failure
from madang.core.evidence.storage import rlp
from madang.core.evidence.storage.rlp import Rlp

MIX: Final = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""What every header of QBFT and IBFT has for `mixHash`."""
SEAL_BYTES: Final = 65
_PARTS: Final = 5
_VALIDATORS, _SEALS = 1, 4


@dataclass(frozen=True, slots=True)
class SealedHeader:
    """The evidence.

    Attributes:
        header: RLP of the header, its seals in it.
    """

    header: bytes


@dataclass(frozen=True, slots=True)
class Extra:
    """`extraData` of a header.

    Attributes:
        validators: addresses of 20 bytes; none where a contract names them.
        seals: r || s || v.
        unsealed: all of it with an empty list of seals.
    """

    validators: tuple[bytes, ...]
    seals: tuple[bytes, ...]
    unsealed: bytes


def verify(sealed: SealedHeader, chain: Chain, primitives: Primitives) -> Verdict:
    """Say what is known of a header.

    Steps: 1. it can be read and is one of this engine; 2. its validators are the trusted ones; 3.
    each seal is that of another one of them; 4. there are two thirds of them.
    """
    try:
        header = parse_header(sealed.header)
        extra = parse_extra(header.items[EXTRA_DATA])
    except EvidenceError as error:
        return Verdict((Failure("header", "Besu QBFT", str(error)),))
    failures = []
    if header.items[MIX_HASH] != MIX:
        failures.append(Failure("header", "Besu QBFT", "mixHash is not that of QBFT"))
    trusted = {each.key for each in chain.validators}
    if extra.validators and set(extra.validators) != trusted:
        detail = "the header names other validators than the trusted ones"
        failures.append(Failure("validators", "Besu QBFT extraData", detail))
    digest = primitives.keccak(unsealed(header, extra))
    signers = [primitives.signer(each, digest) for each in extra.seals]
    failures += _about_seals(signers, trusted)
    return Verdict(
        tuple(failures), header.state_root, header.number, header.time, final=not failures
    )


def _about_seals(signers: Sequence[bytes | None], trusted: set[bytes]) -> Iterator[Failure]:
    for place, signer in enumerate(signers):
        if signer not in trusted:
            yield Failure("seal", "Besu QBFT", f"seal {place} is by none of the validators")
        elif signer in signers[:place]:
            yield Failure("seal", "Besu QBFT", f"seal {place} is by one that has sealed already")
    known, needed = len(trusted.intersection(signers)), -(-2 * len(trusted) // 3)
    if known < max(needed, 1):
        detail = f"{known} of {len(trusted)} validators have sealed it, {needed} are needed"
        yield Failure("quorum", "Besu QBFT", detail)


def unsealed(header: BlockHeader, extra: Extra) -> bytes:
    """Return what the seals sign, before it is hashed."""
    items: list[Rlp] = list(header.items)
    items[EXTRA_DATA] = extra.unsealed
    return rlp.encode(items)


def parse_extra(data: bytes) -> Extra:
    """Read `extraData`.

    Raises:
        EvidenceError: "header" or "rlp", when it has another form.
    """
    parts = rlp.decode_list(data)
    if len(parts) != _PARTS:
        raise _bad(f"extraData has {len(parts)} parts, {_PARTS} were expected")
    seals = _texts(parts[_SEALS], SEAL_BYTES)
    emptied: list[Rlp] = [*parts[:_SEALS], []]
    return Extra(_texts(parts[_VALIDATORS], 20), seals, rlp.encode(emptied))


def _texts(item: Rlp, size: int) -> tuple[bytes, ...]:
    texts = [each for each in item if isinstance(each, bytes)] if isinstance(item, list) else None
    if texts is None or len(texts) != len(item) or any(len(each) != size for each in texts):
        raise _bad(f"a list of texts of {size} bytes was expected")
    return tuple(texts)


def _bad(message: str) -> EvidenceError:
    return EvidenceError("header", f"header of QBFT: {message}")
