"""Proofs of the state of cosmos/evm (ICS 23, `cosmos.ics23.v1.CommitmentProof`).

A value stands in the IAVL tree of the module's store, whose root stands in the tree of all stores,
whose root is the `app_hash` of the next block. Each proof is of existence and in the one form that
the two trees have (`IavlSpec` and `TendermintSpec` of ICS 23).
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.primitives import Primitives
from madang.core.evidence.storage.protobuf import (
    Fields,
    bytes_field,
    fields,
    number_field,
    read_varint,
    varint,
)
from madang.core.evidence.storage.slots import WORD, LogState, Place, unpack

MAX_PROOF_BYTES: Final = 16 * 1024
MAX_DEPTH: Final = 128
STORE: Final = b"evm"
"""Name of the module's store."""
_STORAGE, _CODE_HASH = b"\x02", b"\x04"
"""Prefixes of the keys in it: contract storage and code hashes (x/vm/types/key.go)."""
_EXIST: Final = 1
_SHA256: Final = 1
_KEY, _VALUE, _LEAF, _PATH = 1, 2, 3, 4
_HASH, _PREFIX, _SUFFIX = 1, 2, 3
_LEAF_OPERATION: Final = b"".join(number_field(field, 1) for field in (1, 3, 4))
"""SHA-256 over prefix, key and the value's SHA-256, each with its length before it."""
_SIZED_HASH: Final = b"\x20"
_INNER_NUMBERS: Final = 3


@dataclass(frozen=True, slots=True)
class IavlState:
    """The proof: encoded CommitmentProofs.

    Attributes:
        root: that the first slot of the log's head is in the store.
        packed: that the second one is.
        code: that the contract's code hash is.
        store: that the store is in the state.
    """

    root: bytes
    packed: bytes
    code: bytes
    store: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What stands around a node in its parent's hash (`InnerOp`)."""

    prefix: bytes
    suffix: bytes


@dataclass(frozen=True, slots=True)
class Existence:
    """An `ExistenceProof`.

    Attributes:
        leaf: prefix of the leaf.
        path: the steps from the leaf to the root.
    """

    key: bytes
    value: bytes
    leaf: bytes
    path: tuple[Step, ...]

    def root(self) -> bytes:
        """Return the root that the steps lead to, 32 bytes."""
        hashed = sha256(self.value).digest()
        content = varint(len(self.key)) + self.key + _SIZED_HASH + hashed
        node = sha256(self.leaf + content).digest()
        for step in self.path:
            node = sha256(step.prefix + node + step.suffix).digest()
        return node


def keys(place: Place, primitives: Primitives) -> tuple[bytes, bytes, bytes]:
    """Return the store's keys of the two slots and of the code hash."""
    first, second = place.slots(primitives)
    storage = _STORAGE + place.address
    return storage + first, storage + second, _CODE_HASH + place.address


def read_state(state: IavlState, app_hash: bytes, place: Place, primitives: Primitives) -> LogState:
    """Return what the contract holds of a log under an `app_hash`.

    Raises:
        EvidenceError: "state", when a proof does not lead there; "ics23" or "protobuf" when it is
            none of existence in the form of its tree.
    """
    wanted = keys(place, primitives)
    proofs = [parse_iavl(each) for each in (state.root, state.packed, state.code)]
    store = parse_store(state.store)
    if store.key != STORE or store.root() != app_hash:
        raise EvidenceError("state", "the store of the EVM is not in the state of the header")
    for key, proof in zip(wanted, proofs, strict=True):
        if proof.key != key:
            raise EvidenceError(
                "state", f"a proof is of the key {proof.key.hex()}, not {key.hex()}"
            )
        if proof.root() != store.value:
            raise EvidenceError("state", f"the value at {key.hex()} is not in the store")
    root, packed, code = (proof.value for proof in proofs)
    return unpack(root, packed, code)


