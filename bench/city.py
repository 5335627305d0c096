"""Services as processes of their own, called as the counter calls them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from issuer.settings import Settings as IssuerSettings
from issuer.sources.synthetic.demonstration import Role, demonstration_residents
from issuer.sources.synthetic.stored import stored_register
from madang.access.service_token import Call, make
from madang.cli.city import CityPlan
from madang.cli.processes import City, Program
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.infra.clock import SystemClock
from madang.infra.setup import StateFolders, keystore
from mobile_stub.adapters.network import Network
from mobile_stub.settings import Settings as WalletSettings
from mobile_stub.wallet import Wallet, open_wallet

TENANT = "hanbit"
PORT = 8900
SERVICES = ("log", "issuer", "verifier")


@dataclass
class Running:
    """A city whose processes run.

    Attributes:
        plan: where everything is.
        city: the processes.
        client: for calls of the services' APIs.
    """

    plan: CityPlan
    city: City
    client: httpx.AsyncClient

    async def call(self, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call a service's API in a clerk's name."""
        audience = self.plan.addresses.identifier(TENANT, service)
        content = strict_json.dumps(body).encode()
        headers = self.authorization(service, path, content)
        answer = await self.client.post(f"{audience}/api/{path}", content=content, headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def authorization(self, service: str, path: str, content: bytes) -> dict[str, str]:
        """Return the headers of a call in a clerk's name."""
        addresses = self.plan.addresses
        audience = addresses.identifier(TENANT, service)
        token = make(
            self._counter,
            Call(audience, "POST", f"/{TENANT}/{service}/api/{path}", content),
            issuer=addresses.identifier(TENANT, "counter"),
            actor="clerk-1",
            roles=["clerk", "agency"],
            now=SystemClock().now(),
        )
        return {"authorization": f"Bearer {token}", "content-type": "application/json"}

    @cached_property
    def _counter(self) -> Signer:
        return keystore(self.plan.settings).signer(TENANT, "service-counter")

    async def offer(self) -> dict[str, Any]:
        """Prove one resident's identity and offer the Digital ID."""
        proofing = await self.call("issuer", "proofings", self._evidence)
        body = {"proofing_id": proofing["proofing_id"], "types": ["digital_id"]}
        return await self.call("issuer", "offers", body)

    @cached_property
    def _evidence(self) -> dict[str, str]:
        settings = IssuerSettings.model_validate(self.plan.settings.model_dump())
        register = stored_register(settings, self.plan.catalogue, SystemClock())
        stored = strict_json.loads((self.plan.state / "issuer" / "register.json").read_bytes())
        day = date.fromisoformat(stored["reference_day"])
        region = self.plan.catalogue.tenants.get(TENANT).region_code
        found = demonstration_residents(register, TENANT, region, day)[Role.QUALIFIES].evidence
        return {
            "name": found.name,
            "birthdate": found.birthdate.isoformat(),
            "document_number": found.document_number,
            "method": "in_person_document",
            "evidence": "resident_card",
        }

    def wallet(self, name: str, copies: int) -> Wallet:
        """Open a wallet in this process."""
        settings = WalletSettings(
            folder=self.plan.state / "wallets" / name,
            anchors=StateFolders(self.plan.state).anchors,
            accreditations=self.plan.accreditations,
            record=self.plan.state / "contract.json",
            copies=copies,
            allow_loopback_http=True,
        )
        return open_wallet(settings, Network(settings))


@asynccontextmanager
async def running(state: Path, wrapper: str = "", outputs: Path = Path()) -> AsyncIterator[Running]:
    """Start the services that the flows need.

    Args:
        state: folder of the city.
        wrapper: module under which each service runs; empty for none.
        outputs: folder where that leaves a file for each.
    """
    plan = CityPlan(state, PORT)
    plan.prepare()
    city = City(state / "logs")
    programs = {each.name: _wrapped(each, wrapper, outputs) for each in plan.services()}
    async with httpx.AsyncClient(timeout=30) as client:
        try:
            await city.start([programs["log"]])
            await city.start([programs[name] for name in SERVICES[1:]])
            yield Running(plan, city, client)
        finally:
            await city.stop()
            await asyncio.sleep(0)


def _wrapped(program: Program, wrapper: str, outputs: Path) -> Program:
    if not wrapper:
        return program
    before = ("-m", wrapper, str(outputs / program.name))
    return replace(program, arguments=(*before, *program.arguments))
