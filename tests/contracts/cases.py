"""The official vectors whose values the contract's types can hold."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

Case = dict[str, Any]


def load(folder: Path) -> dict[str, Case]:
    """Read the vectors whose values the contract's types can hold."""
    cases = {str(file): json.loads(file.read_bytes()) for file in sorted(folder.rglob("*.json"))}
    return {name: case for name, case in cases.items() if fits(case)}


def fits(case: Case) -> bool:
    numbers = [value for value in case.values() if type(value) is int]
    single = [case[name] for name in ("root", "root1", "root2", "leafHash") if name in case]
    hashes = [b64decode(each) for each in [*single, *(case["proof"] or [])]]
    return all(0 <= n < 2**64 for n in numbers) and all(len(each) == 32 for each in hashes)


def raw(case: Case, name: str) -> bytes:
    return b64decode(case[name], validate=True)


def proof(case: Case) -> list[bytes]:
    return [b64decode(each, validate=True) for each in case["proof"] or []]


def inclusion(prover: Any, case: Case) -> bool:
    """Ask a contract about one vector of inclusion."""
    leaf, root = raw(case, "leafHash"), raw(case, "root")
    return bool(prover.isIncluded(case["leafIdx"], case["treeSize"], leaf, proof(case), root))


def consistency(prover: Any, case: Case) -> bool:
    """Ask a contract about one vector of consistency."""
    roots = raw(case, "root1"), raw(case, "root2")
    return bool(prover.isConsistent(case["size1"], case["size2"], *roots, proof(case)))
