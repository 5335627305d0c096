"""Appending to a log of tiles (C2SP tlog-tiles) from its right edge, without reading the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from madang.core.merkle.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    ReadTile,
    Tile,
    TileError,
    TileTree,
    encode_bundle,
    fold_tile,
    split_bundle,
    split_tile,
    tile_of,
    tiles_between,
)
from madang.core.merkle.tree import HASH_SIZE, CompactRange, leaf_hash, perfect_subtrees


@dataclass(frozen=True, slots=True)
class Growth:
    """What an append adds: write `files` first, then publish the head of `range`.

    Attributes:
        range: the tree after the append.
        files: every bundle and tile that is new or wider, bundles first.
    """

    range: CompactRange
    files: tuple[tuple[Tile, bytes], ...]


def edge_of(size: int, read: ReadTile) -> CompactRange:
    """Return what is needed to append to a log, from the files that an append builds upon.

    Raises:
        TileError: the entries at the right edge are not those of its hashes.
    """
    if size % TILE_WIDTH:
        bundle, tile = (tile_of(level, size // TILE_WIDTH, size) for level in (None, 0))
        hashes = [leaf_hash(entry) for entry in split_bundle(bundle, read(bundle))]
        if hashes != split_tile(tile, read(tile)):
            raise TileError(f"{bundle.path} does not belong to {tile.path}")
    return TileTree(size, read).compact_range()


def grow(log: CompactRange, read: ReadTile, entries: Sequence[bytes]) -> Growth:
    """Append entries to a log.

    Reads the partial bundle and at most one partial tile per level. The tiles are held
    against the compact range, so a log whose files were changed is not built upon.

    Args:
        log: the tree as it was published last.
        read: fetches a file of that tree.
        entries: the new entries, in order.

    Raises:
        TileError: when the files do not belong to `log`, or an entry is too long.
    """
    size = log.size + len(entries)
    files = [*_bundles(log.size, read, entries)]
    fresh = [leaf_hash(entry) for entry in entries]
    grown = log.extend(fresh)
    level = 0
    while size >> (TILE_HEIGHT * level):
        edge = _edge(log, level, read)
        row = edge + fresh
        tiles = list(tiles_between(level, log.size, size))
        first = tiles[0].index * TILE_WIDTH if tiles else 0
        files += [(tile, _cut(row, tile, first)) for tile in tiles]
        fresh = _parents(row)
        level += 1
    return Growth(grown, tuple(files))


def _bundles(old: int, read: ReadTile, entries: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
    held: list[bytes] = []
    if entries and old % TILE_WIDTH:
        partial = tile_of(None, old // TILE_WIDTH, old)
        held = split_bundle(partial, read(partial))
    row = [*held, *entries]
    first = old - len(held)
    bundles = tiles_between(None, old, old + len(entries))
    return [(each, encode_bundle(_part(row, each, first))) for each in bundles]


def _edge(log: CompactRange, level: int, read: ReadTile) -> list[bytes]:
    """Return the hashes of the partial tile at the right edge, checked against the range."""
    reached = log.size >> (TILE_HEIGHT * level)
    if not reached % TILE_WIDTH:
        return []
    tile = tile_of(level, reached // TILE_WIDTH, log.size)
    hashes = split_tile(tile, read(tile))
    held = _range_at(log, level)
    spans = perfect_subtrees(0, tile.width)
    if held != [fold_tile(hashes[i << h : (i + 1) << h]) for h, i in spans]:
        raise TileError(f"{tile.path} does not belong to the tree of {log.size} entries")
    return hashes


def _range_at(log: CompactRange, level: int) -> list[bytes]:
    """Return the subtrees of the range that lie within the tiles of one level."""
    low, high = TILE_HEIGHT * level, TILE_HEIGHT * (level + 1)
    nodes = zip(perfect_subtrees(0, log.size), log.hashes, strict=True)
    return [node for (height, _), node in nodes if low <= height < high]


def _part(row: Sequence[bytes], tile: Tile, first: int) -> Sequence[bytes]:
    start = tile.index * TILE_WIDTH - first
    return row[start : start + tile.width]


def _cut(row: Sequence[bytes], tile: Tile, first: int) -> bytes:
    data = b"".join(_part(row, tile, first))
    if len(data) != tile.width * HASH_SIZE:
        raise TileError(f"{tile.path} would get {len(data)} bytes")
    return data


def _parents(row: Sequence[bytes]) -> list[bytes]:
    """Return the hashes of the tiles that a row of hashes fills."""
    full = range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)
    return [fold_tile(row[at : at + TILE_WIDTH]) for at in full]
