"""`madang chain`: a network of validators on this machine, or one of many machines' homes."""

import hashlib
import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from eth_account import Account
from rich.console import Console

from ledger_node.network import besu, binary, membership
from ledger_node.network.binary import BuildError
from ledger_node.network.configuration import EVM_CHAIN_ID, Ports
from ledger_node.network.genesis import genesis as first_state
from ledger_node.network.member import Member, MemberError, distinct, make_keys
from ledger_node.network.network import (
    COMET_CHAIN_ID,
    Network,
    NetworkError,
    defaults,
    evm_params,
    genesis_file,
    settle,
)
from ledger_node.network.record import RecordError
from madang.cli import deploy
from madang.cli.city import CATALOG, CityPlan
from madang.cli.exit_codes import REFUSED
from madang.cli.refusing import refusing
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.files import EVERYBODY, alone, write_whole
from madang.infra.keystore import Keystore
from madang.infra.settings import CommonSettings
from madang.infra.setup import StateFolders, keystore

app = typer.Typer(no_args_is_help=True, help="Run and configure the chain of the municipalities.")
config = typer.Typer(no_args_is_help=True, help="Write the settings of another engine.")
app.add_typer(config, name="config")
app.command("deploy")(deploy.deploy)
MEMBER: Final = "member.json"
_PURPOSE: Final = "chain"
_VOTING_SECONDS: Final = 3 * 86_400
_LOOK_SECONDS: Final = 1.0
_MOST: Final = 16
_REFUSALS: Final = (BuildError, NetworkError, RecordError, MemberError, EncodingError, OSError)


@contextmanager
def _telling() -> Iterator[None]:
    """Tell in a line what the block refuses, and end the command."""
    try:
        with refusing():
            yield
    except _REFUSALS as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(REFUSED) from error


@app.command()
def up(
    validators: Annotated[int, typer.Option(min=1, max=_MOST, help="How many.")] = 4,
    state: Annotated[Path, typer.Option(help="Folder that keeps everything.")] = Path("state"),
    port: Annotated[int, typer.Option(help="First of the loopback ports.")] = 8600,
) -> None:
    """Run a network of validators on this machine until Ctrl+C; it goes on where it ended."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console = Console(highlight=False, soft_wrap=True)
    with _telling(), _network(state.resolve(), validators, port) as network:
        known = len(network.record.validators)
        if known != validators:
            console.print(
                f"The network in {network.folder} has {known} validators, and keeps them."
            )
        console.print(f"Validators start: {known}. The first block takes some seconds.")
        network.start(wait=False)
        if _first_block(network, stop):
            _introduce(console, network)
            _watch(console, network, stop)
        console.print("Stopping. Everything is kept; the same command goes on from here.")


def _network(state: Path, validators: int, port: int) -> Network:
    """Make the network of a state folder, or open the one it has."""
    accounts = _accounts(state)
    others = [f"validator-{number}" for number in range(len(accounts) + 1, validators + 1)]
    return Network.create(
        state / "network",
        [*accounts, *others][:validators],
        accounts.values(),
        base_port=port,
        genesis_time=_moment(SystemClock().now()),
        voting_seconds=_VOTING_SECONDS,
    )


def _accounts(state: Path) -> dict[str, str]:
    """Return the address of each municipality's account; keys that are missing are made."""
    passphrase = os.environ.get("MADANG_KEY_PASSPHRASE") or CityPlan(state, 0).passphrase
    keys = Keystore(StateFolders(state).keys, passphrase)
    with alone(state / "prepare.lock"):
        tenants = load_catalogue(CATALOG).tenants.ids()
        return {tenant: _account(keys, tenant) for tenant in tenants}


def _account(keys: Keystore, tenant: str) -> str:
    """Return the address of a municipality's account; its key is made as `prepare` makes it."""
    if not keys.exists(tenant, _PURPOSE):
        keys.create_secp256k1(tenant, _PURPOSE)
    return str(Account.from_key(keys.secret(tenant, _PURPOSE)).address)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901 - refused below, for it names no zone
    if found.tzinfo is None:
        raise MemberError(f"{text!r} is no time of RFC 3339, such as 2026-01-01T00:00:00Z")
    return int(found.timestamp())


def _first_block(network: Network, stop: threading.Event) -> bool:
    """Wait for a block that a validator has; False when told to stop before."""
    while not stop.wait(_LOOK_SECONDS / 4):
        if any(network.height(at) for at in network.running()):
            return True
        if len(network.running()) < len(network.record.validators):
            network.wait_for(1, range(len(network.record.validators)), seconds=0)
    return False


def _introduce(console: Console, network: Network) -> None:
    for each in network.record.validators:
        console.print(
            f"  {each.member.name:<14} JSON-RPC {each.rpc_url}  CometBFT {each.comet_url}"
        )
    console.print(f"chain id {network.chain_id}; only these accounts create and call contracts:")
    for address in network.record.writers:
        console.print(f"  {address}")
    count = len(network.record.validators)
    console.print(
        f"A block needs {count * 2 // 3 + 1} of {count} validators, and is final when it is there."
    )
    console.print("Have a city use it, in another terminal:")
    console.print(
        f"  MADANG_RPC_URLS='{json.dumps(network.rpc_urls)}'"
        f" MADANG_CHAIN_ID={network.chain_id} make run"
    )
    console.print("Press Ctrl+C to stop.")


