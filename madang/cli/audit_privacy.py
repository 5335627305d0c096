"""`madang audit privacy`: whether logs, chain and service logs hold anything about a person."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Final

import typer

from contracts.addresses import DeploymentError
from ledger_node.privacy.model import PrivacyInputError, Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.state import read_values, search_state
from madang.cli.plain import plain
from madang.infra.rpc import Rpc, RpcError

UNREADABLE: Final = 2
SHOWN: Final = 20


def privacy(
    state: Annotated[Path, typer.Option(help="State folder with logs and trust.")] = Path("state"),
    values: Annotated[
        Path | None, typer.Option(help="File of personal values that must not be seen, one a line.")
    ] = None,
    rpc: Annotated[
        str, typer.Option(help="JSON-RPC address of a node; without one no chain is searched.")
    ] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search all that is published and logged for personal data; exit 1 when any is found."""
    try:
        needles = Needles(read_values(values) if values is not None else ())
        search = asyncio.run(_search(state, rpc, needles))
    except (PrivacyInputError, DeploymentError, RpcError, OSError) as error:
        typer.echo(f"cannot search: {plain(str(error))}", err=True)
        raise typer.Exit(UNREADABLE) from error
    typer.echo(json.dumps(search.as_json()) if as_json else told(search, len(needles)))
    raise typer.Exit(0 if search.ok else 1)


async def _search(state: Path, address: str, needles: Needles) -> Search:
    rpc = Rpc(address) if address else None
    try:
        return await search_state(state, rpc, needles)
    finally:
        if rpc is not None:
            await rpc.close()


def told(search: Search, forms: int) -> str:
    """Return what was looked at and found as lines."""
    looked = [f"{count:,} {kind.replace('_', ' ')}" for kind, count in search.looked.items()]
    lines = [f"Looked at {', '.join(looked) or 'nothing'}."]
    lines.append(f"Held each to its form, and searched for {forms:,} sequences of bytes.")
    if not forms:
        lines.append("NOT searched for values: --values names a file of them.")
    if not search.looked["blocks"]:
        lines.append("NOT searched: the chain; --rpc names a node.")
    shown: dict[str, int] = {}
    for each in search.findings:
        shown[each.code] = shown.get(each.code, 0) + 1
        if shown[each.code] <= SHOWN:
            lines.append(f"FOUND {each.code} in {each.where}: {each.detail}")
    total = search.counts.total()
    lines.append("Nothing was found." if search.ok else f"{total:,} findings; --json lists more.")
    return "\n".join(map(plain, lines))
