"""What Besu is given: its own example byte for byte, and lists that let nobody else in."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_account import Account
from eth_keys.datatypes import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.network.besu import (
    BesuValidator,
    _rlp,
    extra_data,
    genesis,
    permissions,
    settings,
    write,
)
from ledger_node.network.member import MemberError

# The genesis of "Configure QBFT consensus" in Besu's documentation.
EXAMPLE = (
    "f87aa00000000000000000000000000000000000000000000000000000000000000000f8549464a702e6263b7297"
    "a96638cac6ae65e6541f4169943923390ad55e90c237593b3b0e401f3b08a0318594aefdb9a738c9f433e5b6b212"
    "a6d62f6370c2f69294c7eeb9a4e00ce683cf93039b212648e01c6c6b78c080c0"
)
VALIDATORS = [
    "64a702e6263b7297a96638cac6ae65e6541f4169",
    "3923390ad55e90c237593b3b0e401f3b08a03185",
    "aefdb9a738c9f433e5b6b212a6d62f6370c2f692",
    "c7eeb9a4e00ce683cf93039b212648e01c6c6b78",
]


def validator(number: int, account: str = "") -> BesuValidator:
    key = PrivateKey(bytes([number]) * 32).public_key.to_bytes().hex()
    return BesuValidator(f"v{number}", key, f"10.0.0.{number}", 30303, account)


FOUR = [validator(number, f"0x{number:040x}") for number in (1, 2, 3)] + [validator(4)]


def test_besus_own_example_comes_out() -> None:
    assert extra_data([bytes.fromhex(each) for each in VALIDATORS]).hex() == EXAMPLE


@given(st.lists(st.binary(min_size=20, max_size=20), max_size=40))
def test_another_implementation_reads_it(addresses: list[bytes]) -> None:
    vanity, listed, vote, round_, seals = rlp.decode(extra_data(addresses))
    assert (vanity, listed) == (bytes(32), addresses)
    assert (vote, round_, seals) == ([], b"", [])


@given(st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5)))
def test_rlp_is_as_another_implementation_writes_it(item: Any) -> None:
    assert _rlp(item) == rlp.encode(item)


def test_a_validator_is_named_by_the_address_of_its_key() -> None:
    assert "0x" + validator(1).address.hex() == Account.from_key(b"\x01" * 32).address.lower()


def test_the_genesis_has_the_members_and_no_price() -> None:
    document = genesis(FOUR, chain_id=8283, time=1_700_000_000, block_seconds=1)
    listed = rlp.decode(bytes.fromhex(document["extraData"][2:]))[1]
    assert listed == sorted(each.address for each in FOUR)
    config = document["config"]
    assert (config["chainId"], config["zeroBaseFee"], config["londonBlock"]) == (8283, True, 0)
    assert set(config["qbft"]) == {"blockperiodseconds", "epochlength", "requesttimeoutseconds"}
    assert (
        document["mixHash"] == "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
    )
    assert document["difficulty"] == "0x1"
    assert document["alloc"] == {}


def test_only_the_members_nodes_and_accounts_are_listed() -> None:
    lists = tomllib.loads(permissions(FOUR))
    assert lists["nodes-allowlist"] == [each.enode for each in FOUR]
    assert [each.lower() for each in lists["accounts-allowlist"]] == [
        f"0x{number:040x}" for number in (1, 2, 3)
    ]


def test_the_settings_turn_the_lists_on_and_open_nothing_else() -> None:
    found = tomllib.loads(settings(validator(1)))
    assert found["permissions-nodes-config-file-enabled"] is True
    assert found["permissions-accounts-config-file-enabled"] is True
    assert found["rpc-http-host"] == "127.0.0.1"
    assert found["discovery-enabled"] is False
    assert found["min-gas-price"] == 0
    assert not {"ADMIN", "DEBUG", "PERM", "MINER"} & set(found["rpc-http-api"])


def test_a_folder_for_each_with_one_genesis_and_every_file_it_names(tmp_path: Path) -> None:
    write(tmp_path, FOUR, chain_id=8283, time=0)
    assert len({(tmp_path / v.name / "genesis.json").read_bytes() for v in FOUR}) == 1
    for own in FOUR:
        folder = tmp_path / own.name
        peers = json.loads((folder / "static-nodes.json").read_bytes())
        assert sorted([*peers, own.enode]) == sorted(each.enode for each in FOUR)
        found = tomllib.loads((folder / "config.toml").read_text("utf-8"))
        for name in ("genesis-file", "static-nodes-file", "permissions-nodes-config-file"):
            assert (folder / found[name]).is_file()


def told(**changes: object) -> dict[str, object]:
    one = validator(1)
    return {"name": "v1", "key": one.key, "host": one.host, "port": one.port, **changes}


def test_what_is_told_is_read_with_or_without_0x() -> None:
    key = validator(1).key
    assert BesuValidator.parse(told()) == validator(1)
    assert BesuValidator.parse(told(key=f"0x{key.upper()}")) == validator(1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "04" + "ab" * 64),
        ("key", None),
        ("host", 'x"'),
        ("host", ""),
        ("port", 0),
        ("port", 65_536),
        ("port", "9" * 5000),
        ("name", ".."),
        ("name", 1),
        ("account", "0x1"),
    ],
)
def test_a_field_of_another_form_is_refused(field: str, value: object) -> None:
    with pytest.raises(MemberError):
        BesuValidator.parse(told(**{field: value}))


@given(st.recursive(st.none() | st.text() | st.integers(), lambda s: st.dictionaries(st.text(), s)))
def test_any_json_gives_the_one_error(value: object) -> None:
    with pytest.raises(MemberError):
        BesuValidator.parse(value)
