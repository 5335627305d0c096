"""A network to the witnesses that loses, doubles, delays and mixes up what it carries."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger_node.witness.usecases import Witness
from madang.core.merkle.witness import AddCheckpoint
from madang.infra.http import Answer, HttpError
from tests.simulation.chance import Chance
from tests.unit.ledger_node.publisher.network import answered

LATE = 20
"""Requests that are under way at most."""


@dataclass
class Letter:
    """A request on its way."""

    address: str
    method: str
    path: str
    content: bytes


@dataclass
class SimulatedNet:
    """Twin of `HttpxClient` towards witnesses.

    Attributes:
        witnesses: by address.
        down: addresses that nobody reaches.
        late: copies of requests that come again later.
        left: heads that were handed over to the network, as the log signed them.
    """

    chance: Chance
    witnesses: dict[str, Witness]
    down: set[str] = field(default_factory=set)
    late: list[Letter] = field(default_factory=list)
    left: list[AddCheckpoint] = field(default_factory=list)
    _before: dict[str, Answer] = field(default_factory=dict)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - of the port
        content: bytes | None = None,
    ) -> Answer:
        address = next(each for each in self.witnesses if url.startswith(f"{each}/"))
        letter = Letter(address, method, url[len(address) :], content or b"")
        if content is not None:
            self.chance.point("before a request to a witness")
            self.left.append(AddCheckpoint.parse(content))
        if address in self.down or self.chance.one(10, "lost request"):
            raise HttpError("lost on the way")
        answer = self.deliver(letter)
        if self.chance.one(10, "request for later") and len(self.late) < LATE:
            self.late.append(letter)
        if self.chance.one(15, "doubled request"):
            self.deliver(letter)
        if self.chance.one(10, "lost answer"):
            raise HttpError("lost on the way back")
        if self.chance.one(20, "answer to another request"):
            return self._before.get(address, answer)
        self._before[address] = answer
        self.chance.point("after the answer of a witness")
        return answer

    def deliver(self, letter: Letter) -> Answer:
        """Bring a request to its witness."""
        if self.chance.one(50, "witness without a database"):
            return Answer(500, {}, b"")
        witness = self.witnesses[letter.address]
        return answered(witness, letter.method, letter.path, letter.content)

    def deliver_late(self) -> None:
        """Bring a copy of an earlier request, in any order; nobody waits for its answer."""
        if self.late:
            self.deliver(self.late.pop(self.chance.below(len(self.late))))
            self.chance.happened("late request")
