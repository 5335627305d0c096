"""The chain: calls and events of the two contracts, taken apart word by word.

Whatever a word may be on the chain it is a hash, a size, a time, an address, a tenant's name or
the document of a body. Bytes that a decoder would skip are found by encoding what was decoded once
more: it has to give the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.crypto import keccak

from contracts.artifacts import Artifact
from ledger_node.privacy.digests import may_be_hash
from ledger_node.privacy.documents import is_known_document
from ledger_node.privacy.model import Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.published import search_values

SELECTOR: Final = 4
MAX_NUMBER: Final = 2**64 - 1
MAX_KIND: Final = 255
"""The target of a proposal may be the kind of a record."""
MIN_DISTINCT: Final = 10
"""Of 20 random bytes fewer than 10 differ in less than one case of a million million."""
_BROKEN: Final = (DecodingError, EncodingError, OverflowError, ValueError)


@dataclass(frozen=True)
class Contracts:
    """What may stand on the chain.

    Attributes:
        artifacts: by address, in lower case.
        tenants: names that may stand in a word.
    """

    artifacts: Mapping[str, Artifact]
    tenants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as the chain keeps it.

    Attributes:
        hash: "0x…".
        to: address, or None for a new contract.
        data: the call.
        value: what was paid.
        accesses: addresses and slots that it names beforehand.
    """

    hash: str
    to: str | None
    data: bytes
    value: int = 0
    accesses: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a contract.

    Attributes:
        place: what it is called in a finding.
        address: of the contract.
        topics: the indexed words, the kind of event first.
        data: the others.
    """

    place: str
    address: str
    topics: tuple[bytes, ...]
    data: bytes


class ChainSearch:
    """Looks through transactions and events.

    Args:
        contracts: the known ones.
        needles: values that must not be there.
        search: takes what is found.
    """

    def __init__(self, contracts: Contracts, needles: Needles, search: Search) -> None:
        self._contracts, self._needles, self._search = contracts, needles, search
        self._calls = {
            (address, _selector(each)): each
            for address, artifact in contracts.artifacts.items()
            for each in artifact.abi
            if each["type"] == "function"
        }
        self._events = {
            (address, keccak(_signature(each).encode())): each
            for address, artifact in contracts.artifacts.items()
            for each in artifact.abi
            if each["type"] == "event"
        }

    def transaction(self, sent: Transaction) -> None:
        """Look through one transaction."""
        self._search.looked["transactions"] += 1
        where = f"transaction {sent.hash}"
        search_values(sent.data, where, self._needles, self._search)
        if sent.value or sent.accesses:
            self._search.find("transaction_form", where, "expected no value and no access list")
        if sent.to is None:
            self._creation(sent.data, where)
            return
        call = self._calls.get((sent.to.lower(), sent.data[:SELECTOR]))
        if call is None:
            self._search.find("call_unknown", where, "expected a function of a known contract")
            return
        self._words(_types(call["inputs"]), sent.data[SELECTOR:], where, call["name"])

    def event(self, event: Event) -> None:
        """Look through one event."""
        self._search.looked["events"] += 1
        for each in (*event.topics, event.data):
            search_values(each, event.place, self._needles, self._search)
        kind = event.topics[0] if event.topics else b""
        known = self._events.get((event.address.lower(), kind))
        if known is None:
            self._search.find("event_unknown", event.place, "expected an event of a known contract")
            return
        indexed = [each for each in known["inputs"] if each["indexed"]]
        others = [each for each in known["inputs"] if not each["indexed"]]
        self._words(_types(indexed), b"".join(event.topics[1:]), event.place, known["name"])
        self._words(_types(others), event.data, event.place, known["name"])

    def _creation(self, data: bytes, where: str) -> None:
        for artifact in self._contracts.artifacts.values():
            if data.startswith(artifact.bytecode):
                inputs = next(
                    (each["inputs"] for each in artifact.abi if each["type"] == "constructor"), ()
                )
                rest = data[len(artifact.bytecode) :]
                self._words(_types(inputs), rest, where, artifact.name)
                return
        self._search.find("call_unknown", where, "expected the code of a known contract")

    def _words(self, types: Sequence[str], data: bytes, where: str, name: str) -> None:
        try:
            values = decode(types, data)
            same = encode(types, values) == data
        except _BROKEN:
            same, values = False, ()
        if not same:
            self._search.find("words_form", where, f"{name} is not encoded as it should be")
        for number, (kind, value) in enumerate(zip(types, values, strict=False), 1):
            if not self._allowed(kind, value):
                detail = f"part {number} of {name}, {kind}, is no hash, size, address or document"
                self._search.find("word_readable", where, detail)

    def _allowed(self, kind: str, value: Any) -> bool:  # noqa: ANN401 - of any type of the ABI
        if kind.endswith("]"):
            return all(self._allowed(kind.rpartition("[")[0], each) for each in value)
        if kind == "bytes32":
            return self._is_word(value)
        if kind == "address":
            return not value.strip("0x") or may_be_address(bytes.fromhex(value[2:]))
        if kind == "bytes":
            return not value or is_known_document(value)
        return kind == "bool" or (kind.startswith("uint") and value <= MAX_NUMBER)

    def _is_word(self, value: bytes) -> bool:
        """Tell whether a word is a hash, nothing, a small number, or a tenant's name."""
        name = value.rstrip(b"\0")
        if not name or int.from_bytes(value) <= MAX_KIND or may_be_hash(value):
            return True
        return name.isascii() and name.decode("ascii") in self._contracts.tenants


def may_be_address(data: bytes) -> bool:
    """Return whether 20 bytes can be an address: they are no text, and not few bytes repeated."""
    if len(set(data)) < MIN_DISTINCT:
        return False
    try:
        return not data.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return True


def _types(inputs: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(each["type"]) for each in inputs]


def _signature(part: Mapping[str, Any]) -> str:
    return f"{part['name']}({','.join(_types(part['inputs']))})"


def _selector(function: Mapping[str, Any]) -> bytes:
    return keccak(_signature(function).encode())[:SELECTOR]
