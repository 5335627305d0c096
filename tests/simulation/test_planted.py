"""The simulation can fail: mistakes that somebody might make are put in, and it finds each."""

from typing import Any

import pytest

from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import LogHead
from ledger_node.publisher.usecases import Publisher
from ledger_node.publisher.witnessing import Witnessing
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.note import Note, NoteSignature
from tests.simulation.schedule import Schedule
from tests.simulation.world import World

STEPS = 4_000
ONE_IN = 60


class Unflushed(LogFiles):
    """Names of tiles are not on the disk when the checkpoint is."""

    def publish(self, note: str) -> None:
        self._written.clear()
        super().publish(note)


class Hasty(Publisher):
    """A head is published before the database has it."""

    def _sign(self, waiting: object) -> LogHead:
        head = super()._sign(waiting)  # type: ignore[arg-type]
        self.files.publish(head.note)
        return head


class Forgetful(Publisher):
    """After a crash, files and database are not compared."""

    def _known_size(self, store: object) -> int:  # noqa: ARG002 - as it is called
        published = self._published()
        return 0 if published is None else published.size


class Trusting(Witnessing):
    """What a witness knows of the log is not asked for."""

    async def _compare(self, point: object) -> None:
        self._known.setdefault(point.key.name, 0)  # type: ignore[attr-defined]


class Careless(Witnessing):
    """Whatever a witness answers is kept as its line."""

    def _take(self, point: object, head: LogHead, body: bytes) -> None:  # noqa: ARG002 - likewise
        note: Note = parse_note(head.note).note
        lines = parse_note(f"{note.text}\n{body.decode()}").note.signatures
        line: NoteSignature = lines[0]
        self._known[line.name] = head.size
        self.publisher.add_cosignature(head.size, line, 0)


class Apart(Publisher):
    """Sequence and head are not kept together."""

    def checkpoint(self) -> LogHead | None:
        self._check_held()
        self._catch_up()
        with self.stores() as store:
            waiting = self.shuffle(store.waiting(self.limit))
            if not waiting:
                return None
            head, first = self._sign(waiting), self._range.size
            store.sequence({entry.key: first + at for at, entry in enumerate(waiting)})
        with self.stores() as store:
            store.save(head)
        self._publish_whole(head, first)
        return head


class Late(Publisher):
    """The line of a witness brings an older head back that it is of."""

    def add_cosignature(self, size: int, line: NoteSignature, time: int) -> None:
        newest, self.published = self.published, self.head(size)
        super().add_cosignature(size, line, time)
        self.published = newest


PLANTED: dict[str, dict[str, Any]] = {
    "names are not flushed": {"files": Unflushed},
    "published before the commit": {"publisher": Hasty},
    "files are not compared": {"publisher": Forgetful},
    "a head is kept apart from its entries": {"publisher": Apart},
    "witnesses are not asked": {"witnessing": Trusting},
    "an older head comes back": {"publisher": Late},
    "lines are not checked": {"witnessing": Careless},
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(name: str) -> None:
    world = World("1", ONE_IN, **PLANTED[name])
    with pytest.raises(AssertionError, match=r"step [0-9]+: ") as found:
        Schedule(world, "1").run(STEPS)
    print(found.value)  # noqa: T201 - shown by -s
