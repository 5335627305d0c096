import json
from typing import Any

import pytest

from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.transaction_data import encode
from madang.core.protocol.oid4vp.transaction_type import (
    TransactionType,
    check_transactions,
    parse_types,
)
from tests.unit.madang.core.protocol.oid4vp.city import query_for

TYPES = {"transfer": TransactionType("transfer", {"amount": str}, {"note": str, "times": int})}
QUERY = query_for("id", "name")
GOOD = encode("transfer", ["id"], {"amount": "480000", "note": "rent"})


def test_what_is_of_a_known_type_is_returned_in_order() -> None:
    other = encode("transfer", ["id"], {"amount": "1", "times": 2})
    found = check_transactions([GOOD, other], QUERY, TYPES)
    assert [each.members["amount"] for each in found] == ["480000", "1"]
    assert check_transactions([], QUERY, TYPES) == ()


@pytest.mark.parametrize(
    ("encoded", "told"),
    [
        (encode("other", ["id"], {"amount": "1"}), "not known here"),
        (encode("transfer", ["id"], {}), "amount is required"),
        (encode("transfer", ["id"], {"amount": 1}), "amount is of another kind"),
        (encode("transfer", ["id"], {"amount": "1", "times": True}), "times is of another kind"),
        (encode("transfer", ["id"], {"amount": "1", "more": 1}), "has no member 'more'"),
        (encode("transfer", ["more"], {"amount": "1"}), "no credential of the query"),
        (encode("transfer", ["id"], {"amount": "1"}, hash_algorithms=["md5"]), "no hash"),
        ("e30", "type"),
    ],
    ids=range(8),
)
def test_everything_else_is_refused_by_the_code_of_the_protocol(encoded: str, told: str) -> None:
    with pytest.raises(VpError, match=told) as refusal:
        check_transactions([GOOD, encoded], QUERY, TYPES)
    assert refusal.value.code == "invalid_transaction_data"


def test_a_credential_that_authorizes_is_asked_with_its_key() -> None:
    query = query_for("id", "name", require_cryptographic_holder_binding=False)
    with pytest.raises(VpError, match="without its holder's key"):
        check_transactions([GOOD], query, TYPES)


def test_their_number_is_bounded() -> None:
    with pytest.raises(VpError, match="at most 1"):
        check_transactions([GOOD, GOOD], QUERY, TYPES, limits=Limits(transaction_data=1))


def test_types_are_read_from_a_file() -> None:
    file = {"transfer": {"members": {"amount": "string"}, "optional": {"times": "integer"}}}
    file |= {"consent": {"members": {}, "element": ["ns", "hashes"]}}
    assert parse_types(json.dumps(file).encode()) == {
        "transfer": TransactionType("transfer", {"amount": str}, {"times": int}),
        "consent": TransactionType("consent", {}, {}, ("ns", "hashes")),
    }


@pytest.mark.parametrize(
    "file",
    [
        [],
        {"a": 1},
        {"a": {}},
        {"a": {"members": {"b": "text"}}},
        {"a": {"members": {}, "element": ["one"]}},
        {"a": {"members": {}, "member": {}}},
    ],
    ids=str,
)
def test_a_file_with_anything_else_is_refused(file: Any) -> None:
    with pytest.raises(VpError) as refusal:
        parse_types(json.dumps(file).encode())
    assert refusal.value.reason == "transaction_types"