def _watch(console: Console, network: Network, stop: threading.Event) -> None:
    """Show the heights; say who ended. The others go on as long as they are enough."""
    names = [each.member.name for each in network.record.validators]
    gone: set[int] = set()
    with console.status("") as status:
        while not stop.wait(_LOOK_SECONDS):
            running = network.running()
            for at in set(range(len(names))) - set(running) - gone:
                gone.add(at)
                console.print(f"{names[at]} ended; its log is {network.home(at) / 'log'}")
            if not running:
                raise NetworkError("no validator runs any more")
            heights = (f"{names[at]} {network.height(at) or 'silent'}" for at in running)
            status.update(f"height: {' · '.join(heights)}")


@app.command()
def account(
    tenant: Annotated[str, typer.Option(help="The municipality.")],
) -> None:
    """Print the address of a municipality's account; settings come from MADANG_*."""
    with _telling():
        common = CommonSettings()
        load_catalogue(common.catalog_dir).tenants.get(tenant)
        typer.echo(_account(keystore(common), tenant))


@app.command()
def member(
    name: Annotated[str, typer.Option(help="What the others call this validator.")],
    peer: Annotated[str, typer.Option(help="host:port where the others reach it.")],
    home: Annotated[Path, typer.Option(help="The validator's folder; its keys stay in it.")],
    account: Annotated[
        str, typer.Option(help="The municipality's account that may write, 0x….")
    ] = "",
) -> None:
    """Make a validator's keys, and `member.json`, which is for the other municipalities."""
    with _telling():
        path = home / MEMBER
        if not path.exists():
            Member(name, "0" * 40, "0" * 64, "0x" + "0" * 40, peer, account).check()
            made = make_keys(home, name, peer, account)
            write_whole(path, (json.dumps(made.to_json(), indent=2) + "\n").encode(), EVERYBODY)
        typer.echo(
            f"{path}: give this file to the other municipalities, and nothing else of {home}"
        )


@app.command()
def join(
    members: Annotated[list[Path], typer.Argument(help="member.json of every validator.")],
    home: Annotated[Path, typer.Option(help="The folder that `madang chain member` made.")],
    *,
    time: Annotated[str, typer.Option(help="Of the first block, as all agreed: RFC 3339.")] = "",
    genesis: Annotated[Path | None, typer.Option(help="Of a network that runs.")] = None,
    port: Annotated[int, typer.Option(help="First of the loopback ports.")] = 8600,
) -> None:
    """Write settings and genesis of one validator; every machine must print the same digest."""
    with _telling():
        if bool(time) == (genesis is not None):
            raise MemberError("either --time, for a new network, or --genesis, of one that runs")
        told = sorted((_member(path) for path in members), key=lambda each: each.name)
        distinct(told)
        own = _member(home / MEMBER)
        if own not in told:
            raise MemberError(f"{home / MEMBER} is not among the members; name that file too")
        content = genesis.read_bytes() if genesis else _genesis(told, _seconds(time))
        listening = int(own.peer.rpartition(":")[2])
        settle(home, own, told, Ports(port, port + 1, listening, port + 3), content)
        typer.echo(f"genesis {hashlib.sha256(content).hexdigest()}")
        typer.echo(f"validators {', '.join(each.name for each in told)}; chain id {EVM_CHAIN_ID}")
        typer.echo(f"Start it when all have the same: {binary.cached()} start --home {home}")


def _genesis(members: Sequence[Member], begins: int) -> bytes:
    """Return the genesis file of a new network; the municipalities among the members write."""
    document = first_state(
        defaults(binary.evmd()),
        members,
        [each.account for each in members if each.account],
        chain=COMET_CHAIN_ID,
        time=_moment(begins),
        voting_seconds=_VOTING_SECONDS,
    )
    return genesis_file(document)


def _member(path: Path) -> Member:
    try:
        return Member.parse(strict_json.loads(path.read_bytes()))
    except (EncodingError, MemberError) as error:
        raise MemberError(f"{path}: {error}") from error


@app.command()
def admit(
    newcomer: Annotated[Path, typer.Argument(help="member.json of the municipality that joins.")],
    comet: Annotated[str, typer.Option(help="CometBFT address of a validator, http://….")],
    out: Annotated[Path, typer.Option(help="Folder that gets the two documents.")],
) -> None:
    """Write the proposal that lets a municipality join, and the document it then sends."""
    with _telling():
        who = _member(newcomer)
        documents = {
            "proposal.json": membership.proposal(evm_params(binary.evmd(), comet), who),
            "validator.json": membership.validator(who),
        }
        for name, document in documents.items():
            write_whole(out / name, (json.dumps(document, indent=2) + "\n").encode(), EVERYBODY)
        typer.echo(f"{out / 'proposal.json'}: for a validator to submit, and all to vote on")
        typer.echo(f"{out / 'validator.json'}: for {who.name}, once the proposal has passed")


@config.command("besu")
def config_besu(
    validators: Annotated[Path, typer.Option(help="JSON list: name, key, host, port, account.")],
    out: Annotated[Path, typer.Option(help="Folder that gets one folder for each validator.")],
    time: Annotated[str, typer.Option(help="Time of the genesis block, as agreed: RFC 3339.")],
    chain_id: Annotated[int, typer.Option(min=1, help="Id of the chain.")] = 8283,
) -> None:
    """Write genesis, settings and permissions for Besu under QBFT (`docs/chain.md`)."""
    with _telling():
        listed = strict_json.loads(validators.read_bytes())
        if not isinstance(listed, list) or not listed:
            raise MemberError(f"{validators}: a list of validators was expected")
        known = [besu.BesuValidator.parse(each) for each in listed]
        if len({each.key for each in known}) < len(known):
            raise MemberError(f"{validators}: two validators have the same key")
        besu.write(out, known, chain_id=chain_id, time=_seconds(time))
        typer.echo(f"{out}: {', '.join(each.name for each in known)}; chain id {chain_id}")
