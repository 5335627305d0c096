"""The settings name every other validator, and leave no place for anybody else."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ledger_node.network.configuration import Ports, write_configuration
from ledger_node.network.member import Member
from tests.unit.ledger_node.network.members import member

PORTS = Ports.at(8600)
OTHERS = [member(number) for number in (2, 3, 4)]


def written(folder: Path, own: Member) -> dict[str, Any]:
    write_configuration(folder, "madang-1", own, OTHERS, PORTS)
    files = ("config", "app", "client")
    return {
        name: tomllib.loads((folder / "config" / f"{name}.toml").read_text("utf-8"))
        for name in files
    }


def test_only_peers_that_are_named_are_taken(tmp_path: Path) -> None:
    peers = written(tmp_path, member(1))["config"]["p2p"]
    ids = [each.node for each in OTHERS]
    assert peers["unconditional_peer_ids"].split(",") == ids
    assert peers["persistent_peers"].split(",") == [f"{each.node}@{each.peer}" for each in OTHERS]
    assert peers["max_num_inbound_peers"] == 0
    assert peers["pex"] is False


def test_everything_listens_on_this_machine_alone(tmp_path: Path) -> None:
    files = written(tmp_path, member(1))
    for path in (tmp_path / "config").iterdir():
        assert "0.0.0.0" not in path.read_text("utf-8")  # noqa: S104 - it is what must not be
    assert files["config"]["rpc"]["laddr"] == "tcp://127.0.0.1:8601"
    assert files["config"]["p2p"]["laddr"] == "tcp://127.0.0.1:8602"
    assert files["app"]["json-rpc"]["address"] == "127.0.0.1:8600"
    assert files["app"]["json-rpc"]["ws-address"] == "127.0.0.1:8603"
    assert not any(files["app"][part]["enable"] for part in ("grpc", "grpc-web", "api"))


def test_on_machines_of_their_own_the_peers_port_alone_is_open(tmp_path: Path) -> None:
    own = Member("v1", "1" * 40, "1" * 64, "0x" + "1" * 40, "chain.hanbit.example:26656")
    files = written(tmp_path, own)
    assert files["config"]["p2p"]["laddr"] == "tcp://0.0.0.0:8602"
    assert files["config"]["rpc"]["laddr"] == "tcp://127.0.0.1:8601"
    assert files["app"]["json-rpc"]["address"].startswith("127.0.0.1:")


def test_the_price_is_zero_and_the_ids_are_the_chains(tmp_path: Path) -> None:
    files = written(tmp_path, member(1))
    assert files["app"]["minimum-gas-prices"] == "0atest"
    assert files["app"]["evm"]["evm-chain-id"] == 262_144
    assert files["client"]["chain-id"] == "madang-1"


@pytest.mark.parametrize("base", [1024, 60_000])
def test_ports_are_neighbours(base: int) -> None:
    ports = Ports.at(base)
    assert [ports.json_rpc, ports.comet, ports.peer, ports.socket] == [*range(base, base + 4)]
