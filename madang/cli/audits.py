"""`madang audit`: what an auditor checks."""

import typer

from madang.cli import audit, audit_privacy, evidence

app = typer.Typer(no_args_is_help=True, help="An auditor's checks, from outside.")
app.command("log")(audit.audit)
app.command("evidence")(evidence.audit_evidence)
app.command("privacy")(audit_privacy.privacy)
