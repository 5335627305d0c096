"""`madang serve`: one service as one process."""

import importlib
import logging
from enum import StrEnum
from typing import Annotated, Final

import typer
import uvicorn
from fastapi import FastAPI

from madang.cli.refusing import refusing
from madang.infra.catalogue import load_catalogue
from madang.infra.settings import CommonSettings
from madang.infra.setup import StateFolders, check_addresses
from madang.infra.tenancy import Addresses

_PACKAGES: Final = {
    "log": "ledger_node",
    "wallet": "wallet_api",
    "witness": "ledger_node.witness",
}


class Service(StrEnum):
    """The services, as in their identifiers."""

    ISSUER = "issuer"
    VERIFIER = "verifier"
    COUNTER = "counter"
    WALLET = "wallet"
    LOG = "log"
    WITNESS = "witness"


def serve(service: Annotated[Service, typer.Argument(help="Which service.")]) -> None:
    """Serve one service on loopback; settings come from MADANG_* in the environment."""
    package = _PACKAGES.get(service.value, service.value)
    settings = importlib.import_module(f"{package}.settings").Settings()
    with refusing():
        application = _built(package, settings)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Addresses may hold codes and names: no access log, and no library that prints requests.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
    )


def _built(package: str, settings: CommonSettings) -> FastAPI:
    module = importlib.import_module(f"{package}.app")
    tenants = load_catalogue(settings.catalog_dir).tenants
    addresses = Addresses(tenants, settings.origins)
    check_addresses(StateFolders(settings.state_dir), addresses, tenants)
    application: FastAPI = module.build(settings, module.production(settings))
    return application


if __name__ == "__main__":
    typer.run(serve)
