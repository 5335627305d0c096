"""The contracts on the chain: deployed, founded and sealed once, step by step.

Each step is a transaction with a purpose of its own, so whoever is cut off between two of them
goes on where it was; the record of where the contracts are is written last.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak

from contracts import addresses, artifacts
from contracts.addresses import DeployedContract, Deployment
from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from ledger_node.chain.usecases import Order, TransactionSender
from madang.infra.chain import ChainAccount, ChainError, RpcChain, call_data, contract_address
from madang.infra.rpc import RpcError, WrongNodeError

ACCREDITATION: Final = "Accreditation"
ANCHOR_LOG: Final = "AnchorLog"
_WORD: Final = 32
_SPARE_GAS: Final = 10
"""A limit is the estimate and a tenth of it: some engines charge half of the limit at least."""
_NO_CODE: Final = "0x" + keccak(b"").hex()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundingRecord:
    """A record with which the Accreditation contract begins.

    Attributes:
        kind: 1 issuer, 2 verifier, 3 witness, 4 log.
        body: address that may suspend it.
        document: canonical JSON; its SHA-256 is the record's id.
    """

    kind: int
    body: str
    document: bytes


FoundingRecords = Callable[[Mapping[str, str]], Sequence[FoundingRecord]]
"""From the address of each municipality to the records, the same and in the same order always."""


def no_records(holders: Mapping[str, str]) -> Sequence[FoundingRecord]:  # noqa: ARG001 - the port
    """Return none: a chain that is founded with members and leases alone."""
    return ()


@dataclass(frozen=True)
class Deployer:
    """Puts the contracts on the chain.

    Attributes:
        chain: where they go.
        sender: sends each transaction once.
        accounts: the account of each municipality; together they are the members.
        lead: the municipality that deploys, a stranger after the seal.
        records: what the contract is founded with.
        record: file that tells readers where the contracts are.
        delay: seconds of both contracts' time locks, 1 to 90 days.
        final_depth: how blocks become final, for the record; see `Deployment`.
    """

    chain: RpcChain
    sender: TransactionSender
    accounts: Mapping[str, ChainAccount]
    lead: str
    records: FoundingRecords
    record: Path
    delay: int
    final_depth: int | None

    async def deploy(self) -> Deployment:
        """Do what is left to do, nothing if the record names the contracts; return where they are.

        Raises:
            WrongNodeError: the node has another chain than the record's.
            ChainError: the chain refused a step.
            DeploymentError: the record is malformed, or of an earlier form.
            RpcError: the node does not answer; call again.
        """
        if self.record.exists():
            known = addresses.read(self.record)
            await self.check(known)
            return known
        accreditation = await self._create(ACCREDITATION, self._seats())
        anchor_log = await self._create(
            ANCHOR_LOG, [("address", accreditation), ("uint256", self.delay)]
        )
        await self._found(accreditation)
        await self._call("set-anchor-log", accreditation, "setAnchorLog", anchor_log)
        await self._call("seal", accreditation, "seal")
        deployment = await self._describe({ACCREDITATION: accreditation, ANCHOR_LOG: anchor_log})
        addresses.write(self.record, deployment)
        _log.info("the contracts are deployed, founded and sealed; %s names them", self.record)
        return deployment

    def _seats(self) -> list[tuple[str, Any]]:
        """Return the arguments of Accreditation: members, more than half of them, and the delay."""
        members = [account.address for account in self.accounts.values()]
        quorum = len(members) // 2 + 1
        return [("address[]", members), ("uint256", quorum), ("uint256", self.delay)]

    async def _create(self, name: str, arguments: Sequence[tuple[str, Any]]) -> str:
        types, values = [each[0] for each in arguments], [each[1] for each in arguments]
        data = artifacts.load(name).bytecode + abi_encode(types, values)
        made = await self._sent(await self._signed(f"deploy:{name}", None, data))
        return contract_address(made.sender, made.nonce)

    async def _found(self, accreditation: str) -> None:
        """Enter records and leases; all are signed before any is waited for."""
        signed = []
        holders = {tenant: account.address for tenant, account in self.accounts.items()}
        for each in self.records(holders):
            purpose = f"found:{hashlib.sha256(each.document).hexdigest()}"
            data = self._data("found", each.kind, each.body, each.document)
            signed.append(await self._signed(purpose, accreditation, data))
        for tenant, holder in holders.items():
            data = self._data("foundLease", tenant_word(tenant), holder)
            signed.append(await self._signed(f"lease:{tenant}", accreditation, data))
        for transaction in signed:
            await self._sent(transaction)

    async def _call(self, purpose: str, to: str, name: str, *arguments: object) -> None:
        await self._sent(await self._signed(purpose, to, self._data(name, *arguments)))

    def _data(self, name: str, *arguments: object) -> bytes:
        return call_data(artifacts.load(ACCREDITATION).abi, name, *arguments)

    async def _signed(self, purpose: str, to: str | None, data: bytes) -> ChainTransaction:
        known = self.sender.find(Purpose(purpose))
        if known is not None:
            return known
        account = self.accounts[self.lead]
        try:
            estimate = await self.chain.estimate(account.address, to, data)
        except RpcError as error:
            if error.code is None:
                raise
            raise ChainError(f"the chain would refuse {purpose}: {error}") from error
        gas = estimate + estimate // _SPARE_GAS
        return await self.sender.sign(account, Order(Purpose(purpose), to, data, gas))

    async def _sent(self, signed: ChainTransaction) -> ChainTransaction:
        await self.sender.settle(self.accounts[self.lead].address)
        found = self.sender.find(signed.purpose)
        if found is None or found.state is not TransactionState.ACCEPTED:
            raise ChainError(f"the chain refused {signed.purpose}")
        return found

    async def _describe(self, deployed: Mapping[str, str]) -> Deployment:
        chain_id, genesis = await self.chain.identity()
        contracts = {
            name: DeployedContract(address, await self.chain.code_hash(address))
            for name, address in deployed.items()
        }
        for name, contract in contracts.items():
            if contract.code_hash == _NO_CODE:
                raise RpcError(f"the node has no {name} at {contract.address}; is it behind?")
        return Deployment(chain_id, genesis, contracts, self.final_depth)

    async def check(self, deployment: Deployment) -> None:
        """Hold the node against the record.

        Raises:
            WrongNodeError: naming each difference.
            DeploymentError: the record lacks a contract.
        """
        for name in (ACCREDITATION, ANCHOR_LOG):
            deployment[name]
        wrong = await self.chain.mismatches(deployment)
        if wrong:
            told = "; ".join(f"{name} is {came}, not {wanted}" for name, wanted, came in wrong)
            raise WrongNodeError(
                "other_chain", f"the node does not have the recorded chain: {told}"
            )


def tenant_word(tenant: str) -> bytes:
    """Return a tenant's name as the contract knows it: ASCII, filled up with zeros.

    Raises:
        ChainError: it has no such form.
    """
    name = tenant.encode("ascii", "replace")
    if not 0 < len(name) <= _WORD or name.decode("ascii") != tenant:
        raise ChainError(f"tenant {tenant!r}: expected 1 to {_WORD} characters of ASCII")
    return name.ljust(_WORD, b"\0")
