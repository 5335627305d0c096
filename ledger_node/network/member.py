"""One validator: the keys that stay in its home, and what the others are told of it.

The files are CometBFT's own (version 0.38), so the engine reads them as if it had made them.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account

from ledger_node.network import bech32
from madang.infra.files import write_whole

_ADDRESS_BYTES: Final = 20
_PORTS: Final = 2**16
_PORT_DIGITS: Final = 5
_HOST: Final = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
_HEXADECIMAL: Final = set("0123456789abcdefABCDEF")
_NEVER_SIGNED: Final = {"height": "0", "round": 0, "step": 0}


class MemberError(ValueError):
    """What is told of a validator is not what it should be; the message says which field."""


@dataclass(frozen=True, slots=True)
class Member:
    """What everybody may know of a validator.

    Attributes:
        name: shown to people.
        node: id of its peer-to-peer key, 40 hexadecimal digits; others accept no peer without it.
        key: Ed25519 public key under which it signs blocks, hexadecimal.
        operator: address of the account that holds its stake, "0x…".
        peer: host and port where the others reach it.
        account: the municipality's account that may deploy and call contracts, "0x…", or "".
    """

    name: str
    node: str
    key: str
    operator: str
    peer: str
    account: str = ""

    @property
    def address(self) -> str:
        """Return the address of the consensus key, as block commits name it."""
        return key_address(bytes.fromhex(self.key)).upper()

    def bech32(self, suffix: str = "") -> str:
        """Return the operator's account as the engine writes it; "valoper" for the validator's."""
        return bech32.encode(f"cosmos{suffix}", bytes.fromhex(self.operator[2:]))

    def to_json(self) -> dict[str, str]:
        """Return the fields."""
        return asdict(self)

    @classmethod
    def parse(cls, value: object) -> "Member":
        """Return what a member's JSON says; MemberError names the field that is wrong."""
        fields = value if isinstance(value, dict) else {}
        if not all(isinstance(each, str) for each in fields.values()):
            raise MemberError("a member's fields are texts")
        try:
            member = cls(**fields)
        except TypeError as error:
            raise MemberError(f"a member has name, node, key, operator, peer: {error}") from error
        member.check()
        return member

    def check(self) -> None:
        """Hold every field to its form; MemberError names the first that is not of it."""
        hexadecimal("node", self.node, _ADDRESS_BYTES)
        hexadecimal("key", self.key, 32)
        for field in ("operator", "account") if self.account else ("operator",):
            address = getattr(self, field)
            hexadecimal(field, address.removeprefix("0x"), _ADDRESS_BYTES)
            if not address.startswith("0x"):
                raise MemberError(f"{field} is {address!r}, expected 0x first")
        host, _, port = self.peer.rpartition(":")
        check_host(host, port)
        check_name(self.name)


def distinct(members: Sequence[Member]) -> None:
    """Refuse two members of one name, key, node, operator or place; MemberError says which."""
    for field in ("name", "node", "key", "operator", "peer"):
        values = [getattr(each, field).lower() for each in members]
        twice = {value for value in values if values.count(value) > 1}
        if twice:
            raise MemberError(f"two members have the same {field}: {', '.join(sorted(twice))}")


def check_name(name: object) -> None:
    """Refuse what can be no folder's name; MemberError."""
    if not isinstance(name, str) or not name.strip(".") or not set(name) <= _HOST:
        raise MemberError(f"name is {name!r}; letters, digits, '.' and '-' make one")


def check_host(host: object, port: object) -> None:
    """Refuse what is no host and port; MemberError. They go into settings between quotes."""
    known = isinstance(host, str) and host and set(host) <= _HOST
    digits = str(port)
    valid = digits.isdecimal() and len(digits) <= _PORT_DIGITS and 0 < int(digits) < _PORTS
    if not known or not valid:
        raise MemberError(f"peer is {host}:{port}, not host:port")


def hexadecimal(field: str, text: str, length: int) -> None:
    """Refuse what is not `length` bytes in hexadecimal; MemberError names the field."""
    if len(text) != 2 * length or not set(text) <= _HEXADECIMAL:
        raise MemberError(f"{field} is {text!r}, not {length} bytes in hexadecimal")


def key_address(key: bytes) -> str:
    """Return the first 20 bytes of a public key's SHA-256, in hexadecimal."""
    return hashlib.sha256(key).digest()[:_ADDRESS_BYTES].hex()


def make_keys(home: Path, name: str, peer: str, account: str = "") -> Member:
    """Make a validator's keys in its home and return what the others need of them."""
    node, consensus = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    operator = Account.create()
    node_public, public = (key.public_key().public_bytes_raw() for key in (node, consensus))
    address = key_address(public)
    _write(home / "config" / "node_key.json", {"priv_key": _private(node)})
    _write(
        home / "config" / "priv_validator_key.json",
        {
            "address": address.upper(),
            "pub_key": {"type": "tendermint/PubKeyEd25519", "value": _base64(public)},
            "priv_key": _private(consensus),
        },
    )
    _write(home / "data" / "priv_validator_state.json", _NEVER_SIGNED)
    write_whole(home / "operator.key", bytes(operator.key).hex().encode())
    return Member(
        name, key_address(node_public), public.hex(), str(operator.address), peer, account
    )


def _private(key: Ed25519PrivateKey) -> dict[str, str]:
    both = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    return {"type": "tendermint/PrivKeyEd25519", "value": _base64(both)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _write(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    write_whole(path, json.dumps(value, indent=2).encode())
