"""A log whose checkpoint and tiles are there as soon as it takes an entry."""

from madang.core.merkle import checkpoint, tree
from madang.core.merkle.tiles import Tile
from madang.infra.keystore import Keystore
from madang.infra.log_client import LogUnavailable, MemoryLogClient
from madang.infra.tenancy import Addresses


class PublishedLog(MemoryLogClient):
    """A log in memory that publishes what it takes at once."""

    def __init__(self, keys: Keystore, addresses: Addresses) -> None:
        super().__init__()
        self._keys = keys
        self._addresses = addresses
        self.signing_key = "log"

    def _leaves(self, tenant: str) -> list[bytes]:
        return [tree.leaf_hash(entry.encode()) for entry in self.entries[tenant]]

    async def checkpoint(self, tenant: str) -> str:
        if not self.entries.get(tenant) or not self.available:
            raise LogUnavailable("nothing published")
        leaves = self._leaves(tenant)
        origin = self._addresses.log_origin(tenant)
        head = checkpoint.Checkpoint(origin, len(leaves), tree.root(leaves))
        return checkpoint.sign(head, self._keys.signer(tenant, self.signing_key))

    async def tile(self, tenant: str, tile: Tile) -> bytes:
        if tile.level != 0 or tile.index != 0:
            raise LogUnavailable(tile.path)
        return b"".join(self._leaves(tenant)[: tile.width])
