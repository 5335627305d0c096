"""What an officer does at the Accreditation contract with the municipality's own account.

Transactions go through the ledger node's durable record: its account has one order of numbers.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from contracts import artifacts
from contracts.addresses import Deployment
from ledger_node.chain.deployment import ACCREDITATION
from ledger_node.chain.model import Purpose, TransactionState
from ledger_node.chain.usecases import Order, TransactionSender
from madang.core.encoding import strict_json
from madang.core.trust.accreditation import AccreditationError, parse_document
from madang.core.trust.changes import Action, State, replay
from madang.core.trust.registry import Record, tenant_key
from madang.infra.accreditation import AccreditationContract, Proposal
from madang.infra.chain import ChainAccount, ChainError, RpcChain
from madang.infra.ids import Ids
from madang.infra.rpc import RpcError, WrongNodeError

_SPARE: Final = 10
"""A limit is the estimate and a tenth of it."""
WITH_RECORD: Final = (Action.REMOVE_RECORD, Action.SUSPEND_RECORD, Action.RESUME_RECORD)
PROPOSED: Final = {
    action.name.lower().replace("_", "-"): action
    for action in Action
    if action <= Action.CANCEL_GUARDIAN
}
"""What can be proposed, by the word for it."""


class GovernanceError(RuntimeError):
    """Something cannot be proposed or done so; the message says what to do."""


@dataclass(frozen=True)
class Governance:
    """The contract as an officer of one municipality sees it.

    Attributes:
        chain: a node.
        deployment: the contracts, as they were given.
        account: the municipality's.
        sender: the ledger node's record of transactions.
        ids: makes a purpose of each act.
    """

    chain: RpcChain
    deployment: Deployment
    account: ChainAccount
    sender: TransactionSender
    ids: Ids

    @property
    def contract(self) -> AccreditationContract:
        """Return the contract."""
        address = self.deployment[ACCREDITATION].address
        return AccreditationContract(self.chain.rpc, artifacts.load(ACCREDITATION).abi, address)

    async def check(self) -> None:
        """Hold the node against the record of the contracts; WrongNodeError if it has others."""
        wrong = await self.chain.mismatches(self.deployment)
        if wrong:
            told = "; ".join(f"{name} is {came}, not {wanted}" for name, wanted, came in wrong)
            raise WrongNodeError("other_chain", f"the node has another chain: {told}")

    async def state(self) -> State:
        """Return the registry as it is in the newest block."""
        block = await self.chain.block("latest")
        if block is None:
            raise RpcError("the node has no newest block")
        reading = await self.contract.read(block)
        return replay(reading.changes, reading.documents)

    async def record(self, prefix: str) -> Record:
        """Return the one record whose id begins so; GovernanceError for none or several."""
        records = (await self.state()).records
        found = [each for each in records if each.id.hex().startswith(prefix.lower())]
        if len(found) != 1:
            raise GovernanceError(
                f"{len(found)} records have an id that begins with {prefix!r}, expected one;"
                " `madang accreditation list` shows the ids"
            )
        return found[0]

    async def proposal(self, number: int) -> Proposal:
        """Return a proposal; GovernanceError if there is none."""
        found = [each for each in await self.contract.proposals() if each.id == number]
        if not found:
            raise GovernanceError(f"there is no proposal {number}")
        return found[0]

    async def send(self, word: str, data: bytes) -> str:
        """Send a call and return its transaction's hash, once it is in a block.

        Raises:
            GovernanceError: the contract refuses it, in its own words.
            ChainError, RpcError: the chain does not answer.
        """
        address = self.contract.address
        try:
            estimate = await self.chain.estimate(self.account.address, address, data)
        except RpcError as error:
            if error.code is None:
                raise
            raise GovernanceError(f"the contract refuses it: {error}") from error
        purpose = Purpose(f"accreditation:{word}:{self.ids.token()}")
        order = Order(purpose, address, data, estimate + estimate // _SPARE)
        sent = await self.sender.submit(self.account, order)
        if sent.state is not TransactionState.ACCEPTED:
            raise ChainError(f"the chain refused {word}")
        return sent.hash


def proposing(
    contract: AccreditationContract,
    action: Action,
    *,
    target: bytes = bytes(32),
    account: str | None = None,
    number: int = 0,
    document: bytes = b"",
) -> bytes:
    """Return the call data of a proposal.

    Raises:
        GovernanceError: a document that no reader would take.
    """
    if action is Action.ADD_RECORD:
        try:
            parse_document(document)
        except AccreditationError as error:
            raise GovernanceError(f"no reader would take this document: {error}") from error
    given = {} if account is None else {"account": account}
    return contract.propose_call(action, target, count=number, document=document, **given)


def tenant_word(tenant: str) -> bytes:
    """Return how the contract names a tenant; GovernanceError for a name that it cannot have."""
    with suppress(UnicodeEncodeError):
        word = tenant_key(tenant)
        if 0 < len(tenant) <= len(word) == len(bytes(32)):
            return word
    raise GovernanceError(f"tenant {tenant!r}: expected 1 to 32 characters of ASCII")


def record_json(record: Record) -> Mapping[str, Any]:
    """Return a record for machines."""
    return {
        "id": record.id.hex(),
        "kind": record.kind.name.lower(),
        "body": record.account,
        "since": record.since,
        "suspended": record.suspended,
        "removed": record.removed,
        "document": None if record.document is None else strict_json.loads(record.content),
    }


def proposal_json(proposal: Proposal) -> Mapping[str, Any]:
    """Return a proposal for machines."""
    return {
        "id": proposal.id,
        "action": proposal.action.name.lower().replace("_", "-"),
        "target": proposal.target.hex(),
        "account": proposal.account,
        "number": proposal.number,
        "document": proposal.document.decode("utf-8", "replace"),
        "proposed": proposal.proposed,
        "ready": proposal.ready,
        "executed": proposal.executed,
        "approvals": list(proposal.approvals),
    }
