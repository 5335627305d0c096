"""A chain in this process with one AnchorLog, and what tests do with its surroundings."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boa
from eth_utils import to_checksum_address

REPOSITORY = Path(__file__).resolve().parents[2]
DELAY = 7 * 86_400
LABEL = hashlib.sha256(b"city.example/seoul/log").digest()


@dataclass(frozen=True)
class Chain:
    """The contract, and accounts by the part they play."""

    contract: Any
    owner: str
    guardian: str
    stranger: str
    successor: str

    def at(self, account: str) -> AbstractContextManager[None]:
        """Return a context in which `account` sends."""
        return boa.env.prank(account)

    def refuses(self, reason: str) -> AbstractContextManager[None]:
        """Return a context that expects a revert for this very reason."""
        return boa.reverts(reason)

    @property
    def now(self) -> int:
        return boa.env.timestamp

    def later(self, seconds: int) -> None:
        boa.env.time_travel(seconds=seconds)

    def open(self, account: str, label: bytes = LABEL) -> bytes:
        with self.at(account):
            return bytes(self.contract.open(label))

    def append(self, log: bytes, size: int, root: bytes, proof: list[bytes]) -> None:
        """Append as the owner."""
        with self.at(self.owner):
            self.contract.append(log, size, root, proof)

    def events(self) -> list[tuple[str, dict[str, object]]]:
        """Return the events of the last call by name and fields."""
        found = []
        for each in self.contract.get_logs():
            fields = each._asdict()
            assert fields.pop("address") == self.contract.address
            found.append((type(each).__name__, fields))
        return found


def address_of(name: str) -> str:
    """Return the address of a name, always the same, since zeros in it change the gas."""
    return str(to_checksum_address(hashlib.sha256(name.encode()).digest()[:20]))


@cache
def compiled(name: str) -> Any:
    """Return a contract that can be deployed any number of times."""
    return boa.load_partial(str(REPOSITORY / "contracts" / f"{name}.vy"))


def deploy() -> Chain:
    names = ("owner", "guardian", "stranger", "successor")
    accounts = {name: address_of(name) for name in names}
    return Chain(compiled("AnchorLog").deploy(accounts["guardian"], DELAY), **accounts)
