"""`madang serve`: one service as one process."""

import importlib
import logging
from enum import StrEnum
from typing import Annotated, Final

import typer
import uvicorn

_PACKAGES: Final = {"log": "ledger_node", "wallet": "wallet_api"}


class Service(StrEnum):
    """The services, as in their identifiers."""

    ISSUER = "issuer"
    VERIFIER = "verifier"
    COUNTER = "counter"
    WALLET = "wallet"
    LOG = "log"


def serve(service: Annotated[Service, typer.Argument(help="Which service.")]) -> None:
    """Serve one service on loopback; settings come from MADANG_* in the environment."""
    package = _PACKAGES.get(service.value, service.value)
    module = importlib.import_module(f"{package}.app")
    settings = importlib.import_module(f"{package}.settings").Settings()
    application = module.build(settings, module.production(settings))
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


if __name__ == "__main__":
    typer.run(serve)
