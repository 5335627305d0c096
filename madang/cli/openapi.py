"""`madang openapi`: the OpenAPI 3.1 document of a service, as it serves it itself."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from madang.cli.refusing import refusing
from madang.cli.serve import Service, built, settings_of
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.setup import prepare_state
from madang.infra.tenancy import Addresses
from madang.infra.web.openapi import document

_PASSPHRASE = SecretStr("for a folder that is deleted again")


def openapi(service: Annotated[Service, typer.Argument(help="Which service.")]) -> None:
    """Print how a service is called (OpenAPI 3.1); the same as its /openapi.json.

    It is put together in a folder that is deleted again, so that nothing has to be prepared.
    """
    with tempfile.TemporaryDirectory() as folder, refusing():
        settings = settings_of(service)
        there = settings.model_copy(
            update={"state_dir": Path(folder), "database_url": "", "key_passphrase": _PASSPHRASE}
        )
        catalogue = load_catalogue(there.catalog_dir)
        addresses = Addresses(catalogue.tenants, there.origins)
        prepare_state(there, catalogue, addresses, SystemClock())
        described = document(built(service, there))
    typer.echo(json.dumps(described, indent=2, ensure_ascii=False))
