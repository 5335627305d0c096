"""The one question to every engine: what makes this head final?"""

from typing import TypeAlias

from madang.core.evidence.finality import cometbft, development, qbft
from madang.core.evidence.finality.cometbft import Commit
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.ethereum import parse_header
from madang.core.evidence.finality.model import Chain, Engine, Verdict
from madang.core.evidence.finality.qbft import SealedHeader
from madang.core.evidence.primitives import Primitives
from madang.core.evidence.receipt import Failure

HeadEvidence: TypeAlias = Commit | SealedHeader | PlainHeader


def engine_of(evidence: HeadEvidence) -> Engine:
    """Return the engine whose evidence this is."""
    match evidence:
        case Commit():
            return Engine.COMETBFT
        case SealedHeader():
            return Engine.QBFT
        case PlainHeader():
            return Engine.DEVELOPMENT


def verify_head(evidence: HeadEvidence, trust: Chain, primitives: Primitives) -> Verdict:
    """Say what is known of a head of a trusted chain.

    The engine is the chain's and not the evidence's choice: a header that nobody stands for is
    refused where validators are expected.
    """
    engine = engine_of(evidence)
    if engine is not trust.engine:
        detail = f"the evidence is of a chain by {engine}, the trusted one is by {trust.engine}"
        return Verdict((Failure("engine", "evidence", detail),))
    match evidence:
        case Commit():
            return cometbft.verify(evidence, trust)
        case SealedHeader():
            return qbft.verify(evidence, trust, primitives)
        case PlainHeader():
            return development.verify(evidence, primitives)


def state_root(evidence: HeadEvidence) -> bytes:
    """Return the root of the state that a head stands for, believed or not.

    Raises:
        EvidenceError: its header cannot be read.
    """
    if isinstance(evidence, Commit):
        return cometbft.parse_header(evidence.header).app_hash
    return parse_header(evidence.header).state_root
