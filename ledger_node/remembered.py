"""A log that was set back is noticed before it signs anything: others remember its heads.

A disk that was restored from yesterday holds a log that is consistent in itself. What it signs
next would be another history under the same sizes, and every witness and the contract would
refuse it for ever. So it is held against what others have seen of it.
"""

from dataclasses import dataclass
from typing import Protocol

from ledger_node.publisher.model import LogDamagedError, LogHead
from madang.core.merkle.proof import verify_consistency


@dataclass(frozen=True, slots=True)
class Remembered:
    """A head of the log that somebody else has.

    Attributes:
        where: who has it, for the message.
        size: number of entries.
        root: Merkle tree hash.
    """

    where: str
    size: int
    root: bytes


class OwnLog(Protocol):
    """The log as it is here."""

    @property
    def origin(self) -> str:
        """Return the log's permanent name."""
        ...

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        ...

    def prove(self, old: int, new: int) -> list[bytes]:
        """Return the consistency proof between two sizes."""
        ...


def compare(log: OwnLog, remembered: Remembered) -> None:
    """Hold a log against a head that somebody else has of it.

    Raises:
        LogDamagedError: the log here is shorter, or has another history.
    """
    own = log.newest()
    size = 0 if own is None else own.size
    if remembered.size == 0 or (own is not None and _extends(log, own, remembered)):
        return
    what = "is older" if remembered.size > size else "is not the same log"
    raise LogDamagedError(
        f"{log.origin}: {remembered.where} has a head of {remembered.size} entries; the log here"
        f" has {size} and {what}. Its database or folder was set back. Nothing was signed: put"
        " back the newest copy of both (the log's database, and the folder of its tiles), and"
        " start again"
    )


def _extends(log: OwnLog, own: LogHead, remembered: Remembered) -> bool:
    if remembered.size > own.size:
        return False
    if remembered.size == own.size:
        return remembered.root == own.root
    proof = log.prove(remembered.size, own.size)
    return verify_consistency(remembered.size, own.size, remembered.root, own.root, proof)
