"""All 518 proofs of transparency-dev/merkle: accepted or refused exactly as they say."""

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from madang.core.merkle.proof import (
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

Vector = dict[str, Any]


def inclusion(case: Vector) -> bool:
    return verify_inclusion(
        case["leafIdx"], case["treeSize"], raw(case, "leafHash"), proof(case), raw(case, "root")
    )


def consistency(case: Vector) -> bool:
    return verify_consistency(
        case["size1"], case["size2"], raw(case, "root1"), raw(case, "root2"), proof(case)
    )


def subtree_inclusion(case: Vector) -> bool:
    return verify_subtree_inclusion(
        case["leafIdx"],
        case["start"],
        case["end"],
        raw(case, "leafHash"),
        proof(case),
        raw(case, "root"),
    )


def subtree_consistency(case: Vector) -> bool:
    return verify_subtree_consistency(
        case["start"],
        case["end"],
        case["size"],
        raw(case, "root1"),
        raw(case, "root2"),
        proof(case),
    )


def raw(case: Vector, name: str) -> bytes:
    return b64decode(case[name] or "", validate=True)


def proof(case: Vector) -> list[bytes]:
    return [b64decode(each, validate=True) for each in case["proof"] or []]


@pytest.mark.parametrize(
    ("folder", "check", "accepted", "refused"),
    [
        ("inclusion", inclusion, 6, 92),
        ("consistency", consistency, 6, 92),
        ("subtreeinclusion", subtree_inclusion, 12, 192),
        ("subtreeconsistency", subtree_consistency, 12, 106),
    ],
)
def test_every_vector_is_answered_as_it_says(
    vectors: Callable[[str], Path],
    folder: str,
    check: Callable[[Vector], bool],
    accepted: int,
    refused: int,
    record_case: Callable[..., None],
) -> None:
    files = sorted((vectors("merkle-rfc6962") / folder).rglob("*.json"))
    cases = {str(file): json.loads(file.read_bytes()) for file in files}
    for file in files:
        record_case(file)
    wrong = [name for name, case in cases.items() if check(case) == case["wantErr"]]
    assert wrong == []
    wanted = [case["wantErr"] for case in cases.values()]
    assert (wanted.count(False), wanted.count(True)) == (accepted, refused)
