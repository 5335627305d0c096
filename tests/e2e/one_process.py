"""A whole city in one process: every application over ASGI, the log with its real chain."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx

import counter.app
import issuer.app
import issuer.settings
import ledger_node.app
import ledger_node.settings
import mobile_stub.app
import mobile_stub.settings
import mobile_stub.wallet
import verifier.app
import verifier.settings
import wallet_api.app
import wallet_api.settings
from counter.settings import Settings as CounterSettings
from issuer.sources.model import Record
from issuer.sources.synthetic.register import SyntheticRegister
from issuer.sources.synthetic.stored import stored_register
from madang.cli.city import CHAIN_OFFSET, CityPlan
from madang.cli.walk.browser import Browser
from madang.cli.walk.path import CITY, OTHER_CITY, THREE, Walk
from madang.cli.walk.people import Counter, Resident, Staff
from madang.cli.walk.report import Report
from madang.infra.clock import SystemClock
from madang.infra.http import HttpxClient
from madang.infra.log_client import HttpLogClient
from madang.infra.setup import StateFolders, keystore
from madang.infra.snapshots import snapshots
from mobile_stub.adapters.network import Network
from mobile_stub.wallet import Wallet

CERTIFICATES = [*THREE, "housing_support_none"]


class Later:
    """An application that is put in place after others have been told where it is."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class ByOrigin(httpx.AsyncBaseTransport):
    """The network of one process: applications by origin, and nothing else."""

    def __init__(self, apps: Mapping[str, Any]) -> None:
        self._transports = {origin: httpx.ASGITransport(app=app) for origin, app in apps.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin = f"{request.url.scheme}://{request.url.netloc.decode()}"
        if origin not in self._transports:
            raise httpx.ConnectError(f"nobody at {origin}")
        return await self._transports[origin].handle_async_request(request)


def told_settings(plan: CityPlan, kind: type[Any], **more: object) -> Any:
    """Return the settings of one service of the plan."""
    return kind.model_validate({**plan.settings.model_dump(), **more})


@dataclass
class Town:
    """The running city, its people and how to begin each of their errands.

    Attributes:
        apps: applications by service.
        client: a browser without cookies, and the hands of all wallets' holders.
        wallets: by address, each with its application.
    """

    plan: CityPlan
    apps: dict[str, Later]
    register: SyntheticRegister
    client: httpx.AsyncClient
    stack: AsyncExitStack
    walk: Walk
    wallets: dict[str, tuple[Wallet, Any]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(SystemClock().now(), UTC).date()

    def record(self, person: Any) -> Record:
        return self.register.record(CITY, person, self.today)

    async def equip(self, number: int, person: Any, **more: Any) -> Resident:
        """Give a resident a wallet; `more` are further settings of it."""
        address = self.plan.wallet_address(number)
        settings = mobile_stub.settings.Settings(
            folder=self.plan.state / "wallets" / str(number),
            passphrase=self.plan.passphrase,
            anchors=StateFolders(self.plan.state).anchors,
            accreditations=self.plan.accreditations,
            record=self.plan.state / "contract.json",
            allow_loopback_http=True,
            redirect_uri=f"{address}/callback",
            **more,
        )
        origins = {self.plan.origins[name]: app for name, app in self.apps.items()}
        wallet = mobile_stub.wallet.open_wallet(settings, Network(settings, ByOrigin(origins)))
        app = mobile_stub.app.build(wallet)
        self.wallets[address] = wallet, app
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        client = httpx.AsyncClient(transport=ByOrigin({address: app}))
        await self.stack.enter_async_context(client)
        return Resident(
            name=person.name,
            birthdate=person.birthdate.isoformat(),
            document_number=person.document_number,
            wallet=client,
            address=address,
        )

    async def browser(self) -> Browser:
        """Open a browser that reaches the services, and the wallets on its own machine."""
        apps = {self.plan.origins[name]: app for name, app in self.apps.items()}
        apps |= {address: app for address, (_, app) in self.wallets.items()}
        client = httpx.AsyncClient(transport=ByOrigin(apps))
        return Browser(await self.stack.enter_async_context(client))

    async def identify(self, resident: Resident) -> Counter:
        """Walk a resident through the counter until the Digital ID is in the wallet."""
        counter = Counter(self.walk.clerk)
        await counter.open_case()
        picture, code = await counter.prove_identity(resident)
        await resident.accept((await resident.scan(picture))["id"], code)
        return counter

    async def issue(self, resident: Resident) -> None:
        """Walk a resident through the counter until all certificates are in the wallet."""
        counter = await self.identify(resident)
        scan = await resident.scan(await counter.ask_for_digital_id())
        await resident.agree(scan["id"])
        await counter.wait_for_digital_id()
        picture, code = await counter.issue(CERTIFICATES)
        await resident.accept((await resident.scan(picture))["id"], code)

    async def decide(self, name: str, outcome: str) -> dict[str, Any]:
        """Have the other city's agency decide on a resident; return what the step told."""
        residents = dict(self.walk.residents)
        self.walk.residents = {**residents, outcome: residents[name]}
        try:
            await self.walk._decide(outcome)
        finally:
            self.walk.residents = residents
        return self.walk.report.steps[-1].facts

    async def serve_verifier(self, plan: CityPlan) -> None:
        """Put a verifier with another catalogue in the place of the one that serves."""
        app = _verifier(plan, self.apps)
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        self.apps["verifier"].app = app


def _http(plan: CityPlan, apps: Mapping[str, Later]) -> HttpxClient:
    return HttpxClient(apps={plan.origins[name]: app for name, app in apps.items()})


def accreditations(settings: Any, deps: Any, http: HttpxClient) -> Any:
    """Return the registry as a service of this process follows it."""
    tenants = deps.catalogue.tenants
    return snapshots(settings, deps.addresses, tenants, deps.database, http, deps.clock)


def _issuer(
    plan: CityPlan, apps: Mapping[str, Later], types: Path | None, issuing: Mapping[str, object]
) -> Any:
    anchors = StateFolders(plan.state).anchors
    more = {
        "wallet_anchors": anchors,
        "key_attestation_anchors": anchors,
        "transaction_types": types,
        **issuing,
    }
    settings = told_settings(plan, issuer.settings.Settings, status_stagger_seconds=0, **more)
    deps, keys = issuer.app.production(settings), keystore(settings)
    signer, http = cache(lambda tenant: keys.signer(tenant, "service-issuer")), _http(plan, apps)
    log = issuer.app.log_over(http, deps.addresses, signer, deps.clock)
    known = accreditations(settings, deps, http)
    return issuer.app.build(settings, replace(deps, http=http, log=log, accreditations=known))


def _verifier(plan: CityPlan, apps: Mapping[str, Later], types: Path | None = None) -> Any:
    more = {"status_cache_seconds": 0, "transaction_types": types}
    settings = told_settings(plan, verifier.settings.Settings, **more)
    deps, http = verifier.app.production(settings), _http(plan, apps)
    authorize = verifier.app.log_authorization(deps.signers, deps.addresses, deps.clock)
    log = HttpLogClient(http, lambda tenant: deps.addresses.identifier(tenant, "log"), authorize)
    known = accreditations(settings, deps, http)
    return verifier.app.build(settings, replace(deps, http=http, log=log, accreditations=known))


def _counter(plan: CityPlan, apps: Mapping[str, Later]) -> Any:
    settings = told_settings(plan, CounterSettings)
    deps = counter.app.production(settings)
    return counter.app.build(settings, replace(deps, http=_http(plan, apps)))


def _log(plan: CityPlan, _apps: Mapping[str, Later]) -> Any:
    more = {"chain_port": plan.port + CHAIN_OFFSET, "checkpoint_seconds": 0.3}
    settings = told_settings(plan, ledger_node.settings.Settings, **more)
    return ledger_node.app.build(settings, ledger_node.app.production(settings))


def _guide(plan: CityPlan, _apps: Mapping[str, Later]) -> Any:
    settings = told_settings(plan, wallet_api.settings.Settings)
    return wallet_api.app.build(settings, wallet_api.app.production(settings))


_BUILD: dict[str, Callable[..., Any]] = {
    "log": _log,
    "issuer": _issuer,
    "verifier": _verifier,
    "counter": _counter,
    "wallet": _guide,
}


@asynccontextmanager
async def town(
    plan: CityPlan, transaction_types: Path | None = None, **issuing: object
) -> AsyncIterator[Town]:
    """Run the city while the block lasts; clerk and agency are signed in.

    Args:
        plan: where it is.
        transaction_types: what holders may authorize.
        issuing: further settings of the issuer.
    """
    plan.prepare()
    apps = {name: Later() for name in _BUILD}
    async with AsyncExitStack() as stack:
        for name, build in _BUILD.items():
            known: dict[str, Any] = {}
            if name in {"issuer", "verifier"}:
                known["types"] = transaction_types
            if name == "issuer":
                known["issuing"] = issuing
            apps[name].app = build(plan, apps, **known)
            app = apps[name].app
            await stack.enter_async_context(app.router.lifespan_context(app))
        transport = ByOrigin({plan.origins[name]: app for name, app in apps.items()})
        clerk, agency, anybody = [
            await stack.enter_async_context(httpx.AsyncClient(transport=transport))
            for _ in range(3)
        ]
        walk = Walk(
            plan=plan,
            report=Report(),
            pids=dict.fromkeys(apps, 0),
            residents={},
            clerk=Staff(clerk, plan.addresses.identifier(CITY, "counter")),
            agency=Staff(agency, plan.addresses.identifier(OTHER_CITY, "verifier")),
        )
        await walk._sign_in()
        settings = told_settings(plan, issuer.settings.Settings, status_stagger_seconds=0)
        register = stored_register(settings, plan.catalogue, SystemClock())
        yield Town(plan, apps, register, anybody, stack, walk)
