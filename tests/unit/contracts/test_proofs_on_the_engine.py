"""The committed code answers on the engine that runs it as the product's own proofs do.

The tests of the contract itself run on an interpreter in Python, which is slow; here every pair
of sizes is asked, and every mutant of every proof of the smaller ones. Its twin, by another
compiler, is asked the same.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from eth_utils.crypto import keccak

from contracts import artifacts
from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.settings import Settings
from madang.core.merkle.proof import verify_consistency, verify_inclusion
from madang.core.merkle.tree import Tree, leaf_hash
from madang.infra.clock import SystemClock
from tests.serving import free_port

LIMIT = 200
SMALL = 40
BATCH = 1000
ADDRESS, TWIN_ADDRESS = "0x" + "a1" * 20, "0x" + "a2" * 20
TWIN = Path(__file__).resolve().parents[2] / "contracts" / "twin" / "ProofTwin.json"
LEAVES = [leaf_hash(n.to_bytes(2)) for n in range(LIMIT)]
TREE = Tree(LEAVES)
ROOTS = [TREE.root(size) for size in range(LIMIT + 1)]


class Claim(NamedTuple):
    """A question to `isConsistent`, or with `index` one to `isIncluded`."""

    sizes: tuple[int, int]
    hashes: tuple[bytes, bytes]
    proof: Sequence[bytes]

    def consistency(self) -> bytes:
        head = _words(*self.sizes, *self.hashes, 5 * 32, len(self.proof))
        return CONSISTENT + head + b"".join(self.proof)

    def inclusion(self) -> bytes:
        """Encode it as index, size, leaf, proof, root."""
        leaf, root = self.hashes
        head = _words(*self.sizes, leaf, 5 * 32, root, len(self.proof))
        return INCLUDED + head + b"".join(self.proof)


def _words(*values: int | bytes) -> bytes:
    return b"".join(v if isinstance(v, bytes) else v.to_bytes(32) for v in values)


def selector(name: str) -> bytes:
    [entry] = (each for each in artifacts.load("AnchorLog").abi if each.get("name") == name)
    types = ",".join(each["type"] for each in entry["inputs"])
    return bytes(keccak(f"{name}({types})".encode())[:4])


CONSISTENT, INCLUDED = selector("isConsistent"), selector("isIncluded")


def consistency(old: int, new: int) -> Claim:
    return Claim((old, new), (ROOTS[old], ROOTS[new]), TREE.consistency_proof(old, new))


def inclusion(index: int, size: int) -> Claim:
    return Claim((index, size), (LEAVES[index], ROOTS[size]), TREE.inclusion_proof(index, size))


def damaged(claim: Claim) -> Iterator[Claim]:
    """Give a claim with each hash flipped, dropped, doubled, swapped with the next, or added."""
    proof = list(claim.proof)
    for place, element in enumerate(proof):
        flipped = bytes([*element[:place], element[place] ^ 1 << place % 8, *element[place + 1 :]])
        yield claim._replace(proof=[*proof[:place], flipped, *proof[place + 1 :]])
        yield claim._replace(proof=[*proof[:place], *proof[place + 1 :]])
        yield claim._replace(proof=[*proof[:place], element, *proof[place:]])
    for place, (first, second) in enumerate(pairwise(proof)):
        yield claim._replace(proof=[*proof[:place], second, first, *proof[place + 2 :]])
    for extra in (ROOTS[1], bytes(32)):
        yield claim._replace(proof=[*proof, extra])
        yield claim._replace(proof=[extra, *proof])
    first, second = claim.hashes
    yield claim._replace(hashes=(ROOTS[0], second))
    yield claim._replace(hashes=(first, ROOTS[0]))


def moved(claim: Claim) -> Iterator[Claim]:
    """Give a claim for other sizes; some fit too, since a size is only claimed."""
    first, second = claim.sizes
    for sizes in ((first + 1, second), (first - 1, second), (first, second + 1)):
        if min(sizes) >= 0:
            yield claim._replace(sizes=sizes)
    yield claim._replace(sizes=(first, second - 1))
    yield claim._replace(sizes=(second, first))
    yield claim._replace(sizes=(first + 2**63, second + 2**63))


@asynccontextmanager
async def engine(folder: Path) -> AsyncIterator[str]:
    port = free_port()
    started = EmbeddedEngine(
        EngineSettings(Settings().engine, port, 8283, 1_795_000_000, folder / "state"),
        SystemClock(),
    )
    await started.start([])
    try:
        code = "0x" + artifacts.load("AnchorLog").runtime.hex()
        await started.rpc.call("anvil_setCode", ADDRESS, code)
        creation = {"data": "0x" + json.loads(TWIN.read_bytes())["bytecode"]}
        code = await started.rpc.call("eth_call", creation)
        await started.rpc.call("anvil_setCode", TWIN_ADDRESS, code)
        yield f"http://127.0.0.1:{port}"
    finally:
        await started.stop()


def asked(folder: Path, questions: Sequence[bytes]) -> list[bool]:
    """Ask the contract and its twin, who have to agree; return the answers in the same order."""

    async def ask() -> list[bool]:
        async with engine(folder) as url, httpx.AsyncClient(timeout=60) as client:
            answers = [await answered(client, url, questions, to=ADDRESS)]
            answers += [await answered(client, url, questions, to=TWIN_ADDRESS)]
            assert answers[0] == answers[1]
            return answers[0]

    return asyncio.run(ask())


async def answered(
    client: httpx.AsyncClient, url: str, questions: Sequence[bytes], *, to: str
) -> list[bool]:
    found: list[str] = []
    for start in range(0, len(questions), BATCH):
        calls = [
            {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_call",
                "params": [{"to": to, "data": "0x" + question.hex()}],
            }
            for number, question in enumerate(questions[start : start + BATCH])
        ]
        answers = (await client.post(url, json=calls)).json()
        found += [answer["result"] for answer in sorted(answers, key=lambda a: a["id"])]
    return [bool(int(answer, 16)) for answer in found]


def test_consistency_of_every_pair(tmp_path: Path) -> None:
    claims = [consistency(old, new) for new in range(1, LIMIT + 1) for old in range(1, new + 1)]
    answers = asked(tmp_path, [claim.consistency() for claim in claims])
    assert len(answers) == LIMIT * (LIMIT + 1) // 2
    assert [claim.sizes for claim, good in zip(claims, answers, strict=True) if not good] == []


def test_inclusion_in_every_size(tmp_path: Path) -> None:
    claims = [inclusion(index, size) for size in range(1, LIMIT + 1) for index in range(size)]
    answers = asked(tmp_path, [claim.inclusion() for claim in claims])
    assert len(answers) == LIMIT * (LIMIT + 1) // 2
    assert [claim.sizes for claim, good in zip(claims, answers, strict=True) if not good] == []


@pytest.mark.parametrize("kind", ["consistency", "inclusion"])
def test_no_mutant_of_a_proof_is_taken(tmp_path: Path, kind: str) -> None:
    claims = [mutant for claim in small(kind) for mutant in damaged(claim) if mutant != claim]
    answers = asked(tmp_path, [getattr(claim, kind)() for claim in claims])
    assert len(answers) > 15_000
    assert [claim for claim, good in zip(claims, answers, strict=True) if good] == []


@pytest.mark.parametrize(("kind", "fitting"), [("consistency", 1424), ("inclusion", 1344)])
def test_other_sizes_are_answered_as_by_the_product(
    tmp_path: Path, kind: str, fitting: int
) -> None:
    claims = [each for claim in small(kind) for each in moved(claim)]
    answers = asked(tmp_path, [getattr(claim, kind)() for claim in claims])
    verify = verify_consistency if kind == "consistency" else verify_inclusion
    expected = [verify(*claim.sizes, *_ordered(claim, kind)) for claim in claims]
    assert answers == expected
    assert sum(expected) == fitting


def small(kind: str) -> list[Claim]:
    make = consistency if kind == "consistency" else inclusion
    first = 1 if kind == "consistency" else 0
    return [make(a, b) for b in range(1, SMALL + 1) for a in range(first, b + first)]


def _ordered(claim: Claim, kind: str) -> tuple[object, ...]:
    first, second = claim.hashes
    if kind == "consistency":
        return first, second, claim.proof
    return first, claim.proof, second
