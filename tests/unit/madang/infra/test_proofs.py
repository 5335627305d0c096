"""A public half is made of a head on the chain, a checkpoint of it, and the log's files."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from madang.core.evidence.bundle import Evidence, join
from madang.core.evidence.finality.heads import HeadEvidence
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.receipt import Receipt
from madang.core.evidence.storage.reading import StateProof
from madang.core.evidence.storage.slots import Place
from madang.core.evidence.verify import verify_evidence
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.growth import grow
from madang.core.merkle.tree import CompactRange
from madang.infra.http import Answer
from madang.infra.log_client import LogUnavailable
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import FolderLog, HttpLog, Ledger, ProofUnavailable, public_half
from madang.infra.receipts import LogNotBelieved
from tests.unit.madang.core.evidence import world
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.world import INDEX, ORIGIN, SIZE

KNOWN = sample(Engine.COMETBFT)
PLACE = KNOWN.trust.place(KNOWN.trust.logs[ORIGIN], PRIMITIVES)


class Recorded:
    """Proves what a sample has."""

    def __init__(self, state: StateProof, head: HeadEvidence) -> None:
        self.proved = state, head

    async def prove(self, place: Place) -> tuple[StateProof, HeadEvidence]:
        assert place == PLACE
        return self.proved


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("log"))


def published(folder: Path) -> Path:
    growth = grow(CompactRange(0, ()), lambda _: b"", world.entries())
    for tile, content in growth.files:
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "checkpoint").write_text(world.note(world.head()), "utf-8")
    return folder


def made(folder: Path, index: int = INDEX, notes: list[str] | None = None, **bent: Any) -> Evidence:
    state, head = bent.get("state", KNOWN.evidence.state), bent.get("head", KNOWN.evidence.head)
    chain = KNOWN.trust.chain
    ledger = Ledger(chain.chain_id, chain.genesis_hash, Recorded(state, head))
    log = FolderLog(folder)

    async def make() -> Evidence:
        given = [await log.checkpoint()] if notes is None else notes
        return await public_half(ledger, PLACE, index, given, log.tile)

    return asyncio.run(make())


@pytest.mark.parametrize("index", [0, 255, 256, INDEX, SIZE - 1])
def test_a_public_half_joins_to_a_file_that_holds(folder: Path, index: int) -> None:
    public = made(folder, index)
    assert public.thing is None
    entry = Entry.parse(world.entries()[index])
    salt, digest = world.salt_of(index), world.digest_of(index)
    receipt = Receipt(ORIGIN, EntryKind.CREDENTIAL, index, entry, salt, digest, (), "")
    verdict = verify_evidence(join(public, receipt), KNOWN.trust, PRIMITIVES, thing=digest)
    assert verdict.failures == ()


def test_any_of_the_notes_may_be_the_head_on_the_chain(folder: Path) -> None:
    notes = [world.note(world.head(size)) for size in (SIZE - 1, SIZE, SIZE - 2)]
    assert made(folder, notes=notes).checkpoint.text == world.head().text()


@pytest.mark.parametrize("notes", [[], [world.note(world.head(SIZE - 1))]], ids=["none", "older"])
def test_without_the_head_on_the_chain_it_is_said_when_to_ask_again(
    folder: Path, notes: list[str]
) -> None:
    with pytest.raises(ProofUnavailable, match="the chain has the head of 10000 entries"):
        made(folder, notes=notes)


@pytest.mark.parametrize("index", [-1, SIZE, 2**63])
def test_an_entry_that_is_not_on_the_chain_has_no_evidence(folder: Path, index: int) -> None:
    with pytest.raises(ProofUnavailable, match="is not on the chain"):
        made(folder, index)


def test_a_proof_that_does_not_hold_is_not_handed_on(folder: Path) -> None:
    state = replace(KNOWN.evidence.state, packed=b"")  # type: ignore[call-arg]
    with pytest.raises(ProofUnavailable, match="does not hold"):
        made(folder, state=state)


def test_what_is_no_checkpoint_is_told(folder: Path) -> None:
    with pytest.raises(LogNotBelieved):
        made(folder, notes=["no note"])


def test_files_of_another_log_are_not_believed(tmp_path: Path) -> None:
    folder = published(tmp_path)
    bundle = folder / "tile" / "entries" / "028"
    bundle.write_bytes(bundle.read_bytes().replace(b"credential", b"bredential"))
    with pytest.raises(LogNotBelieved, match="is not in the tree"):
        made(folder)


def test_a_bundle_that_is_none_is_told(tmp_path: Path) -> None:
    folder = published(tmp_path)
    (folder / "tile" / "entries" / "028").write_bytes(b"\x00")
    with pytest.raises(LogNotBelieved):
        made(folder)


def test_files_that_are_missing_are_told(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="checkpoint cannot be read"):
        made(tmp_path)


class Served:
    """Serves a folder under an address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def request(self, method: str, url: str, **_: Any) -> Answer:
        assert method == "GET"
        path = self.folder / url.removeprefix("https://city.example/hanbit/log/")
        found = path.is_file()
        return Answer(200 if found else 404, {}, path.read_bytes() if found else b"")


def test_a_log_behind_http_has_the_same_files(folder: Path) -> None:
    log = HttpLog(Served(folder), "https://city.example/hanbit/log")

    async def both() -> tuple[Evidence, str]:
        chain = KNOWN.trust.chain
        proofs = Recorded(KNOWN.evidence.state, KNOWN.evidence.head)
        ledger = Ledger(chain.chain_id, chain.genesis_hash, proofs)
        note = await log.checkpoint()
        return await public_half(ledger, PLACE, INDEX, [note], log.tile), note

    found, note = asyncio.run(both())
    assert found == made(folder, notes=[note])
    with pytest.raises(LogUnavailable, match="answered 404"):
        asyncio.run(log.read("nothing"))
