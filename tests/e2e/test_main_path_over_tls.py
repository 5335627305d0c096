"""The main path with every service behind TLS: `madang run --once --tls`.

Services, clerk, agency, auditor and wallets know the city's own authority and no other; nothing
falls back to plain HTTP, for no allowance to use it is given.
"""

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from madang.cli.city import CityPlan
from madang.cli.processes import City
from madang.infra.http import trusting

pytestmark = pytest.mark.xdist_group("city")

REPOSITORY = Path(__file__).parents[2]
PORTS = 16


@pytest.fixture(scope="module")
def walked(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]
) -> tuple[CityPlan, dict[str, Any]]:
    """Walk once; return the city as it was left, and what the walk told."""
    state, port = tmp_path_factory.mktemp("city") / "state", free_ports(PORTS)
    arguments = ["run", "--state", str(state), "--port", str(port), "--once", "--tls"]
    done = subprocess.run(
        [sys.executable, "-m", "madang.cli.main", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:] + done.stdout[-2_000:]
    return CityPlan(state, port, secure=True), json.loads(done.stdout.splitlines()[-1])


Walked = tuple[CityPlan, dict[str, Any]]


def test_every_step_of_the_path_is_walked(walked: Walked) -> None:
    _, report = walked
    assert report["ok"]
    names = {step["name"] for step in report["steps"]}
    assert {"digital_id.yes", "certificates.yes", "receipts", "audit", "evidence"} <= names


def test_every_identifier_is_of_the_servers_that_speak_tls(walked: Walked) -> None:
    plan, _ = walked
    assert {origin.partition(":")[0] for origin in plan.origins.values()} == {"https"}
    told = json.loads((plan.state / "trust" / "services" / "hanbit-issuer.json").read_text())
    assert told["issuer"] == f"{plan.origins['issuer']}/hanbit/issuer"
    for service in ("issuer", "verifier", "counter", "wallet", "log", "witness"):
        log = (plan.state / "logs" / f"{service}.log").read_text()
        assert "Uvicorn running on https://127.0.0.1:" in log


def test_a_service_answers_nobody_without_tls_and_no_client_without_its_authority(
    walked: Walked,
) -> None:
    asyncio.run(_knock(walked[0]))


async def _knock(plan: CityPlan) -> None:
    issuer = next(each for each in plan.services() if each.name == "issuer")
    city = City(plan.state / "again", plan.tls_anchors)
    try:
        await city.start([issuer])
        async with httpx.AsyncClient(verify=trusting(plan.tls_anchors)) as knowing:
            assert (await knowing.get(issuer.health)).status_code == 200
            with pytest.raises(httpx.TransportError):
                await knowing.get(issuer.health.replace("https:", "http:"))
        async with httpx.AsyncClient(verify=ssl.create_default_context()) as stranger:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.get(issuer.health)
    finally:
        await city.stop()
