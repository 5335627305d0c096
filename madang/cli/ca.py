"""`madang ca`: a certification authority for development, in files that the settings can name."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from madang.cli.environment import settings_from_environment
from madang.cli.refusing import refusing
from madang.infra.authority import CERTIFIED, certified_identifier
from madang.infra.ca_files import CaFiles
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.files import EVERYBODY, write_whole
from madang.infra.settings import CommonSettings
from madang.infra.tenancy import Addresses, Tenants

HOSTS: Final = ("localhost", "127.0.0.1")
TLS: Final = "tls"


def make_ca(
    folder: Annotated[Path, typer.Argument(help="Folder for the files.")],
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", help="Name or address of the TLS servers; may be given again."),
    ] = None,
    tenants: Annotated[
        list[str] | None,
        typer.Option("--tenant", help="A municipality whose keys are made; all when none is."),
    ] = None,
) -> None:
    """Make a root, a TLS server's certificate, and signing keys with chains below it.

    Identifiers come from MADANG_ORIGINS. What is there is kept. The settings that use the files
    are printed, and written to `settings.env` in the folder, for a shell. For development only.
    """
    settings = settings_from_environment(CommonSettings)
    with refusing():
        catalogue = load_catalogue(settings.catalog_dir)
        addresses = Addresses(catalogue.tenants, settings.origins)
        whose = tenants or list(catalogue.tenants.ids())
        made = write_authority(folder, hosts or HOSTS, whose, catalogue.tenants, addresses)
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in made.items())
    write_whole(folder / "settings.env", lines.encode(), EVERYBODY)
    typer.echo(lines, nl=False)


def write_authority(
    folder: Path,
    hosts: list[str] | tuple[str, ...],
    whose: list[str],
    tenants: Tenants,
    addresses: Addresses,
) -> dict[str, str]:
    """Make what is missing; return the settings that use it.

    Raises:
        UnknownTenant: one of those named is no municipality.
        AnchorsError, CaFilesError: the folder is damaged, or holds what is for other addresses.
    """
    files, now = CaFiles(folder.resolve()), SystemClock().now()
    for tenant in whose:
        tenants.get(tenant)
    server = files.server(TLS, hosts, now=now)
    keys: dict[str, dict[str, str]] = {}
    anchor = str(files.anchor)
    for tenant in whose:
        for purpose in CERTIFIED:
            uri = certified_identifier(addresses, tenant, purpose)
            title = f"{tenants.get(tenant).names['en']} {purpose}"
            host = urlsplit(uri).hostname or ""
            made = files.leaf(f"{tenant}-{purpose}", title, uri=uri, dns=host, now=now)
            keys[f"{tenant}/{purpose}"] = {**made.model_dump(mode="json"), "anchor": anchor}
    return {
        "MADANG_TLS_CERTIFICATE": str(server.chain),
        "MADANG_TLS_KEY": str(server.key),
        "MADANG_TLS_ANCHORS": anchor,
        "MADANG_WALLET_ANCHORS": anchor,
        "MADANG_KEY_ATTESTATION_ANCHORS": anchor,
        "MADANG_CREDENTIAL_ANCHORS": anchor,
        "MADANG_LOCAL_ADDRESSES": "true",
        "WALLET_TLS_ANCHORS": anchor,
        "WALLET_LOCAL_ADDRESSES": "true",
        "WALLET_REQUEST_ANCHORS": anchor,
        "WALLET_CREDENTIAL_ANCHORS": anchor,
        "MADANG_SIGNING_KEYS": json.dumps(keys),
    }
