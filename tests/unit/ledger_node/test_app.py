"""What the ledger node tells everybody before it has done anything."""

import asyncio
from pathlib import Path

import httpx
import pytest

from ledger_node.app import build, production
from ledger_node.settings import Settings
from madang.infra import keystore as keys_module
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.setup import prepare_state
from madang.infra.tenancy import Addresses

CATALOG = Path(__file__).parents[3] / "catalog"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    made = Settings(state_dir=tmp_path, catalog_dir=CATALOG, key_passphrase="a passphrase")
    catalogue = load_catalogue(CATALOG)
    prepare_state(made, catalogue, Addresses(catalogue.tenants), SystemClock())
    return made


def test_health_tells_how_each_log_is_doing(settings: Settings) -> None:
    async def asked() -> httpx.Response:
        deps = production(settings)
        transport = httpx.ASGITransport(app=build(settings, deps))
        async with httpx.AsyncClient(transport=transport, base_url="http://log") as client:
            answer = await client.get("/health")
        deps.database.close()
        return answer

    answer = asyncio.run(asked())
    assert answer.headers["cache-control"] == "no-store"
    log = {
        "size": 0,
        "final_size": 0,
        "seconds_since_final": None,
        "waiting": None,
        "held": False,
    }
    assert answer.json() == {"status": "up", "logs": {"hanbit": log, "saebyeol": log}}
