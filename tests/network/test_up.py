"""`madang chain up` as a newcomer runs it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from ledger_node.network.configuration import Ports
from ledger_node.network.member import Member
from ledger_node.network.network import Network
from ledger_node.network.record import NetworkRecord, Validator
from madang.cli.main import app
from tests.network.ledger import call

pytestmark = pytest.mark.xdist_group("network")
UP = (sys.executable, "-m", "madang.cli.main", "chain", "up")


@contextmanager
def up(state: Path, port: int, validators: int = 1) -> Iterator[list[str]]:
    """Run it, give what it says up to the offer to stop, and end it by Ctrl+C."""
    arguments = [*UP, "--validators", str(validators), "--state", str(state), "--port", str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(line)
            if "Ctrl+C" in line:
                break
        try:
            yield told
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
            assert process.wait(30) == 0
        assert "Everything is kept" in rest


def height(url: str) -> int:
    return int(call(url, "eth_blockNumber"), 16)


def test_it_runs_until_it_is_told_and_goes_on_where_it_ended(
    engine: Path, base_port: int, tmp_path: Path
) -> None:
    port = base_port + 50
    url = f"http://127.0.0.1:{port}"
    with up(tmp_path, port) as told:
        assert url in "".join(told)
        record = json.loads((tmp_path / "network" / "network.json").read_bytes())
        assert record["validators"][0]["name"] == "hanbit"
        assert len(record["writers"]) == 2
        first = call(url, "eth_getBlockByNumber", "0x1", *(False,))["hash"]
        before = height(url)
    with up(tmp_path, port, validators=3) as told:
        assert "has 1 validators, and keeps them" in "".join(told)
        deadline = time.monotonic() + 20
        while height(url) <= before and time.monotonic() < deadline:
            time.sleep(0.2)
        assert height(url) > before
        assert call(url, "eth_getBlockByNumber", "0x1", *(False,))["hash"] == first


def test_homes_that_were_made_apart_are_one_network(
    engine: Path, base_port: int, tmp_path: Path
) -> None:
    """Two municipalities on their own machines, which here are folders."""
    homes = [tmp_path / name for name in ("hanbit", "saebyeol")]
    ports = [base_port + 40, base_port + 50]
    for home, port in zip(homes, ports, strict=True):
        ours = ("--name", home.name, "--home", home, "--peer", f"127.0.0.1:{port + 2}")
        typed("member", *ours)
    members = [home / "member.json" for home in homes]
    told = [
        typed("join", *members, "--home", home, "--time", "2026-11-01T00:00:00Z", "--port", port)
        for home, port in zip(homes, ports, strict=True)
    ]
    assert told[0].splitlines()[:2] == told[1].splitlines()[:2]
    validators = [
        Validator(Member.parse(json.loads(path.read_bytes())), 100, Ports.at(port))
        for path, port in zip(members, ports, strict=True)
    ]
    NetworkRecord(262_144, "madang-1", "", (), tuple(validators)).write(tmp_path)
    with Network(tmp_path, engine) as network:
        network.start()
        network.wait_for(3)
        assert len(network.comet(1, "validators")["validators"]) == 2


def typed(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["chain", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_the_validators_end_with_the_command_that_is_killed(
    engine: Path, base_port: int, tmp_path: Path
) -> None:
    port = base_port + 50
    arguments = [*UP, "--validators", "1", "--state", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl+C" in line:
                break
        process.kill()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            height(f"http://127.0.0.1:{port}")
        except httpx.TransportError:
            return
        time.sleep(0.2)
    raise AssertionError("a validator runs on")
