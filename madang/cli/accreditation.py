"""`madang accreditation`: who may issue and ask, and what a municipality decides about it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from contracts import addresses as records
from contracts.addresses import DeploymentError
from ledger_node.accreditation.founding import founding_records
from ledger_node.chain.store import ChainTransactionRow, SqlTransactionStores
from ledger_node.chain.usecases import TransactionSender
from ledger_node.settings import Settings
from ledger_node.wiring import turn_file
from madang.cli.exit_codes import REFUSED
from madang.cli.governance import (
    PROPOSED,
    WITH_RECORD,
    Governance,
    GovernanceError,
    proposal_json,
    proposing,
    record_json,
    tenant_word,
)
from madang.cli.refusing import refusing
from madang.core.keys.life import moment
from madang.core.trust.accreditation import Kind
from madang.core.trust.changes import Action, ChangeError, State
from madang.core.trust.registry import Record
from madang.core.trust.snapshot import SnapshotError
from madang.core.trust.snapshot_check import Expectation, verify
from madang.infra.accreditation import Proposal
from madang.infra.anchors import load_anchors
from madang.infra.catalogue import load_catalogue
from madang.infra.chain import ChainAccount, ChainError, RpcChain
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.http import HttpError, HttpxClient
from madang.infra.ids import SystemIds
from madang.infra.rpc import Rpc, RpcError
from madang.infra.setup import StateFolders, keystore
from madang.infra.snapshots import OutOfBand, publishers_of
from madang.infra.tenancy import Addresses

app = typer.Typer(
    no_args_is_help=True, help="Who may issue and ask, and what is decided about that."
)
WhoseOption = Annotated[str, typer.Option("--tenant", help="The municipality that acts.")]
RpcOption = Annotated[str, typer.Option("--rpc", help="A node; MADANG_RPC_URLS if left out.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]
_REFUSALS: Final = (
    GovernanceError,
    ChainError,
    ChangeError,
    DeploymentError,
    HttpError,
    RpcError,
    SnapshotError,
)


@contextmanager
def _refusing() -> Iterator[None]:
    with refusing():
        try:
            yield
        except _REFUSALS as error:
            typer.echo(f"refused: {error}", err=True)
            raise typer.Exit(REFUSED) from error


@asynccontextmanager
async def _desk(tenant: str, rpc_url: str) -> AsyncIterator[Governance]:
    """Open the chain and the ledger node's record in the name of a municipality."""
    settings = Settings()
    catalogue = load_catalogue(settings.catalog_dir)
    own = f"http://127.0.0.1:{settings.chain_port}"
    rpc = Rpc(rpc_url or next(iter(settings.rpc_urls), own))
    chain, database = RpcChain(rpc), Database(settings.database("log"))
    with closing(database):
        database.create(ChainTransactionRow)
        stores = SqlTransactionStores(database)
        secret = keystore(settings).secret(catalogue.tenants.get(tenant).id, "chain")
        desk = Governance(
            chain=chain,
            deployment=records.read(_record(settings)),
            account=ChainAccount(secret, settings.chain_id),
            sender=TransactionSender(
                chain, stores, settings.receipt_seconds, turn_file=turn_file(settings)
            ),
            ids=SystemIds(),
        )
        try:
            await desk.check()
            yield desk
        finally:
            await rpc.close()


def _record(settings: Settings) -> Path:
    return settings.accreditation_record or settings.state_dir / "contract.json"


def _do(tenant: str, rpc: str, work: Callable[[Governance], Awaitable[None]]) -> None:
    async def run() -> None:
        async with _desk(tenant, rpc) as desk:
            await work(desk)

    with _refusing():
        asyncio.run(run())


def _lead() -> str:
    return load_catalogue(Settings().catalog_dir).federation.lead


@app.command("list")
def list_all(rpc: RpcOption = "", *, as_json: JsonOption = False) -> None:
    """Show members, records, leases and proposals as the chain has them now."""

    async def work(desk: Governance) -> None:
        state, proposals = await desk.state(), await desk.contract.proposals()
        if as_json:
            _print({**_state_json(state), "proposals": [*map(proposal_json, proposals)]})
            return
        typer.echo(f"{len(state.members)} members, {state.quorum} of them decide:")
        for member in state.members:
            typer.echo(f"  {member}")
        for record in state.records:
            typer.echo(_told(record))
        for key, lease in state.leases.items():
            tenant = key.rstrip(b"\0").decode("ascii", "replace")
            typer.echo(f"lease of {tenant}: {lease.holder}, fence {lease.fence}")
        for proposal in proposals:
            typer.echo(_told_proposal(proposal, state.quorum))

    with _refusing():
        lead = _lead()
    _do(lead, rpc, work)


