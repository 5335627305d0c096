"""A validator's keys stay in its home; what is told of it is held to its form."""

import base64
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.network.member import Member, MemberError, distinct, make_keys
from tests.unit.ledger_node.network.members import member


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def private(value: dict[str, str]) -> Ed25519PrivateKey:
    both = base64.b64decode(value["value"])
    key = Ed25519PrivateKey.from_private_bytes(both[:32])
    assert key.public_key().public_bytes_raw() == both[32:]
    return key


def test_the_files_hold_the_keys_that_the_others_are_told(tmp_path: Path) -> None:
    made = make_keys(tmp_path, "v1", "127.0.0.1:9000")
    node = private(read(tmp_path / "config" / "node_key.json")["priv_key"])
    node_key = node.public_key().public_bytes_raw()
    assert made.node == hashlib.sha256(node_key).hexdigest()[:40]
    consensus = read(tmp_path / "config" / "priv_validator_key.json")
    key = private(consensus["priv_key"]).public_key().public_bytes_raw()
    assert (made.key, made.address) == (key.hex(), consensus["address"])
    assert base64.b64decode(consensus["pub_key"]["value"]) == key
    operator = Account.from_key((tmp_path / "operator.key").read_text())
    assert operator.address == made.operator


def test_no_secret_is_told_and_nobody_else_reads_the_files(tmp_path: Path) -> None:
    told = json.dumps(make_keys(tmp_path, "v1", "127.0.0.1:9000").to_json())
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert path.stat().st_mode & 0o77 == 0, path
    assert (tmp_path / "operator.key").read_text() not in told
    for name in ("node_key.json", "priv_validator_key.json"):
        secret = base64.b64decode(read(tmp_path / "config" / name)["priv_key"]["value"])[:32]
        assert secret.hex() not in told
        assert base64.b64encode(secret).decode()[:20] not in told


def test_two_homes_have_no_key_in_common(tmp_path: Path) -> None:
    one, other = (make_keys(tmp_path / name, name, "127.0.0.1:9000") for name in ("a", "b"))
    assert {one.node, one.key, one.operator}.isdisjoint({other.node, other.key, other.operator})


def test_what_is_told_comes_back() -> None:
    assert Member.parse(member(7).to_json()) == member(7)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("node", "00"),
        ("node", "g" * 40),
        ("node", "ab " * 20),
        ("key", "\n" + "ab" * 32),
        ("operator", "12" * 20),
        ("account", "12" * 20),
        ("key", "ab"),
        ("operator", "0x12"),
        ("account", "0x12"),
        ("peer", "127.0.0.1"),
        ("peer", ":9000"),
        ("peer", 'a"\npex = true:1'),
        ("name", ""),
        ("name", "../v1"),
        ("name", 'v1"\n'),
    ],
)
def test_a_field_of_another_form_is_named(field: str, value: str) -> None:
    with pytest.raises(MemberError, match=f"^{field} is"):
        Member.parse({**member(1).to_json(), field: value})


@given(st.recursive(st.none() | st.text() | st.integers(), lambda s: st.dictionaries(st.text(), s)))
def test_any_json_gives_a_member_or_the_one_error(value: object) -> None:
    with pytest.raises(MemberError):
        Member.parse(value)


def test_a_missing_and_a_strange_field_are_refused() -> None:
    fields = member(1).to_json()
    with pytest.raises(MemberError, match="colour"):
        Member.parse({**fields, "colour": "red"})
    del fields["key"]
    with pytest.raises(MemberError, match="key"):
        Member.parse(fields)


@pytest.mark.parametrize("field", ["name", "node", "key", "operator", "peer"])
def test_two_members_are_told_apart_by_every_field(field: str) -> None:
    one, other = member(1), member(2)
    distinct([one, other])
    with pytest.raises(MemberError, match=f"the same {field}"):
        distinct([one, dataclasses.replace(other, **{field: getattr(one, field)})])
    with pytest.raises(MemberError, match=f"the same {field}"):
        distinct([one, dataclasses.replace(other, **{field: getattr(one, field).upper()})])
