"""Heads on the chain: each log opened once, heads appended with their proofs."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts import artifacts
from ledger_node.chain.deployment import ANCHOR_LOG
from ledger_node.chain.model import ChainTransaction, Purpose
from ledger_node.chain.usecases import Order, TransactionSender
from madang.infra.chain import (
    OPEN_GAS,
    AnchorLog,
    ChainAccount,
    ChainError,
    Head,
    RpcChain,
    append_gas,
)
from madang.infra.files import EVERYBODY, write_whole

Prove = Callable[[int], Sequence[bytes]]
"""From the size that the chain has to the consistency proof up to the new head."""


@dataclass(frozen=True)
class Anchoring:
    """Brings heads to the contract.

    Attributes:
        chain: where it is.
        sender: sends each transaction once.
        accounts: the account of each municipality.
        origins: the origin of each municipality's log.
        owners: folder of files that tell which address opened each log.
    """

    chain: RpcChain
    sender: TransactionSender
    accounts: Mapping[str, ChainAccount]
    origins: Mapping[str, str]
    owners: Path

    def contract(self, address: str) -> AnchorLog:
        """Return the contract at an address."""
        return AnchorLog(self.chain.rpc, artifacts.load(ANCHOR_LOG).abi, address)

    async def log_id(self, contract: AnchorLog, tenant: str) -> bytes:
        """Return the id of a municipality's log."""
        return await contract.log_id(self.accounts[tenant].address, self._label(tenant))

    def _label(self, tenant: str) -> bytes:
        return hashlib.sha256(self.origins[tenant].encode()).digest()

    async def open(self, contract: AnchorLog, tenant: str) -> None:
        """Open a municipality's log unless it is open.

        Raises:
            ChainError, RpcError: as `append`.
        """
        account, data = self.accounts[tenant], contract.open_call(self._label(tenant))
        order = Order(Purpose(f"open:{tenant}"), contract.address, data, OPEN_GAS)
        if (await self.head(contract, tenant)).owner == account.address:
            await self.sender.settle(account)
        else:
            await self.sender.submit(account, order)
        write_whole(self.owners / f"{tenant}.owner", account.address.encode(), EVERYBODY)

    async def head(self, contract: AnchorLog, tenant: str) -> Head:
        """Return the head of a municipality's log that the chain has now, final or not."""
        return await contract.head(await self.log_id(contract, tenant))

    async def append(
        self, contract: AnchorLog, tenant: str, size: int, root: bytes, prove: Prove
    ) -> ChainTransaction | None:
        """Bring a head to the contract; None when the chain has it without our record of how.

        Raises:
            ChainError: also when the chain has a head that this one does not extend, as after a
                database was set back: somebody has to look.
            RpcError: nothing is lost; call again.
        """
        purpose, account = append_purpose(tenant, size), self.accounts[tenant]
        # The head is asked for when nothing is under way any more: the proof begins there.
        await self.sender.settle(account)
        log_id = await self.log_id(contract, tenant)
        head = await contract.head(log_id)
        if (head.size, head.root) == (size, root):
            return self.sender.find(purpose)
        if head.size >= size:
            raise ChainError(
                f"the chain has another head of the log of {tenant}, with {head.size} entries;"
                f" the one here has {size}: was its database or folder set back?",
                "set_back",
            )
        proof = prove(head.size) if head.size else ()
        data = contract.append_call(log_id, size, root, proof)
        order = Order(purpose, contract.address, data, append_gas(len(proof)))
        return await self.sender.submit(account, order)


def append_purpose(tenant: str, size: int) -> Purpose:
    """Return what the transaction for a head of a log is for."""
    return Purpose(f"append:{tenant}:{size}")