@app.command()
def propose(
    action: Annotated[str, typer.Argument(help=", ".join(PROPOSED))],
    tenant: WhoseOption,
    record: Annotated[str, typer.Option(help="Beginning of a record's id.")] = "",
    document: Annotated[Path | None, typer.Option(help="Document of a new record.")] = None,
    account: Annotated[
        str, typer.Option(help="Body of a new record, member, holder or successor.")
    ] = "",
    number: Annotated[int, typer.Option(help="The quorum.")] = 0,
    lease: Annotated[str, typer.Option(help="Tenant whose lease is taken.")] = "",
    log: Annotated[str, typer.Option(help="Log of AnchorLog, 64 hex digits.")] = "",
    *,
    rpc: RpcOption = "",
    as_json: JsonOption = False,
) -> None:
    """Put something to the vote, and approve it."""

    async def work(desk: Governance) -> None:
        wanted = _action(action)
        target, content = await _target(desk, wanted, record, lease, log), b""
        if document is not None:
            content = _read(document)
            target = _kind(content).to_bytes(32)
        body = account or (desk.account.address if wanted is Action.ADD_RECORD else None)
        data = proposing(
            desk.contract, wanted, target=target, account=body, number=number, document=content
        )
        transaction = await desk.send("propose", data)
        made = (await desk.contract.proposals())[-1]
        if as_json:
            _print({**proposal_json(made), "transaction": transaction})
        else:
            typer.echo(_told_proposal(made, (await desk.state()).quorum))

    _do(tenant, rpc, work)


