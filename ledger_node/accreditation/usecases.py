"""Read the registry at a final block and sign what it says, when it changed or has become old.

Where the chain does not answer, the last one stays published; its own block tells its true age.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from ledger_node.accreditation.model import PublishedSnapshot
from madang.core.envelope import second_signature
from madang.core.keys.signing import Signer
from madang.core.trust.place import Place
from madang.core.trust.registry import Basis
from madang.core.trust.snapshot import Snapshot, sign
from madang.infra.accreditation import Reading
from madang.infra.chain import Block
from madang.infra.clock import Clock

PATH: Final = "accreditations"
_log = logging.getLogger(__name__)


class RegistryReader(Protocol):
    """The registry on the chain."""

    async def final(self) -> Block | None:
        """Return the newest final block; None while there is none."""
        ...

    async def place(self) -> Place:
        """Return where the registry is."""
        ...

    async def version(self, block: Block) -> int:
        """Return how many changes there are at the end of a block."""
        ...

    async def read(self, block: Block) -> Reading:
        """Return all changes up to the end of a block."""
        ...

    async def quicken(self, block: Block) -> None:
        """Have a chain that makes blocks for transactions alone make one after this block."""
        ...


class PublishedSnapshots(Protocol):
    """The newest snapshot of each municipality, in one transaction."""

    def newest(self, tenant: str) -> PublishedSnapshot | None:
        """Return it; None before the first."""
        ...

    def keep(self, tenant: str, snapshot: PublishedSnapshot) -> None:
        """Keep another one in its place."""
        ...


class SnapshotStores(Protocol):
    """Opens the store inside one durable database transaction."""

    def __call__(self) -> AbstractContextManager[PublishedSnapshots]:
        """Return the store, whose changes are kept together when the block ends well."""
        ...


@dataclass(frozen=True, slots=True)
class Seals:
    """What a municipality signs its snapshots with.

    Attributes:
        publisher: identifier of its log.
        signer: the certified key.
        second: the log's second key, ML-DSA-44.
    """

    publisher: str
    signer: Signer
    second: Signer


@dataclass(frozen=True)
class Publication:
    """Publishes the registry in the name of each municipality.

    Attributes:
        reader: the chain.
        stores: what is published.
        seals: by tenant.
        anchors: DER of each municipality's roots, all together.
        clock: tells the time.
        renew: seconds after which an unchanged registry is published again with a newer block.
        idle: seconds after which a chain without blocks is made to make one.
    """

    reader: RegistryReader
    stores: SnapshotStores
    seals: Mapping[str, Seals]
    anchors: Callable[[], Sequence[bytes]]
    clock: Clock
    renew: int
    idle: int

    async def refresh(self) -> int:
        """Publish what is due; return how many snapshots were signed.

        Raises:
            ChainError, RpcError: the chain does not answer as it should; what is published stays.
            SnapshotError: snapshot_too_large: no reader would take it; what is published stays.
        """
        block = await self.reader.final()
        if block is None:
            return 0
        if self.clock.now() - block.time > self.idle:
            await self.reader.quicken(block)
            block = await self.reader.final() or block
        due = await self._due(block)
        if not due:
            return 0
        reading, place = await self.reader.read(block), await self.reader.place()
        with self.stores() as store:
            for tenant in due:
                store.keep(tenant, self._signed(self.seals[tenant], reading, place))
        _log.info("the accreditations of block %d are published", block.number)
        return len(due)

    async def _due(self, block: Block) -> list[str]:
        version = await self.reader.version(block)
        with self.stores() as store:
            newest = {tenant: store.newest(tenant) for tenant in self.seals}
        return [
            tenant
            for tenant, found in newest.items()
            if found is None
            or version > found.version
            or (version == found.version and block.time - found.time >= self.renew)
        ]

    def _signed(self, seals: Seals, reading: Reading, place: Place) -> PublishedSnapshot:
        now, block = self.clock.now(), reading.block
        version = len(reading.changes)
        snapshot = Snapshot(
            publisher=seals.publisher,
            issued_at=now,
            place=place,
            basis=Basis(version, block.number, block.hash, block.time),
            history=reading.history,
            changes=reading.changes,
            documents=reading.documents,
            anchors=tuple(self.anchors()),
        )
        compact = sign(snapshot, seals.signer)
        second = second_signature.make(
            compact.encode("ascii"),
            kind=second_signature.ACCREDITATIONS,
            address=f"{seals.publisher}/{PATH}",
            issued_at=now,
            signer=seals.second,
        )
        return PublishedSnapshot(version, block.number, block.time, compact, second)
