"""Where the registry is (ADR 0034): given out of band, and every snapshot is held against it."""

import re
from dataclasses import dataclass
from typing import Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError

CONTRACT: Final = "Accreditation"
MAX_BYTES: Final = 10_000
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH: Final = re.compile(r"0x[0-9a-f]{64}")


class PlaceError(ValueError):
    """A record of a deployment does not say where the registry is."""


@dataclass(frozen=True, slots=True)
class Place:
    """One contract of one chain.

    Attributes:
        chain_id: EIP-155 chain id.
        genesis_hash: "0x" and 64 lower-case hex digits.
        contract: address, "0x" and 40 hex digits.
        code_hash: keccak-256 of the code there, as the genesis hash.

    Raises:
        PlaceError: naming the value that has another form.
    """

    chain_id: int
    genesis_hash: str
    contract: str
    code_hash: str

    def __post_init__(self) -> None:
        if type(self.chain_id) is not int or self.chain_id < 1:
            raise PlaceError(f"chain_id {self.chain_id!r}, expected a positive integer")
        for name, form in _FORMS.items():
            value = getattr(self, name)
            if not isinstance(value, str) or not form.fullmatch(value):
                raise PlaceError(f"{name} {str(value)[:80]!r}, expected {form.pattern}")

    def differences(self, other: "Place") -> tuple[str, ...]:
        """Return the names of what another place has otherwise; () is the same place."""
        names = ("chain_id", "genesis_hash", "code_hash")
        found = [name for name in names if getattr(self, name) != getattr(other, name)]
        if self.contract.lower() != other.contract.lower():
            found.append("contract")
        return tuple(found)


_FORMS: Final = {"genesis_hash": _HASH, "contract": _ADDRESS, "code_hash": _HASH}


def parse_place(record: bytes) -> Place:
    """Read where the registry is from `contract.json`, the record of a chain's contracts.

    Raises:
        PlaceError: it is not such a record, or names no registry.
    """
    try:
        value = strict_json.loads(record, max_bytes=MAX_BYTES, max_depth=3)
    except EncodingError as error:
        raise PlaceError(f"the record of the contracts: {error}") from error
    match value:
        case {
            "chain_id": chain_id,
            "genesis_hash": genesis,
            "contracts": {"Accreditation": {"address": address, "code_hash": code_hash}},
        }:
            return Place(chain_id, genesis, address, code_hash)
    raise PlaceError(f"the record of the contracts names no chain with a contract {CONTRACT}")
