"""`madang serve`: one service as one process."""

import gc
import importlib
import logging
import ssl
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, Final

import typer
import uvicorn
from fastapi import FastAPI

from madang.cli.environment import settings_from_environment
from madang.cli.refusing import refusing
from madang.infra.catalogue import load_catalogue
from madang.infra.settings import CommonSettings, ListeningError
from madang.infra.setup import StateFolders, check_addresses, check_given, check_prepared
from madang.infra.tenancy import Addresses
from madang.infra.web.server import JoiningProtocol

_PACKAGES: Final = {
    "log": "ledger_node",
    "wallet": "wallet_api",
    "witness": "ledger_node.witness",
}
_CIPHERS: Final = "ECDHE+AESGCM"
"""Of TLS 1.2: those that RFC 9325 section 4.2 recommends, no others (FAPI 2.0 section 5.2.2)."""


class Service(StrEnum):
    """The services, as in their identifiers."""

    ISSUER = "issuer"
    VERIFIER = "verifier"
    COUNTER = "counter"
    WALLET = "wallet"
    LOG = "log"
    WITNESS = "witness"


def serve(service: Annotated[Service, typer.Argument(help="Which service.")]) -> None:
    """Serve one service, over TLS if there is a certificate; settings come from MADANG_*."""
    settings = settings_of(service)
    with refusing():
        listening = listening_by(settings)
        application = built(service, settings)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Addresses may hold codes and names: no access log, and no library that prints requests.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # What is made for good is not looked through again: a full collection would stop every request.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        application,
        http=JoiningProtocol,
        host=settings.host,
        port=settings.port,
        **listening,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nothing goes by who calls from where
    )


def listening_by(settings: CommonSettings) -> dict[str, Any]:
    """Return how uvicorn is to speak TLS; nothing for plain HTTP on loopback.

    Raises:
        ListeningError: half of certificate and key, either cannot be used, or plain HTTP would be
            spoken to other machines.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None and key is None:
        if not _is_loopback(settings.host):
            raise ListeningError(
                f"MADANG_HOST is {settings.host!r}, which other machines reach, and there is no"
                " certificate; name one by MADANG_TLS_CERTIFICATE and MADANG_TLS_KEY (`madang ca`"
                " makes one for development), or listen on 127.0.0.1 behind a proxy"
            )
        return {}
    if certificate is None or key is None:
        raise ListeningError(
            "one of MADANG_TLS_CERTIFICATE and MADANG_TLS_KEY is set; TLS needs both, plain HTTP"
            " neither"
        )
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, "")
    except (ssl.SSLError, OSError) as error:
        raise ListeningError(
            f"{certificate} with {key} is of no use for TLS: {error}; expected are PEM files, the"
            " certificate first and what is between it and its root after it, the key not encrypted"
        ) from error
    return {"ssl_certfile": certificate, "ssl_keyfile": key, "ssl_ciphers": _CIPHERS}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def settings_of(service: Service) -> CommonSettings:
    """Return a service's settings, from MADANG_* in the environment."""
    module = importlib.import_module(f"{_package(service)}.settings")
    settings: CommonSettings = settings_from_environment(module.Settings)
    return settings


def _package(service: Service) -> str:
    return _PACKAGES.get(service.value, service.value)


def built(service: Service, settings: CommonSettings) -> FastAPI:
    """Return a service with the adapters of a real run.

    Raises:
        KeystoreError, MovedError: it cannot be served on this state folder.
    """
    module = importlib.import_module(f"{_package(service)}.app")
    tenants = load_catalogue(settings.catalog_dir).tenants
    addresses = Addresses(tenants, settings.origins)
    check_given(settings, tenants)
    check_addresses(StateFolders(settings.state_dir), addresses, tenants)
    application: FastAPI = module.build(settings, module.production(settings))
    check_prepared(settings)
    return application


if __name__ == "__main__":
    typer.run(serve)
