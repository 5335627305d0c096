"""`network.json`: what a reader needs to know of a network, and what a start finds again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ledger_node.network.configuration import Ports
from ledger_node.network.member import Member, MemberError
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.infra.files import EVERYBODY, write_whole

FILE: Final = "network.json"
ENGINE: Final = "cosmos/evm v0.3.2"


class RecordError(ValueError):
    """The folder holds no network, or its record is damaged; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Validator:
    """A member with what it weighs and where it listens.

    Attributes:
        member: who.
        power: its share of the votes.
        ports: where it listens on its machine.
    """

    member: Member
    power: int
    ports: Ports

    @property
    def rpc_url(self) -> str:
        """Return the address of its Ethereum JSON-RPC."""
        return f"http://127.0.0.1:{self.ports.json_rpc}"

    @property
    def comet_url(self) -> str:
        """Return the address of its CometBFT RPC."""
        return f"http://127.0.0.1:{self.ports.comet}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields, addresses included."""
        urls = {"json_rpc": self.rpc_url, "comet_rpc": self.comet_url}
        return {**self.member.to_json(), "power": self.power, "ports": asdict(self.ports), **urls}

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "Validator":
        """Return what the record says."""
        names = ("name", "node", "key", "operator", "peer", "account")
        member = Member.parse({name: value[name] for name in names})
        return cls(member, int(value["power"]), Ports(**value["ports"]))


@dataclass(frozen=True, slots=True)
class NetworkRecord:
    """What `network.json` holds.

    Attributes:
        chain_id: of the EVM, part of every transaction's signature.
        comet_chain_id: of CometBFT, part of every vote's signature.
        genesis_sha256: of the genesis file, hexadecimal.
        writers: addresses that may create and call contracts.
        validators: in the order of their numbers.
    """

    chain_id: int
    comet_chain_id: str
    genesis_sha256: str
    writers: tuple[str, ...]
    validators: tuple[Validator, ...]

    def write(self, folder: Path) -> None:
        """Keep it in the network's folder."""
        content = {
            "engine": ENGINE,
            "chain_id": self.chain_id,
            "comet_chain_id": self.comet_chain_id,
            "genesis_sha256": self.genesis_sha256,
            "writers": list(self.writers),
            "validators": [each.to_json() for each in self.validators],
        }
        write_whole(folder / FILE, (json.dumps(content, indent=2) + "\n").encode(), EVERYBODY)

    @classmethod
    def read(cls, folder: Path) -> "NetworkRecord":
        """Return the record of a folder; RecordError if it holds none."""
        path = folder / FILE
        try:
            value = strict_json.loads(path.read_bytes())
            return cls(
                chain_id=int(value["chain_id"]),
                comet_chain_id=str(value["comet_chain_id"]),
                genesis_sha256=str(value["genesis_sha256"]),
                writers=tuple(map(str, value["writers"])),
                validators=tuple(Validator.parse(each) for each in value["validators"]),
            )
        except OSError as error:
            raise RecordError(f"no network in {folder}: {path.name} is not there") from error
        except (EncodingError, MemberError, LookupError, TypeError, ValueError) as error:
            raise RecordError(f"{path} is not what was written ({error}); restore it") from error
