"""An issuer over twins, anew for each test."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from issuer.app import Deps, build
from issuer.secrets import secrets_of
from issuer.settings import Settings
from issuer.sources.median_income import parse_median_income
from issuer.sources.synthetic.generator import generate
from issuer.sources.synthetic.population import City
from issuer.sources.synthetic.register import SyntheticRegister
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.merkle.note import VerifierKey
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.log_client import LogClient, MemoryLogClient
from madang.infra.tenancy import Addresses
from tests.accreditations import LOG_KEYS, KeptTwin, founded
from tests.unit.issuer.world import (
    CATALOG,
    DAY,
    NOW,
    OTHER,
    TENANT,
    Authorities,
    Client,
    KeysTwin,
    ListsTwin,
    ServiceKeysTwin,
    World,
)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(CATALOG)


@pytest.fixture(scope="session")
def made_up(catalogue: Catalogue) -> SyntheticRegister:
    file = CATALOG / "facts" / "median_income.csv"
    median = parse_median_income(file.read_bytes(), file.name)
    cities = [City(t.id, t.names["ko"], t.region_code) for t in catalogue.tenants]
    return SyntheticRegister(generate(1, DAY, cities, median, 120), median)


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
def world(
    settings: Settings,
    catalogue: Catalogue,
    made_up: SyntheticRegister,
    log_client: LogClient,
    log_key: Signer,
) -> Iterator[World]:
    addresses, keys = Addresses(catalogue.tenants), ServiceKeysTwin()
    authorities, clock, ids = Authorities(addresses), FixedClock(NOW), SeededIds("issuer")
    issuer_keys, http = KeysTwin(authorities), ListsTwin()
    for tenant in (TENANT, OTHER):
        for service in ("counter", "verifier"):
            keys.signer(addresses.identifier(tenant, service))
    deps = Deps(
        clock=clock,
        ids=ids,
        database=Database(),
        catalogue=catalogue,
        addresses=addresses,
        register=made_up,
        keys=issuer_keys,
        secrets=cache(lambda _: secrets_of(ec.generate_private_key(ec.SECP256R1()))),
        service_signer=lambda tenant: keys.signer(addresses.identifier(tenant, "issuer")),
        http=http,
        wallet_anchors=(),
        key_attestation_anchors=(*authorities.anchors("provider"),),
        clients={},
        service_keys=keys,
        anchors=authorities.anchors,
        log=log_client,
        log_key=lambda tenant: VerifierKey.of(addresses.log_origin(tenant), log_key),
        accreditations=KeptTwin(
            founded(catalogue, addresses, authorities.anchors, lambda _: LOG_KEYS, NOW - 86_400)
        ),
    )
    client = Client(build(settings, deps))
    provider = authorities.provider()
    more = made_up, log_key, issuer_keys, provider, http
    yield World(client, deps, settings, clock, ids, keys, authorities, *more)
    deps.database.close()


@pytest.fixture
def holder_keys() -> list[Signer]:
    return [generate_p256(f"holder-{number}") for number in range(4)]
