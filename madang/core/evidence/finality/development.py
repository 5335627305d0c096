"""A development chain: one process makes its blocks, and nobody else stands for them.

So the evidence goes as far as the contract: whoever runs the chain could have made another one.
"""

from dataclasses import dataclass

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.ethereum import parse_header
from madang.core.evidence.finality.model import Verdict
from madang.core.evidence.primitives import Primitives
from madang.core.evidence.receipt import Failure


@dataclass(frozen=True, slots=True)
class PlainHeader:
    """The evidence.

    Attributes:
        header: RLP of the header.
        hash: its keccak256, by which a block is asked for where the chain still runs.
    """

    header: bytes
    hash: bytes


def verify(plain: PlainHeader, primitives: Primitives) -> Verdict:
    """Say what is known of a header: that it has the hash given with it, and its state root."""
    try:
        header = parse_header(plain.header)
    except EvidenceError as error:
        return Verdict((Failure("header", "Ethereum header", str(error)),))
    failures: tuple[Failure, ...] = ()
    if primitives.keccak(plain.header) != plain.hash:
        detail = "the header has another hash than the one given with it"
        failures = (Failure("header_hash", "Ethereum header", detail),)
    return Verdict(failures, header.state_root, header.number, header.time)
