"""Where the contracts are: what a reader is given out of band and holds every node against.

A node that was replaced, reset or forked answers with another chain, genesis or code, and
must then never read as valid.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError

MAX_BYTES: Final = 10_000
MAX_DEPTH: Final = 3
MAX_CONTRACTS: Final = 16

_CONTRACT: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH: Final = re.compile(r"0x[0-9a-f]{64}")


class DeploymentError(ValueError):
    """A record of a deployment that is missing or malformed; the message names the file."""


@dataclass(frozen=True, slots=True)
class DeployedContract:
    """One contract on the chain.

    Attributes:
        address: "0x" and 40 hex digits.
        code_hash: keccak256 of the code at the address, "0x" and 64 lower-case hex digits.

    Raises:
        DeploymentError: naming the value that has another form.
    """

    address: str
    code_hash: str

    def __post_init__(self) -> None:
        _check("address", self.address, _ADDRESS)
        _check("code_hash", self.code_hash, _HASH)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A chain and the contracts on it.

    Attributes:
        chain_id: EIP-155 chain id.
        genesis_hash: hash of block 0, or of block 1 where the engine has no block 0, "0x" and
            64 lower-case hex digits.
        contracts: by name, as in `artifacts.load`.
        final_depth: after how many further blocks one is final, 0 where a block is never taken
            back; None where the engine tells it by the tag `finalized`.

    Raises:
        DeploymentError: naming the value that has another form.
    """

    chain_id: int
    genesis_hash: str
    contracts: Mapping[str, DeployedContract]
    final_depth: int | None = None

    def __post_init__(self) -> None:
        if type(self.chain_id) is not int or self.chain_id < 1:
            raise DeploymentError(f"chain_id {self.chain_id!r}, expected a positive integer")
        depth = self.final_depth
        if depth is not None and (type(depth) is not int or depth < 0):
            raise DeploymentError(f"final_depth {depth!r}, expected null, 0 or more")
        _check("genesis_hash", self.genesis_hash, _HASH)
        if not 0 < len(self.contracts) <= MAX_CONTRACTS:
            raise DeploymentError(f"{len(self.contracts)} contracts, expected 1 to {MAX_CONTRACTS}")
        for name in self.contracts:
            _check("contract", name, _CONTRACT)

    def __getitem__(self, name: str) -> DeployedContract:
        """Return a contract; DeploymentError when the record names none of this name."""
        if name not in self.contracts:
            raise DeploymentError(
                f"the record names no contract {name!r}, only {', '.join(sorted(self.contracts))}"
            )
        return self.contracts[name]

    def mismatches(
        self, *, chain_id: int, genesis_hash: str, code_hashes: Mapping[str, str]
    ) -> tuple[tuple[str, str, str], ...]:
        """Return what a node says otherwise, each as (name, expected, found); () is good.

        A contract whose code was not looked at is told as found "nothing".
        """
        pairs = [
            ("chain_id", str(self.chain_id), str(chain_id)),
            ("genesis_hash", self.genesis_hash, genesis_hash),
        ]
        for name, contract in sorted(self.contracts.items()):
            found = code_hashes.get(name, "nothing")
            pairs.append((f"{name}.code_hash", contract.code_hash, found))
        return tuple(each for each in pairs if each[1] != each[2])


def _check(name: str, value: object, form: re.Pattern[str]) -> None:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise DeploymentError(f"{name} {str(value)[:80]!r}, expected {form.pattern}")


def read(file: Path) -> Deployment:
    """Read a record.

    Raises:
        DeploymentError: when there is none, or it is malformed.
    """
    try:
        value = strict_json.loads(file.read_bytes(), max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
        return _deployment(value)
    except FileNotFoundError as error:
        raise DeploymentError(f"{file}: no such record; deploy the contracts first") from error
    except (EncodingError, DeploymentError) as error:
        raise DeploymentError(f"{file}: {error}") from error


def _deployment(value: object) -> Deployment:
    if isinstance(value, dict) and "contract" in value:
        raise DeploymentError(
            "this record was made before there was an Accreditation contract, and what was"
            " deployed then cannot be carried over: start in another state folder"
            " (MADANG_STATE_DIR, or --state of `madang run`)"
        )
    members = _members(value, "a record", Deployment)
    contracts = members["contracts"]
    if not isinstance(contracts, dict):
        raise DeploymentError("contracts: expected an object")
    named = {
        name: DeployedContract(**_members(each, name, DeployedContract))
        for name, each in contracts.items()
    }
    return Deployment(**members | {"contracts": named})


def _members(value: object, what: str, kind: type[Deployment | DeployedContract]) -> dict[str, Any]:
    names = set(kind.__slots__)
    if not isinstance(value, dict) or set(value) != names:
        raise DeploymentError(f"{what}: expected an object with the members {sorted(names)}")
    return value


def write(file: Path, deployment: Deployment) -> None:
    """Write a record; a reader sees the old or the new one, never half of it, after a crash too."""
    fresh = file.with_name(file.name + ".new")
    with fresh.open("w", encoding="utf-8") as opened:
        opened.write(strict_json.dumps(asdict(deployment)) + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    fresh.replace(file)
