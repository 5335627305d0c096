"""A prepared state folder for the module, and a free port."""

from pathlib import Path

import pytest

from madang.infra.catalogue import load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.settings import CommonSettings
from madang.infra.setup import prepare_state
from madang.infra.tenancy import Addresses
from tests.serving import free_port
from tests.unit.ledger_node.accreditation.city import CATALOG, GENESIS


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    settings = CommonSettings(state_dir=folder, catalog_dir=CATALOG, key_passphrase="open sesame")
    catalogue = load_catalogue(CATALOG)
    prepare_state(settings, catalogue, Addresses(catalogue.tenants), FixedClock(GENESIS))
    return folder


@pytest.fixture
def state(prepared: Path, tmp_path: Path) -> Path:
    """Give each test a folder of its own that shares the keys and the anchors."""
    folder = tmp_path / "state"
    folder.mkdir()
    for name in ("keys", "trust"):
        (folder / name).symlink_to(prepared / name)
    return folder


@pytest.fixture
def port() -> int:
    return free_port()
