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
MAX_FETCHED = 4_000_000_000
"""Bytes that one audit fetches: twenty million entries of the usual length, and no disk filled by a
log that signs a head without an end."""
MAX_SECONDS = 6 * 3600
"""For all of a log: each of its files could come just in time."""
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
        AuditInputError: a file cannot be had or is no bundle, or the log is longer than an audit by
            address takes.
        OSError: a file cannot be kept.
    """
    base = url.rstrip("/")
    note = await _get(base, "checkpoint", http)
    read = head_of_checkpoint("checkpoint", note, key)
    size = anchored if isinstance(read, Finding) else read.checkpoint.size
    try:
        async with asyncio.timeout(MAX_SECONDS):
            await _fetch_bundles(base, folder, tiles_between(None, 0, size), http)
    except TimeoutError as error:
        raise AuditInputError(
            f"the log of {size} entries did not come within {MAX_SECONDS} s; what came is kept in "
            "the cache, if one was named"
        ) from error
    _keep(folder / "checkpoint", note)


async def _fetch_bundles(
    base: str, folder: Path, bundles: Iterator[Tile], http: HttpClient
) -> None:
    """Fetch what the folder does not have, several files at once."""
    fetched = 0

    async def work() -> None:
        nonlocal fetched
        for bundle in bundles:
            if (folder / bundle.path).exists():
                continue
            content = await _bundle(base, bundle, http)
            fetched += len(content)
            if fetched > MAX_FETCHED:
                raise AuditInputError(
                    f"the log has more than the {MAX_FETCHED} bytes that are fetched; copy its "
                    "files to a folder and name that"
                )
            _keep(folder / bundle.path, content)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


async def _bundle(base: str, bundle: Tile, http: HttpClient) -> bytes:
    """Return a bundle; a partial one from the full one, where the log has grown meanwhile.

    What is none is not kept: the next audit would find it in its cache and not ask again.
    """
    came = bundle
    try:
        content = await _get(base, bundle.path, http)
    except _NotThereError:
        came = Tile(None, bundle.index)
        if came == bundle:
            raise
        content = await _get(base, came.path, http)
    try:
        return encode_bundle(split_bundle(came, content)[: bundle.width])
    except TileError as error:
        raise AuditInputError(f"{base}/{came.path}: {error}") from error


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
