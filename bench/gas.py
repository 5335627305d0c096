"""On the embedded chain: gas of a credential, here and at others, and anchors in a second."""

import asyncio
import hashlib
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.chain import Sender, chain
from bench.measure import RUNS, Row, row
from bench.others import NOBODY, attestation, document_store
from madang.core.merkle.tree import Tree
from madang.infra.chain import AnchorLog, append_gas

START = 1_000_000
NUMBERS = (1, 100, 10_000)
BULK = 1_000
ANCHORS = 200
HELD = Path(__file__).resolve().parents[1] / "tests" / "contracts" / "gas.json"
"""Figures to which the tests hold the contract."""
NEAR = 0.01
"""Zeros in a hash cost less, so that two runs differ by some gas."""


def gas_rows() -> list[Row]:
    """Measure on a log of a million entries; takes about half a minute."""
    return asyncio.run(_rows())


async def _rows() -> list[Row]:
    async with chain() as sender:
        ours = await _appends(sender, await sender.anchor_log())
        store = await document_store(sender, (BULK,))
        attested = await attestation(sender)
        rates = await _rates(sender, await sender.anchor_log())
    each = store[f"bulkIssue {BULK}"] / BULK
    bound = f"bulkIssue of document-store for {BULK:,}: {each:,.0f} each"
    return [
        *(_append(number, gas, (bound, each)) for number, gas in ours.items()),
        _other("document-store: issue, one credential", store["issue"], ours[1]),
        _other("EAS: attest, one credential", attested, ours[1]),
        row("anchors one after another", rates[0], "/s", ("a call of nothing", rates[1])),
    ]


async def _appends(sender: Sender, contract: AnchorLog) -> dict[int, int]:
    """Return the gas of an append of each number of entries to a log of START."""
    tree = Tree(_leaf(at) for at in range(START))
    found = {}
    for number in NUMBERS:
        log_id = await _open(sender, contract, number)
        call = contract.append_call(log_id, START, tree.root(START), ())
        await sender.send(contract.address, call, append_gas(0))
        while tree.size < START + number:
            tree.append(_leaf(tree.size))
        size = START + number
        proof = tree.consistency_proof(START, size)
        call = contract.append_call(log_id, size, tree.root(size), proof)
        found[number] = (await sender.send(contract.address, call, append_gas(len(proof)))).gas_used
        _check(number, found[number])
    return found


def _check(number: int, gas: int) -> None:
    """Hold a figure against that of the tests, so that there is one truth."""
    held: Any = json.loads(HELD.read_text("utf-8"))
    noun = "credential" if number == 1 else "credentials"
    told = held["AnchorLog"][f"append {number:,} {noun} to {START:,}"]
    if abs(gas - told) > told * NEAR:
        raise RuntimeError(
            f"append of {number} took {gas} gas, tests/contracts/gas.json says {told}"
        )


async def _rates(sender: Sender, contract: AnchorLog) -> tuple[list[float], float]:
    """Return anchors per second of each run, and the median of bare transactions."""
    log_id = await _open(sender, contract, 0)
    tree, anchors, bare = Tree(), [], []
    for _ in range(RUNS):
        calls = []
        for _ in range(ANCHORS):
            old = tree.size
            tree.append(_leaf(old))
            proof = tree.consistency_proof(old, tree.size) if old else []
            calls.append((contract.append_call(log_id, tree.size, tree.root(), proof), len(proof)))
        started = time.perf_counter()
        for call, length in calls:
            await sender.send(contract.address, call, append_gas(length))
        anchors.append(ANCHORS / (time.perf_counter() - started))
        started = time.perf_counter()
        for _ in range(ANCHORS):
            await sender.send(NOBODY, b"", 21_000)
        bare.append(ANCHORS / (time.perf_counter() - started))
    return anchors, median(bare)


async def _open(sender: Sender, contract: AnchorLog, number: int) -> bytes:
    label = hashlib.sha256(number.to_bytes(8)).digest()
    await sender.send(contract.address, contract.open_call(label))
    return await contract.log_id(sender.account.address, label)


def _leaf(at: int) -> bytes:
    return hashlib.sha256(at.to_bytes(8)).digest()


def _append(number: int, gas: int, bound: tuple[str, float]) -> Row:
    return Row(
        what=f"anchor {number:,} credentials on a log of {START:,}",
        figure=f"{gas:,} gas, {gas / number:,.1f} each",
        spread="exact",
        bound=bound[0],
        share=f"{gas / number / bound[1]:.4f}",
        aim={1: "50,000 gas", 10_000: "5.5 each"}.get(number, ""),
    )


def _other(what: str, gas: int, ours: int) -> Row:
    bound = f"our append of one: {ours:,} gas"
    return Row(what, f"{gas:,} gas", "exact", bound, f"{gas / ours:.2f}")


if __name__ == "__main__":
    for each in gas_rows():
        print(each.what, "|", each.figure, "|", each.spread, "|", each.bound, "|", each.share)
