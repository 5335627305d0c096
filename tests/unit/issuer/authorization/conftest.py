"""The log-in's pages over twins, beside an issuer that has issued a Digital ID."""

import re
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from issuer import errors
from issuer.authorization.assembly import routers
from issuer.authorization.desk import Desk, Stores
from issuer.authorization.store import SignInRow, SignInStore
from issuer.authorization.usecases import House, Policy
from issuer.authorization.view import PAGES
from issuer.licence import Licence
from issuer.offers.store import PresentationStore
from issuer.office import Office
from issuer.proofing.store import ProofingStore
from issuer.sources.claims import ClaimSource
from issuer.sources.model import PersonId
from issuer.status.store import RecordStore
from madang.access.authorization.model import PendingAuthorization
from madang.access.guard import Guard
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.infra.tenancy import Addresses
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import load_texts
from madang.infra.web.pages import Pages
from tests.unit.issuer.authorization.twins import (
    BROWSER,
    AuthorizationsTwin,
    EntitlementsTwin,
    ProvidersTwin,
    VerifierTwin,
)
from tests.unit.issuer.world import CATALOG, NOW, TENANT, Client, World

ID = "authorization-1"
REDIRECT = "https://wallet.example/cb"
COOKIE = "__Host-madang_authorization"
ABSTRACT = "resident_register_abstract"
POLICY = Policy(seconds=900, tries=3, look_seconds=2, proofing_seconds=600, skew_seconds=60)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def pending(**changes: Any) -> PendingAuthorization:
    """Return a wallet's request for one certificate."""
    asked = PendingAuthorization(
        id=ID,
        tenant=TENANT,
        client_id="wallet-1",
        client_name="City Wallet",
        configurations=(ABSTRACT,),
        issuer_state=None,
        redirect_uri=REDIRECT,
        expires_at=NOW + 600,
    )
    return replace(asked, **changes)


@dataclass
class Hall:
    """A resident with a browser, and what the log-in works with."""

    world: World
    app: FastAPI
    desk: Desk
    authorizations: AuthorizationsTwin
    entitlements: EntitlementsTwin
    verifier: VerifierTwin
    providers: ProvidersTwin
    browser: str = BROWSER
    language: str = "en"

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"accept": "text/html", "accept-language": self.language}
        if self.browser:
            headers["cookie"] = f"{COOKIE}={self.browser}"
        return Client(self.app).request(method, path, headers=headers, **more)

    def get(self, path: str = "", of: str = ID) -> httpx.Response:
        return self.request("GET", f"/{TENANT}/issuer/sign-in/{of}{path}")

    def csrf(self) -> str:
        """Return the token of the page as it is now."""
        found = _CSRF.search(self.get().text)
        assert found is not None
        return found[1]

    def post(self, path: str, csrf: str | None = None, **fields: str) -> httpx.Response:
        form = {"csrf": self.csrf() if csrf is None else csrf, **fields}
        return self.request("POST", f"/{TENANT}/issuer/sign-in/{ID}{path}", data=form)

    def trouble(self) -> str | None:
        found = re.search(r'data-trouble="([^"]+)"', self.get().text)
        return None if found is None else found[1]

    def codes(self) -> list[str]:
        """Return what the journal has of the log-in."""
        kept = ("log_in.", "authorization.", "access.")
        return [code for code in self.world.codes() if code.startswith(kept)]

    def log_in(self, person: PersonId, keys: list[Signer], device: str = "other") -> None:
        """Log in by presenting a Digital ID."""
        compact = self.world.digital_id(person, keys)[0]
        assert self.post("/wallet", device=device).status_code == 303
        self.verifier.answer(self.world.result(compact))
        if device == "this":
            assert self.get("/return?response_code=response-1").status_code == 303
        else:
            self.world.clock.advance(POLICY.look_seconds)

    def ask(self, **changes: Any) -> None:
        """Have another request wait under the same id."""
        self.authorizations.add(pending(**changes))


@pytest.fixture
def hall(world: World) -> Hall:
    deps = world.deps
    deps.database.create(SignInRow)
    office = Office(
        world.settings, deps.clock, deps.ids, deps.database, deps.catalogue, deps.addresses
    )
    twins = AuthorizationsTwin(), EntitlementsTwin(), VerifierTwin(), ProvidersTwin()
    authorizations, entitlements, verifier, providers = twins
    stores = Stores(
        sign_ins=SignInStore,
        proofings=ProofingStore,
        entitlements=lambda _: entitlements,
        holders=RecordStore,
        presentations=PresentationStore,
    )
    claims = ClaimSource(deps.register, deps.catalogue.tenants)
    house = House(deps.register, claims, office.day, POLICY)
    licence = Licence(office, deps.accreditations)
    desk = Desk(office, authorizations, stores, verifier, providers, house, deps.anchors, licence)
    authorizations.add(pending())
    return Hall(world, served(desk), desk, *twins)


def served(desk: Desk, addresses: Addresses | None = None) -> FastAPI:
    """Return the log-in's pages as an application of its own, at other addresses if told."""
    office, tenants = desk.office, desk.office.catalogue.tenants
    texts = load_texts(CATALOG / "texts")
    pages = Pages(texts, [PAGES], service="issuer", tenants=tenants)
    at, nobody = addresses or office.addresses, _NoServices()
    guard = Guard("issuer", tenants, at, office.clock, None, nobody, residents=desk)
    return create_app(
        Parts(
            title="log-in",
            guard=guard.__call__,
            refuser=Refuser(office.database, office.clock, pages),
            errors=errors.TABLE,
            routers=routers(desk, pages),
            max_body_bytes=100_000,
        )
    )


class _NoServices:
    def key(self, _issuer: str) -> None:
        return None


@pytest.fixture
def keys() -> list[Signer]:
    return [generate_p256(f"holder-{number}") for number in range(2)]


@pytest.fixture
def person(world: World) -> PersonId:
    return world.people("household")[0]
