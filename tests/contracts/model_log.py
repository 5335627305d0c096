"""AnchorLog once more in Python; proofs are checked by the product's own code."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from actions import ZERO_ADDRESS

from madang.core.merkle.proof import verify_consistency


class Refused(Exception):  # noqa: N818 - a call that the contract reverts is no error of ours
    """The call reverts, for the reason given."""


def ask(condition: object, reason: str) -> None:
    """Raise `Refused` unless the condition holds."""
    if not condition:
        raise Refused(reason)


class Rotation(NamedTuple):
    """A change of an owner or of the guardian that waits."""

    successor: str = ZERO_ADDRESS
    ready: int = 0
    by_guardian: bool = False


@dataclass(frozen=True)
class Head:
    """What two slots hold."""

    owner: str = ZERO_ADDRESS
    size: int = 0
    time: int = 0
    root: bytes = bytes(32)


@dataclass
class LogModel:
    """Its state; `ids` is the contract's name of each log by owner and label."""

    delay: int
    guardian: str
    ids: dict[tuple[str, bytes], bytes] = field(default_factory=dict)
    heads: dict[bytes, Head] = field(default_factory=dict)
    rotations: dict[bytes, Rotation] = field(default_factory=dict)
    guardian_rotation: Rotation = field(default_factory=Rotation)

    def head(self, log: bytes) -> Head:
        return self.heads.get(log, Head())

    def rotation(self, log: bytes) -> Rotation:
        return self.rotations.get(log, Rotation())

    def open(self, sender: str, _now: int, label: bytes) -> None:
        log = self.ids[sender, label]
        ask(log not in self.heads, "log is open already")
        self.heads[log] = Head(owner=sender)

    def append(
        self, sender: str, now: int, log: bytes, size: int, root: bytes, proof: list[bytes]
    ) -> None:
        old = self.head(log)
        ask(old.owner != ZERO_ADDRESS, "log is not open")
        ask(old.owner == sender, "not the owner")
        ask(old.size < size < 2**63, "size is not larger")
        if old.size == 0:
            ask(not proof, "first head takes no proof")
            ask(root != bytes(32), "root is zero")
        else:
            valid = verify_consistency(old.size, size, old.root, root, proof)
            ask(valid, "not an extension")
        self.heads[log] = Head(sender, size, now, root)

    def propose_owner(self, sender: str, now: int, log: bytes, successor: str) -> None:
        owner, guards = self.head(log).owner, sender == self.guardian
        ask(owner != ZERO_ADDRESS, "log is not open")
        ask(guards or sender == owner, "neither owner nor guardian")
        ask(guards or not self.rotation(log).by_guardian, "the guardian has proposed")
        ask(successor not in (ZERO_ADDRESS, owner), "no successor")
        self.rotations[log] = Rotation(successor, now + self.delay, guards)

    def cancel_rotation(self, sender: str, _now: int, log: bytes) -> None:
        rotation = self.rotation(log)
        ask(rotation.successor != ZERO_ADDRESS, "nothing is proposed")
        if sender != self.guardian:
            ask(sender == self.head(log).owner, "neither owner nor guardian")
            ask(not rotation.by_guardian, "the guardian has proposed")
        self.rotations[log] = Rotation()

    def accept_owner(self, sender: str, now: int, log: bytes) -> None:
        rotation = self.rotation(log)
        ask(rotation.successor != ZERO_ADDRESS, "nothing is proposed")
        ask(rotation.successor == sender, "not the successor")
        ask(now >= rotation.ready, "too early")
        self.rotations[log] = Rotation()
        self.heads[log] = replace(self.head(log), owner=sender)

    def propose_guardian(self, sender: str, now: int, successor: str) -> None:
        ask(sender == self.guardian, "not the guardian")
        ask(successor not in (ZERO_ADDRESS, sender), "no successor")
        self.guardian_rotation = Rotation(successor, now + self.delay, by_guardian=True)

    def cancel_guardian(self, sender: str, _now: int) -> None:
        ask(sender == self.guardian, "not the guardian")
        ask(self.guardian_rotation.successor != ZERO_ADDRESS, "nothing is proposed")
        self.guardian_rotation = Rotation()

    def accept_guardian(self, sender: str, now: int) -> None:
        ask(self.guardian_rotation.successor != ZERO_ADDRESS, "nothing is proposed")
        ask(self.guardian_rotation.successor == sender, "not the successor")
        ask(now >= self.guardian_rotation.ready, "too early")
        self.guardian_rotation = Rotation()
        self.guardian = sender
