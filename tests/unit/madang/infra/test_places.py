"""Names of others are called at public addresses alone, at the very one that was looked at."""

import asyncio
from pathlib import Path

import httpcore
import httpx
import pytest

from madang.infra.http import HttpError, HttpxClient, trusting
from madang.infra.places import PlaceError, PublicBackend, PublicTransport, own_hosts
from madang.infra.settings import CommonSettings
from madang.infra.tenancy import Tenant, TenantId, Tenants
from tests.names import OTHER_PUBLIC, PUBLIC, Names, Wires, tls_server

URL = "https://issuer.example/thing"
LOCAL = [
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "fe80::1%eth0",
    "fd00::1",
]


async def called(names: Names, wires: Wires, root: bytes | None, *own: str, times: int = 1) -> int:
    transport = PublicTransport(
        trusting((root,) if root else ()), PublicBackend(own, names.resolve, wires)
    )
    async with httpx.AsyncClient(transport=transport, timeout=5) as client:
        for _ in range(times):
            answer = await client.get(URL)
    return answer.status_code


def test_the_address_that_was_looked_at_is_called_and_the_name_stands_in_the_certificate(
    tmp_path: Path,
) -> None:
    names = Names({"issuer.example": [[PUBLIC], ["127.0.0.1"]]})

    async def run() -> None:
        async with tls_server(tmp_path, "issuer.example") as (port, root, sni):
            wires = Wires(port)
            assert await called(names, wires, root) == 200
            assert (wires.called, names.asked, sni) == (
                [PUBLIC],
                ["issuer.example"],
                ["issuer.example"],
            )

    asyncio.run(run())


def test_a_server_with_the_certificate_of_another_name_is_not_talked_to(tmp_path: Path) -> None:
    names = Names({"issuer.example": [[PUBLIC]]})

    async def run() -> None:
        async with tls_server(tmp_path, "other.example", PUBLIC) as (port, root, _):
            await called(names, Wires(port), root)

    with pytest.raises(httpx.ConnectError, match="certificate"):
        asyncio.run(run())


@pytest.mark.parametrize("place", LOCAL)
def test_a_name_that_leads_inside_is_not_called(place: str) -> None:
    wires = Wires(1)
    with pytest.raises(PlaceError):
        asyncio.run(called(Names({"issuer.example": [[place]]}), wires, None))
    assert wires.called == []


def test_a_name_that_turns_inside_is_refused_the_next_time(tmp_path: Path) -> None:
    names = Names({"issuer.example": [[PUBLIC], ["127.0.0.1"]]})

    async def run() -> None:
        async with tls_server(tmp_path, "issuer.example") as (port, root, _):
            wires = Wires(port)
            with pytest.raises(PlaceError):
                await called(names, wires, root, times=2)
            assert wires.called == [PUBLIC]

    asyncio.run(run())


def test_of_several_addresses_the_public_ones_are_tried_in_turn(tmp_path: Path) -> None:
    names = Names({"issuer.example": [["10.0.0.1", PUBLIC, PUBLIC, OTHER_PUBLIC]]})

    async def run() -> None:
        async with tls_server(tmp_path, "issuer.example") as (port, root, _):
            wires = Wires(port, dead=frozenset({PUBLIC}))
            assert await called(names, wires, root) == 200
            assert wires.called == [PUBLIC, OTHER_PUBLIC]

    asyncio.run(run())


def test_our_own_hosts_are_called_wherever_they_are(tmp_path: Path) -> None:
    async def run() -> None:
        async with tls_server(tmp_path, "issuer.example") as (port, root, _):
            wires, names = Wires(port), Names({})
            assert await called(names, wires, root, "issuer.example") == 200
            assert (wires.called, names.asked) == (["issuer.example"], [])

    asyncio.run(run())


def test_a_name_that_leads_nowhere_or_too_late_is_an_answer_that_did_not_come() -> None:
    async def slow(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(5)
        return []

    with pytest.raises(httpcore.ConnectError):
        asyncio.run(PublicBackend((), Names({}).resolve).connect_tcp("nowhere.example", 443))
    with pytest.raises(httpcore.ConnectTimeout):
        asyncio.run(PublicBackend((), slow).connect_tcp("slow.example", 443, 0.01))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://localhost/", "https://[::1]/"])
def test_the_client_calls_nothing_inside_that_is_not_its_own(url: str) -> None:
    async def run(own: tuple[str, ...]) -> None:
        client = HttpxClient(timeout=1, own=own)
        try:
            await client.request("GET", url)
        finally:
            await client.close()

    with pytest.raises(HttpError, match="no public address"):
        asyncio.run(run(("elsewhere.example",)))
    with pytest.raises(HttpError, match="ConnectError"):
        asyncio.run(run(("127.0.0.1", "localhost", "::1")))


def test_own_hosts_are_those_of_the_municipalities_and_of_the_settings() -> None:
    tenants = Tenants([Tenant(TenantId("mapo"), {}, "mapo.example", "11")])
    settings = CommonSettings(
        origins={"log": "https://log.inside:8405"},
        accreditation_sources=("https://snapshots.inside/x",),
    )
    found = own_hosts(settings, tenants, ["https://login.inside/realm"])
    assert found == {"log.inside", "snapshots.inside", "login.inside", "mapo.example"}
    for open_to_all in ({"local_addresses": True}, {"allow_loopback_http": True}):
        assert own_hosts(settings.model_copy(update=open_to_all), tenants) is None
