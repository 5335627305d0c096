"""Four validators as they should be: one chain, closed to strangers, kept over a stop."""

import time

import pytest
from web3.utils.address import get_create_address

from ledger_node.network.configuration import Ports, write_configuration
from ledger_node.network.member import make_keys
from ledger_node.network.network import Network, NetworkError
from ledger_node.network.record import NetworkRecord
from tests.network.ledger import (
    ACCOUNTS,
    STRANGER,
    Ledger,
    Refused,
    call,
    count,
    data,
    deployment,
    receipt,
    signed,
)

pytestmark = pytest.mark.xdist_group("network")
HEADER = (False,)


def hashes(network: Network, height: int) -> set[str]:
    """Return what all validators hold for the hash of one block."""
    found = set()
    for at in range(4):
        found.add(network.comet(at, "block", height=str(height))["block_id"]["hash"])
    return found


def test_all_validators_have_one_chain(network: Network) -> None:
    network.wait_for(3)
    for height in (1, 2, 3):
        ids = hashes(network, height)
        assert len(ids) == 1
        block = call(network.rpc_urls[3], "eth_getBlockByNumber", hex(height), *HEADER)
        assert block["hash"] == "0x" + ids.pop().lower()


def test_the_keys_of_the_record_are_those_that_validate(network: Network) -> None:
    found = network.comet(2, "validators")["validators"]
    addresses = {each["address"]: int(each["voting_power"]) for each in found}
    assert addresses == {each.member.address: 100 for each in network.record.validators}
    assert call(network.rpc_urls[0], "eth_chainId") == hex(network.chain_id)
    assert NetworkRecord.read(network.folder) == network.record


def test_the_engine_answers_for_block_0_with_block_1(network: Network) -> None:
    first = call(network.rpc_urls[0], "eth_getBlockByNumber", "0x0", *HEADER)
    assert first == call(network.rpc_urls[1], "eth_getBlockByNumber", "0x1", *HEADER)
    assert first["number"] == "0x1"


def test_heads_are_taken_with_their_proofs_and_every_validator_has_them(ledger: Ledger) -> None:
    owner = ACCOUNTS[1]
    ledger.open(owner)
    for at, entries in enumerate((1, 6, 300)):
        raw = ledger.append(owner, entries, at)
        height = int(receipt(ledger.network.rpc_urls[at], raw)["blockNumber"], 16)
        ledger.network.wait_for(height)
        tree = ledger.trees[owner.address]
        assert {ledger.head(owner, each) for each in range(4)} == {(tree.size, tree.root())}


def test_a_head_that_does_not_extend_the_last_is_refused(ledger: Ledger) -> None:
    owner = ACCOUNTS[2]
    ledger.open(owner)
    receipt(ledger.network.rpc_urls[0], ledger.append(owner, 5))
    payload = bytearray(ledger.grow(owner, 1))
    payload[100] ^= 1
    raw = ledger.send(owner, bytes(payload), 120_000)
    assert int(receipt(ledger.network.rpc_urls[0], raw)["status"], 16) == 0


def fails(ledger: Ledger, to: str | None, payload: bytes, gas: int) -> int:
    """Send a stranger's transaction: the block says that it failed; return its nonce.

    The engine looks at the permission when it executes, so the attempt itself is on the chain.
    """
    url = ledger.network.rpc_urls[0]
    nonce = count(url, STRANGER)
    raw = signed(STRANGER, nonce, to, payload, gas)
    call(url, "eth_sendRawTransaction", raw)
    assert int(receipt(url, raw)["status"], 16) == 0
    return nonce


def test_a_stranger_cannot_deploy(ledger: Ledger) -> None:
    nonce = fails(ledger, None, deployment(), 4_000_000)
    address = get_create_address(STRANGER.address, nonce)
    assert call(ledger.network.rpc_urls[1], "eth_getCode", address, "latest") == "0x"


def test_a_stranger_cannot_open_a_log_and_may_read(ledger: Ledger) -> None:
    fails(ledger, ledger.address, data("open(bytes32)", ["bytes32"], bytes(32)), 80_000)
    log_id = ledger.log_id(STRANGER)
    head = ledger.ask(data("head(bytes32)", ["bytes32"], log_id))
    assert head == bytes(len(head))
    assert len(head) == 4 * 32


def test_a_stranger_cannot_send_a_plain_transfer(ledger: Ledger) -> None:
    fails(ledger, ACCOUNTS[0].address, b"", 21_000)


def test_a_read_in_a_strangers_name_is_refused(ledger: Ledger) -> None:
    """Reading is free without a sender; with one it counts as that account's call."""
    ask = data("idOf(address,bytes32)", ["address", "bytes32"], STRANGER.address, bytes(32))
    request = {"from": STRANGER.address, "to": ledger.address, "data": "0x" + ask.hex()}
    with pytest.raises(Refused, match="permission to perform a call"):
        call(ledger.network.rpc_urls[0], "eth_call", request, "latest")


def test_a_peer_that_nobody_named_is_refused(network: Network) -> None:
    """A node with the same genesis, which knows everybody's address, gets no block."""
    home = network.folder / "stranger"
    ports = Ports.at(network.record.validators[-1].ports.json_rpc + 10)
    members = [each.member for each in network.record.validators]
    own = make_keys(home, "stranger", f"127.0.0.1:{ports.peer}")
    write_configuration(home, network.comet_chain_id, own, members, ports)
    genesis = (network.home(0) / "config" / "genesis.json").read_bytes()
    (home / "config" / "genesis.json").write_bytes(genesis)
    record = NetworkRecord(
        network.chain_id,
        network.comet_chain_id,
        network.record.genesis_sha256,
        (),
        (type(network.record.validators[0])(own, 0, ports),),
    )
    record.write(home.parent / "of-a-stranger")
    (home.parent / "of-a-stranger" / "stranger").symlink_to(home)
    with Network(home.parent / "of-a-stranger", network._program) as outside:
        outside.start(wait=False)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                outside.comet(0, "net_info")
                break
            except NetworkError:
                time.sleep(0.2)
        time.sleep(6)
        assert outside.height(0) == 0
        assert outside.comet(0, "net_info")["peers"] == []
        for at in range(4):
            peers = network.comet(at, "net_info")["peers"]
            ids = {peer["node_info"]["id"] for peer in peers}
            assert ids == {each.node for each in members} - {members[at].node}


def test_state_survives_stop_and_start(ledger: Ledger, network: Network) -> None:
    owner = ACCOUNTS[1]
    ledger.open(owner)
    receipt(network.rpc_urls[0], ledger.append(owner, 3))
    head, height = ledger.head(owner), network.height(0)
    before = hashes(network, height)
    network.stop()
    assert network.running() == []
    again = Network(network.folder, network._program)
    assert again.record == network.record
    network.start()
    network.wait_for(height + 1)
    assert hashes(network, height) == before
    assert {ledger.head(owner, at) for at in range(4)} == {head}
