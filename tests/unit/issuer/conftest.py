"""An issuer over twins, anew for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from issuer.settings import Settings
from issuer.sources.synthetic.register import SyntheticRegister
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_p256
from madang.infra.catalogue import Catalogue
from madang.infra.db import Database
from madang.infra.log_client import LogClient, MemoryLogClient
from madang.infra.tenancy import Addresses
from tests.unit.issuer.founding import open_world, the_catalogue, the_register
from tests.unit.issuer.world import CATALOG, TENANT, World


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return the_catalogue()


@pytest.fixture(scope="session")
def made_up() -> SyntheticRegister:
    return the_register()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # A nonce is over before a token that is bound to no key.
    return Settings(
        state_dir=tmp_path, catalog_dir=CATALOG, status_list_size=4096, nonce_seconds=120
    )


@pytest.fixture
def log_key() -> Signer:
    return generate_ed25519("log")


@pytest.fixture
def origin(catalogue: Catalogue) -> str:
    return Addresses(catalogue.tenants).log_origin(TENANT)


@pytest.fixture
def log_client() -> LogClient:
    return MemoryLogClient()


@pytest.fixture
def world(settings: Settings, log_client: LogClient, log_key: Signer) -> Iterator[World]:
    opened = open_world(settings, log=log_client, log_signer=log_key)
    yield opened
    opened.deps.database.close()


@pytest.fixture
def stored_world(
    settings: Settings, log_client: LogClient, log_key: Signer, database_url: str
) -> Iterator[World]:
    """The same on each kind of database in its turn."""
    database = Database(database_url)
    yield open_world(settings, log=log_client, log_signer=log_key, database=database)
    database.close()


@pytest.fixture
def holder_keys() -> list[Signer]:
    return [generate_p256(f"holder-{number}") for number in range(4)]
