import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import canonical_json
from madang.core.trust.accreditation import (
    MAX_DOCUMENT_BYTES,
    AccreditationError,
    Document,
    Issuer,
    Log,
    RegisteredPurpose,
    Verifier,
    Witness,
    encode_document,
    parse_document,
    record_id,
    texts_hash,
)

ID = "https://hanbit.example/hanbit/issuer"
KEY = "hanbit.example/hanbit/log+0123abcd+AQIDBA=="
PURPOSE = RegisteredPurpose(
    "rent", bytes(range(32)), {"https://t/lease/1": (("rent",), ("period", "from"), ("a", None, 3))}
)
ISSUER = Issuer(
    ID, "hanbit", 1, 2, types=("https://t/lease/1", "example.lease.1"), anchors=(b"\7" * 32,)
)
DOCUMENTS: dict[str, Document] = {
    "issuer": ISSUER,
    "verifier": Verifier(ID, "hanbit", 1, 2, anchors=(b"\7" * 32,), purposes=(PURPOSE,)),
    "witness": Witness(ID, "hanbit", 1, 2, key=KEY),
    "log": Log(
        ID, "hanbit", 1, 2, origin="hanbit.example/hanbit/log", key=KEY, second_key=KEY,
        owner="0x" + "aB" * 20,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_reads_back_as_it_was_written(kind: str) -> None:
    data = encode_document(DOCUMENTS[kind])
    assert json.loads(data)["kind"] == kind
    assert canonical_json.encode(json.loads(data)) == data
    assert parse_document(data) == DOCUMENTS[kind]


def test_the_id_is_the_digest_of_the_bytes() -> None:
    assert record_id(b"abc").hex().startswith("ba7816bf")


def test_the_hash_of_texts_is_of_their_canonical_form() -> None:
    assert texts_hash({"b": "2", "a": "1"}) == canonical_json.digest({"a": "1", "b": "2"})
    assert texts_hash({"a": "1"}) != texts_hash({"a": "2"})


def changed(kind: str, /, **changes: object) -> bytes:
    members = {**json.loads(encode_document(DOCUMENTS[kind])), **changes}
    return canonical_json.encode({name: v for name, v in members.items() if v is not None})


REFUSED = {
    "another kind": ("issuer", {"kind": "bank"}, "kind"),
    "no kind": ("issuer", {"kind": None}, "kind"),
    "a member more": ("issuer", {"note": "x"}, "note"),
    "no id": ("issuer", {"id": None}, "id"),
    "an id that is no address": ("issuer", {"id": "hanbit"}, "id"),
    "a tenant in capitals": ("issuer", {"tenant": "Hanbit"}, "tenant"),
    "a tenant too long for the contract": ("issuer", {"tenant": "h" * 33}, "tenant"),
    "a time as text": ("issuer", {"valid_from": "1"}, "valid_from"),
    "a time before the epoch": ("issuer", {"valid_from": -1}, "valid_from"),
    "an end before the beginning": ("issuer", {"valid_until": 0}, "valid_until"),
    "no types": ("issuer", {"types": []}, "types"),
    "a type twice": ("issuer", {"types": ["a", "a"]}, "types[1]"),
    "a type with a space": ("issuer", {"types": ["a b"]}, "types"),
    "a type that is a number": ("issuer", {"types": [5]}, "types"),
    "an anchor in capitals": ("issuer", {"anchors": ["AB" * 32]}, "anchors"),
    "an anchor too short": ("issuer", {"anchors": ["ab"]}, "anchors"),
    "no purposes": ("verifier", {"purposes": []}, "purposes"),
    "a purpose that is text": ("verifier", {"purposes": ["rent"]}, "purposes[0]"),
    "a key that is none": ("witness", {"key": "x"}, "key"),
    "an owner that is none": ("log", {"owner": "0x12"}, "owner"),
    "an origin with a plus": ("log", {"origin": "a+b"}, "origin"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_named_with_its_place(name: str) -> None:
    kind, changes, place = REFUSED[name]
    with pytest.raises(AccreditationError) as refused:
        parse_document(changed(kind, **changes))
    assert f"document: {place}" in str(refused.value)
    assert "expected" in str(refused.value)


WRONG_PURPOSES: dict[str, dict[str, object]] = {
    "an id with a space": {"id": "a b"},
    "texts that are no hash": {"texts": "00"},
    "no asks": {"asks": {}},
    "an empty path": {"asks": {"t": [[]]}},
    "a path twice": {"asks": {"t": [["a"], ["a"]]}},
    "a path that is text": {"asks": {"t": ["a"]}},
    "a step that is true": {"asks": {"t": [[True]]}},
    "a step below zero": {"asks": {"t": [[-1]]}},
    "a member more": {"note": "x"},
}


@pytest.mark.parametrize("name", WRONG_PURPOSES)
def test_a_purpose_that_is_wrong_spoils_the_document(name: str) -> None:
    purposes = json.loads(encode_document(DOCUMENTS["verifier"]))["purposes"]
    with pytest.raises(AccreditationError):
        parse_document(changed("verifier", purposes=[{**purposes[0], **WRONG_PURPOSES[name]}]))


def test_a_purpose_may_list_no_claim() -> None:
    purposes = json.loads(encode_document(DOCUMENTS["verifier"]))["purposes"]
    read = parse_document(changed("verifier", purposes=[{**purposes[0], "asks": {"t": []}}]))
    assert isinstance(read, Verifier)
    assert read.purposes[0].asks == {"t": ()}


def test_a_purpose_stands_there_once() -> None:
    purposes = json.loads(encode_document(DOCUMENTS["verifier"]))["purposes"]
    with pytest.raises(AccreditationError, match="each id once"):
        parse_document(changed("verifier", purposes=purposes * 2))


def test_only_the_canonical_form_is_a_document() -> None:
    data = encode_document(ISSUER)
    with pytest.raises(AccreditationError, match="canonical"):
        parse_document(data + b" ")
    with pytest.raises(AccreditationError, match="16384"):
        parse_document(data + b" " * MAX_DOCUMENT_BYTES)


def test_values_that_no_reader_would_take_are_not_written() -> None:
    with pytest.raises(AccreditationError):
        encode_document(replace(ISSUER, types=()))
    with pytest.raises(AccreditationError):
        encode_document(replace(ISSUER, id="ftp://hanbit.example"))


@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_document_or_the_one_error(data: bytes) -> None:
    with contextlib.suppress(AccreditationError):
        assert encode_document(parse_document(data)) == data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(DOCUMENTS)), st.data())
def test_any_member_in_any_place_is_a_document_or_the_one_error(
    kind: str, data: st.DataObject
) -> None:
    members = json.loads(encode_document(DOCUMENTS[kind]))
    members[data.draw(st.sampled_from(sorted(members)))] = data.draw(JSON)
    with contextlib.suppress(AccreditationError):
        parse_document(json.dumps(members).encode())
