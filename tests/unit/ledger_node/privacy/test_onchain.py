"""On the chain a planted value is found in call data and events, wherever a word can hold it."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts import artifacts
from ledger_node.privacy.model import Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.onchain import ChainSearch, Contracts, Event, Transaction
from madang.core.encoding import canonical_json
from madang.infra.chain import call_data
from tests.unit.ledger_node.privacy.planted import FORMS, NAME, VALUES

LOG, COUNCIL = "0x" + "1c" * 20, "0x" + "2d" * 20
KNOWN = {LOG: artifacts.load("AnchorLog"), COUNCIL: artifacts.load("Accreditation")}
ADDRESS = "0x" + hashlib.sha256(b"account").digest()[:20].hex()
TENANT = b"hanbit".ljust(32, b"\0")
DOCUMENT = {
    "kind": "issuer",
    "id": "https://id.hanbit.example/hanbit/issuer",
    "tenant": "hanbit",
    "types": ["https://id.hanbit.example/types/lease/1", "org.iso.18013.5.1.mDL"],
    "anchors": ["ab" * 32],
    "valid_from": 1_795_410_000,
    "valid_until": 1_895_410_000,
}


def word(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def call(to: str, name: str, *arguments: Any) -> Transaction:
    told = [to_checksum_address(each) if _is_address(each) else each for each in arguments]
    return Transaction("0xaa", to, call_data(KNOWN[to].abi, name, *told))


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("0x")


def found(*things: Transaction | Event) -> Search:
    search = Search()
    chain = ChainSearch(Contracts(KNOWN, frozenset({"hanbit"})), Needles(VALUES), search)
    for each in things:
        if isinstance(each, Event):
            chain.event(each)
        else:
            chain.transaction(each)
    return search


APPEND = call(LOG, "append", word("log"), 5, word("root"), [word("a"), word("b")])


def creation(name: str, types: list[str], values: list[Any]) -> Transaction:
    return Transaction("0xbb", None, artifacts.load(name).bytecode + encode(types, values))


GOOD = [
    APPEND,
    call(LOG, "open", word("label")),
    call(COUNCIL, "found", 1, ADDRESS, canonical_json.encode(DOCUMENT)),
    call(COUNCIL, "foundLease", TENANT, ADDRESS),
    call(COUNCIL, "propose", 1, (2).to_bytes(32), ADDRESS, 0, canonical_json.encode(DOCUMENT)),
    call(COUNCIL, "propose", 7, bytes(32), "0x" + "00" * 20, 2, b""),
    call(COUNCIL, "seal"),
    creation("AnchorLog", ["address", "uint256"], [ADDRESS, 86_400]),
    creation("Accreditation", ["address[]", "uint256", "uint256"], [[ADDRESS], 1, 86_400]),
]


@pytest.mark.parametrize("sent", GOOD, ids=range(len(GOOD)))
def test_nothing_is_found_in_a_good_transaction(sent: Transaction) -> None:
    search = found(sent)
    assert search.findings == []
    assert search.looked == {"transactions": 1}


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_name_is_found_in_call_data_in_each_form(form: str) -> None:
    behind = replace(APPEND, data=APPEND.data + FORMS[form](NAME))
    assert set(found(behind).counts) == {"personal_value", "words_form"}


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_name_is_found_in_an_event_in_each_form(form: str) -> None:
    event = replace(APPENDED, data=APPENDED.data + FORMS[form](NAME))
    assert set(found(event).counts) == {"personal_value", "words_form"}


def in_document(**changes: Any) -> Transaction:
    return call(COUNCIL, "found", 1, ADDRESS, canonical_json.encode(DOCUMENT | changes))


TEXT = b"a person lives in Sejong-ro, 5tt"
WORDS = {
    "a text as a root": call(LOG, "append", word("log"), 5, TEXT, []),
    "a text as a log": call(LOG, "append", TEXT, 5, word("root"), []),
    "a text in a proof": call(LOG, "append", word("log"), 5, word("root"), [word("a"), TEXT]),
    "a text as a label": call(LOG, "open", b"Hong Gildong".ljust(32, b"\0")),
    "another tenant": call(COUNCIL, "foundLease", b"hong".ljust(32, b"\0"), ADDRESS),
    "a text as an address": call(COUNCIL, "foundLease", TENANT, "0x" + TEXT[:20].hex()),
    "few bytes as an address": call(COUNCIL, "foundLease", TENANT, "0x" + "41" * 20),
    "a large number": call(COUNCIL, "propose", 7, bytes(32), ADDRESS, 2**64, b""),
    "no document": call(COUNCIL, "found", 1, ADDRESS, b"Hong Gildong lives here"),
    "a document with more": in_document(name="x"),
    "a document with free text": in_document(id="Hong Gildong"),
    "a document with Hangul": in_document(tenant="홍길동"),
    "a document of another kind": in_document(kind="person"),
    "a document with a text as a hash": in_document(anchors=["hong"]),
    "a document that is not canonical": call(
        COUNCIL, "found", 1, ADDRESS, canonical_json.encode(DOCUMENT) + b" "
    ),
}


@pytest.mark.parametrize("what", WORDS)
def test_a_word_that_is_no_hash_size_address_or_document_is_found(what: str) -> None:
    assert set(found(WORDS[what]).counts) == {"word_readable"}


def test_what_is_no_call_of_a_known_contract_is_found() -> None:
    other = "0x" + "33" * 20
    for sent in (
        replace(APPEND, to=other),
        replace(APPEND, data=b"\x00\x01\x02\x03" + APPEND.data[4:]),
        replace(APPEND, data=b""),
        replace(APPEND, to=COUNCIL),
        Transaction("0xcc", None, b"\x60\x00 Hong Gildong"),
    ):
        assert set(found(sent).counts) == {"call_unknown"}


def test_value_and_access_lists_have_room_for_bytes_as_well() -> None:
    assert set(found(replace(APPEND, value=5)).counts) == {"transaction_form"}
    assert set(found(replace(APPEND, accesses=1)).counts) == {"transaction_form"}


@pytest.mark.parametrize("cut", [4, 5, 36, 100])
def test_call_data_that_is_cut_off_is_found(cut: int) -> None:
    assert set(found(replace(APPEND, data=APPEND.data[:cut])).counts) == {"words_form"}


APPENDED = Event(
    place="event 0",
    address=LOG,
    topics=(keccak(b"Appended(bytes32,uint64,bytes32)"), word("log")),
    data=encode(["uint64", "bytes32"], [5, word("root")]),
)


def record_added(document: bytes) -> Event:
    kind = keccak(b"RecordAdded(bytes32,uint8,address,bytes)")
    body = bytes.fromhex(ADDRESS[2:]).rjust(32, b"\0")
    topics = (kind, hashlib.sha256(document).digest(), (1).to_bytes(32), body)
    return Event("event 1", COUNCIL, topics, encode(["bytes"], [document]))


def test_nothing_is_found_in_good_events() -> None:
    search = found(APPENDED, record_added(canonical_json.encode(DOCUMENT)))
    assert search.findings == []
    assert search.looked == {"events": 2}


def test_what_is_no_event_of_a_known_contract_is_found() -> None:
    for event in (
        replace(APPENDED, address=COUNCIL),
        replace(APPENDED, topics=()),
        replace(APPENDED, topics=(TEXT, *APPENDED.topics[1:])),
    ):
        assert set(found(event).counts) == {"event_unknown"}


def test_a_word_of_an_event_is_held_to_its_form() -> None:
    kind, _ = APPENDED.topics
    text = encode(["uint64", "bytes32"], [5, TEXT])
    assert set(found(replace(APPENDED, topics=(kind, TEXT))).counts) == {"word_readable"}
    assert set(found(replace(APPENDED, topics=(kind,))).counts) == {"words_form"}
    assert set(found(replace(APPENDED, data=text)).counts) == {"word_readable"}
    assert set(found(record_added(b'{"name":"x"}')).counts) == {"word_readable"}
    assert set(found(record_added(NAME.encode())).counts) == {"word_readable", "personal_value"}
