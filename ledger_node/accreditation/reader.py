"""The registry behind the node's own chain; implements `RegistryReader`."""

from dataclasses import dataclass

from contracts import artifacts
from ledger_node.chain.deployment import ACCREDITATION
from ledger_node.chain.model import Purpose
from ledger_node.chain.usecases import Order
from ledger_node.chain.work import ChainWork
from madang.core.trust.place import Place
from madang.infra.accreditation import AccreditationContract, Reading
from madang.infra.chain import Block

_PLAIN_GAS = 21_000


@dataclass(frozen=True)
class ChainReader:
    """Reads the contract of the deployment.

    Attributes:
        work: the chain.
        lead: the municipality whose account makes a block where nobody else does.
    """

    work: ChainWork
    lead: str

    async def final(self) -> Block | None:
        """Return the newest final block; RpcError before the contracts are known."""
        _ = self.work.deployment
        return await self.work.anchoring.chain.final_block(self.work.final_depth)

    async def place(self) -> Place:
        """Return where the registry is."""
        known = self.work.deployment
        contract = known[ACCREDITATION]
        return Place(known.chain_id, known.genesis_hash, contract.address, contract.code_hash)

    async def version(self, block: Block) -> int:
        """Return how many changes there are at the end of a block."""
        return await self._contract.version(block)

    async def read(self, block: Block) -> Reading:
        """Return all changes up to the end of a block."""
        return await self._contract.read(block)

    async def quicken(self, block: Block) -> None:
        """Send nothing to the lead's own account, once after each block."""
        account = self.work.anchoring.accounts[self.lead]
        purpose = Purpose(f"alive:{block.number}")
        order = Order(purpose, account.address, b"", _PLAIN_GAS)
        await self.work.anchoring.sender.submit(account, order)

    @property
    def _contract(self) -> AccreditationContract:
        address = self.work.deployment[ACCREDITATION].address
        return AccreditationContract(
            self.work.anchoring.chain.rpc, artifacts.load(ACCREDITATION).abi, address
        )
