"""The command `madang`."""

from pathlib import Path
from typing import Annotated

import typer

from madang.cli import (
    accreditation,
    audit,
    audit_privacy,
    ca,
    ceremony,
    chain,
    evidence,
    export,
    keys,
    openapi,
    prepare,
    serve,
    wallet,
)
from madang.cli.run import run_city

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Identity and credential wallet for cities."
)
app.command("serve")(serve.serve)
app.command("ca")(ca.make_ca)
app.command("prepare")(prepare.prepare)
app.command("export")(export.export)
app.command("openapi")(openapi.openapi)
app.command("ceremony")(ceremony.ceremony_command)
app.add_typer(keys.app, name="keys")
app.add_typer(chain.app, name="chain")
app.add_typer(accreditation.app, name="accreditation")
app.add_typer(evidence.app, name="evidence")
app.add_typer(wallet.app, name="wallet")

audits = typer.Typer(no_args_is_help=True, help="An auditor's checks, from outside.")
audits.command("log")(audit.audit)
audits.command("evidence")(evidence.audit_evidence)
audits.command("privacy")(audit_privacy.privacy)
app.add_typer(audits, name="audit")


@app.command("run")
def run(
    state: Annotated[Path, typer.Option(help="Folder that keeps everything.")] = Path("state"),
    *,
    once: Annotated[bool, typer.Option(help="Walk the main path, print JSON, end.")] = False,
    port: Annotated[int, typer.Option(help="First of the loopback ports.")] = 8400,
    tls: Annotated[bool, typer.Option(help="Speak TLS, by an authority made for this.")] = False,
) -> None:
    """Start a city on this machine, walk the main path, and keep serving."""
    raise typer.Exit(run_city(state, once=once, port=port, secure=tls))


if __name__ == "__main__":
    app()
