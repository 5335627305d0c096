"""`madang prepare`: make what a fresh state folder lacks."""

from typing import Final

import typer

from ledger_node.witness.settings import Settings
from madang.cli.environment import settings_from_environment
from madang.cli.refusing import refusing
from madang.infra.authority import ROOT
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.setup import keystore, prepare_state, prepare_witness
from madang.infra.tenancy import Addresses

_DEVELOPMENT: Final = (
    " The root is one for development, which the services' passphrase opens; for any other use two"
    " officers hold a `madang ceremony` in a fresh state folder."
)


def prepare() -> None:
    """Make keys, chains and trust anchors that are missing; settings come from MADANG_*.

    With MADANG_WITNESS_NAME, only the key by which that audit body witnesses is made.
    """
    settings = settings_from_environment(Settings)
    with refusing():
        catalogue = load_catalogue(settings.catalog_dir)
        if settings.witness_name:
            prepare_witness(settings, settings.witness_name, catalogue.tenants)
            typer.echo(f"{settings.witness_name}: the key of its witness is there.")
            return
        addresses = Addresses(catalogue.tenants, settings.origins)
        prepare_state(settings, catalogue, addresses, SystemClock())
        keys = keystore(settings)
        for tenant in catalogue.tenants.ids():
            told = _DEVELOPMENT if keys.exists(tenant, ROOT) else ""
            typer.echo(f"{tenant}: keys and anchors are there.{told}")
