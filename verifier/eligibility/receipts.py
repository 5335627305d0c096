"""Receipts for what the office entered in its log."""

from madang.core.evidence.receipt import Receipt, check
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.entry import Entry, commitment
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tiles import Tile, TileError, TileTree
from madang.core.merkle.tree import TreeError
from madang.infra.log_client import LogClient, LogUnavailable
from verifier.eligibility.model import Entered


class _AbsentTileError(Exception):
    def __init__(self, tile: Tile) -> None:
        super().__init__(tile.path)
        self.tile = tile


async def receipt_for(
    log: LogClient, tenant: str, entered: Entered | None, key: VerifierKey | None
) -> Receipt | None:
    """Return the receipt of an entry; None while there is none that holds.

    Args:
        log: where the published log is read.
        tenant: whose log.
        entered: what the office keeps of the entry.
        key: the log's key, known from elsewhere; without it no receipt can be checked.
    """
    if entered is None or entered.index is None or key is None:
        return None
    try:
        made = await _receipt(log, tenant, entered, entered.index, key)
    except (LogUnavailable, NoteError, TileError, TreeError, UnicodeDecodeError):
        return None
    return made if made is not None and check(made, key).ok else None


async def _receipt(
    log: LogClient, tenant: str, entered: Entered, index: int, key: VerifierKey
) -> Receipt | None:
    note = await log.checkpoint(tenant)
    size = parse_note(note).checkpoint.size
    if size <= index:
        return None
    committed = commitment(entered.salt, entered.digest)
    return Receipt(
        log_origin=key.name,
        kind=entered.kind,
        index=index,
        entry=Entry(index, entered.kind, entered.hour, entered.issuer, committed),
        salt=entered.salt,
        digest=entered.digest,
        inclusion_proof=await _proof(log, tenant, index, size),
        checkpoint=note,
    )


async def _proof(log: LogClient, tenant: str, index: int, size: int) -> tuple[bytes, ...]:
    """Prove inclusion, fetching each tile that turns out to be needed (two a level at most)."""
    tiles: dict[Tile, bytes] = {}

    def read(tile: Tile) -> bytes:
        if tile not in tiles:
            raise _AbsentTileError(tile)
        return tiles[tile]

    tree = TileTree(size, read)
    while True:
        try:
            return tuple(tree.inclusion_proof(index, size))
        except _AbsentTileError as absent:
            tiles[absent.tile] = await log.tile(tenant, absent.tile)