def parse_iavl(data: bytes) -> Existence:
    """Read a proof of an IAVL tree.

    Raises:
        EvidenceError: "ics23" or "protobuf", when it has another form.
    """
    proof = _existence(data)
    if _numbers(proof.leaf, 0) != (1, b""):
        raise _bad("the leaf is none of an IAVL tree")
    for layer, step in enumerate(proof.path, 1):
        _, rest = _numbers(step.prefix, layer)
        right = rest == _SIZED_HASH and _is_sized_hash(step.suffix)
        left = _is_sized_hash(rest[:-1]) and rest[-1:] == _SIZED_HASH and not step.suffix
        if not (right or left):
            raise _bad(f"step {layer} is none of an IAVL tree")
    return proof


def parse_store(data: bytes) -> Existence:
    """Read a proof of the tree of all stores, whose form is RFC 6962's.

    Raises:
        EvidenceError: "ics23" or "protobuf", when it has another form.
    """
    proof = _existence(data)
    if proof.leaf != b"\0":
        raise _bad("the leaf is none of the tree of stores")
    for step in proof.path:
        sizes = {len(step.prefix) - 1, len(step.suffix)}
        if step.prefix[:1] != b"\1" or sizes != {0, WORD}:
            raise _bad("a step is none of the tree of stores")
    return proof


def _numbers(prefix: bytes, least: int) -> tuple[int, bytes]:
    """Return the size in a prefix of an IAVL node, and what stands behind its three numbers.

    They are height, size and version, written as signed numbers; the height is 0 for a leaf and
    otherwise at least that of the layer.
    """
    found, at = [], 0
    for _ in range(_INNER_NUMBERS):
        raw, at = read_varint(prefix, at)
        if raw % 2:
            raise _bad("a number in an IAVL node is negative")
        found.append(raw // 2)
    height, size, _ = found
    if height < least or (not least and height):
        raise _bad(f"a node of height {height} stands in layer {least}")
    return size, prefix[at:]


def _is_sized_hash(data: bytes) -> bool:
    return len(data) == 1 + WORD and data[:1] == _SIZED_HASH


def _existence(data: bytes) -> Existence:
    if len(data) > MAX_PROOF_BYTES:
        raise _bad(f"{len(data)} bytes, at most {MAX_PROOF_BYTES} are read")
    outer = fields(data)
    if [field for field, _ in outer] != [_EXIST]:
        raise _bad("it is not a proof of existence")
    inner = fields(_bytes(outer, _EXIST))
    steps = [value for field, value in inner if field == _PATH]
    if [field for field, _ in inner[:3]] != [_KEY, _VALUE, _LEAF] or len(inner) != 3 + len(steps):
        raise _bad("key, value, leaf and steps were expected")
    if len(steps) > MAX_DEPTH:
        raise _bad(f"{len(steps)} steps, at most {MAX_DEPTH} are followed")
    leaf = _bytes(inner, _LEAF)
    prefix = leaf[len(_LEAF_OPERATION) + 2 :]
    if leaf != _LEAF_OPERATION + bytes_field(5, prefix):
        raise _bad("the leaf is hashed in another way")
    path = tuple(_step(value) for value in steps)
    return Existence(_bytes(inner, _KEY), _bytes(inner, _VALUE), prefix, path)


def _step(data: int | bytes) -> Step:
    found = fields(data) if isinstance(data, bytes) else []
    names = [field for field, _ in found]
    if names not in ([_HASH, _PREFIX], [_HASH, _PREFIX, _SUFFIX]) or found[0][1] != _SHA256:
        raise _bad("a step is hashed in another way")
    return Step(_bytes(found, _PREFIX), _bytes(found, _SUFFIX) if _SUFFIX in names else b"")


def _bytes(found: Fields, wanted: int) -> bytes:
    value = dict(found)[wanted]
    if not isinstance(value, bytes):
        raise _bad(f"field {wanted} is a number")
    return value


def _bad(message: str) -> EvidenceError:
    return EvidenceError("ics23", f"proof of ICS 23: {message}")
