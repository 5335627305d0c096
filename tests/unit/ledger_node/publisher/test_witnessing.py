"""Heads go to witnesses, their lines come back, and what they know stops a set-back disk."""

import asyncio
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import HeadState, LogDamagedError, Submitted
from ledger_node.publisher.store import LOG_ROWS, SqlLogs
from ledger_node.publisher.usecases import Publisher
from ledger_node.publisher.witnessing import WitnessError, Witnessing, WitnessPoint
from ledger_node.witness.usecases import Witness
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.checkpoint import SignedCheckpoint, parse_note, sign, verify
from madang.core.merkle.cosignature import cosign, cosigned
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import VerifierKey, with_signatures
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.http import Answer, HttpError
from tests.unit.ledger_node.publisher.network import WitnessNet
from tests.unit.ledger_node.witness.twins import MemoryWitnesses, ShownLog

ORIGIN = "log.example/hanbit/log"
NOW = 1_800_000_000
NAMES = ("a.example/a/witness", "b.example/b/witness", "c.example/c/witness")
LOG, SECOND = generate_ed25519("log"), generate_ml_dsa_44("second")
Result = TypeVar("Result")


def run(errand: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(errand)


@dataclass
class Town:
    """A log, three witnesses, and the net between them; the log's process can start anew."""

    folder: Path
    quorum: int = 2
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    number: int = 0

    def __post_init__(self) -> None:
        self.database = Database(f"sqlite:///{self.folder}/log.sqlite")
        self.database.create(*LOG_ROWS)
        self.stores = SqlLogs(self.database, "hanbit")
        self.key = VerifierKey.of(ORIGIN, LOG)
        watched = {ORIGIN: (self.key,)}
        witnesses = {
            f"http://{name}": Witness(
                name, generate_ed25519(name), watched, MemoryWitnesses(), self.clock
            )
            for name in NAMES
        }
        self.net = WitnessNet(witnesses)
        self.points = [WitnessPoint(url, each.key) for url, each in witnesses.items()]
        self.restart()

    def restart(self) -> None:
        """Start the log's process on what is on the disk."""
        cosigner = Cosigner(f"https://{ORIGIN}", SECOND, self.clock)
        files = LogFiles(self.folder / "log")
        self.publisher = Publisher(ORIGIN, LOG, cosigner, files, self.stores, list, 1000)
        self.witnessing = Witnessing(
            self.publisher, tuple(self.points), self.quorum, self.net, pause=0.001, patience=0.05
        )
        self.publisher.recover()
        run(self.witnessing.begin())
        if not self.publisher.damage:
            self.publisher.introduce()

    def grow(self, count: int = 1) -> int:
        """Accept and publish entries; return the size."""
        for _ in range(count):
            self.number += 1
            commitment = self.number.to_bytes(32)
            entry = Submitted(
                f"key-{self.number}", EntryKind.CREDENTIAL, commitment, "https://i", 0
            )
            self.publisher.accept([entry])
        head = self.publisher.checkpoint()
        assert head is not None
        return head.size

    def hand_over(self, at: int) -> bool:
        return run(self.witnessing.hand_over(self.points[at]))

    def round(self) -> None:
        for at in range(len(self.points)):
            self.hand_over(at)

    def shown(self) -> SignedCheckpoint:
        note = self.publisher.files.checkpoint()
        assert note is not None
        signed = parse_note(note)
        assert verify(signed, self.key)
        return signed

    def signers(self) -> list[int]:
        """Return who has cosigned the published head."""
        shown = self.shown()
        return [at for at, each in enumerate(self.points) if cosigned(shown, each.key) is not None]

    def copy(self) -> Path:
        """Return a copy of the whole disk."""
        copied = self.folder.with_name(f"{self.folder.name}-{self.number}")
        shutil.copytree(self.folder, copied)
        return copied

    def set_back(self, copied: Path) -> None:
        """Put a copy in the place of the disk."""
        self.database.close()
        shutil.rmtree(self.folder)
        shutil.copytree(copied, self.folder)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    folder = tmp_path / "disk"
    folder.mkdir()
    return Town(folder)


def test_lines_of_witnesses_stand_behind_the_logs_own(town: Town) -> None:
    town.grow()
    assert town.signers() == []
    assert town.hand_over(1)
    assert town.signers() == [1]
    assert town.hand_over(0)
    assert town.signers() == [0, 1]
    names = [each.name for each in town.shown().note.signatures]
    assert names == [ORIGIN, ORIGIN, NAMES[0], NAMES[1]]
    assert not town.hand_over(0), "there is nothing new"
    assert town.hand_over(2)


def test_the_next_head_begins_without_lines_and_gets_its_own(town: Town) -> None:
    town.grow()
    town.round()
    town.clock.advance(10)
    town.grow(300)
    assert town.signers() == []
    town.round()
    assert town.signers() == [0, 1, 2]
    assert cosigned(town.shown(), town.points[0].key) == NOW + 10


def test_lines_outlast_the_process_and_stand_in_the_checkpoint_again(town: Town) -> None:
    town.grow()
    town.round()
    (town.folder / "log" / "checkpoint").unlink()
    town.restart()
    assert town.signers() == [0, 1, 2]


def test_what_a_witness_has_missed_it_gets_with_a_proof_from_where_it_is(town: Town) -> None:
    town.grow(3)
    town.round()
    town.net.down.add(town.points[0].url)
    for _ in range(4):
        town.grow(70)
        with pytest.raises(HttpError):
            town.hand_over(0)
        assert town.hand_over(1)
        assert town.hand_over(2)
    town.net.down.clear()
    while town.hand_over(0):
        continue
    assert town.signers() == [0, 1, 2]


@pytest.mark.parametrize("lost", ["the answer", "the record"])
def test_a_witness_that_has_signed_more_than_is_known_is_asked_from_there(
    town: Town, lost: str
) -> None:
    town.grow(3)
    town.round()
    town.grow(3)
    if lost == "the answer":
        signed = town.witnessing._send(town.points[0], town.publisher.published)  # type: ignore[arg-type]
        assert run(signed).status == 200
    else:
        town.witnessing._known[NAMES[0]] = 1
    town.grow(3)
    assert town.hand_over(0)
    assert town.signers() == [0]


def test_a_line_whose_answer_was_lost_is_found_at_the_next_start(town: Town) -> None:
    town.grow(3)
    signed = town.witnessing._send(town.points[0], town.publisher.published)  # type: ignore[arg-type]
    assert run(signed).status == 200
    assert town.signers() == []
    town.restart()
    assert town.signers() == [0]


def test_a_line_under_another_key_id_is_not_recalled(town: Town) -> None:
    town.grow(3)
    head, point = town.shown(), town.points[0]
    signer = town.net.witnesses[point.url].signer
    true = cosign(head.checkpoint, point.key.name, signer, NOW)
    lines = (true, replace(true, key_id=b"else"))
    shown = with_signatures(head.note, lines).serialize().encode()
    town.net.said[point.url] = [Answer(200, {}, shown)]
    town.restart()
    assert list(town.publisher.cosignatures(head.checkpoint.size)) == [true]


def test_a_witness_that_has_lost_its_memory_begins_again(town: Town) -> None:
    town.grow(3)
    town.round()
    witness = town.net.witnesses[town.points[0].url]
    assert isinstance(witness.stores, MemoryWitnesses)
    witness.stores.kept = MemoryWitnesses().kept
    town.grow(3)
    with pytest.raises(WitnessError, match="409"):
        town.hand_over(0)
    assert town.hand_over(0)
    assert town.signers() == [0]
    assert town.publisher.damage == ""


def test_one_that_is_dead_keeps_neither_the_log_nor_another_waiting(town: Town) -> None:
    town.net.down.add(town.points[1].url)

    async def together() -> None:
        running = asyncio.create_task(town.witnessing.run())
        for _ in range(3):
            town.grow()
            for _ in range(200):
                await asyncio.sleep(0.001)
                if town.signers() == [0, 2]:
                    break
            assert town.signers() == [0, 2]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    run(together())


def test_one_that_never_answers_keeps_neither_the_log_nor_another_waiting(town: Town) -> None:
    class Slow(WitnessNet):
        async def request(self, method: str, url: str, **more: Any) -> Answer:
            if NAMES[1] in url:
                await asyncio.sleep(3600)
            return await super().request(method, url, **more)

    town.net = Slow(town.net.witnesses)
    town.restart()
    town.grow()

    async def together() -> None:
        running = asyncio.create_task(town.witnessing.run())
        for _ in range(200):
            await asyncio.sleep(0.001)
            if town.signers() == [0, 2]:
                break
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run(together())
    assert town.signers() == [0, 2]


def test_a_tile_that_is_torn_or_gone_stops_no_witness_for_good(town: Town) -> None:
    town.grow(3)
    town.round()
    town.grow(3)
    tile = town.folder / "log" / "tile" / "0" / "000.p" / "7"
    content = tile.read_bytes()

    async def together() -> None:
        running = asyncio.create_task(town.witnessing.run())
        for damaged in (content[:-1], None, content):
            tile.unlink(missing_ok=True)
            if damaged is not None:
                tile.write_bytes(damaged)
            await asyncio.sleep(0.02)
            assert not running.done()
        for _ in range(200):
            await asyncio.sleep(0.001)
            if town.signers() == [0, 1, 2]:
                break
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run(together())
    assert town.signers() == [0, 1, 2]


def test_the_state_tells_what_a_quorum_has_signed(town: Town) -> None:
    town.grow(3)
    assert town.witnessing.state().cosigned == 0
    town.hand_over(0)
    assert town.witnessing.state().cosigned == 0
    town.clock.advance(9)
    town.hand_over(1)
    first = town.shown().checkpoint.size
    town.grow(3)
    town.hand_over(0)
    state = town.witnessing.state()
    assert (state.size, state.cosigned, state.quorum, state.held) == (first + 3, first, 2, False)
    assert [(each.name, each.size, each.time) for each in state.witnesses] == [
        (NAMES[0], first + 3, NOW + 9),
        (NAMES[1], first, NOW + 9),
        (NAMES[2], 0, 0),
    ]


def test_without_a_quorum_every_head_counts(tmp_path: Path) -> None:
    town = Town(tmp_path, quorum=0)
    assert town.grow(3) == town.witnessing.state().cosigned


def test_a_witness_whose_key_was_changed_does_not_count_by_its_old_lines(town: Town) -> None:
    town.grow()
    town.round()
    assert town.witnessing.state().cosigned > 0
    for at in (0, 1):
        key = town.points[at].key
        town.points[at] = WitnessPoint(
            town.points[at].url, type(key).of(key.name, generate_ed25519("new"))
        )
    town.restart()
    assert town.witnessing.state().cosigned == 0


def test_witnesses_of_different_speed_meet_in_one_size(town: Town) -> None:
    """The first takes the odd heads, the second is a head late each time."""
    for _ in range(6):
        town.grow()
        town.hand_over(0)
        town.grow()
        town.hand_over(1)
        signed = town.witnessing.state()
        assert signed.cosigned == signed.size - 1


def test_the_head_that_the_chain_has_is_signed_before_a_newer_one(town: Town) -> None:
    """A log that grows all the time would have no final head otherwise: witnesses would skip it."""
    for state in (HeadState.INCLUDED, HeadState.ANCHORED):
        sent = town.grow()
        with town.stores() as store:
            head = store.newest()
            assert head is not None
            store.save(replace(head, state=state, block=1, block_time=NOW))
        for at in (0, 1):
            town.grow()
            town.hand_over(at)
        assert town.witnessing.state().cosigned == sent
    assert town.witnessing.state().final == sent
    town.round()
    assert town.witnessing.state().cosigned == town.witnessing.state().size


ANSWERS = {
    "an error": Answer(500, {}, b""),
    "nothing": Answer(200, {}, b""),
    "no line": Answer(200, {}, b"welcome\n"),
    "not text": Answer(200, {}, b"\xff"),
    "a conflict without a size": Answer(409, {}, b"3\n"),
    "a conflict of no number": Answer(409, {"content-type": "text/x.tlog.size"}, b"x\n"),
    "a size that nobody has": Answer(409, {"content-type": "text/x.tlog.size"}, b"900\n"),
    "a size that it does not have": Answer(409, {"content-type": "text/x.tlog.size"}, b"0\n"),
    "unproven": Answer(422, {}, b""),
    "not signed": Answer(403, {}, b""),
    "unknown": Answer(404, {}, b""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_a_witness_says_it_cannot_stop_the_log(town: Town, name: str) -> None:
    town.grow(3)
    town.round()
    town.grow(3)
    town.net.said[town.points[0].url] = [ANSWERS[name]] * 2
    with pytest.raises(WitnessError):
        town.hand_over(0)
    assert town.publisher.damage == ""
    town.net.said.clear()
    town.grow()
    for _ in range(2):
        try:
            town.hand_over(0)
        except WitnessError:
            continue
    assert town.signers() == [0]


def test_a_line_of_another_head_is_not_kept(town: Town) -> None:
    town.grow(3)
    point, witness = town.points[0], town.net.witnesses[town.points[0].url]
    town.round()
    old = cosign(town.shown().checkpoint, point.key.name, witness.signer, NOW)
    town.grow(3)
    town.net.said[point.url] = [Answer(200, {}, old.line().encode())]
    with pytest.raises(WitnessError, match="not of this checkpoint"):
        town.hand_over(0)
    assert town.signers() == []


FORGERIES = {
    "no note": b"x",
    "signed by another": sign(
        parse_note(sign(ShownLog(ORIGIN).grow(1).asked(0).signed.checkpoint, LOG)).checkpoint,
        generate_ed25519("another"),
    ).encode(),
    "of another log": sign(ShownLog("else").grow(99).asked(0).signed.checkpoint, LOG).encode(),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_head_that_the_log_has_not_signed_proves_nothing(town: Town, name: str) -> None:
    town.grow(3)
    town.net.said = {point.url: [Answer(200, {}, FORGERIES[name])] * 3 for point in town.points}
    town.restart()
    assert town.publisher.damage == ""
    town.net.said.clear()
    town.grow()


def test_a_disk_that_was_set_back_is_noticed_before_anything_is_signed(town: Town) -> None:
    town.grow(3)
    town.round()
    copied = town.copy()
    town.grow(3)
    town.round()
    for at in (0, 1):
        town.net.down = {point.url for point in town.points[at + 1 :]}
        town.set_back(copied)
        town.restart()
        assert "7 entries" in town.publisher.damage
        assert "was set back" in town.publisher.damage
        with pytest.raises(LogDamagedError, match="7 entries"):
            town.publisher.accept([Submitted("key-new", EntryKind.RULE, bytes(32), "https://i", 0)])
        with pytest.raises(LogDamagedError, match="7 entries"):
            town.publisher.checkpoint()
        assert not town.hand_over(0)
        assert town.shown().checkpoint.size == 4
        assert town.witnessing.state().held


def test_a_disk_that_was_set_back_unseen_is_noticed_at_the_first_word_of_a_witness(
    town: Town,
) -> None:
    town.grow(3)
    town.round()
    copied = town.copy()
    town.grow(3)
    town.round()
    town.set_back(copied)
    town.net.down = {point.url for point in town.points}
    town.restart()
    assert town.publisher.damage == ""
    town.net.down.clear()
    town.hand_over(2)
    assert "7 entries" in town.publisher.damage


@pytest.mark.parametrize("more", [1, 3, 9])
def test_a_history_that_was_written_anew_is_noticed_at_any_size(town: Town, more: int) -> None:
    town.grow(3)
    town.round()
    copied = town.copy()
    town.grow(3)
    town.round()
    town.net.down = {point.url for point in town.points}
    town.set_back(copied)
    town.restart()
    town.grow(more)
    town.net.down.clear()
    for _ in range(2):
        town.hand_over(0)
    assert town.publisher.damage
    assert "a head of 7 entries" in town.publisher.damage
    conflicts = town.net.witnesses[town.points[0].url].conflicts()
    assert conflicts == [], "nothing of the second history was handed over"
