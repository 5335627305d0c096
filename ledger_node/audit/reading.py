"""Entries of a published log, from its bundles on the disk."""

from collections.abc import Iterator
from pathlib import Path

from madang.core.merkle.tiles import TILE_WIDTH, TileError, split_bundle, tile_of


class AuditInputError(ValueError):
    """Something that the auditor gave cannot be read; the message names it."""


def read_entries(folder: Path, start: int, end: int, size: int) -> Iterator[bytes]:
    """Yield the entries from `start` up to before `end` of a log of `size`.

    Args:
        folder: of the log.
        start: a multiple of 256.
        end: a multiple of 256, or the size.
        size: which says how wide the last bundle is.

    Raises:
        AuditInputError: a bundle cannot be read.
    """
    for number in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
        bundle = tile_of(None, number, size)
        try:
            yield from split_bundle(bundle, (folder / bundle.path).read_bytes())
        except (OSError, TileError) as error:
            raise AuditInputError(f"{bundle.path} of the log cannot be read: {error}") from error


def read_entry(folder: Path, index: int, size: int) -> bytes | None:
    """Return one entry of a log of `size`; None when it has none there.

    Raises:
        AuditInputError: its bundle cannot be read.
    """
    if not 0 <= index < size:
        return None
    first = index - index % TILE_WIDTH
    bundle = read_entries(folder, first, min(first + TILE_WIDTH, size), size)
    return list(bundle)[index - first]
