"""What is refused is told in a line, and ends the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from contracts.addresses import DeploymentError
from ledger_node.publisher.model import WitnessKeyError
from madang.cli.exit_codes import REFUSED
from madang.core.catalog.errors import CatalogError
from madang.core.keys.life import LifeError
from madang.core.keys.split import SplitError
from madang.core.merkle.note import NoteError
from madang.core.trust.trusted_list import TrustedListError
from madang.infra.anchors import AnchorsError
from madang.infra.ca_files import CaFilesError
from madang.infra.db import OtherTablesError
from madang.infra.given_keys import GivenKeyError
from madang.infra.hsm import HsmError
from madang.infra.keystore import KeystoreError
from madang.infra.settings import ListeningError, SettingsFileError
from madang.infra.setup import MovedError, WitnessNameError
from madang.infra.tenancy import UnknownTenant

_ERRORS: Final = (
    CatalogError,
    AnchorsError,
    CaFilesError,
    DeploymentError,
    GivenKeyError,
    HsmError,
    KeystoreError,
    LifeError,
    ListeningError,
    MovedError,
    NoteError,
    OtherTablesError,
    SettingsFileError,
    SplitError,
    TrustedListError,
    WitnessKeyError,
    WitnessNameError,
)


@contextmanager
def refusing() -> Iterator[None]:
    """Tell what the block refuses; typer.Exit instead of its error."""
    try:
        yield
    except UnknownTenant as error:
        typer.echo(f"refused: there is no municipality {error.args[0]!r}", err=True)
        raise typer.Exit(REFUSED) from error
    except _ERRORS as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(REFUSED) from error
