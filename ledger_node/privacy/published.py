"""The published log: nothing but entries of five members, hashes of them, and signed heads."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger_node.privacy.digests import may_be_hash
from ledger_node.privacy.model import Search
from ledger_node.privacy.needles import Needles
from madang.core.merkle.checkpoint import parse_note, verify
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.entry import Entry, EntryError
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tiles import (
    TILE_WIDTH,
    Tile,
    TileError,
    fold_tile,
    parse_path,
    split_bundle,
    split_tile,
)
from madang.core.merkle.tree import leaf_hash

_CHECKPOINTS: Final = ("checkpoint",)


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log with the names that may stand in it.

    Attributes:
        folder: checkpoint and tiles.
        key: the log's; its name is the origin.
        issuers: identifiers of the offices that enter something.
        cosigners: the log's second key, and its witnesses.
    """

    folder: Path
    key: VerifierKey
    issuers: frozenset[str]
    cosigners: tuple[CosignerKey, ...] = ()


def search_log(log: KnownLog, needles: Needles, search: Search) -> None:
    """Look through every file of a published log.

    Raises:
        OSError: a file cannot be read.
    """
    for path, where in named_files(log.folder, needles, search):
        name = path.relative_to(log.folder).as_posix()
        data = path.read_bytes()
        search_values(data, where, needles, search)
        if name in _CHECKPOINTS:
            _search_checkpoint(data, where, log, search)
        else:
            _search_file(data, where, name, log, search)


def named_files(folder: Path, needles: Needles, search: Search) -> Iterator[tuple[Path, str]]:
    """Yield all files of a folder, each with what it is called in a finding.

    A name that may itself be personal is searched, and its number is told instead.
    """
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    for number, path in enumerate(files, 1):
        name = path.relative_to(folder).as_posix()
        known = name.isascii() and name.isprintable() and not any(needles.search(name.encode()))
        where = f"{folder.name}/{name if known else f'(file {number} in order of names)'}"
        search_values(os.fsencode(name), f"name of {where}", needles, search)
        yield path, where


def search_values(data: bytes, where: str, needles: Needles, search: Search) -> None:
    """Find the values that stand in some bytes."""
    for hit in needles.search(data):
        detail = f"value {hit.value} of the list, {hit.form or 'as it is'}, at byte {hit.at}"
        search.find("personal_value", where, detail)


def _search_file(data: bytes, where: str, name: str, log: KnownLog, search: Search) -> None:
    try:
        tile = parse_path(name)
    except TileError:  # its words have the name
        search.find("file_unknown", where, "expected checkpoint or tile/<L>/<N>[.p/<W>]")
        return
    try:
        if tile.level is None:
            _search_bundle(tile, data, where, log.issuers, search)
        else:
            search.looked["tiles"] += 1
            _search_tile(tile, split_tile(tile, data), where, log.folder, search)
    except TileError as error:
        search.find("file_unknown", where, f"no file of a log: {error}")


def _search_bundle(
    bundle: Tile, data: bytes, where: str, issuers: Iterable[str], search: Search
) -> None:
    first = bundle.index * TILE_WIDTH
    for index, raw in enumerate(split_bundle(bundle, data), first):
        search.looked["entries"] += 1
        place = f"{where}, entry {index}"
        try:
            entry = Entry.parse(raw)
        except EntryError:
            search.find("entry_form", place, "expected the five members of an entry, no more")
            continue
        if entry.sequence != index:
            search.find("entry_sequence", place, f"expected the sequence {index}")
        if entry.issuer not in issuers:
            search.find("issuer_unknown", place, f"expected one of {', '.join(sorted(issuers))}")
        if not may_be_hash(entry.commitment):
            search.find("hash_readable", place, "the commitment is text or a pattern, no hash")


def _search_tile(tile: Tile, hashes: list[bytes], where: str, folder: Path, search: Search) -> None:
    """Hold each hash against what is below it; what is derived of known bytes can say nothing."""
    try:
        below = list(_below(tile, folder))
    except (OSError, TileError) as error:
        search.find("tile_underived", where, f"what it is of cannot be read: {error}")
        return
    wrong = [at for at, pair in enumerate(zip(hashes, below, strict=True)) if pair[0] != pair[1]]
    for at in wrong:
        search.find("tile_underived", where, f"hash {at} is not that of the entries or tiles below")


def _below(tile: Tile, folder: Path) -> Iterator[bytes]:
    """Yield the hashes that a tile has to have, from its bundle or from the full tiles below."""
    if tile.level == 0:
        yield from map(leaf_hash, _bundle(tile, folder))
        return
    for at in range(tile.width):
        child = Tile((tile.level or 0) - 1, tile.index * TILE_WIDTH + at)
        yield fold_tile(split_tile(child, (folder / child.path).read_bytes()))


def _bundle(tile: Tile, folder: Path) -> list[bytes]:
    """Return the entries under a tile; of a partial one they may be in the full bundle alone."""
    bundle, full = Tile(None, tile.index, tile.width), Tile(None, tile.index)
    if (folder / bundle.path).exists():
        return split_bundle(bundle, (folder / bundle.path).read_bytes())
    return split_bundle(full, (folder / full.path).read_bytes())[: tile.width]


def _search_checkpoint(data: bytes, where: str, log: KnownLog, search: Search) -> None:
    search.looked["checkpoints"] += 1
    try:
        signed = parse_note(data)
    except NoteError:
        search.find("checkpoint_form", where, "expected a signed checkpoint")
        return
    if signed.checkpoint.extensions:
        search.find("checkpoint_form", where, "expected no lines but origin, size and root")
    if not verify(signed, log.key):
        search.find("checkpoint_form", where, f"expected a head of {log.key.name}, signed by it")
    known = {(log.key.name, log.key.key_id)}
    known |= {(k.name, k.key_id) for k in log.cosigners if cosigned(signed, k) is not None}
    for number, line in enumerate(signed.note.signatures, 1):
        if (line.name, line.key_id) not in known:
            search.find("signature_unknown", where, f"signature {number} is of no known key")
