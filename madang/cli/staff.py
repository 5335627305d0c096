"""`madang staff`: accounts of those who sign in at a service's pages."""

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from madang.access.staff import Role, Staff, StaffAccount, StaffSession
from madang.cli.environment import settings_from_environment
from madang.cli.refusing import refusing
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.ids import SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.settings import CommonSettings
from madang.infra.tenancy import Addresses

MIN_CHARACTERS: Final = 12
"""Of a passphrase."""


class Desk(StrEnum):
    """The services whose pages are for staff."""

    COUNTER = "counter"
    VERIFIER = "verifier"
    LOG = "log"


def staff(
    service: Annotated[Desk, typer.Argument(help="Whose pages.")],
    tenant: Annotated[str, typer.Argument(help="The municipality.")],
    name: Annotated[str, typer.Argument(help="What the person types to sign in.")],
    roles: Annotated[
        list[Role], typer.Option("--role", help="What the person may do; may be given again.")
    ],
    secret: Annotated[
        Path | None,
        typer.Option("--passphrase-file", help="A file with the passphrase; else it asks."),
    ] = None,
) -> None:
    """Make an account for a member of staff, or give one another passphrase and other roles.

    Settings come from MADANG_*; the service may be running.
    """
    settings = settings_from_environment(CommonSettings)
    with refusing():
        tenants = load_catalogue(settings.catalog_dir).tenants
        tenants.get(tenant)
        passphrase = _passphrase(secret)
        with closing(Database(settings.database(service))) as database:
            database.create(StaffAccount, StaffSession, JournalEntry)
            accounts = Staff(database, SystemIds(), settings)
            accounts.add(tenant, name, passphrase, roles, now=SystemClock().now())
        where = Addresses(tenants, settings.origins).identifier(tenant, service)
    typer.echo(f"{name} signs in at {where}/sign-in as {', '.join(roles)}")


def _passphrase(secret: Path | None) -> str:
    if secret is None:
        told = str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True))
    else:
        try:
            told = secret.read_text("utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{secret} cannot be read as text") from error
    if len(told) < MIN_CHARACTERS:
        raise typer.BadParameter(
            f"a passphrase of {len(told)} characters; at least {MIN_CHARACTERS} are expected"
        )
    return told
