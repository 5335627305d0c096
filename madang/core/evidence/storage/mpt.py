"""Merkle-Patricia proofs of Ethereum's state (Yellow Paper, appendix D; EIP-1186 `eth_getProof`).

The nodes of all three paths come as one heap, found by their hashes: paths share their upper
nodes. Every node has to be used, so that nothing is carried along unseen.
"""

from dataclasses import dataclass, field
from typing import Final

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.primitives import Primitives
from madang.core.evidence.storage.rlp import Rlp, decode, decode_list
from madang.core.evidence.storage.slots import LogState, Place, unpack

MAX_NODES: Final = 128
_BRANCH, _SHORT = 17, 2
_LEAF, _ODD = 2, 1
_ACCOUNT: Final = 4
_NOTHING: Final = "the state has nothing at the key that was expected"


@dataclass(frozen=True, slots=True)
class TrieState:
    """The proof.

    Attributes:
        nodes: of the account's path and of the two slots' paths, each once.
    """

    nodes: tuple[bytes, ...]


def read_state(state: TrieState, root: bytes, place: Place, primitives: Primitives) -> LogState:
    """Return what the contract holds of a log under a state root.

    Raises:
        EvidenceError: "state", when the nodes do not lead there, or one of them is not used;
            "rlp" for one that is no node.
    """
    heap = _Heap({primitives.keccak(node): node for node in state.nodes})
    account = _texts(decode_list(heap.find(root, primitives.keccak(place.address))), _ACCOUNT)
    _, _, storage, code_hash = account
    found = [_word(heap.find(storage, primitives.keccak(key))) for key in place.slots(primitives)]
    if len(heap.used) != len(state.nodes):
        raise _bad(f"{len(state.nodes) - len(heap.used)} nodes are on none of the paths")
    return unpack(found[0], found[1], code_hash)


@dataclass(slots=True)
class _Heap:
    """Nodes by their hashes, and which were met."""

    nodes: dict[bytes, bytes]
    used: set[bytes] = field(default_factory=set)

    def find(self, root: bytes, key: bytes) -> bytes:
        """Return the value at a key."""
        path = key.hex()
        node = self._node(root)
        while True:
            reference, path = _step(node, path)
            if not path and isinstance(reference, bytes) and _ends(node):
                return reference
            node = reference if isinstance(reference, list) else self._node(reference)

    def _node(self, digest: bytes) -> list[Rlp]:
        if digest not in self.nodes:
            raise _bad("a node of the path is missing")
        self.used.add(digest)
        return decode_list(self.nodes[digest])


def _step(node: list[Rlp], path: str) -> tuple[Rlp, str]:
    """Return what a node has for a path, and what is left of the path behind it."""
    if len(node) == _BRANCH and path:
        child = node[int(path[0], 16)]
        if not child:
            raise _bad(_NOTHING)
        return child, path[1:]
    if len(node) != _SHORT or not isinstance(node[0], bytes) or not node[0]:
        raise _bad("a node is neither branch nor extension nor leaf")
    flag, nibbles = node[0][0] >> 4, node[0].hex()
    if flag > _LEAF | _ODD or not (flag & _ODD or nibbles[1] == "0"):
        raise _bad("a node has a path in another form")
    shared = nibbles[1:] if flag & _ODD else nibbles[2:]
    leads = path.startswith(shared) and _ends(node) == (path == shared)
    if not leads or not (shared or _ends(node)):
        raise _bad(_NOTHING)
    return node[1], path[len(shared) :]


def _ends(node: list[Rlp]) -> bool:
    """Tell whether a node is a leaf."""
    return len(node) == _SHORT and isinstance(node[0], bytes) and bool(node[0][0] >> 4 & _LEAF)


def _word(value: bytes) -> bytes:
    """Return a value of storage: a number without leading zeros, as RLP."""
    word = decode(value)
    if not isinstance(word, bytes) or word[:1] == b"\0":
        raise _bad("a value of storage is no number")
    return word


def _texts(items: list[Rlp], count: int) -> list[bytes]:
    texts = [each for each in items if isinstance(each, bytes)]
    if len(texts) != count or len(items) != count:
        raise _bad(f"a list of {len(items)} items, {count} texts were expected")
    return texts


def _bad(message: str) -> EvidenceError:
    return EvidenceError("state", f"proof of state: {message}")
