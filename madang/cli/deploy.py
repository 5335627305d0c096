"""`madang chain deploy`: both contracts on the chain, founded and sealed."""

import asyncio
from contextlib import closing

import typer

from contracts.addresses import Deployment
from ledger_node.app import SERVICE, TABLES, chain_of, production
from ledger_node.chain.engine import EngineError
from ledger_node.chain.work import ChainWork
from ledger_node.publisher.files import only_writer
from ledger_node.publisher.model import LogTakenError
from ledger_node.settings import Settings
from madang.cli.exit_codes import REFUSED
from madang.cli.refusing import refusing
from madang.infra.chain import ChainError
from madang.infra.rpc import RpcError
from madang.infra.setup import StateFolders, check_addresses


def deploy() -> None:
    """Deploy, found and seal the contracts, once; settings come from MADANG_*.

    The ledger node does the same when it starts; here it is done before, and seen.
    """
    settings = Settings()
    try:
        with refusing():
            deployment = _deployed(settings)
    except (ChainError, EngineError, LogTakenError, RpcError) as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(REFUSED) from error
    typer.echo(f"chain {deployment.chain_id}, genesis {deployment.genesis_hash}")
    for name, contract in deployment.contracts.items():
        typer.echo(f"{name:<14} {contract.address}  code {contract.code_hash}")
    typer.echo(f"{settings.state_dir / 'contract.json'} says so, for whoever checks the chain.")


def _deployed(settings: Settings) -> Deployment:
    deps = production(settings)
    check_addresses(StateFolders(settings.state_dir), deps.addresses, deps.tenants)
    with closing(deps.database), only_writer(settings.state_dir / SERVICE):
        deps.database.create(*TABLES)
        return asyncio.run(_work(chain_of(settings, deps)))


async def _work(work: ChainWork) -> Deployment:
    try:
        await work.start()
        return await work.deploy()
    finally:
        await work.stop()
