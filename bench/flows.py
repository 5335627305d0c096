"""Complete issuance and presentation flows per CPU-second of the services."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bench.city import TENANT, Running, running
from bench.measure import RUNS, Row, cpu_seconds
from madang.cli.processes import City, Program
from madang.core.keys.software import generate_p256
from madang.core.protocol.oauth.token import TokenRequest
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.offer import CredentialOffer, parse_offer_uri
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.infra.clock import SystemClock
from mobile_stub.adapters import system

FLOWS = 60
BARE_PORT = 8990
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
# Letters of bench.bare per request: what each really needs.
ISSUANCE = ("c", "c", "vsc")
PRESENTATION = ("c", "s", "vc")

Flow = Callable[[int], Awaitable[None]]
Opened = tuple[CredentialOffer, str]


async def _rate(pids: list[int], flow: Flow) -> float:
    before = sum(map(cpu_seconds, pids))
    for number in range(FLOWS):
        await flow(number)
    return FLOWS / (sum(map(cpu_seconds, pids)) - before)


async def _issuance(city: Running) -> list[float]:
    """Measure token, nonce and credential; the counter's calls come before and are not counted."""
    issuer = city.plan.addresses.identifier(TENANT, "issuer")

    async def fetch(offer: CredentialOffer, code: str) -> None:
        holder = generate_p256("holder")
        grant = offer.pre_authorized
        if grant is None:
            raise RuntimeError("the offer has no pre-authorized code")
        form = TokenRequest(grant.pre_authorized_code, code).to_form()
        token = (await city.client.post(f"{issuer}/token", content=form, headers=FORM)).json()
        nonce = (await city.client.post(f"{issuer}/nonce")).json()["c_nonce"]
        proof = make_proof_jwt(holder, issuer, nonce, SystemClock().now())
        request = CredentialRequest("digital_id", None, (proof,)).to_json()
        headers = {"authorization": f"Bearer {token['access_token']}"}
        answer = await city.client.post(f"{issuer}/credential", json=request, headers=headers)
        answer.raise_for_status()

    found = []
    for _ in range(RUNS):
        made = [await city.offer() for _ in range(FLOWS)]
        offers = [_opened(each) for each in made]

        async def flow(number: int, offers: list[Opened] = offers) -> None:
            await fetch(*offers[number])

        found.append(await _rate([city.city.pid("issuer")], flow))
    return found


def _opened(made: dict[str, Any]) -> Opened:
    offer = parse_offer_uri(made["offer_uri"], allow_loopback_http=True)
    if not isinstance(offer, CredentialOffer):
        raise TypeError("the offer came by reference")
    return offer, made["tx_code"]


async def _presentation(city: Running) -> list[float]:
    """Measure the session, the request and the answer with one Digital ID."""
    wallet = city.wallet("bench", 1)
    made = await city.offer()
    await wallet.receiver.accept(
        await wallet.open(made["offer_uri"]), made["tx_code"], system.now()
    )
    audience = city.plan.addresses.identifier(TENANT, "issuer")
    body = {"purpose": "counter_identification", "audience": audience}

    async def flow(_number: int) -> None:
        session = await city.call("verifier", "presentations", body)
        scan = await wallet.open(session["request_uri"])
        await wallet.presenter.answer(scan, system.now())

    await flow(0)
    return [await _rate([city.city.pid("verifier")], flow) for _ in range(RUNS)]


async def _bound(state: Path, requests: tuple[str, ...]) -> float:
    """Measure the same requests, commits, signature and verification, bare."""
    origin = f"http://127.0.0.1:{BARE_PORT}"
    program = Program(
        name="bare",
        arguments=("-m", "uvicorn", "bench.bare:app", "--port", str(BARE_PORT), "--no-access-log"),
        environment={"BENCH_DATABASE": str(state / "bare.sqlite")},
        health=f"{origin}/",
    )
    city = City(state / "logs")
    try:
        await city.start([program])
        async with httpx.AsyncClient() as client:

            async def flow(_number: int) -> None:
                for letters in requests:
                    await client.post(f"{origin}/{letters}")

            found = [await _rate([city.pid("bare")], flow) for _ in range(RUNS)]
    finally:
        await city.stop()
    return median(found)


def _row(what: str, found: list[float], bound: float, aim: str) -> Row:
    middle = median(found)
    return Row(
        what=what,
        figure=f"{middle:,.0f} flows/CPU-s",
        spread=f"{min(found):,.0f} to {max(found):,.0f}",
        bound=f"bare ASGI and SQLite: {bound:,.0f} flows/CPU-s",
        share=f"{middle / bound:.2f}",
        aim=aim,
    )


async def _measure(state: Path) -> list[Row]:
    bounds = [await _bound(state, requests) for requests in (ISSUANCE, PRESENTATION)]
    async with running(state / "city") as city:
        issuance = await _issuance(city)
        presentation = await _presentation(city)
    return [
        _row("issuance flow: token, nonce, credential", issuance, bounds[0], "0.50"),
        _row("presentation flow: session, request, answer", presentation, bounds[1], "0.50"),
    ]


def flow_rows() -> list[Row]:
    """Measure both flows on services that run as processes, with their commits on the disk."""
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


if __name__ == "__main__":
    sys.stdout.write("\n".join(map(str, flow_rows())) + "\n")
