"""The issuer with the adapters of a real run, over a fresh state folder."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from issuer.app import build, production
from issuer.settings import Settings
from issuer.sources.synthetic.register import SyntheticRegister
from madang.core.keys.signing import checker_for
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.setup import prepare_state
from madang.infra.tenancy import Addresses
from tests.unit.issuer.world import CATALOG, OTHER, TENANT, Client


@pytest.fixture
def prepared(tmp_path: Path) -> Settings:
    settings = Settings(
        state_dir=tmp_path,
        catalog_dir=CATALOG,
        key_passphrase=SecretStr("open"),
        register_households=120,
    )
    catalogue = load_catalogue(CATALOG)
    prepare_state(settings, catalogue, Addresses(catalogue.tenants), SystemClock())
    return settings


def test_a_prepared_state_folder_is_all_that_it_needs(prepared: Settings) -> None:
    deps = production(prepared)
    client = Client(build(prepared, deps))
    assert client.get("/health").json() == {"status": "up", "accreditations": False}
    for tenant in (TENANT, OTHER):
        answer = client.get(f"/.well-known/jwt-vc-issuer/{tenant}/issuer").json()
        signer = deps.keys.signer(tenant, "issuer", now=deps.clock.now())
        assert answer["jwks"]["keys"][0]["kid"] == signer.key_id
        assert checker_for(signer.public_key).check(signer.sign(b"data"), b"data")
        assert len(signer.certificate_chain) == 2
        assert len(deps.anchors(tenant)) == 1
        assert deps.log_key(tenant).name == deps.addresses.log_origin(tenant)


def test_the_register_is_drawn_once(prepared: Settings) -> None:
    later = prepared.model_copy(update={"register_seed": 2, "register_households": 140})
    first, second = production(prepared).register, production(later).register
    assert isinstance(first, SyntheticRegister)
    assert isinstance(second, SyntheticRegister)
    assert first.residents(TENANT) == second.residents(TENANT)


def test_its_workers_run_while_it_does(prepared: Settings) -> None:
    app = build(prepared, production(prepared))

    async def run() -> int:
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0)
            return len(asyncio.all_tasks())

    # This test's own task, the outbox, the sweeper, the book of keys and the snapshots.
    assert asyncio.run(run()) == 5
