"""Documents of records are of closed forms, member by member."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.privacy.documents import MAX_BYTES, is_known_document
from madang.core.encoding import canonical_json
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import VerifierKey

ORIGIN = "id.hanbit.example/hanbit/log"
COMMON: dict[str, Any] = {
    "id": "https://id.hanbit.example/hanbit/x",
    "tenant": "hanbit",
    "valid_from": 0,
    "valid_until": 1_895_410_000,
}
PURPOSE = {"id": "rent", "texts": "cd" * 32, "asks": {"org.x.lease.1": [["deposit"], ["a", "b"]]}}
WITNESS = CosignerKey.of("id.hanbit.example/hanbit/witness", generate_ed25519("w"))
DOCUMENTS: dict[str, dict[str, Any]] = {
    "issuer": COMMON | {"kind": "issuer", "types": ["https://x.example/a"], "anchors": ["ab" * 32]},
    "verifier": COMMON | {"kind": "verifier", "anchors": [], "purposes": [PURPOSE]},
    "witness": COMMON | {"kind": "witness", "key": WITNESS.encode()},
    "log": COMMON
    | {
        "kind": "log",
        "origin": ORIGIN,
        "key": VerifierKey.of(ORIGIN, generate_ed25519("log")).encode(),
        "second_key": CosignerKey.of(ORIGIN, generate_ml_dsa_44("s")).encode(),
        "owner": "0x" + "1a" * 20,
    },
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_of_each_kind_is_known(kind: str) -> None:
    assert is_known_document(canonical_json.encode(DOCUMENTS[kind]))


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("value", ["Hong Gildong", "홍길동", -1, None, {"a": 1}, ["a b"]])
def test_no_member_takes_free_text(kind: str, value: Any) -> None:
    for name in DOCUMENTS[kind]:
        changed = DOCUMENTS[kind] | {name: value}
        assert not is_known_document(canonical_json.encode(changed)), name
    more = DOCUMENTS[kind] | {"name": value}
    assert not is_known_document(canonical_json.encode(more))


@pytest.mark.parametrize(
    "purpose",
    [
        {**PURPOSE, "name": "x"},
        {**PURPOSE, "texts": "rent help"},
        {**PURPOSE, "asks": {"a b": []}},
        {**PURPOSE, "asks": {"a": [["b c"]]}},
        {**PURPOSE, "asks": {"a": ["b"]}},
        "rent",
    ],
    ids=range(6),
)
def test_no_part_of_a_purpose_takes_free_text(purpose: Any) -> None:
    changed = DOCUMENTS["verifier"] | {"purposes": [purpose]}
    assert not is_known_document(canonical_json.encode(changed))


@given(st.binary(max_size=60))
def test_any_bytes_are_known_or_not(data: bytes) -> None:
    assert not is_known_document(data)


def test_length_and_depth_are_bounded() -> None:
    long = DOCUMENTS["issuer"] | {"anchors": ["ab" * 32] * (MAX_BYTES // 64)}
    assert not is_known_document(canonical_json.encode(long))
    assert not is_known_document(b"[" * 500)
