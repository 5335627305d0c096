"""A log in memory that publishes signed checkpoints and tiles."""

from dataclasses import dataclass, field

from madang.core.keys.signing import Signer
from madang.core.merkle.checkpoint import Checkpoint, sign
from madang.core.merkle.growth import grow
from madang.core.merkle.tiles import Tile
from madang.core.merkle.tree import CompactRange
from madang.infra.log_client import LogUnavailable, MemoryLogClient


@dataclass
class TileLog(MemoryLogClient):
    """A tenant's log that publishes what was appended, when it is told to."""

    origin: str
    signer: Signer
    note: str = ""
    files: dict[Tile, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def publish(self, tenant: str) -> None:
        entries = [entry.encode() for entry in self.entries[tenant]]
        growth = grow(CompactRange(0, ()), self.files.__getitem__, entries)
        self.files = dict(growth.files)
        head = Checkpoint(self.origin, growth.range.size, growth.range.root())
        self.note = sign(head, self.signer)

    async def checkpoint(self, tenant: str) -> str:  # noqa: ARG002 - the port's form
        self._check()
        if not self.note:
            raise LogUnavailable("nothing is published yet")
        return self.note

    async def tile(self, tenant: str, tile: Tile) -> bytes:  # noqa: ARG002 - the port's form
        self._check()
        return self.files[tile]
