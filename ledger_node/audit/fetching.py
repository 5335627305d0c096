"""A log read over HTTP (C2SP tlog-tiles) into a folder, from which it is audited like any other.

Files of full width never change, so what a former audit has fetched is not fetched again. Nothing
is believed of what comes: the root is recomputed from it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from ledger_node.audit.reading import AuditInputError
from madang.core.evidence.findings import Finding
from madang.core.evidence.heads import head_of_checkpoint
from madang.core.merkle.entry import MAX_ENTRY_BYTES
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tiles import (
    TILE_WIDTH,
    Tile,
    TileError,
    encode_bundle,
    split_bundle,
    tiles_between,
)
from madang.infra.http import HttpClient, HttpError

AT_ONCE = 8
MAX_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
_OK, _NOT_FOUND = 200, 404


async def fetch_log(
    url: str, folder: Path, key: VerifierKey, anchored: int, http: HttpClient
) -> None:
    """Fetch checkpoint and bundles of a log.

    Args:
        url: prefix of the log's files, with or without a slash at its end.
        folder: takes them; may hold those of an earlier time.
        key: the log's; a checkpoint that it has not signed does not say how much is fetched.
        anchored: entries that the chain covers, which are fetched then.
        http: asks; its longest answer should be `MAX_BUNDLE_BYTES`.

    Raises:
        AuditInputError: a file cannot be had.
        OSError: a file cannot be kept.
    """
    base = url.rstrip("/")
    note = await _get(base, "checkpoint", http)
    read = head_of_checkpoint("checkpoint", note, key)
    size = anchored if isinstance(read, Finding) else read.checkpoint.size
    await _fetch_bundles(base, folder, tiles_between(None, 0, size), http)
    _keep(folder / "checkpoint", note)


async def _fetch_bundles(
    base: str, folder: Path, bundles: Iterator[Tile], http: HttpClient
) -> None:
    """Fetch what the folder does not have, several files at once."""

    async def work() -> None:
        for bundle in bundles:
            if not (folder / bundle.path).exists():
                _keep(folder / bundle.path, await _bundle(base, bundle, http))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


async def _bundle(base: str, bundle: Tile, http: HttpClient) -> bytes:
    """Return a bundle; a partial one from the full one, where the log has grown meanwhile."""
    try:
        return await _get(base, bundle.path, http)
    except _NotThereError:
        full = Tile(None, bundle.index)
        if full == bundle:
            raise
        content = await _get(base, full.path, http)
    try:
        return encode_bundle(split_bundle(full, content)[: bundle.width])
    except TileError as error:
        raise AuditInputError(f"{base}/{full.path}: {error}") from error


class _NotThereError(AuditInputError):
    """The log has no such file."""


async def _get(base: str, path: str, http: HttpClient) -> bytes:
    try:
        answer = await http.request("GET", f"{base}/{path}")
    except HttpError as error:
        raise AuditInputError(f"the log cannot be read: {error}") from error
    if answer.status != _OK:
        kind = _NotThereError if answer.status == _NOT_FOUND else AuditInputError
        raise kind(f"{base}/{path}: status {answer.status}, expected {_OK}")
    return answer.body


def _keep(path: Path, content: bytes) -> None:
    """Write a file; who looks sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(path)
