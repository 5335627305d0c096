"""A municipality joins a running network by vote, writes, and leaves."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger_node.network.configuration import Ports, write_configuration
from ledger_node.network.genesis import DENOMINATION, STAKE
from ledger_node.network.member import Member, make_keys
from ledger_node.network.network import Network
from ledger_node.network.record import Validator
from madang.cli.main import app
from tests.network.conftest import GENESIS_TIME
from tests.network.ledger import ACCOUNTS, Ledger

pytestmark = pytest.mark.xdist_group("network")
VOTING_SECONDS = 6


@pytest.fixture
def small(engine: Path, base_port: int, tmp_path: Path) -> Iterator[Network]:
    """Return a network of one validator, which decides alone."""
    with Network.create(
        tmp_path,
        ["v1"],
        [ACCOUNTS[0].address],
        base_port=base_port + 50,
        genesis_time=GENESIS_TIME,
        voting_seconds=VOTING_SECONDS,
    ) as network:
        network.start()
        yield network


def operator(network: Network, home: Path) -> None:
    """Give the operator's key to the engine's own ring of keys, as docs/chain.md says."""
    key = (home / "operator.key").read_text("ascii")
    ring = ("--keyring-backend", "test", "--home", str(home))
    command = [network._program, "keys", "unsafe-import-eth-key", "operator", key, *ring]
    subprocess.run(command, input=b"passphrase\n", check=True, capture_output=True)


def send(network: Network, home: Path, *arguments: object) -> None:
    """Send an operator's transaction and wait until a block says that it succeeded."""
    node = network.comet_urls[0].replace("http", "tcp")
    options = ("--node", node, "--home", home, "--output", "json")
    paid = ("--gas", 2_000_000, "--gas-prices", f"0{DENOMINATION}", "--yes")
    who = ("--from", "operator", "--keyring-backend", "test", "--chain-id", network.comet_chain_id)
    done = engine_says(network, "tx", *arguments, *who, *paid, *options)
    assert done["code"] == 0, done
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            found = engine_says(network, "query", "tx", done["txhash"], *options)
        except subprocess.CalledProcessError:
            time.sleep(0.2)
            continue
        assert found["code"] == 0, found["raw_log"]
        return
    raise AssertionError(f"{arguments} is in no block")


def engine_says(network: Network, *arguments: object) -> Any:
    command = [network._program, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def powers(network: Network) -> list[int]:
    found = network.comet(0, "validators")["validators"]
    return [int(each["voting_power"]) for each in found]


def until(network: Network, expected: list[int]) -> None:
    deadline = time.monotonic() + 15
    while powers(network) != expected:
        assert time.monotonic() < deadline, powers(network)
        time.sleep(0.2)


def admitted(network: Network, newcomer: Member) -> Path:
    """Write the documents by the command; return their folder."""
    (network.folder / "member.json").write_text(json.dumps(newcomer.to_json()))
    arguments = ["chain", "admit", network.folder / "member.json"]
    arguments += ["--comet", network.comet_urls[0], "--out", network.folder / "documents"]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return network.folder / "documents"


def joined(network: Network, newcomer: Member, ports: Ports) -> Network:
    """Have both validators name each other, and start them."""
    first = network.record.validators[0]
    home = network.folder / newcomer.name
    write_configuration(home, network.comet_chain_id, newcomer, [first.member], ports)
    write_configuration(
        network.home(0), network.comet_chain_id, first.member, [newcomer], first.ports
    )
    shutil.copy(network.home(0) / "config" / "genesis.json", home / "config")
    network.stop()
    record = replace(network.record, validators=(first, Validator(newcomer, 100, ports)))
    record.write(network.folder)
    both = Network(network.folder, network._program)
    both.start()
    both.wait_for(both.height(0))
    return both


def test_a_municipality_joins_by_vote_and_leaves(small: Network, base_port: int) -> None:
    ledger, account = Ledger.deployed(small), ACCOUNTS[1]
    ports = Ports.at(base_port + 40)
    home = small.folder / "v2"
    newcomer = make_keys(home, "v2", f"127.0.0.1:{ports.peer}", account.address)
    documents = admitted(small, newcomer)
    operator(small, small.home(0))
    send(small, small.home(0), "gov", "submit-proposal", documents / "proposal.json")
    send(small, small.home(0), "gov", "vote", 1, "yes")
    time.sleep(VOTING_SECONDS + 2)
    with joined(small, newcomer, ports) as both:
        operator(both, home)
        send(both, home, "staking", "create-validator", documents / "validator.json")
        until(both, [100, 100])
        ledger.network = both
        ledger.open(account)
        stake = f"{STAKE}{DENOMINATION}"
        send(both, home, "staking", "unbond", newcomer.bech32("valoper"), stake)
        until(both, [100])
        both.stop(1)
        height = both.height(0)
        both.wait_for(height + 2, [0])
