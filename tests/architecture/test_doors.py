"""Every door of every service, as it is built for a real run, is as its mark says."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from madang.access.review import House, describe_routes, review
from madang.access.staff import Staff
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.settings import CommonSettings
from madang.infra.setup import prepare_state
from madang.infra.tenancy import SERVICES, Addresses
from madang.infra.web.marks import Caller

CATALOG = Path(__file__).resolve().parents[2] / "catalog"
PACKAGES = {"log": "ledger_node", "wallet": "wallet_api", "witness": "ledger_node.witness"}
TENANT, FOREIGN = "hanbit", "saebyeol"

Built = tuple[FastAPI, Staff | None]


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the settings of a fresh city."""
    state = tmp_path_factory.mktemp("state")
    values = {"state_dir": state, "catalog_dir": CATALOG, "key_passphrase": "for the walk"}
    catalogue = load_catalogue(CATALOG)
    addresses = Addresses(catalogue.tenants)
    prepare_state(CommonSettings.model_validate(values), catalogue, addresses, SystemClock())
    return values


@pytest.fixture(scope="module", params=SERVICES)
def house(request: pytest.FixtureRequest, common: dict[str, Any]) -> House:
    package = PACKAGES.get(request.param, request.param)
    module = importlib.import_module(f"{package}.app")
    settings = importlib.import_module(f"{package}.settings").Settings.model_validate(common)
    deps = module.production(settings)
    app = module.build(settings, deps)
    has_pages = any(
        route.access is not None and route.access.caller is Caller.STAFF
        for route in describe_routes(app)
    )
    staff = Staff(deps.database, deps.ids, settings) if has_pages else None
    return House(app, request.param, TENANT, FOREIGN, staff, SystemClock().now())


def test_nobody_comes_in_who_must_stay_outside(house: House) -> None:
    assert asyncio.run(review(house)) == ()


def test_paths_are_of_the_service_and_name_the_municipality(house: House) -> None:
    """What stands outside is either known to everybody or a well-known address (RFC 8615)."""
    for route in describe_routes(house.app):
        inside = route.path.startswith(f"/{{tenant}}/{house.service}/")
        well_known = route.path.startswith("/.well-known/")
        known = route.path in {"/health", "/openapi.json", "/style.css"}
        assert inside or well_known or known, route
