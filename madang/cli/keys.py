"""`madang keys`: what an officer does with keys that turn: list, rotate, give up.

A key takes its other steps by itself when their time has come.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from cryptography import x509

from issuer.app import TABLES
from issuer.key_steps import KeyBook
from issuer.office import Office
from issuer.settings import Settings
from madang.cli.refusing import refusing
from madang.core.keys.life import Active, Announced, VerifyOnly, moment
from madang.core.keys.ring import Version
from madang.infra.authority import KEY_ATTESTATION, WALLET_PROVIDER
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.ids import SystemIds
from madang.infra.key_ring import ISSUER, PROVIDING, SECOND, TURNING
from madang.infra.key_turning import Turning
from madang.infra.keystore import KeystoreError
from madang.infra.setup import StateFolders, check_addresses, key_turning
from madang.infra.tenancy import Addresses

app = typer.Typer(no_args_is_help=True, help="List, rotate and give up the keys that turn.")
WhoseOption = Annotated[str, typer.Option("--tenant", help="The municipality.")]


class Purpose(StrEnum):
    """What keys are for."""

    ISSUER = ISSUER
    SECOND = SECOND
    WALLET_PROVIDER = WALLET_PROVIDER
    KEY_ATTESTATION = KEY_ATTESTATION


PurposeOption = Annotated[Purpose, typer.Option("--purpose", help="What the keys are for.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an officer works.

    Attributes:
        office: the issuer's.
        turning: decides on keys.
    """

    office: Office
    turning: Turning

    def versions(self, tenant: str, purpose: str) -> tuple[Version, ...]:
        """Return all versions as they are now."""
        return self.turning.rings.ring(tenant, purpose).at(self.office.clock.now())

    def enter(self, tenant: str, purpose: str) -> None:
        """Have the log hold what was done with a key of the issuer, and say so."""
        if purpose not in TURNING:
            return
        entered = KeyBook(self.office, self.turning.rings).enter(tenant, purpose)
        typer.echo(f"{entered} steps go into the log.")


@contextmanager
def _desk(tenant: str = "") -> Iterator[Desk]:
    """Open the desk; what is refused is told in a line and ends the command."""
    settings = Settings()
    folders = StateFolders(settings.state_dir)
    with refusing():
        if not folders.services.is_dir():
            raise KeystoreError(
                f"nothing was prepared in {settings.state_dir}; MADANG_STATE_DIR names the folder,"
                " and `madang prepare` makes what is in it"
            )
    database = Database(settings.database("issuer"))
    with refusing(), closing(database):
        catalogue = load_catalogue(settings.catalog_dir)
        addresses = Addresses(catalogue.tenants, settings.origins)
        if tenant:
            catalogue.tenants.get(tenant)
        turning = key_turning(settings, catalogue, addresses)
        check_addresses(folders, addresses, catalogue.tenants)
        database.create(*TABLES)
        office = Office(settings, SystemClock(), SystemIds(), database, catalogue, addresses)
        yield Desk(office, turning)


@app.command("list")
def list_keys(
    tenant: Annotated[str, typer.Option("--tenant", help="One municipality alone.")] = "",
) -> None:
    """Show every version, what it does now, and what comes next."""
    with _desk(tenant) as desk:
        for each in desk.office.catalogue.tenants.ids():
            for purpose in (*TURNING, *PROVIDING) if tenant in ("", each) else ():
                typer.echo(f"{each}/{purpose}")
                for version in desk.versions(each, purpose):
                    typer.echo(f"  {_told(desk, each, purpose, version)}")


@app.command()
def rotate(tenant: WhoseOption, purpose: PurposeOption = Purpose.ISSUER) -> None:
    """Announce a new key; it takes over by itself when every kept copy of the keys has it."""
    with _desk(tenant) as desk:
        _announce(desk, tenant, purpose)
        desk.enter(tenant, purpose)


@app.command()
def compromise(
    tenant: WhoseOption,
    version: Annotated[int, typer.Option("--version", help="Its number, as `list` shows it.")],
    purpose: PurposeOption = Purpose.ISSUER,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give a key up at once, for ever; a new one is announced if none is left."""
    with _desk(tenant) as desk:
        now, whose = desk.office.clock.now(), desk.office.catalogue.tenants.get(tenant)
        ring = desk.turning.rings.ring(tenant, purpose)
        ring.compromise(version, now=now)
        if not yes:
            kid = ring.decided[version - 1].kid
            told = f"Give up version {version} ({kid}) of {tenant}/{purpose}?"
            typer.confirm(f"{told} Nothing that it signed will be accepted", abort=True)
        desk.turning.compromise(whose, purpose, version, now=now)
        typer.echo(f"Version {version} of {tenant}/{purpose} is given up since {moment(now)}.")
        states = [each.state for each in desk.versions(tenant, purpose)]
        if not any(isinstance(state, Active) for state in states):
            typer.echo("NOTHING IS SIGNED until the next key is active; it is announced by")
            typer.echo("`madang keys rotate` if it does not stand here or in `madang keys list`.")
            if not any(isinstance(state, Announced) for state in states):
                _announce(desk, tenant, purpose)
        desk.enter(tenant, purpose)


def _announce(desk: Desk, tenant: str, purpose: str) -> None:
    clock, settings = desk.office.clock, desk.office.settings
    desk.turning.rotate(
        desk.office.catalogue.tenants.get(tenant),
        purpose,
        cache=settings.document_seconds,
        now=clock.now(),
    )
    made = desk.versions(tenant, purpose)[-1]
    typer.echo(f"{tenant}/{purpose}")
    typer.echo(f"  {_told(desk, tenant, purpose, made)}")
    typer.echo("Nothing more is to be done: it takes over by itself.")


def _told(desk: Desk, tenant: str, purpose: str, version: Version) -> str:
    state = version.state
    line = f"{version.number}  {version.kid}  {state.step} since {moment(state.since)}"
    match state:
        case Announced():
            return f"{line}, signs from {moment(state.active_from)}"
        case Active():
            return f"{line}{_rotate_before(desk, tenant, purpose, version)}"
        case VerifyOnly():
            return f"{line}, retired at {moment(state.until)}"
    return line


def _rotate_before(desk: Desk, tenant: str, purpose: str, version: Version) -> str:
    """Say until when what the key signs is outlived by its certificate."""
    chain = desk.turning.rings.version(tenant, purpose, version).certificate_chain
    if not chain:
        return ""
    end = x509.load_der_x509_certificate(chain[0]).not_valid_after_utc
    return f", to be rotated before {moment(int(end.timestamp()) - desk.turning.longest)}"
