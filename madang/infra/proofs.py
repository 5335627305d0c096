"""Evidence from a node of the chain and the published files of a log.

What comes back is held against itself (the state proof against its header, the entry against the
log's tree); whether it is to be believed is said by `core.evidence.verify`.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from madang.core.evidence.bundle import Evidence
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.heads import HeadEvidence, state_root
from madang.core.evidence.storage.reading import StateProof, read_state
from madang.core.evidence.storage.slots import LogState, Place
from madang.core.merkle.checkpoint import SignedCheckpoint, parse_note
from madang.core.merkle.note import NoteError
from madang.core.merkle.proof import verify_inclusion
from madang.core.merkle.tiles import TILE_WIDTH, Tile, TileError, split_bundle, tile_of
from madang.core.merkle.tree import leaf_hash
from madang.infra.http import HttpClient, HttpError
from madang.infra.log_client import OK, LogUnavailable
from madang.infra.primitives import PRIMITIVES
from madang.infra.receipts import LogNotBelieved, TileFiles

FetchTile = Callable[[Tile], Awaitable[bytes]]


class ProofUnavailable(RuntimeError):  # noqa: N818 - a state of chain and log
    """There is no such evidence now; the message says why, and when to ask again."""


class Caller(Protocol):
    """A node that answers JSON-RPC; `rpc.Rpc` is one."""

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - any JSON value
        """Return the result of a method; RpcError when there is none."""
        ...


class StateProofs(Protocol):
    """Proves what the contract holds, by a header of the chain."""

    async def prove(self, place: Place) -> tuple[StateProof, HeadEvidence]:
        """Return a proof of the contract's code and of a log's head, and the newest header.

        Raises:
            RpcError: the node does not answer, or not as it should.
            ProofUnavailable: it has no state that can be proved now.
        """
        ...


class PublishedLog(Protocol):
    """The files of one log (C2SP tlog-tiles)."""

    async def checkpoint(self) -> str:
        """Return the newest checkpoint; LogUnavailable if there is none now."""
        ...

    async def tile(self, tile: Tile) -> bytes:
        """Return a tile or bundle; LogUnavailable if it cannot be had now."""
        ...


@dataclass(frozen=True, slots=True)
class FolderLog:
    """A log's files in a folder."""

    folder: Path

    async def checkpoint(self) -> str:
        """Return the checkpoint."""
        return self._read("checkpoint").decode("utf-8", "replace")

    async def tile(self, tile: Tile) -> bytes:
        """Return a tile or bundle."""
        return self._read(tile.path)

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise LogUnavailable(f"{self.folder / name} cannot be read") from error


@dataclass(frozen=True, slots=True)
class HttpLog:
    """A log's files behind HTTP.

    Attributes:
        http: the network.
        identifier: address of the log.
    """

    http: HttpClient
    identifier: str

    async def checkpoint(self) -> str:
        """Return the checkpoint."""
        return (await self.read("checkpoint")).decode("utf-8", "replace")

    async def tile(self, tile: Tile) -> bytes:
        """Return a tile or bundle."""
        return await self.read(tile.path)

    async def read(self, name: str) -> bytes:
        """Return a file; LogUnavailable if it cannot be had now."""
        url = f"{self.identifier}/{name}"
        try:
            answer = await self.http.request("GET", url)
        except HttpError as error:
            raise LogUnavailable(str(error)) from error
        if answer.status != OK:
            raise LogUnavailable(f"GET {url} answered {answer.status}")
        return answer.body


@dataclass(frozen=True, slots=True)
class Ledger:
    """A chain that is asked for proofs.

    Attributes:
        chain_id: EIP-155 chain id.
        genesis_hash: 32 bytes.
        proofs: of its state.
    """

    chain_id: int
    genesis_hash: bytes
    proofs: StateProofs


async def public_half(
    ledger: Ledger, place: Place, index: int, notes: Iterable[str], tiles: FetchTile
) -> Evidence:
    """Return the evidence of one entry, without what only holder, office and auditors know.

    Args:
        ledger: the chain.
        place: of the log's head on it.
        index: of the entry.
        notes: signed checkpoints; one of them has to be the head that the chain has.
        tiles: the log's files.

    Raises:
        ProofUnavailable: the chain has none of these heads, or none that covers the entry.
        LogUnavailable, RpcError: log or node do not answer now.
        LogNotBelieved: the log's files do not have the root that the chain has.
    """
    state, head = await ledger.proofs.prove(place)
    signed = _anchored(_held(state, head, place), notes)
    size = signed.checkpoint.size
    if not 0 <= index < size:
        detail = f"entry {index} is not on the chain, which has {size}; ask again in a while"
        raise ProofUnavailable(detail)
    entry, inclusion = await _included(index, signed, tiles)
    return Evidence(
        thing=None,
        entry=entry,
        inclusion=tuple(inclusion),
        checkpoint=signed.note,
        chain_id=ledger.chain_id,
        genesis_hash=ledger.genesis_hash,
        state=state,
        head=head,
    )


def _held(state: StateProof, head: HeadEvidence, place: Place) -> LogState:
    try:
        return read_state(state, state_root(head), place, PRIMITIVES)
    except EvidenceError as error:
        raise ProofUnavailable(f"the node's proof does not hold: {error}") from error


def _anchored(held: LogState, notes: Iterable[str]) -> SignedCheckpoint:
    sizes = []
    for note in notes:
        try:
            signed = parse_note(note)
        except NoteError as error:
            raise LogNotBelieved(str(error)) from error
        if (signed.checkpoint.size, signed.checkpoint.root) == (held.size, held.root):
            return signed
        sizes.append(str(signed.checkpoint.size))
    raise ProofUnavailable(
        f"the chain has the head of {held.size} entries, the checkpoints at hand have"
        f" {' and '.join(sizes) or 'none'}; ask again when the newest one is on the chain"
    )


async def _included(
    index: int, signed: SignedCheckpoint, tiles: FetchTile
) -> tuple[bytes, list[bytes]]:
    head = signed.checkpoint
    number, position = divmod(index, TILE_WIDTH)
    bundle = tile_of(None, number, head.size)
    try:
        entry = split_bundle(bundle, await tiles(bundle))[position]
    except TileError as error:
        raise LogNotBelieved(str(error)) from error
    proof = await TileFiles(tiles, head.size).proof(index)
    if not verify_inclusion(index, head.size, leaf_hash(entry), proof, head.root):
        raise LogNotBelieved(
            f"entry {index} is not in the tree of {head.size} that is on the chain"
        )
    return entry, proof
