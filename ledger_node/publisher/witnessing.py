"""Hand the heads of a log to its witnesses, keep what they sign, and learn what they know of it.

Each witness is asked by itself: one that is slow, dead or wrong delays nobody. What one says of
the log counts only with the log's own signature, so that none can stop it by lying.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import OperationalError

from ledger_node.publisher.model import LogDamagedError, LogHead
from ledger_node.publisher.usecases import Publisher
from ledger_node.remembered import Remembered, compare
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.note import NoteError
from madang.core.merkle.tiles import TileError
from madang.core.merkle.witness import (
    SIZE_TYPE,
    AddCheckpoint,
    cosignatures,
    log_id,
    parse_size,
)
from madang.infra.http import Answer, HttpClient, HttpError

LONGEST_PAUSE = 30.0
"""Seconds after which a witness that does not answer is asked again."""
_OK, _NOT_FOUND, _CONFLICT = 200, 404, 409
_log = logging.getLogger(__name__)


class WitnessError(RuntimeError):
    """A witness does not sign, or answers what is not understood."""


_WAITS: Final = (HttpError, WitnessError, OperationalError, OSError, TileError)
"""What is tried again later."""


@dataclass(frozen=True, slots=True)
class WitnessPoint:
    """A witness as a log knows it.

    Attributes:
        url: its identifier, under which `add-checkpoint` is.
        key: known from elsewhere; its name is the identifier without the scheme.
    """

    url: str
    key: CosignerKey


@dataclass(frozen=True, slots=True)
class WitnessState:
    """What the log has of one witness.

    Attributes:
        name: of the witness.
        size: of the largest head that it has cosigned; 0 for none.
        time: when it signed that, seconds since the epoch; 0 for never.
    """

    name: str
    size: int
    time: int


@dataclass(frozen=True, slots=True)
class LogState:
    """How far a log and its witnesses have come.

    Attributes:
        size: of the newest head.
        cosigned: of the largest head that a quorum has cosigned; that of the newest without one.
        quorum: how many have to.
        witnesses: by name.
        final: of the largest head that is on the chain for good, too.
        held: whether nothing is signed until somebody looked.
    """

    size: int
    cosigned: int
    final: int
    quorum: int
    witnesses: tuple[WitnessState, ...]
    held: bool


@dataclass
class Witnessing:
    """The witnesses of one log.

    Attributes:
        publisher: the log's one writer.
        points: who is asked.
        quorum: how many of them make a head final.
        http: the network.
        pause: seconds between two looks for a new head.
        patience: most seconds to wait for witnesses before the log signs its first head.
    """

    publisher: Publisher
    points: tuple[WitnessPoint, ...]
    quorum: int
    http: HttpClient
    pause: float
    patience: float
    _known: dict[str, int] = field(default_factory=dict, init=False)
    """The size that each witness has, as far as is known."""

    async def begin(self) -> None:
        """Compare the log with what its witnesses have of it, before it signs its first head.

        So many are waited for that one of them is in every quorum, but no longer than `patience`:
        with who does not answer it is compared before anything is handed over.
        """
        needed = min(len(self.points), len(self.points) - self.quorum + 1)
        asking = [asyncio.create_task(self._ask(point)) for point in self.points]
        try:
            async with asyncio.timeout(self.patience):
                for answered in asyncio.as_completed(asking):
                    await answered
                    if len(self._known) >= needed or self.publisher.damage:
                        break
        except TimeoutError:
            origin = self.publisher.origin
            _log.warning("too few witnesses of %s answer to tell that its disk is whole", origin)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, point: WitnessPoint) -> None:
        while True:
            try:
                return await self._compare(point)
            except _WAITS as error:
                _log.warning("the witness %s is not asked: %s", point.key.name, error)
            await asyncio.sleep(self.pause)

    async def run(self) -> None:
        """Hand over every new head for ever; ends when cancelled."""
        async with asyncio.TaskGroup() as group:
            for point in self.points:
                group.create_task(self._serve(point))

    async def _serve(self, point: WitnessPoint) -> None:
        pause = self.pause
        while True:
            try:
                busy = await self.hand_over(point)
                pause = self.pause
            except _WAITS as error:
                if pause == self.pause:
                    _log.warning("the witness %s has not signed: %s", point.key.name, error)
                busy, pause = False, min(2 * pause, LONGEST_PAUSE)
            if not busy:
                await asyncio.sleep(pause)

    async def hand_over(self, point: WitnessPoint) -> bool:
        """Bring a witness the head that it should sign now; return whether there was one.

        Raises:
            WitnessError, HttpError: it did not sign; call again later.
        """
        if point.key.name not in self._known:
            # Nothing is handed over before it is known that the witness has no more of this log.
            await self._compare(point)
        head = self._wanted(point)
        if head is None:
            return False
        answer = await self._send(point, head)
        if answer.status == _CONFLICT:
            size = self._told_size(answer)
            if self._known.get(point.key.name, 0) < size <= head.size:
                self._known[point.key.name] = size
                answer = await self._send(point, head)
        if answer.status != _OK:
            await self._compare(point)
            raise WitnessError(f"it answers {answer.status} to the head of {head.size} entries")
        self._take(point, head, answer.body)
        return True

    def _wanted(self, point: WitnessPoint) -> LogHead | None:
        """Return the head that the witness should sign next, None if there is none.

        A head is final by its own size, on the chain and with a quorum: one that was sent to the
        chain goes first, then one that others have signed. Witnesses of different speed would
        never meet otherwise.
        """
        newest = self.publisher.published
        if newest is None or self.publisher.damage:
            return None
        with self.publisher.stores() as store:
            last = store.last_cosigned(each.key.name for each in self.points)
            sent = [each.size for each in (*store.included(), store.newest_anchored()) if each]
        signed = {name: size for name, (size, _) in last.items()}
        own = signed.get(point.key.name, 0)
        if own >= newest.size:
            return None
        others = [signed.get(each.key.name, 0) for each in self.points if each != point]
        least = max(own + 1, self._known.get(point.key.name, 0))
        for sizes in (sent if self.quorum else [], others if self.quorum > 1 else []):
            joined = max((size for size in sizes if least <= size < newest.size), default=0)
            if joined:
                return self.publisher.head(joined) or newest
        return newest

    async def _send(self, point: WitnessPoint, head: LogHead) -> Answer:
        old = min(self._known.get(point.key.name, 0), head.size)
        proof = self.publisher.prove(old, head.size) if 0 < old < head.size else []
        request = AddCheckpoint(old, tuple(proof), checkpoint.parse_note(head.note))
        url = f"{point.url}/add-checkpoint"
        return await self.http.request("POST", url, content=request.serialize())

    def _told_size(self, answer: Answer) -> int:
        if answer.headers.get("content-type", "").partition(";")[0].strip() != SIZE_TYPE:
            raise WitnessError(f"it answers {_CONFLICT} without a size")
        try:
            return parse_size(answer.body)
        except NoteError as error:
            raise WitnessError(str(error)) from error

    def _take(self, point: WitnessPoint, head: LogHead, body: bytes) -> None:
        signed = checkpoint.parse_note(head.note)
        try:
            lines = cosignatures(signed, body, point.key)
        except NoteError as error:
            raise WitnessError(str(error)) from error
        times = {line: point.key.check(line.signature, signed.checkpoint) or 0 for line in lines}
        if not times:
            raise WitnessError("its answer has no line of its key")
        line = max(times, key=lambda each: times[each])
        self._known[point.key.name] = head.size
        self.publisher.add_cosignature(head.size, line, times[line])

    async def _compare(self, point: WitnessPoint) -> None:
        """Stop the log if the witness has a head of it that is not one of the heads here.

        Raises:
            WitnessError: it shows none that the log has signed.
        """
        signed = await self._shown(point)
        if signed is None:
            self._known[point.key.name] = 0
            return
        try:
            compare(self.publisher, _remembered(point, signed))
        except LogDamagedError as error:
            self.publisher.hold(str(error))
            return
        self._known[point.key.name] = signed.checkpoint.size
        self._recall(point, signed)

    async def _shown(self, point: WitnessPoint) -> SignedCheckpoint | None:
        """Return the newest head of this log that a witness has, signed by the log itself."""
        address = f"{point.url}/logs/{log_id(self.publisher.origin)}/checkpoint"
        answer = await self.http.request("GET", address)
        if answer.status == _NOT_FOUND:
            return None
        try:
            signed = checkpoint.parse_note(answer.body) if answer.status == _OK else None
        except NoteError as error:
            raise WitnessError(str(error)) from error
        if signed is None or not checkpoint.verify(signed, self.publisher.key):
            raise WitnessError(f"it shows no head that {self.publisher.origin} has signed")
        return signed

    def _recall(self, point: WitnessPoint, signed: SignedCheckpoint) -> None:
        """Keep the line of a head whose answer was lost."""
        time, size = cosigned(signed, point.key), signed.checkpoint.size
        with self.publisher.stores() as store:
            kept = store.last_cosigned([point.key.name]).get(point.key.name, (0, 0))[0]
        head = self.publisher.head(size)
        if time is None or kept >= size or head is None or head.root != signed.checkpoint.root:
            return
        of_key = (point.key.name, point.key.key_id)
        lines = [each for each in signed.note.signatures if (each.name, each.key_id) == of_key]
        for line in lines:
            if point.key.check(line.signature, signed.checkpoint) == time:
                self.publisher.add_cosignature(size, line, time)

    def state(self) -> LogState:
        """Return how far the log and its witnesses have come."""
        newest = self.publisher.newest()
        keys = [(point.key.name, point.key.key_id) for point in self.points]
        size = newest.size if newest else 0
        with self.publisher.stores() as store:
            last, final = store.last_cosigned(name for name, _ in keys), store.newest_anchored()
            cosigned_size, final_size = size, final.size if final else 0
            if self.quorum:
                cosigned_size = store.cosigned_size(keys, self.quorum)
                final_size = store.cosigned_size(keys, self.quorum, anchored=True)
        seen = [WitnessState(name, *last.get(name, (0, 0))) for name, _ in sorted(keys)]
        held = bool(self.publisher.damage)
        return LogState(size, cosigned_size, final_size, self.quorum, tuple(seen), held)


def _remembered(point: WitnessPoint, signed: SignedCheckpoint) -> Remembered:
    return Remembered(point.key.name, signed.checkpoint.size, signed.checkpoint.root)
