"""The one question to every form of state: what does the contract hold of a log?"""

from typing import TypeAlias

from madang.core.evidence.primitives import Primitives
from madang.core.evidence.storage import ics23, mpt
from madang.core.evidence.storage.ics23 import IavlState
from madang.core.evidence.storage.mpt import TrieState
from madang.core.evidence.storage.slots import LogState, Place

StateProof: TypeAlias = TrieState | IavlState


def read_state(state: StateProof, root: bytes, place: Place, primitives: Primitives) -> LogState:
    """Return what the contract holds of a log under the root of a state.

    Raises:
        EvidenceError: the proof does not lead there.
    """
    if isinstance(state, TrieState):
        return mpt.read_state(state, root, place, primitives)
    return ics23.read_state(state, root, place, primitives)
