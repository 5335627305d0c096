"""The same network for Besu under QBFT: genesis, settings and lists of who may connect and write.

Besu was not run with them here; what they hold follows its documentation (version 24 and later,
private networks) and docs/chain.md says what that means. Nobody's private key is needed: each
validator tells its public key, which `besu public-key export` prints.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger_node.network.member import check_host, check_name, hexadecimal
from madang.infra.files import EVERYBODY, write_whole

VANITY: Final = bytes(32)
_KEY_BYTES: Final = 64
_ADDRESS_BYTES: Final = 20
_STRING, _LONG = 0x80, 56
_BLOCK_GAS: Final = 100_000_000
# By these letters a client knows a block of this family.
_MIX_HASH: Final = b"ctical byzantine fault tolerance"


@dataclass(frozen=True, slots=True)
class BesuValidator:
    """What everybody may know of a validator.

    Attributes:
        name: shown to people, and its folder's name.
        key: secp256k1 public key of the node, 64 bytes in hexadecimal.
        host: address where the others reach it; numbers, as Besu wants them in an enode.
        port: of its peer-to-peer protocol.
        account: the municipality's account that may write, "0x…", or "".
    """

    name: str
    key: str
    host: str
    port: int
    account: str = ""

    @property
    def address(self) -> bytes:
        """Return the 20 bytes by which blocks name the validator."""
        return keccak(bytes.fromhex(self.key))[-_ADDRESS_BYTES:]

    @property
    def enode(self) -> str:
        """Return where and as whom the others reach it."""
        return f"enode://{self.key}@{self.host}:{self.port}"

    @classmethod
    def parse(cls, value: object) -> "BesuValidator":
        """Return what a validator's JSON says; MemberError names the field that is wrong."""
        fields = value if isinstance(value, dict) else {}
        name, host, port = fields.get("name"), fields.get("host"), fields.get("port")
        key, account = fields.get("key"), fields.get("account", "")
        check_name(name)
        check_host(host, port)
        digits = str(key).removeprefix("0x").lower()
        hexadecimal("key", digits, _KEY_BYTES)
        if account:
            hexadecimal("account", str(account).removeprefix("0x"), _ADDRESS_BYTES)
        return cls(str(name), digits, str(host), int(str(port)), str(account))


def extra_data(validators: Sequence[bytes]) -> bytes:
    """Return a genesis block's `extraData`: RLP[vanity, validators, no vote, round 0, no seals].

    Args:
        validators: addresses of 20 bytes.
    """
    return _rlp([VANITY, list(validators), [], b"", []])


def _rlp(item: bytes | list[Any]) -> bytes:
    """Return bytes, or a list of them at any depth, in RLP (Ethereum's yellow paper, B)."""
    if isinstance(item, list):
        content = b"".join(map(_rlp, item))
        return _length(0xC0, len(content)) + content
    if len(item) == 1 and item[0] < _STRING:
        return item
    return _length(_STRING, len(item)) + item


def _length(kind: int, length: int) -> bytes:
    if length < _LONG:
        return bytes([kind + length])
    digits = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([kind + _LONG - 1 + len(digits)]) + digits


def genesis(
    validators: Sequence[BesuValidator], *, chain_id: int, time: int, block_seconds: int
) -> dict[str, Any]:
    """Return the genesis document; no account owns anything, for nothing costs.

    Args:
        validators: all of them.
        chain_id: of the EVM.
        time: of the genesis block, epoch seconds.
        block_seconds: between two blocks, whole seconds.
    """
    # In ascending order, as Besu wants them in the blocks that follow.
    addresses = sorted(each.address for each in validators)
    return {
        "config": {
            "chainId": chain_id,
            "londonBlock": 0,
            "zeroBaseFee": True,
            "qbft": {
                "blockperiodseconds": block_seconds,
                "epochlength": 30_000,
                "requesttimeoutseconds": 4 * block_seconds,
            },
        },
        "nonce": "0x0",
        "timestamp": hex(time),
        "extraData": "0x" + extra_data(addresses).hex(),
        "gasLimit": hex(_BLOCK_GAS),
        "difficulty": "0x1",
        "mixHash": "0x" + _MIX_HASH.hex(),
        "coinbase": "0x" + bytes(_ADDRESS_BYTES).hex(),
        "alloc": {},
    }


def permissions(validators: Sequence[BesuValidator]) -> str:
    """Return `permissions_config.toml`: the nodes that may connect, the accounts that may write."""
    nodes = [each.enode for each in validators]
    accounts = [str(to_checksum_address(each.account)) for each in validators if each.account]
    return f"nodes-allowlist={json.dumps(nodes)}\naccounts-allowlist={json.dumps(accounts)}\n"


def settings(own: BesuValidator) -> str:
    """Return `config.toml` of one validator; JSON-RPC listens on its own machine alone."""
    lines = [
        *('genesis-file="genesis.json"', 'data-path="data"', 'sync-mode="FULL"'),
        # Keeps the states that `eth_getProof` is asked for, also of old blocks.
        'data-storage-format="FOREST"',
        *(f'p2p-host="{own.host}"', f"p2p-port={own.port}", "discovery-enabled=false"),
        'static-nodes-file="static-nodes.json"',
        *("rpc-http-enabled=true", 'rpc-http-host="127.0.0.1"', "rpc-http-port=8545"),
        *('rpc-http-api=["ETH","NET","WEB3","QBFT"]', 'host-allowlist=["localhost","127.0.0.1"]'),
        # One account sends many: the pool for networks whose members know each other.
        *("min-gas-price=0", 'tx-pool="SEQUENCED"', "tx-pool-limit-by-account-percentage=1"),
        "permissions-nodes-config-file-enabled=true",
        'permissions-nodes-config-file="permissions_config.toml"',
        "permissions-accounts-config-file-enabled=true",
        'permissions-accounts-config-file="permissions_config.toml"',
    ]
    return "\n".join(lines) + "\n"


def write(
    folder: Path,
    validators: Sequence[BesuValidator],
    *,
    chain_id: int,
    time: int,
    block_seconds: int = 1,
) -> None:
    """Write a folder for each validator, ready for `besu --config-file=config.toml` in it."""
    document = genesis(validators, chain_id=chain_id, time=time, block_seconds=block_seconds)
    for own in validators:
        others = [each.enode for each in validators if each is not own]
        files = {
            "genesis.json": json.dumps(document, indent=2) + "\n",
            "static-nodes.json": json.dumps(others, indent=2) + "\n",
            "permissions_config.toml": permissions(validators),
            "config.toml": settings(own),
        }
        for name, content in files.items():
            write_whole(folder / own.name / name, content.encode(), EVERYBODY)
