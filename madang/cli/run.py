"""`madang run`: start a city on this machine, walk the main path, keep serving."""

import asyncio
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from issuer.settings import Settings as IssuerSettings
from issuer.sources.synthetic.demonstration import Role, demonstration_residents
from issuer.sources.synthetic.stored import stored_register
from madang.cli.city import AUDITOR, STAFF, CityPlan
from madang.cli.processes import City, StartError
from madang.cli.refusing import refusing
from madang.cli.walk.browser import PageError
from madang.cli.walk.path import CITY, OTHER_CITY, Walk
from madang.cli.walk.people import Resident, Staff, WalkError
from madang.cli.walk.report import Report
from madang.infra.clock import SystemClock
from madang.infra.http import trusting

WALLETS: Final = {
    "yes": Role.QUALIFIES,
    "no": Role.EARNS_TOO_MUCH,
    "unknown": Role.LACKS_A_CERTIFICATE,
    "other": Role.OTHER_PERSON,
}


def run(
    state: Annotated[Path, typer.Option(help="Folder that keeps everything.")] = Path("state"),
    *,
    once: Annotated[bool, typer.Option(help="Walk the main path, print JSON, end.")] = False,
    port: Annotated[int, typer.Option(help="First of the loopback ports.")] = 8400,
    tls: Annotated[bool, typer.Option(help="Speak TLS, by an authority made for this.")] = False,
) -> None:
    """Start a city on this machine, walk the main path, and keep serving."""
    plan = CityPlan(state.resolve(), port, secure=tls)
    raise typer.Exit(asyncio.run(_run(plan, once=once)))


async def _run(plan: CityPlan, *, once: bool) -> int:
    report = Report()
    report.say("[bold]Madang[/bold] starts two municipalities on this machine.")
    with refusing():
        plan.prepare()
    city = City(plan.state / "logs", plan.tls_anchors)
    walked = plan.state / "walked"
    try:
        with report.step("start", "All services, the log and the chain are up"):
            wallets = [plan.wallet(name, number) for number, name in enumerate(WALLETS)]
            await city.start([*plan.services(), *wallets])
        if once or not walked.exists():
            await _walk(plan, report, city)
            walked.touch()
        if not once:
            await _serve(plan, report, city)
    except (StartError, WalkError, PageError, httpx.HTTPError) as error:
        report.say(f"[red]{type(error).__name__}[/red]: {error}")
        report.results["error"] = str(error)
        if not once:
            traceback.print_exc()
    finally:
        await city.stop()
    if once:
        sys.stdout.write(report.json_line() + "\n")
    return 0 if report.ok else 1


async def _walk(plan: CityPlan, report: Report, city: City) -> None:
    report.say("\nThe main path, once:")
    names = ("issuer", "verifier", "counter", "log")
    trusted = trusting(plan.tls_anchors)
    async with (
        httpx.AsyncClient(timeout=30, verify=trusted) as clerk,
        httpx.AsyncClient(timeout=30, verify=trusted) as agency,
        httpx.AsyncClient(timeout=60) as wallets,
    ):
        walk = Walk(
            plan=plan,
            report=report,
            pids={name: city.pid(name) for name in names},
            residents=residents(plan, wallets),
            clerk=Staff(clerk, plan.addresses.identifier(CITY, "counter")),
            agency=Staff(agency, plan.addresses.identifier(OTHER_CITY, "verifier")),
        )
        await walk.run()


def residents(plan: CityPlan, client: httpx.AsyncClient) -> Mapping[str, Resident]:
    """Return the residents of the walk, found in the register by what they stand for."""
    settings = IssuerSettings.model_validate(plan.settings.model_dump())
    clock = SystemClock()
    register = stored_register(settings, plan.catalogue, clock)
    region = plan.catalogue.tenants.get(CITY).region_code
    today = datetime.fromtimestamp(clock.now(), UTC).date()
    found = demonstration_residents(register, CITY, region, today)
    return {
        name: Resident(
            name=found[role].evidence.name,
            birthdate=found[role].evidence.birthdate.isoformat(),
            document_number=found[role].evidence.document_number,
            wallet=client,
            address=plan.wallet_address(number),
        )
        for number, (name, role) in enumerate(WALLETS.items())
    }


async def _serve(plan: CityPlan, report: Report, city: City) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _links(plan, report)
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(city.ended())]
    done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    if waiting[0] not in done:
        raise StartError(f"{waiting[1].result()} ended; see {plan.state / 'logs'}")
    report.say("Stopping.")


def _links(plan: CityPlan, report: Report) -> None:
    accounts = plan.accounts()
    report.say("\nOpen in a browser on this machine:")
    wallet = plan.wallet_address(0)
    report.say(f"  Resident  {wallet}/  (the wallet of the first resident)")
    report.say(f"  Guide     {plan.addresses.identifier(CITY, 'wallet')}/")
    for service, (name, _) in {**STAFF, **AUDITOR}.items():
        for tenant in (CITY, OTHER_CITY):
            account = accounts[f"{tenant}/{service}"]
            address = plan.addresses.identifier(tenant, service)
            label = {"log": "Auditor", "verifier": "Agency", "counter": "Counter"}[service]
            report.say(f"  {label:<9} {address}/  sign in: {name} / {account['passphrase']}")
    report.say("\nAs an auditor, in another terminal:")
    report.say(f"  {_audit_command(plan)}")
    report.say("\nPress Ctrl+C to stop. Everything is kept; `make run` starts again in seconds.")


def _audit_command(plan: CityPlan) -> str:
    """Return the command that audits the first municipality's log from outside."""
    state = Path(os.path.relpath(plan.state))
    logs = state / "trust" / "logs"
    return (
        f"{Path(os.path.relpath(sys.prefix)) / 'bin' / 'madang'} audit"
        f" --log {state / 'log' / CITY} --key {logs / CITY}.vkey"
        f" --second-key {logs / CITY}.second --owner {logs / CITY}.owner"
        f" --contract {state / 'contract.json'} --rpc {plan.rpc}"
        f" --receipt {state / 'evidence' / 'receipt-lease.json'}"
    )
