"""What a witness knows of the logs."""

from dataclasses import dataclass

from madang.core.merkle.witness import Judgement


@dataclass(frozen=True, slots=True)
class WitnessedHead:
    """A head that the witness has signed.

    Attributes:
        origin: of the log.
        size: number of entries.
        root: 32 bytes.
        note: the checkpoint with the lines of the log alone.
        line: the witness's own line of the first time.
        time: seconds since the epoch in it.
    """

    origin: str
    size: int
    root: bytes
    note: str
    line: str
    time: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two heads of one size with two roots, both signed by the log: proof that it shows two faces.

    Attributes:
        origin: of the log.
        size: of both.
        root: of the second.
        first: the checkpoint that the witness has signed.
        second: the one that it refused.
        seen: when the second came, seconds since the epoch.
    """

    origin: str
    size: int
    root: bytes
    first: str
    second: str
    seen: int


class UnknownLogError(LookupError):
    """The witness does not watch a log of this origin."""


class NotSignedError(ValueError):
    """No key that the witness knows of the log has signed the checkpoint."""


class NotWitnessedError(ValueError):
    """The head is not signed; `judgement` says why.

    Attributes:
        judgement: what was found.
        size: of the head that the witness has signed last.
    """

    def __init__(self, judgement: Judgement, size: int) -> None:
        super().__init__(f"{judgement.value}, the latest size is {size}")
        self.judgement = judgement
        self.size = size
