"""A snapshot as the node keeps and publishes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedSnapshot:
    """The newest one of a municipality.

    Attributes:
        version: number of the registry's changes.
        block: number of its block.
        time: of its block, seconds since the epoch.
        compact: the signed snapshot.
        second: the second signature over it, by ML-DSA.
    """

    version: int
    block: int
    time: int
    compact: str
    second: str
