"""Where a contract lives: what a reader is given out of band and holds every node against.

A node that was replaced, reset or forked answers with another chain, genesis or code, and
must then never read as valid.
"""

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError

MAX_BYTES = 10_000

_FORMS = {
    "contract": re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}"),
    "genesis_hash": re.compile(r"0x[0-9a-f]{64}"),
    "address": re.compile(r"0x[0-9a-fA-F]{40}"),
    "code_hash": re.compile(r"0x[0-9a-f]{64}"),
}


class DeploymentError(ValueError):
    """A record of a deployment that is missing or malformed; the message names the file."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployed contract.

    Attributes:
        contract: name, as in `artifacts.load`.
        chain_id: EIP-155 chain id.
        genesis_hash: hash of block 0, "0x" and 64 lower-case hex digits.
        address: of the contract, "0x" and 40 hex digits.
        code_hash: keccak256 of the code at the address, "0x" and 64 lower-case hex digits.

    Raises:
        DeploymentError: naming the value that has another form.
    """

    contract: str
    chain_id: int
    genesis_hash: str
    address: str
    code_hash: str

    def __post_init__(self) -> None:
        if type(self.chain_id) is not int or self.chain_id < 1:
            raise DeploymentError(f"chain_id {self.chain_id!r}, expected a positive integer")
        for name, form in _FORMS.items():
            value = getattr(self, name)
            if not isinstance(value, str) or not form.fullmatch(value):
                raise DeploymentError(f"{name} {str(value)[:80]!r}, expected {form.pattern}")

    def mismatches(
        self, *, chain_id: int, genesis_hash: str, code_hash: str
    ) -> tuple[tuple[str, str, str], ...]:
        """Return what a node says otherwise, each as (name, expected, found); () is good."""
        found = {"chain_id": chain_id, "genesis_hash": genesis_hash, "code_hash": code_hash}
        pairs = ((name, str(getattr(self, name)), str(value)) for name, value in found.items())
        return tuple(each for each in pairs if each[1] != each[2])


def read(file: Path) -> Deployment:
    """Read a record.

    Raises:
        DeploymentError: when there is none, or it is malformed.
    """
    try:
        value = strict_json.loads(file.read_bytes(), max_bytes=MAX_BYTES, max_depth=2)
    except FileNotFoundError as error:
        raise DeploymentError(f"{file}: no such record; deploy the contract first") from error
    except EncodingError as error:
        raise DeploymentError(f"{file}: {error}") from error
    names = set(Deployment.__slots__)
    if not isinstance(value, dict) or set(value) != names:
        raise DeploymentError(f"{file}: expected an object with the members {sorted(names)}")
    try:
        return Deployment(**value)
    except DeploymentError as error:
        raise DeploymentError(f"{file}: {error}") from error


def write(file: Path, deployment: Deployment) -> None:
    """Write a record; a reader sees the old or the new one, never half of it."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(strict_json.dumps(asdict(deployment)) + "\n", encoding="utf-8")
    fresh.replace(file)
