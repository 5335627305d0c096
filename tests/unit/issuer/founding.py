"""An issuer over twins, put together in one place for every test that wants one."""

from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from issuer.app import Deps, build
from issuer.secrets import secrets_of
from issuer.settings import Settings
from issuer.sources.median_income import parse_median_income
from issuer.sources.synthetic.generator import generate
from issuer.sources.synthetic.population import City
from issuer.sources.synthetic.register import SyntheticRegister
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.note import VerifierKey
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.log_client import MemoryLogClient
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


@cache
def the_catalogue() -> Catalogue:
    """Return the catalogue, read once."""
    return load_catalogue(CATALOG)


@cache
def the_register() -> SyntheticRegister:
    """Return the made-up register, made once."""
    file = CATALOG / "facts" / "median_income.csv"
    median = parse_median_income(file.read_bytes(), file.name)
    cities = [City(t.id, t.names["ko"], t.region_code) for t in the_catalogue().tenants]
    return SyntheticRegister(generate(1, DAY, cities, median, 120), median)


def open_world(settings: Settings, provider: Signer | None = None, **chosen: Any) -> World:
    """Build the issuer and everybody around it; its database is to be closed at the end.

    Args:
        settings: of the issuer; `origins` tell its address.
        provider: a wallet provider's key; one below the root `provider` unless said.
        chosen: members of `Deps`, and `log_signer`, in place of the twins.
    """
    addresses, keys = Addresses(the_catalogue().tenants, settings.origins), ServiceKeysTwin()
    authorities, lists = Authorities(addresses), ListsTwin()
    issuer_keys = KeysTwin(authorities)
    log_signer: Signer = chosen.pop("log_signer", None) or generate_ed25519("log")
    for tenant in (TENANT, OTHER):
        for service in ("counter", "verifier"):
            keys.signer(addresses.identifier(tenant, service))
    twins: dict[str, Any] = {
        "clock": FixedClock(NOW),
        "ids": SeededIds("issuer"),
        "database": Database(),
        "catalogue": the_catalogue(),
        "addresses": addresses,
        "register": the_register(),
        "keys": issuer_keys,
        "secrets": cache(lambda _: secrets_of(ec.generate_private_key(ec.SECP256R1()))),
        "service_signer": lambda tenant: keys.signer(addresses.identifier(tenant, "issuer")),
        "http": lists,
        "wallet_anchors": (),
        "key_attestation_anchors": (*authorities.anchors("provider"),),
        "transaction_types": {},
        "clients": {},
        "service_keys": keys,
        "anchors": authorities.anchors,
        "log": MemoryLogClient(),
        "log_key": lambda tenant: VerifierKey.of(addresses.log_origin(tenant), log_signer),
        "accreditations": KeptTwin(
            founded(
                the_catalogue(), addresses, authorities.anchors, lambda _: LOG_KEYS, NOW - 86_400
            )
        ),
    }
    deps = Deps(**(twins | chosen))
    return World(
        client=Client(build(settings, deps)),
        deps=deps,
        settings=settings,
        clock=chosen.get("clock", twins["clock"]),
        ids=twins["ids"],
        keys=keys,
        authorities=authorities,
        register=twins["register"],
        log_signer=log_signer,
        issuer_keys=issuer_keys,
        provider=provider or authorities.provider(),
        http=lists,
    )
