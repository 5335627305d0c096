"""Heads on the chain: the contract deployed once, each log opened once, heads appended."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_abi.abi import encode as abi_encode

from contracts import addresses, artifacts
from contracts.addresses import DeployedContract, Deployment
from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from ledger_node.chain.usecases import TransactionSender
from madang.infra.chain import (
    APPEND_GAS,
    DEPLOY_GAS,
    OPEN_GAS,
    AnchorLog,
    ChainAccount,
    ChainError,
    Head,
    RpcChain,
    contract_address,
)

CONTRACT = "AnchorLog"
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
        lead: the municipality that deploys and is the guardian until there is a governance.
        record: file that tells readers where the contract is.
        owners: folder of files that tell which address opened each log.
        delay: seconds of the contract's time lock.
    """

    chain: RpcChain
    sender: TransactionSender
    accounts: Mapping[str, ChainAccount]
    origins: Mapping[str, str]
    lead: str
    record: Path
    owners: Path
    delay: int

    async def deploy(self) -> Deployment:
        """Deploy the contract unless the record names one; return where it is.

        Raises:
            ChainError: the chain is not the one of the record, or refused the deployment.
        """
        if self.record.exists():
            known = addresses.read(self.record)
            await self.check(known)
            return known
        account = self.accounts[self.lead]
        artifact = artifacts.load(CONTRACT)
        arguments = abi_encode(["address", "uint256"], [account.address, self.delay])
        sent = await self.sender.submit(
            Purpose("deploy"), account, to=None, data=artifact.bytecode + arguments, gas=DEPLOY_GAS
        )
        if sent.state is not TransactionState.ACCEPTED:
            raise ChainError("the chain refused the deployment of the contract")
        deployment = await self._describe(contract_address(sent.sender, sent.nonce))
        addresses.write(self.record, deployment)
        return deployment

    async def _describe(self, address: str) -> Deployment:
        chain_id, genesis = await self.chain.identity()
        contract = DeployedContract(address, await self.chain.code_hash(address))
        return Deployment(chain_id, genesis, {CONTRACT: contract})

    async def check(self, deployment: Deployment) -> None:
        """Hold the node against the record; ChainError names each difference."""
        wrong = await self.chain.mismatches(deployment)
        if wrong:
            told = "; ".join(f"{name} is {came}, not {wanted}" for name, wanted, came in wrong)
            raise ChainError(f"the node does not have the recorded chain: {told}")

    def contract(self, address: str) -> AnchorLog:
        """Return the contract at an address."""
        return AnchorLog(self.chain.rpc, artifacts.load(CONTRACT).abi, address)

    async def log_id(self, contract: AnchorLog, tenant: str) -> bytes:
        """Return the id of a municipality's log."""
        return await contract.log_id(self._opener(tenant).address, self._label(tenant))

    def _opener(self, tenant: str) -> ChainAccount:
        return self.accounts[tenant]

    def _label(self, tenant: str) -> bytes:
        return hashlib.sha256(self.origins[tenant].encode()).digest()

    async def open(self, contract: AnchorLog, tenant: str) -> Head:
        """Open a municipality's log unless it is open; return its head."""
        await self.sender.submit(
            Purpose(f"open:{tenant}"),
            self._opener(tenant),
            to=contract.address,
            data=contract.open_call(self._label(tenant)),
            gas=OPEN_GAS,
        )
        self.owners.mkdir(parents=True, exist_ok=True)
        (self.owners / f"{tenant}.owner").write_text(self._opener(tenant).address, "ascii")
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
        purpose, account = Purpose(f"append:{tenant}:{size}"), self.accounts[tenant]
        # The head is asked for when nothing is under way any more: the proof begins there.
        await self.sender.settle(account)
        log_id = await self.log_id(contract, tenant)
        head = await contract.head(log_id)
        if (head.size, head.root) == (size, root):
            return self.sender.accepted(purpose)
        if head.size >= size:
            raise ChainError(
                f"the chain has another head of the log of {tenant}, with {head.size} entries;"
                f" the one here has {size}: was its database or folder set back?"
            )
        proof = prove(head.size) if head.size else ()
        return await self.sender.submit(
            purpose,
            account,
            to=contract.address,
            data=contract.append_call(log_id, size, root, proof),
            gas=APPEND_GAS,
        )
