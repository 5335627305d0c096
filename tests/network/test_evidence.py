"""Evidence files from a network of validators that really runs, checked without it."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.addresses import DeployedContract, Deployment
from ledger_node.network.network import Network
from madang.cli.main import app
from madang.core.evidence import bundle
from madang.core.evidence.finality.cometbft import Commit
from tests.network.ledger import ACCOUNTS, APPEND, Ledger, call, data, hash_of, receipt
from tests.unit.madang.cli.evidence_city import HEAD, City, lay_out
from tests.unit.madang.core.evidence.world import ORIGIN

pytestmark = pytest.mark.xdist_group("network")
OPENER = ACCOUNTS[0]


@pytest.fixture(scope="module")
def city(ledger: Ledger, shared_network: Network, tmp_path_factory: pytest.TempPathFactory) -> City:
    """Return a municipality whose log has its head on the network."""
    url, label = shared_network.rpc_urls[0], sha256(ORIGIN.encode()).digest()
    done(ledger, data("open(bytes32)", ["bytes32"], label), 80_000)
    asked = data("idOf(address,bytes32)", ["address", "bytes32"], OPENER.address, label)
    types = ["bytes32", "uint64", "bytes32", "bytes32[]"]
    head = data(APPEND, types, ledger.ask(asked), HEAD.size, HEAD.root, [])
    shared_network.wait_for(done(ledger, head, 120_000) + 2)
    code = call(url, "eth_getCode", ledger.address, "latest")
    genesis = call(url, "eth_getBlockByNumber", "0x1", False)["hash"]  # noqa: FBT003 - JSON
    contract = DeployedContract(ledger.address, hash_of(code))
    deployment = Deployment(shared_network.chain_id, genesis, {"AnchorLog": contract})
    folder = tmp_path_factory.mktemp("city")
    return lay_out(folder, shared_network.comet_urls[0], deployment, OPENER.address)


def done(ledger: Ledger, payload: bytes, gas: int) -> int:
    """Send a call; return the number of its block."""
    found = receipt(ledger.network.rpc_urls[0], ledger.send(OPENER, payload, gas))
    assert int(found["status"], 16) == 1
    return int(found["blockNumber"], 16)


def typed(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def trusted(city: City, network: Network, *further: object) -> Path:
    out = city.state / "trust.json"
    given = further or ("--validators", network.folder / "network.json")
    base = ("--state", city.state, "--engine", "cometbft", "--out", out)
    told = typed("evidence", "trust", *base, *given)
    assert told.exit_code == 0, told.output
    return out


def exported(city: City, trust: Path, index: int, comet: str) -> Path:
    out = city.state / f"{index}.evidence"
    given = ("--trust", trust, "--log", city.log, "--comet", comet, "--out", out)
    told = typed("evidence", "export", city.receipt(index), *given)
    assert told.exit_code == 0, told.output
    return out


@pytest.mark.parametrize("index", range(3))
def test_a_file_holds_by_the_validators_of_the_network(
    city: City, network: Network, index: int
) -> None:
    trust = trusted(city, network)
    out = exported(city, trust, index, network.comet_urls[index])
    assert out.stat().st_size < 8_000
    told = typed("audit", "evidence", out, "--trust", trust, "--thing", city.thing(index))
    assert told.exit_code == 0, told.output
    assert "The validators of the trust file made that block final." in told.output


def test_the_network_and_a_node_name_the_same_validators(city: City, network: Network) -> None:
    recorded = json.loads(trusted(city, network).read_text("utf-8"))
    asked = trusted(city, network, "--comet", network.comet_urls[3])
    known = json.loads(asked.read_text("utf-8"))
    assert known["chain"] == recorded["chain"]
    by_key = {each["key"]: each for each in known["validators"]}
    assert by_key == {each["key"]: each for each in recorded["validators"]}


def test_three_validators_are_enough_for_a_file(city: City, network: Network) -> None:
    trust = trusted(city, network)
    network.kill(3)
    network.wait_for(network.height(0) + 3)
    out = exported(city, trust, 0, network.comet_urls[0])
    head = bundle.parse(out.read_bytes()).head
    assert isinstance(head, Commit)
    assert len(head.votes) == 3
    assert typed("audit", "evidence", out, "--trust", trust).exit_code == 0


def test_another_networks_validators_do_not_stand_for_it(city: City, network: Network) -> None:
    trust = trusted(city, network)
    out = exported(city, trust, 0, network.comet_urls[0])
    value = json.loads(trust.read_text("utf-8"))
    value["validators"][0]["key"] = "11" * 32
    other = city.state / "other.json"
    other.write_text(json.dumps(value), "utf-8")
    told = typed("audit", "evidence", out, "--trust", other)
    assert told.exit_code == 1
    assert "FAILED validators" in told.output