@app.command()
def approve(
    proposal: Annotated[int, typer.Argument(help="Its number.")],
    tenant: WhoseOption,
    rpc: RpcOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Approve a proposal; the approval that makes the quorum starts the time lock."""
    _vote("approve", proposal, tenant, rpc, as_json=as_json)


@app.command()
def withdraw(
    proposal: Annotated[int, typer.Argument(help="Its number.")],
    tenant: WhoseOption,
    rpc: RpcOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Take the own approval back."""
    _vote("withdraw", proposal, tenant, rpc, as_json=as_json)


@app.command()
def execute(
    proposal: Annotated[int, typer.Argument(help="Its number.")],
    tenant: WhoseOption,
    rpc: RpcOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Carry out what was decided, once its time lock is over."""
    _vote("execute", proposal, tenant, rpc, as_json=as_json)


def _vote(word: str, number: int, tenant: str, rpc: str, *, as_json: bool) -> None:
    async def work(desk: Governance) -> None:
        known, contract = await desk.proposal(number), desk.contract
        calls = {
            "approve": partial(contract.approve_call, number),
            "withdraw": partial(contract.withdraw_call, number),
            "execute": partial(contract.execute_call, known),
        }
        transaction = await desk.send(word, calls[word]())
        now = await desk.proposal(number)
        if as_json:
            _print({**proposal_json(now), "transaction": transaction})
        else:
            typer.echo(_told_proposal(now, (await desk.state()).quorum))

    _do(tenant, rpc, work)


@app.command()
def suspend(
    record: Annotated[str, typer.Argument(help="Beginning of the record's id.")],
    tenant: WhoseOption,
    rpc: RpcOption = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Suspend an own record at once; only a quorum and the time lock resume it."""

    async def work(desk: Governance) -> None:
        found = await desk.record(record)
        if not yes:
            typer.confirm(f"{_told(found)}\nSuspend it at once?", abort=True)
        transaction = await desk.send("suspend", desk.contract.suspend_call(found.id))
        now = await desk.record(found.id.hex())
        if as_json:
            _print({**record_json(now), "transaction": transaction})
        else:
            typer.echo(_told(now))

    _do(tenant, rpc, work)


@app.command()
def document(
    kind: Annotated[str, typer.Argument(help="issuer, verifier, witness or log.")],
    tenant: WhoseOption,
) -> None:
    """Print the document that the catalogue of now makes of a body, to be proposed."""
    with _refusing():
        settings = Settings()
        catalogue = load_catalogue(settings.catalog_dir)
        addresses = Addresses(catalogue.tenants, settings.origins)
        whose = catalogue.tenants.get(tenant).id
        keys = keystore(settings)
        holders: dict[str, str] = {
            each: ChainAccount(keys.secret(each, "chain"), settings.chain_id).address
            for each in catalogue.tenants.ids()
        }
        made = founding_records(catalogue, addresses, StateFolders(settings.state_dir))(holders)
        documents = [each.document for each in made]
        found = [
            each
            for each in documents
            if (told := json.loads(each))["tenant"] == whose and told["kind"] == kind
        ]
        if not found:
            raise GovernanceError(f"the catalogue makes no {kind} of {tenant}")
        typer.echo(found[0].decode(), nl=False)


@app.command()
def snapshot(
    source: Annotated[str, typer.Argument(help="Its address; the own log's if left out.")] = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Fetch a published snapshot, check it as every reader does, and say what it rests on."""
    with _refusing():
        asyncio.run(_snapshot(source, as_json=as_json))


async def _snapshot(source: str, *, as_json: bool) -> None:
    settings, clock = Settings(), SystemClock()
    catalogue = load_catalogue(settings.catalog_dir)
    addresses = Addresses(catalogue.tenants, settings.origins)
    own = addresses.identifier(catalogue.federation.lead, "log")
    address = source or f"{own}/accreditations"
    http = HttpxClient(
        timeout=settings.http_timeout_seconds, anchors=load_anchors(settings.tls_anchors)
    )
    answer = await http.request("GET", address)
    given = OutOfBand(
        StateFolders(settings.state_dir).anchors,
        _record(settings),
        publishers_of(catalogue.tenants, addresses),
    )
    expected = Expectation(
        given.roots(),
        given.place(),
        given.publishers,
        max_age=settings.accreditation_max_age,
    )
    verdict = verify(answer.body, expected, now=clock.now())
    failures = [f"{each.code}: {each.detail}" for each in verdict.failures]
    found = verdict.snapshot
    told = None if found is None else found.basis
    if as_json:
        basis = None if told is None else {"version": told.version, "block": told.block}
        _print({"source": address, "ok": verdict.ok, "basis": basis, "failures": failures})
    elif told is not None:
        age = told.age(clock.now())
        typer.echo(f"{address}: version {told.version}, block {told.block}, {age} s old")
    for failure in () if as_json else failures:
        typer.echo(f"  FAILED {failure}")
    if not verdict.ok:
        raise typer.Exit(REFUSED)


def _action(word: str) -> Action:
    if word not in PROPOSED:
        raise GovernanceError(f"action {word!r}, expected one of {', '.join(PROPOSED)}")
    return PROPOSED[word]


async def _target(desk: Governance, action: Action, record: str, lease: str, log: str) -> bytes:
    if action in WITH_RECORD:
        return (await desk.record(record)).id
    if action is Action.TAKE_LEASE:
        return tenant_word(lease)
    try:
        return bytes.fromhex(log) if log else bytes(32)
    except ValueError as error:
        raise GovernanceError("--log: 64 hex digits were expected") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GovernanceError(f"{path} cannot be read: {error}") from error


def _kind(content: bytes) -> Kind:
    try:
        return Kind[str(json.loads(content)["kind"]).upper()]
    except (ValueError, KeyError, TypeError) as error:
        raise GovernanceError("the document names no kind of body that there is") from error


def _told(record: Record) -> str:
    document = record.document
    name = document.id if document is not None else "a document that counts for nothing"
    since = f"since {moment(record.since)}"
    if record.removed is not None:
        since += f", REMOVED {moment(record.removed)}"
    if record.suspended:
        since += ", SUSPENDED"
    return f"{record.id.hex()[:16]}  {record.kind.name.lower():<8} {name}  {since}"


def _told_proposal(proposal: Proposal, quorum: int) -> str:
    word = proposal.action.name.lower().replace("_", "-")
    if proposal.executed:
        standing = f"executed {moment(proposal.executed)}"
    elif proposal.ready:
        standing = f"can be executed from {moment(proposal.ready)}"
    else:
        standing = f"{len(proposal.approvals)} of {quorum} approvals"
    subject = proposal.target.hex()[:16] if any(proposal.target) else proposal.account
    return f"proposal {proposal.id}: {word} {subject}, {standing}"


def _state_json(state: State) -> dict[str, Any]:
    return {**state.to_json(), "records": [dict(record_json(each)) for each in state.records]}


def _print(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
