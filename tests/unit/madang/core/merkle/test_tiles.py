"""Names, contents and use of tlog-tiles files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.merkle.growth import edge_of, grow
from madang.core.merkle.proof import verify_consistency, verify_inclusion
from madang.core.merkle.tiles import (
    Tile,
    TileError,
    TileTree,
    all_tiles,
    cut,
    encode_bundle,
    parse_path,
    split_bundle,
    split_tile,
    tile_of,
    tiles_between,
)
from madang.core.merkle.tree import EMPTY_ROOT, CompactRange, Tree, TreeError, leaf_hash

Files = dict[str, bytes]


class Store:
    """Files of a log in memory; remembers what was read."""

    def __init__(self) -> None:
        self.files: Files = {}
        self.reads: list[str] = []
        self.log = CompactRange()

    def read(self, tile: Tile) -> bytes:
        self.reads.append(tile.path)
        return self.files[tile.path]

    def append(self, entries: list[bytes]) -> None:
        growth = grow(self.log, self.read, entries)
        self.files |= {tile.path: data for tile, data in growth.files}
        self.log = growth.range

    def tree(self) -> TileTree:
        return TileTree(self.log.size, self.read)


def entries(count: int, first: int = 0) -> list[bytes]:
    return [f"entry {n}".encode() for n in range(first, first + count)]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 1_234_067, 8), "tile/3/x001/x234/067.p/8"),
        (Tile(63, 999), "tile/63/999"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(None, 1_234_067), "tile/entries/x001/x234/067"),
        (Tile(None, 5, 255), "tile/entries/005.p/255"),
    ],
)
def test_names_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@given(st.none() | st.integers(0, 63), st.integers(0, 2**64), st.integers(1, 256))
def test_every_place_has_one_name(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/001/067",
        "tile/0/x001/x067",
        "tile/0/000.p/0",
        "tile/0/000.p/08",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/data/000",
        "tile/0/../000",
        "tile/0/\u0660\u0660\u0660",
        "tile/8/0/000",
    ],
)
def test_other_names_are_refused(path: str) -> None:
    with pytest.raises(TileError):
        parse_path(path)


@pytest.mark.parametrize("place", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_places_out_of_bounds_are_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(TileError):
        Tile(*place)


def test_the_sizes_named_in_the_specification() -> None:
    tiles = list(all_tiles(70_000))
    full = [tile for tile in tiles if tile.width == 256]
    partial = [tile for tile in tiles if tile.width < 256]
    assert [sum(tile.level == level for tile in full) for level in (0, 1, 2)] == [273, 1, 0]
    assert partial == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(all_tiles(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(all_tiles(0)) == []


def test_growth_names_only_what_changes() -> None:
    assert list(tiles_between(0, 255, 257)) == [Tile(0, 0), Tile(0, 1, 1)]
    assert list(tiles_between(1, 255, 257)) == [Tile(1, 0, 1)]
    assert list(tiles_between(1, 256, 511)) == []
    assert list(tiles_between(None, 256, 258)) == [Tile(None, 1, 2)]
    assert list(tiles_between(0, 7, 7)) == []


def test_a_tile_beyond_the_log_is_refused() -> None:
    with pytest.raises(TileError, match="width"):
        tile_of(0, 1, 256)


def test_bundles_keep_entries_apart() -> None:
    content = [b"", b"a", b"\x00\x01" * 10, b"x" * 65_535]
    assert split_bundle(Tile(None, 0, 4), encode_bundle(content)) == content


def test_an_entry_that_is_too_long_is_refused() -> None:
    with pytest.raises(TileError, match="65536"):
        encode_bundle([b"x" * 65_536])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds 0 entries"),
        (b"\x00", "ends within"),
        (b"\x00\x02a", "ends within"),
        (b"\x00\x01a", "holds 1 entries"),
        (b"\x00\x01a" * 3, "holds more entries"),
        (b"\x00\x01a" * 2 + b"\x00", "ends within"),
        (b"\x00\x01a" * 500, "holds more entries"),
    ],
)
def test_a_damaged_bundle_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(TileError, match=message):
        split_bundle(Tile(None, 0, 2), data)


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(TileError, match="expected 2 hashes"):
        split_tile(Tile(0, 0, 2), bytes(63))


STEPS = [1, 0, 5, 249, 1, 1, 300, 600, 65_000, 400]


@pytest.fixture(scope="module")
def grown() -> tuple[Store, Tree]:
    """A log of 66,557 entries that grew in uneven steps across three levels of tiles."""
    store, tree = Store(), Tree()
    for count in STEPS:
        fresh = entries(count, tree.size)
        store.append(fresh)
        for entry in fresh:
            tree.append(leaf_hash(entry))
        assert store.log.root() == tree.root()
    return store, tree


def test_growing_in_steps_writes_exactly_the_tiles_of_the_specification(
    grown: tuple[Store, Tree],
) -> None:
    store, tree = grown
    for tile in all_tiles(tree.size):
        shift = 8 * (tile.level or 0)
        first = tile.index * 256
        expected = b"".join(tree.node(shift, first + n) for n in range(tile.width))
        assert store.files[tile.path] == expected


def test_growing_in_steps_writes_every_entry_once(grown: tuple[Store, Tree]) -> None:
    store, tree = grown
    held = [
        entry
        for bundle in tiles_between(None, 0, tree.size)
        for entry in split_bundle(bundle, store.files[bundle.path])
    ]
    assert held == entries(tree.size)


def test_partial_tiles_of_every_published_size_are_there(grown: tuple[Store, Tree]) -> None:
    store, _ = grown
    size = 0
    for count in STEPS:
        size += count
        assert {tile.path for tile in all_tiles(size)} <= store.files.keys()


def test_proofs_from_tiles_are_those_of_the_tree(grown: tuple[Store, Tree]) -> None:
    store, tree = grown
    size = tree.size
    read = store.tree()
    assert read.root() == tree.root()
    assert read.compact_range() == store.log
    for index in (0, 1, 255, 256, 65_535, 65_536, size - 1):
        proof = read.inclusion_proof(index, size)
        assert proof == tree.inclusion_proof(index, size)
        assert verify_inclusion(index, size, read.leaf_hash(index), proof, tree.root())
    for old in (1, 255, 256, 1157, 65_536, size):
        proof = read.consistency_proof(old, size)
        assert verify_consistency(old, size, read.root(old), tree.root(), proof)


def test_one_proof_reads_a_handful_of_tiles(grown: tuple[Store, Tree]) -> None:
    store, tree = grown
    store.reads.clear()
    store.tree().inclusion_proof(30_000, tree.size)
    assert len(store.reads) <= 6
    assert len(set(store.reads)) == len(store.reads)


def test_appending_reads_the_right_edge_only(grown: tuple[Store, Tree]) -> None:
    store, tree = grown
    store.reads.clear()
    grow(store.log, store.read, entries(3, tree.size))
    assert store.reads == [
        "tile/entries/259.p/253",
        "tile/0/259.p/253",
        "tile/1/001.p/3",
        "tile/2/000.p/1",
    ]


@given(st.lists(st.integers(0, 600), max_size=6))
def test_any_steps_give_the_same_log(steps: list[int]) -> None:
    stepwise, once = Store(), Store()
    for count in steps:
        stepwise.append(entries(count, stepwise.log.size))
    once.append(entries(sum(steps)))
    assert stepwise.log == once.log
    assert once.files.items() <= stepwise.files.items()


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_changed_edge_is_not_built_upon(path: str) -> None:
    store = Store()
    store.append(entries(300))
    data = store.files[path]
    store.files[path] = bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(TileError, match="does not belong to the tree of 300"):
        grow(store.log, store.read, entries(1))


@pytest.mark.parametrize("width", [1, 44, 255, 256])
@pytest.mark.parametrize("level", [0, None])
def test_a_partial_file_is_the_beginning_of_the_full_one(level: int | None, width: int) -> None:
    partial, whole = Store(), Store()
    partial.append(entries(256 + width))
    whole.append(entries(600))
    tile = Tile(level, 1, width)
    full = whole.files[Tile(level, 1).path]
    assert cut(tile, full) == partial.files[tile.path]
    with pytest.raises(TileError):
        cut(tile, full[:-1])


@pytest.mark.parametrize("size", [0, 1, 256, 300, 65_536])
def test_the_edge_of_a_log_is_what_is_appended_to(size: int) -> None:
    store = Store()
    store.append(entries(size))
    assert edge_of(size, store.read) == store.log


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/entries/001.p/44"])
def test_an_edge_whose_entries_and_hashes_do_not_agree_is_none(path: str) -> None:
    store = Store()
    store.append(entries(300))
    data = store.files[path]
    store.files[path] = data[:-1] + bytes([data[-1] ^ 1])
    with pytest.raises(TileError, match="does not belong to tile/0/001"):
        edge_of(300, store.read)


def test_a_proof_from_changed_tiles_does_not_verify() -> None:
    store = Store()
    store.append(entries(300))
    root = store.log.root()
    data = store.files["tile/0/000"]
    store.files["tile/0/000"] = data[:32] + bytes(32) + data[64:]
    proof = store.tree().inclusion_proof(0, 300)
    assert not verify_inclusion(0, 300, leaf_hash(b"entry 0"), proof, root)


def test_an_empty_log_answers_without_reading() -> None:
    tree = Store().tree()
    assert tree.root() == EMPTY_ROOT
    assert tree.compact_range() == CompactRange()


def test_a_tile_tree_does_not_answer_beyond_its_size() -> None:
    store = Store()
    store.append(entries(5))
    tree = store.tree()
    for ask in (lambda: tree.root(6), lambda: tree.leaf_hash(5), lambda: tree.leaf_hash(-1)):
        with pytest.raises(TreeError):
            ask()
    with pytest.raises(TreeError):
        tree.inclusion_proof(0, 6)
    with pytest.raises(TreeError):
        tree.consistency_proof(1, 6)
