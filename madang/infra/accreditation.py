"""The Accreditation contract on a chain: its changes at one block, its proposals, calls of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.abi import get_abi_output_types
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3

from madang.core.trust.accreditation import record_id
from madang.core.trust.changes import Action, Change, ChangeError, history_of
from madang.infra.chain import Block, ChainError, call_data
from madang.infra.rpc import JsonRpc, RpcError, number, understood

_NOBODY: Final = "0x" + "00" * 20
_LEAST_BLOCKS: Final = 64
_CHANGED: Final = keccak(
    text="Changed(uint64,uint64,uint8,bytes32,address,uint256,uint256,bytes32)"
).hex()
_ADDED: Final = keccak(text="RecordAdded(bytes32,uint8,address,bytes)").hex()
_PROPOSED: Final = keccak(
    text="Proposed(uint256,address,uint8,bytes32,address,uint256,bytes)"
).hex()


@dataclass(frozen=True, slots=True)
class Reading:
    """The contract's changes up to the end of a block.

    Attributes:
        block: the one.
        history: the contract's own.
        changes: all of them, in order; they make the history.
        documents: of every record, by their SHA-256.
    """

    block: Block
    history: bytes
    changes: tuple[Change, ...]
    documents: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What members decide about.

    Attributes:
        id: from 1.
        action: as the contract numbers it.
        target: record, tenant or log; 32 bytes.
        account: body, member, holder or successor.
        number: the quorum.
        document: of a record to be added.
        proposed: seconds since the epoch.
        ready: from when it can be executed; 0 below the quorum.
        executed: when it was; 0 if it was not.
        approvals: members whose approval counts now.
    """

    id: int
    action: Action
    target: bytes
    account: str
    number: int
    document: bytes
    proposed: int
    ready: int
    executed: int
    approvals: tuple[str, ...]


class AccreditationContract:
    """The contract at one address of one chain.

    Args:
        rpc: the node that is asked.
        abi: the contract's ABI.
        address: where it was deployed.
    """

    def __init__(self, rpc: JsonRpc, abi: Sequence[Any], address: str) -> None:
        self._rpc = rpc
        self._abi = abi
        self.address = to_checksum_address(address)
        self._contract = Web3().eth.contract(address=self.address, abi=abi)

    async def version(self, block: Block) -> int:
        """Return how many changes there are at the end of a block."""
        found = await self._call("version", at=hex(block.number))
        return int(found)

    async def read(self, block: Block) -> Reading:
        """Return everything up to the end of a block.

        Raises:
            ChainError: the events do not make the history that the contract has, or lack a
                document.
            RpcError: the node does not answer as it should.
        """
        events = await self._events([[f"0x{_CHANGED}", f"0x{_ADDED}"]], 0, block.number)
        with understood("eth_getLogs"):
            changes = tuple(_change(each) for each in events if _is(each, _CHANGED))
            found = [_document(each) for each in events if _is(each, _ADDED)]
        history = await self._call("history", at=hex(block.number))
        if history_of(changes) != bytes(history):
            raise ChainError(
                f"the node's events up to block {block.number} do not make the history of the"
                " accreditations; name another node"
            )
        documents = {record_id(each): each for each in found}
        for change in changes:
            if change.action is Action.ADD_RECORD and change.target not in documents:
                raise ChainError(
                    f"the node's events lack the document of record {change.target.hex()};"
                    " name another node"
                )
        return Reading(block, bytes(history), changes, documents)

    async def proposals(self) -> list[Proposal]:
        """Return every proposal as it stands now, oldest first."""
        last = number(await self._rpc.call("eth_blockNumber"))
        events = await self._events([f"0x{_PROPOSED}"], 0, last)
        with understood("eth_getLogs"):
            documents = [_proposed_document(each) for each in events]
        return [
            await self._proposal(at, document) for at, document in enumerate(documents, start=1)
        ]

    async def _proposal(self, at: int, document: bytes) -> Proposal:
        found, approvals = await self._call("proposal", at), await self._call("approvals", at)
        with understood("proposal"):
            action, target, account, count, _, proposed, ready, executed, _ = found
            return Proposal(
                id=at,
                action=Action(action),
                target=bytes(target),
                account=str(account),
                number=int(count),
                document=document,
                proposed=int(proposed),
                ready=int(ready),
                executed=int(executed),
                approvals=tuple(map(str, approvals)),
            )

    def propose_call(
        self,
        action: Action,
        target: bytes = bytes(32),
        account: str = _NOBODY,
        count: int = 0,
        document: bytes = b"",
    ) -> bytes:
        """Return the call data of `propose`; what an action does not take stays as it is."""
        return self._data(
            "propose", int(action), target, to_checksum_address(account), count, document
        )

    def approve_call(self, proposal: int) -> bytes:
        """Return the call data of `approve`."""
        return self._data("approve", proposal)

    def withdraw_call(self, proposal: int) -> bytes:
        """Return the call data of `withdraw`."""
        return self._data("withdraw", proposal)

    def execute_call(self, proposal: Proposal) -> bytes:
        """Return the call data of `execute`, with the document that it has to come with."""
        return self._data("execute(uint256,bytes)", proposal.id, proposal.document)

    def suspend_call(self, record: bytes) -> bytes:
        """Return the call data of `suspend`, which a record's own body may call."""
        return self._data("suspend", record)

    def _data(self, name: str, *arguments: object) -> bytes:
        return call_data(self._abi, name, *arguments)

    async def _call(self, name: str, *arguments: object, at: str = "latest") -> Any:  # noqa: ANN401 - any ABI value
        data = "0x" + self._data(name, *arguments).hex()
        answer = await self._rpc.call("eth_call", {"to": self.address, "data": data}, at)
        types = get_abi_output_types(self._contract.get_function_by_name(name).abi)
        with understood("eth_call"):
            return Web3().codec.decode(types, bytes.fromhex(str(answer)[2:]))[0]

    async def _events(self, topics: Sequence[Any], first: int, last: int) -> list[Any]:
        """Return events in a range of blocks, in parts where a node refuses so many at once."""
        query = {
            "address": self.address,
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "topics": topics,
        }
        try:
            found = await self._rpc.call("eth_getLogs", query)
        except RpcError as error:
            if error.code is None or last - first < _LEAST_BLOCKS:
                raise
        else:
            with understood("eth_getLogs"):
                return [*found]
        middle = (first + last) // 2
        earlier = await self._events(topics, first, middle)
        return earlier + await self._events(topics, middle + 1, last)


def _is(event: Mapping[str, Any], topic: str) -> bool:
    return bool(event["topics"][0] == f"0x{topic}")


def _change(event: Mapping[str, Any]) -> Change:
    """Return the change of an event, from the same words as the contract hashed."""
    _, version, action, target = (bytes.fromhex(each[2:]) for each in event["topics"])
    data = bytes.fromhex(event["data"][2:])
    time, rest = data[:32], data[32:128]
    try:
        return Change.decode(version + time + action + target + rest)
    except ChangeError as error:
        raise ValueError(str(error)) from error


def _document(event: Mapping[str, Any]) -> bytes:
    (document,) = Web3().codec.decode(["bytes"], bytes.fromhex(event["data"][2:]))
    return bytes(document)


def _proposed_document(event: Mapping[str, Any]) -> bytes:
    types = ["bytes32", "address", "uint256", "bytes"]
    return bytes(Web3().codec.decode(types, bytes.fromhex(event["data"][2:]))[3])
