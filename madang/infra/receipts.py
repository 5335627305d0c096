"""Receipts: proofs from the log's files, each checked before it is handed out."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from madang.core.evidence.receipt import Receipt, check
from madang.core.merkle.checkpoint import Checkpoint, parse_note, verify
from madang.core.merkle.entry import Entry
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tiles import TILE_WIDTH, Tile, TileError, TileTree, cut
from madang.core.merkle.tree import TreeError
from madang.infra.log_client import LogClient, LogUnavailable

MAX_TILES = 256
"""Most files read for one request."""


class LogNotBelieved(RuntimeError):  # noqa: N818 - a state of the log
    """The log's checkpoint or files do not hold; nothing is handed out."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What the office keeps of one log entry.

    Attributes:
        digest: of the thing.
        salt: of the commitment.
        entry: as it has to stand in the log.
    """

    digest: bytes
    salt: bytes
    entry: Entry


@dataclass(frozen=True, slots=True)
class LogReader:
    """One municipality's log.

    Attributes:
        tenant: the municipality.
        client: reads the log.
        key: of the log, known from elsewhere; its name is the log's origin.
    """

    tenant: str
    client: LogClient
    key: VerifierKey


async def receipts(log: LogReader, things: Iterable[Logged]) -> dict[bytes, Receipt]:
    """Return the receipts, by digest, of things that stand in the log's newest checkpoint.

    There are none when the log cannot be read now: whoever needs one asks again.

    Raises:
        LogNotBelieved: what the log answers is not signed by its key or does not hold.
    """
    wanted = list(things)
    if not wanted:
        return {}
    try:
        note = await log.client.checkpoint(log.tenant)
        size = _believed(note, log.key).size
        files = TileFiles(partial(log.client.tile, log.tenant), size)
        inside = [thing for thing in wanted if thing.entry.sequence < size]
        return {thing.digest: await _receipt(thing, log.key, note, files) for thing in inside}
    except LogUnavailable:
        return {}
    except UnicodeDecodeError as error:
        raise LogNotBelieved("the checkpoint is no text") from error


def _believed(note: str, key: VerifierKey) -> Checkpoint:
    try:
        head = parse_note(note)
    except NoteError as error:
        raise LogNotBelieved(str(error)) from error
    if not verify(head, key):
        raise LogNotBelieved("the checkpoint is not signed by the log's key")
    return head.checkpoint


class _Missing(Exception):  # noqa: N818 - a question, not a mistake
    """A file that has to be fetched first."""

    def __init__(self, tile: Tile) -> None:
        super().__init__(tile.path)
        self.tile = tile


class TileFiles:
    """Files of a log as they are needed: proofs are made by plain functions, files are awaited.

    Args:
        fetch: returns a tile or bundle; LogUnavailable when it cannot be had now.
        size: entries of the tree that is proved in.
    """

    def __init__(self, fetch: Callable[[Tile], Awaitable[bytes]], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._files: dict[Tile, bytes] = {}

    async def proof(self, index: int) -> list[bytes]:
        """Return an inclusion proof, fetching what it lacks.

        Raises:
            LogUnavailable: a file cannot be had now.
            LogNotBelieved: the files do not hold.
        """
        while True:
            try:
                return TileTree(self._size, self._read).inclusion_proof(index, self._size)
            except _Missing as missing:
                await self._add(missing.tile)
            except (TileError, TreeError) as error:
                raise LogNotBelieved(str(error)) from error

    def _read(self, tile: Tile) -> bytes:
        if tile not in self._files:
            raise _Missing(tile)
        return self._files[tile]

    async def _add(self, tile: Tile) -> None:
        if len(self._files) >= MAX_TILES:
            raise LogUnavailable(f"more than {MAX_TILES} files for one request")
        try:
            self._files[tile] = await self._fetch(tile)
        except LogUnavailable:
            if tile.width == TILE_WIDTH:
                raise
            # A partial file goes when the full one has come (C2SP tlog-tiles, Partial Tiles).
            self._files[tile] = cut(tile, await self._fetch(replace(tile, width=TILE_WIDTH)))


async def _receipt(thing: Logged, key: VerifierKey, note: str, files: TileFiles) -> Receipt:
    receipt = Receipt(
        log_origin=key.name,
        kind=thing.entry.kind,
        index=thing.entry.sequence,
        entry=thing.entry,
        salt=thing.salt,
        digest=thing.digest,
        inclusion_proof=tuple(await files.proof(thing.entry.sequence)),
        checkpoint=note,
    )
    failures = check(receipt, key, thing=thing.digest).failures
    if failures:
        raise LogNotBelieved(failures[0].detail)
    return receipt
