"""Tries built in the open, to prove in: a second way beside that of the nodes."""

from collections.abc import Mapping

import rlp

from madang.infra.primitives import PRIMITIVES

keccak = PRIMITIVES.keccak


def build(values: Mapping[bytes, bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the root of a trie over hashed keys, and all of its nodes by their hashes."""
    nodes: dict[bytes, bytes] = {}
    paths = {keccak(key).hex(): value for key, value in values.items()}
    root = rlp.encode(_node(paths, nodes))
    nodes[keccak(root)] = root
    return keccak(root), nodes


def _node(paths: Mapping[str, bytes], nodes: dict[bytes, bytes]) -> list[object]:
    if len(paths) == 1:
        ((path, value),) = paths.items()
        return [_compact(path, 2), value]
    shared = next(n for n in range(64) if len({path[n] for path in paths}) > 1)
    if shared:
        inner = {path[shared:]: value for path, value in paths.items()}
        return [_compact(next(iter(paths))[:shared], 0), _reference(inner, nodes)]
    branch: list[object] = []
    for digit in "0123456789abcdef":
        below = {path[1:]: value for path, value in paths.items() if path[0] == digit}
        branch.append(_reference(below, nodes) if below else b"")
    return [*branch, b""]


def _reference(paths: Mapping[str, bytes], nodes: dict[bytes, bytes]) -> object:
    node = _node(paths, nodes)
    data = rlp.encode(node)
    if len(data) < 32:
        return node
    nodes[keccak(data)] = data
    return keccak(data)


def _compact(path: str, flag: int) -> bytes:
    return bytes.fromhex(f"{flag + 1}{path}" if len(path) % 2 else f"{flag}0{path}")
