"""Heads on the chain: each log opened once, heads appended with their proofs.

A log's id comes from the account that opened it, for ever. The account that may append changes by
a rotation, so what opened a log is kept in a file and never made up from the key of today.
"""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address

from contracts import artifacts
from ledger_node.chain.deployment import ANCHOR_LOG
from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from ledger_node.chain.usecases import Order, TransactionSender
from madang.infra.chain import (
    ACCEPT_GAS,
    OPEN_GAS,
    AnchorLog,
    ChainAccount,
    ChainError,
    Head,
    RpcChain,
    append_gas,
)
from madang.infra.files import EVERYBODY, write_whole
from madang.infra.rpc import RpcError

Prove = Callable[[int], Sequence[bytes]]
"""From the size that the chain has to the consistency proof up to the new head."""


@dataclass(frozen=True)
class Anchoring:
    """Brings heads to the contract.

    Attributes:
        chain: where it is.
        sender: sends each transaction once.
        accounts: the account of each municipality now.
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
        return await contract.log_id(self.opener(tenant), self._label(tenant))

    def opener(self, tenant: str) -> str:
        """Return the account that opened a municipality's log, or else the one that is to open it.

        Raises:
            ChainError: the file that tells it holds no address.
        """
        file = self._owner_file(tenant)
        if file.exists():
            told = file.read_text("ascii", "replace").strip()
            if not is_address(told):
                raise ChainError(
                    f"{file} holds no address; put it back, it names the log on the chain",
                    "owner_file",
                )
            return to_checksum_address(told)
        signed = self.sender.find(_open_purpose(tenant))
        return self.accounts[tenant].address if signed is None else signed.sender

    def _owner_file(self, tenant: str) -> Path:
        return self.owners / f"{tenant}.owner"

    def _label(self, tenant: str) -> bytes:
        return hashlib.sha256(self.origins[tenant].encode()).digest()

    async def open(self, contract: AnchorLog, tenant: str) -> None:
        """Open a municipality's log unless an account of it has opened it.

        The transaction is on record before it is sent, and the file is written after it. So a
        start in between, with another key as well, goes on with the account that has signed.

        Raises:
            ChainError, RpcError: as `append`.
        """
        account, data = self.accounts[tenant], contract.open_call(self._label(tenant))
        order = Order(_open_purpose(tenant), contract.address, data, OPEN_GAS)
        opener = self.opener(tenant)
        if int((await self.head(contract, tenant)).owner, 16):
            await self.sender.settle(account.address)
        elif opener == account.address or self.sender.find(order.purpose) is not None:
            sent = await self.sender.submit(account, order)
            if sent.state is TransactionState.REFUSED:
                raise ChainError(f"the chain refused to open the log of {tenant}")
        else:
            raise await self._not_owner(contract, tenant, opener)
        if not self._owner_file(tenant).exists():
            write_whole(self._owner_file(tenant), opener.encode(), EVERYBODY)

    async def own(self, contract: AnchorLog, tenant: str) -> Head:
        """Return the head of a municipality's log once it belongs to the account here.

        A rotation to this account is accepted as soon as its delay is over.

        Raises:
            ChainError: "not_owner" when the log belongs to another account, "handover" while a
                rotation to this one waits.
            RpcError: call again.
        """
        account, head = self.accounts[tenant], await self.head(contract, tenant)
        if head.owner == account.address:
            return head
        await self._accept(contract, tenant, head.owner)
        head = await self.head(contract, tenant)
        if head.owner != account.address:
            raise await self._not_owner(contract, tenant, head.owner)
        return head

    async def _accept(self, contract: AnchorLog, tenant: str, owner: str) -> None:
        account, log_id = self.accounts[tenant], await self.log_id(contract, tenant)
        rotation = await contract.rotation(log_id)
        if rotation.successor != account.address:
            raise await self._not_owner(contract, tenant, owner)
        # What the old key signed is taken as long as the log is its own. If the chain does not
        # take it, as when a thief used its number, a later head covers it.
        with contextlib.suppress(ChainError):
            await self.sender.settle(owner)
        data = contract.accept_owner_call(log_id)
        try:
            await self.chain.estimate(account.address, contract.address, data)
        except RpcError as error:
            if error.code is None:
                raise
            raise ChainError(
                f"the log of {tenant} belongs to account {owner} and is handed to this node's"
                f" {account.address} from epoch second {rotation.ready} on: {error}",
                "handover",
            ) from error
        # A log may come back to an account: each rotation has a time of its own.
        purpose = Purpose(f"accept-owner:{tenant}:{rotation.ready}")
        await self.sender.submit(account, Order(purpose, contract.address, data, ACCEPT_GAS))

    async def _not_owner(self, contract: AnchorLog, tenant: str, owner: str) -> ChainError:
        log_id, account = await self.log_id(contract, tenant), self.accounts[tenant]
        return ChainError(
            f"the log of {tenant}, {log_id.hex()}, belongs to account {owner}, this node has"
            f" {account.address}: hand the log to this account, or put back the key",
            "not_owner",
        )

    async def head(self, contract: AnchorLog, tenant: str) -> Head:
        """Return the head of a municipality's log that the chain has now, final or not."""
        return await contract.head(await self.log_id(contract, tenant))

    async def append(
        self, contract: AnchorLog, tenant: str, size: int, root: bytes, prove: Prove
    ) -> ChainTransaction | None:
        """Bring a head to the contract; None when the chain has it without our record of how.

        Raises:
            ChainError: as `own`; also when the chain has a head that this one does not extend, as
                after a database was set back: somebody has to look.
            RpcError: nothing is lost; call again.
        """
        purpose, account = append_purpose(tenant, size), self.accounts[tenant]
        # The head is asked for when nothing is under way any more: the proof begins there.
        await self.sender.settle(account.address)
        head = await self.own(contract, tenant)
        if (head.size, head.root) == (size, root):
            return self.sender.find(purpose)
        if head.size >= size:
            raise ChainError(
                f"the chain has another head of the log of {tenant}, with {head.size} entries;"
                f" the one here has {size}: was its database or folder set back?",
                "set_back",
            )
        proof = prove(head.size) if head.size else ()
        data = contract.append_call(await self.log_id(contract, tenant), size, root, proof)
        order = Order(purpose, contract.address, data, append_gas(len(proof)))
        return await self.sender.submit(account, order)


def append_purpose(tenant: str, size: int) -> Purpose:
    """Return what the transaction for a head of a log is for."""
    return Purpose(f"append:{tenant}:{size}")


def _open_purpose(tenant: str) -> Purpose:
    return Purpose(f"open:{tenant}")
