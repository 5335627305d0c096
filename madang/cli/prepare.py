"""`madang prepare`: make what a fresh state folder lacks."""

from madang.cli.refusing import refusing
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.settings import CommonSettings
from madang.infra.setup import prepare_state
from madang.infra.tenancy import Addresses


def prepare() -> None:
    """Make keys, chains and trust anchors that are missing; settings come from MADANG_*."""
    settings = CommonSettings()
    with refusing():
        catalogue = load_catalogue(settings.catalog_dir)
        addresses = Addresses(catalogue.tenants, settings.origins)
        prepare_state(settings, catalogue, addresses, SystemClock())
