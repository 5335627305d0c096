"""A receipt holds by itself, and every way of bending it is told by name."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.receipt import MAX_PROOF, Receipt, ReceiptError, check
from madang.core.keys.software import SoftwareSigner, generate_ed25519
from madang.core.merkle.checkpoint import Checkpoint, sign
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tree import Tree, leaf_hash

ORIGIN = "city.example/seoul/log"
ISSUER = "https://city.example/seoul/issuer"
HOUR = 1_767_225_600
SIZE = 11
LOG_KEY = generate_ed25519("log")
KEY = VerifierKey.of(ORIGIN, LOG_KEY)


def thing(index: int) -> bytes:
    return sha256(f"credential {index}".encode()).digest()


def salt(index: int) -> bytes:
    return sha256(f"salt {index}".encode()).digest()[:16]


ENTRIES = [
    Entry(n, EntryKind.CREDENTIAL, HOUR, ISSUER, commitment(salt(n), thing(n))) for n in range(SIZE)
]
TREE = Tree(leaf_hash(entry.encode()) for entry in ENTRIES)


def receipt(index: int = 4, *, origin: str = ORIGIN, signer: SoftwareSigner = LOG_KEY) -> Receipt:
    return Receipt(
        log_origin=origin,
        kind=EntryKind.CREDENTIAL,
        index=index,
        entry=ENTRIES[index],
        salt=salt(index),
        digest=thing(index),
        inclusion_proof=tuple(TREE.inclusion_proof(index, SIZE)),
        checkpoint=sign(Checkpoint(origin, SIZE, TREE.root()), signer),
    )


def codes(bent: Receipt, key: VerifierKey = KEY) -> list[str]:
    return [failure.code for failure in check(bent, key).failures]


@pytest.mark.parametrize("index", range(SIZE))
def test_a_receipt_holds(index: int) -> None:
    verdict = check(receipt(index), KEY, thing=thing(index))
    assert verdict.ok
    assert verdict.failures == ()


@pytest.mark.parametrize("index", range(SIZE))
def test_a_receipt_comes_back(index: int) -> None:
    kept = receipt(index)
    assert Receipt.parse(kept.encode()) == kept
    assert Receipt.from_json(json.loads(json.dumps(kept.to_json()))) == kept
    assert Receipt.parse(kept.encode()).encode() == kept.encode()


def test_the_file_is_canonical_json() -> None:
    data = receipt().encode()
    value = json.loads(data)
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert data == canonical.encode()
    assert list(value) == [
        "checkpoint",
        "digest",
        "entry",
        "inclusion_proof",
        "index",
        "kind",
        "log_origin",
        "salt",
    ]


def test_a_receipt_for_another_thing() -> None:
    verdict = check(receipt(4), KEY, thing=thing(5))
    assert [failure.code for failure in verdict.failures] == ["digest"]


@pytest.mark.parametrize(
    "changes",
    [{"salt": bytes(16)}, {"digest": bytes(32)}, {"salt": b"short"}, {"digest": b"short"}],
)
def test_a_salt_or_digest_that_was_not_committed_to(changes: dict[str, bytes]) -> None:
    assert codes(replace(receipt(), **changes)) == ["commitment"]  # type: ignore[arg-type]


def test_a_kind_that_is_not_the_entrys() -> None:
    assert codes(replace(receipt(), kind=EntryKind.DECISION)) == ["kind"]


def test_an_index_that_is_not_the_entrys() -> None:
    assert codes(replace(receipt(), index=5)) == ["sequence", "inclusion"]


def test_an_entry_that_is_not_in_the_log() -> None:
    other = replace(ENTRIES[4], hour=HOUR + 3600)
    assert codes(replace(receipt(), entry=other)) == ["inclusion"]


def test_an_entry_moved_to_another_place_with_its_proof() -> None:
    moved = replace(receipt(5), entry=ENTRIES[4], salt=salt(4), digest=thing(4))
    assert codes(moved) == ["sequence", "inclusion"]


@pytest.mark.parametrize("place", range(4))
def test_a_damaged_proof(place: int) -> None:
    proof = [*receipt().inclusion_proof]
    proof[place] = bytes(32)
    assert codes(replace(receipt(), inclusion_proof=tuple(proof))) == ["inclusion"]


def test_a_checkpoint_signed_by_another_key() -> None:
    forged = receipt(signer=generate_ed25519("thief"))
    assert codes(forged) == ["signature"]


def test_a_checkpoint_whose_root_was_changed_after_signing() -> None:
    other = Checkpoint(ORIGIN, SIZE, Tree([leaf_hash(b"other")]).root()).text()
    signature = receipt().checkpoint.partition("\n\n")[2]
    bent = replace(receipt(), checkpoint=f"{other}\n{signature}")
    assert codes(bent) == ["signature", "inclusion"]


def test_an_older_checkpoint_than_the_entry() -> None:
    early = sign(Checkpoint(ORIGIN, 4, TREE.root(4)), LOG_KEY)
    assert codes(replace(receipt(), checkpoint=early)) == ["inclusion"]


def test_another_logs_checkpoint_is_not_taken_although_the_key_is_the_same() -> None:
    foreign = receipt(origin="city.example/busan/log")
    assert codes(foreign) == ["origin", "signature"]
    assert codes(replace(foreign, log_origin=ORIGIN)) == ["origin", "signature"]
    assert codes(replace(receipt(), log_origin="city.example/busan/log")) == ["origin"]


def test_something_that_is_no_checkpoint() -> None:
    assert codes(replace(receipt(), checkpoint="hello")) == ["checkpoint"]


def test_every_reason_is_given_at_once() -> None:
    bent = replace(receipt(), kind=EntryKind.RULE, index=9, salt=bytes(16), checkpoint="")
    assert codes(bent) == ["commitment", "kind", "sequence", "checkpoint"]


@given(st.data())
def test_no_single_changed_character_goes_unnoticed(data: st.DataObject) -> None:
    text = receipt().encode()
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0x20, 0x7E).filter(lambda other: other != text[at]))
    bent = text[:at] + bytes([byte]) + text[at + 1 :]
    try:
        accepted = check(Receipt.parse(bent), KEY, thing=thing(4)).ok
    except ReceiptError:
        accepted = False
    assert not accepted


def test_further_members_are_left_alone() -> None:
    assert Receipt.from_json(receipt().to_json() | {"note": "later"}) == receipt()


@pytest.mark.parametrize("name", sorted(receipt().to_json()))
def test_every_member_is_needed_in_its_form(name: str) -> None:
    value = receipt().to_json()
    for other in (None, 1.5, -1, [5], {}, True):
        with pytest.raises(ReceiptError, match=name):
            Receipt.from_json(value | {name: other})
    del value[name]
    with pytest.raises(ReceiptError, match="members"):
        Receipt.from_json(value)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("salt", "A"),
        ("digest", "a=b"),
        ("inclusion_proof", ["%"]),
        ("inclusion_proof", ["A" * 43] * (MAX_PROOF + 1)),
        ("kind", "resident"),
        ("entry", receipt().to_json()["entry"] | {"name": "Hong Gildong"}),
        ("entry", receipt().to_json()["entry"] | {"hour": 1}),
    ],
)
def test_malformed_members_are_named(name: str, other: object) -> None:
    with pytest.raises(ReceiptError, match=name):
        Receipt.from_json(receipt().to_json() | {name: other})


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"a":1,"a":2}', b'"' + b"x" * 200_000 + b'"'])
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        Receipt.parse(data)
