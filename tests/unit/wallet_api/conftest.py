"""The residents' services over twins, and somebody who reads the guide."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.infra import journal
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.key_ring import NoActiveKey
from madang.infra.tenancy import Addresses
from madang.infra.web.i18n import load_texts
from wallet_api.app import Deps, build
from wallet_api.settings import Settings

CATALOG = Path(__file__).resolve().parents[3] / "catalog"
NOW = 1_795_402_800


class NobodyCalls:
    """Keys of the services that may call: none."""

    def key(self, issuer: str) -> PublicKey | None:  # noqa: ARG002 - the port's shape
        return None


class NoKeys:
    """Keys of wallet providers: none may sign."""

    def signer(self, tenant: str, purpose: str, *, now: int) -> Signer:  # noqa: ARG002 - the port's
        raise NoActiveKey(f"no key of {tenant}/{purpose} may sign now")


@dataclass(frozen=True)
class Reader:
    """Reads pages without signing in."""

    deps: Deps
    settings: Settings

    def get(self, path: str, language: str = "en") -> httpx.Response:
        return asyncio.run(self._get(path, language))

    async def _get(self, path: str, language: str) -> httpx.Response:
        app = build(self.settings, self.deps)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"accept": "text/html", "accept-language": language}
        async with httpx.AsyncClient(transport=transport, base_url="http://wallet") as client:
            return await client.get(path, headers=headers)

    def journal(self) -> list[str]:
        with self.deps.database.reading() as session:
            return [entry.code for entry in journal.entries(session, "hanbit")]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(CATALOG)


@pytest.fixture
def reader_of(catalogue: Catalogue) -> Callable[..., Reader]:
    """Return a function that makes a reader, of another catalogue or at another time."""
    texts = load_texts(CATALOG / "texts")

    def reader(found: Catalogue = catalogue, now: int = NOW, **settings: int) -> Reader:
        deps = Deps(
            clock=FixedClock(now),
            ids=SeededIds("reader"),
            database=Database(),
            catalogue=found,
            addresses=Addresses(found.tenants),
            keys=NoKeys(),
            service_keys=NobodyCalls(),
            texts=texts,
        )
        return Reader(deps, Settings.model_validate(settings))

    return reader


@pytest.fixture
def reader(reader_of: Callable[..., Reader]) -> Reader:
    return reader_of()
