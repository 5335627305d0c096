"""Both contracts as municipalities run them: founded, sealed, with members who can decide."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import boa
from actions import ADD, ISSUER, NOTHING, WITHOUT_LOCK, ZERO_ADDRESS
from harness import DELAY, address_of, compiled

QUORUM = 3
TENANT = b"hanbit".ljust(32, b"\0")
LABEL = hashlib.sha256(b"city.example/hanbit/log").digest()
DOCUMENT = b'{"id":"https://hanbit.example/hanbit/issuer","kind":"issuer"}'


def word(number: int) -> bytes:
    return number.to_bytes(32)


def record_id(document: bytes) -> bytes:
    return hashlib.sha256(document).digest()


@dataclass(frozen=True, slots=True)
class Federation:
    """The contracts, and accounts by the part they play."""

    accreditation: Any
    anchor_log: Any
    members: list[str]
    founder: str
    body: str
    holder: str
    owner: str
    successor: str
    stranger: str

    def at(self, account: str) -> AbstractContextManager[None]:
        """Return a context in which `account` sends."""
        return boa.env.prank(account)

    def refuses(self, reason: str) -> AbstractContextManager[None]:
        """Return a context that expects a revert for this very reason."""
        return boa.reverts(reason)

    @property
    def now(self) -> int:
        return boa.env.timestamp

    def later(self, seconds: int) -> None:
        boa.env.time_travel(seconds=seconds)

    def propose(
        self,
        action: int,
        *,
        target: bytes = NOTHING,
        account: str = ZERO_ADDRESS,
        number: int = 0,
        document: bytes = b"",
        by: int = 0,
    ) -> int:
        """Propose as a member, the first one unless said."""
        with self.at(self.members[by]):
            return int(self.accreditation.propose(action, target, account, number, document))

    def approve(self, proposal: int, *members: int) -> None:
        for member in members:
            with self.at(self.members[member]):
                self.accreditation.approve(proposal)

    def agreed(self, action: int, **arguments: Any) -> int:
        """Propose, approve by the quorum, and wait where the action waits."""
        proposal = self.propose(action, **arguments)
        present = self.accreditation.members()
        others = [n for n, member in enumerate(self.members) if member in present]
        others.remove(arguments.get("by", 0))
        self.approve(proposal, *others[: self.accreditation.quorum() - 1])
        if action not in WITHOUT_LOCK:
            self.later(DELAY)
        return proposal

    def decide(self, action: int, **arguments: Any) -> int:
        """Carry out what the quorum agreed on; anybody may."""
        proposal = self.agreed(action, **arguments)
        self.execute(proposal, arguments.get("document", b""))
        return proposal

    def execute(self, proposal: int, document: bytes = b"") -> None:
        with self.at(self.stranger):
            self.accreditation.execute(proposal, document)

    def add(self, document: bytes = DOCUMENT, kind: int = ISSUER) -> bytes:
        """Add a record of the body's by a decision."""
        self.decide(ADD, target=word(kind), account=self.body, document=document)
        return record_id(document)

    def suspend(self, record: bytes) -> None:
        """Suspend a record as its body."""
        with self.at(self.body):
            self.accreditation.suspend(record)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the events of the last call by name and fields, those of AnchorLog too."""
        return [(type(each).__name__, fields(each)) for each in self.accreditation.get_logs()]

    def changes(self) -> list[dict[str, Any]]:
        """Return the changes of the last call."""
        return [each for name, each in self.events() if name == "Changed"]


def fields(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = event._asdict()
    found.pop("address")
    return found


def accounts() -> dict[str, Any]:
    names = ("founder", "body", "holder", "owner", "successor", "stranger")
    found: dict[str, Any] = {name: address_of(name) for name in names}
    found["members"] = [address_of(f"member {n}") for n in range(5)]
    return found


def unsealed(members: list[str] | None = None, quorum: int = QUORUM) -> Federation:
    """Deploy both contracts with these members, or with five, of whom three decide."""
    who = accounts()
    who["members"] = members or who["members"]
    with boa.env.prank(who["founder"]):
        accreditation = compiled("Accreditation").deploy(who["members"], quorum, DELAY)
        anchor_log = compiled("AnchorLog").deploy(accreditation.address, DELAY)
    return Federation(accreditation, anchor_log, **who)


def sealed(federation: Federation) -> Federation:
    with federation.at(federation.founder):
        federation.accreditation.setAnchorLog(federation.anchor_log.address)
        federation.accreditation.foundLease(TENANT, federation.holder)
        federation.accreditation.seal()
    return federation
