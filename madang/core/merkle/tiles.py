"""Log files of C2SP tlog-tiles: names of tiles and bundles, and trees read from tiles.

A tile holds up to 256 consecutive hashes of one level of the tree, eight levels apart; a
bundle holds the entries under one tile of level 0. Files of full width never change, and a
partial one is named with its width, so every file can be cached for ever.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from madang.core.merkle.tree import (
    EMPTY_ROOT,
    HASH_SIZE,
    CompactRange,
    TreeError,
    node_hash,
    perfect_subtrees,
    prove_consistency,
    prove_inclusion,
    span_hash,
)

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_LEVEL = 63
MAX_ENTRY = 0xFFFF

# Seven groups of digits hold every index that a log of less than 2^63 entries can have.
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-9][0-9])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class TileError(ValueError):
    """A file name, tile or bundle that tlog-tiles does not allow, or that does not fit."""


@dataclass(frozen=True, slots=True)
class Tile:
    """The place of one file: a tile of hashes, or with level None a bundle of entries.

    Attributes:
        level: 0 for leaf hashes, or None for the entries themselves.
        index: number within the level.
        width: hashes or entries in it, 1 to 256.

    Raises:
        TileError: when a number is out of its bounds.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_LEVEL:
            raise TileError(f"tile level {self.level} is not within 0 to {MAX_LEVEL}")
        if self.index < 0:
            raise TileError(f"tile index {self.index} is negative")
        if not 1 <= self.width <= TILE_WIDTH:
            raise TileError(f"tile width {self.width} is not within 1 to {TILE_WIDTH}")

    @property
    def path(self) -> str:
        """The file's name below the log's prefix, such as `tile/0/x001/067.p/8`."""
        level = "entries" if self.level is None else str(self.level)
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


ReadTile = Callable[[Tile], bytes]
"""Fetches one file; whatever it raises passes through."""


def parse_path(path: str) -> Tile:
    """Return the place that a file name stands for; each place has exactly one name.

    Raises:
        TileError: when the name is not of the form `tile/<L>/<N>[.p/<W>]`.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileError(f"{path[:80]!r} is no tile name, expected tile/<L>/<N>[.p/<W>]")
    level = None if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("x", "").replace("/", ""))
    tile = Tile(level, index, int(match["width"] or TILE_WIDTH))
    if tile.path != path:
        raise TileError(f"{path[:80]!r} is not the canonical name, expected {tile.path!r}")
    return tile


def tile_of(level: int | None, index: int, size: int) -> Tile:
    """Return the tile as a log of `size` entries has it: full, or as wide as the log reaches.

    Raises:
        TileError: when a log of that size does not reach this tile.
    """
    reached = size >> (TILE_HEIGHT * (level or 0))
    return Tile(level, index, min(TILE_WIDTH, reached - index * TILE_WIDTH))


def tiles_between(level: int | None, old: int, new: int) -> Iterator[Tile]:
    """Yield the files of one level that a log of `new` entries has and one of `old` had not."""
    shift = TILE_HEIGHT * (level or 0)
    done, reached = old >> shift, new >> shift
    if done < reached:
        for index in range(done // TILE_WIDTH, (reached - 1) // TILE_WIDTH + 1):
            yield tile_of(level, index, new)


def all_tiles(size: int) -> Iterator[Tile]:
    """Yield every tile of hashes of a log of `size` entries, level 0 first."""
    level = 0
    while size >> (TILE_HEIGHT * level):
        yield from tiles_between(level, 0, size)
        level += 1


def split_tile(tile: Tile, data: bytes) -> list[bytes]:
    """Return the hashes of a tile.

    Raises:
        TileError: when the data is not as long as the tile is wide.
    """
    if len(data) != tile.width * HASH_SIZE:
        raise TileError(
            f"{tile.path} has {len(data)} bytes, expected {tile.width} hashes of {HASH_SIZE}"
        )
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def fold_tile(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over a power of two of neighbouring hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries in one file, each behind its length in two bytes, big-endian.

    Raises:
        TileError: when an entry is longer than 65,535 bytes.
    """
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise TileError(f"an entry of {len(entry)} bytes, at most {MAX_ENTRY} are allowed")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def split_bundle(bundle: Tile, data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        TileError: when lengths do not add up or the number is not the bundle's width.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) <= bundle.width:
        start = at + 2
        at = start + int.from_bytes(data[at:start])
        if start > len(data) or at > len(data):
            raise TileError(f"{bundle.path} ends within entry {len(entries)}")
        entries.append(data[start:at])
    if len(entries) != bundle.width:
        found = "more" if at < len(data) or len(entries) > bundle.width else len(entries)
        raise TileError(f"{bundle.path} holds {found} entries, expected {bundle.width}")
    return entries


def cut(partial: Tile, full: bytes) -> bytes:
    """Return what a partial file held, out of the full one that came in its place.

    Raises:
        TileError: the full one is not as it should be.
    """
    whole = replace(partial, width=TILE_WIDTH)
    if partial.level is None:
        return encode_bundle(split_bundle(whole, full)[: partial.width])
    return b"".join(split_tile(whole, full)[: partial.width])


class TileTree:
    """A tree of `size` leaves that reads the tiles it needs, each once, and nothing else.

    Tiles are believed as read: a proof made from false ones does not verify, and `root`
    compares nothing, so hold it against a checkpoint before relying on it.
    """

    def __init__(self, size: int, read: ReadTile) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a perfect subtree (a `tree.NodeReader`)."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << height, TILE_WIDTH)
        hashes = self._hashes(tile_level, tile_index)
        return fold_tile(hashes[offset : offset + (1 << height)])

    def _hashes(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._tiles:
            tile = tile_of(level, index, self.size)
            self._tiles[level, index] = split_tile(tile, self._read(tile))
        return self._tiles[level, index]

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` leaves (default: all)."""
        size = self._checked(self.size if size is None else size)
        return span_hash(self.node, 0, size) if size else EMPTY_ROOT

    def compact_range(self) -> CompactRange:
        """Return what is needed to append to this tree."""
        nodes = perfect_subtrees(0, self.size)
        return CompactRange(self.size, tuple(self.node(*node) for node in nodes))

    def leaf_hash(self, index: int) -> bytes:
        """Return one leaf hash; see `inclusion_proof` for errors."""
        if not 0 <= index < self.size:
            raise TreeError(f"there is no leaf {index} in a tree of {self.size}")
        return self.node(0, index)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the proof that leaf `index` is in the tree of the first `size` leaves."""
        return prove_inclusion(self.node, index, self._checked(size))

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the first `old` leaves are a prefix of the first `new`."""
        return prove_consistency(self.node, old, self._checked(new))

    def _checked(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise TreeError(f"the tree has {self.size} leaves, {size} were asked for")
        return size
