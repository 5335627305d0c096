"""The witnesses of the tests answer as the real ones do."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from ledger_node.witness.errors import TABLE
from ledger_node.witness.routes import witness_router
from ledger_node.witness.usecases import Witness
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.witness import SIZE_TYPE, log_id
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.http import Answer, HttpxClient
from madang.infra.tenancy import Tenants
from madang.infra.web.errors import Refuser, install
from madang.infra.web.i18n import load_texts
from madang.infra.web.pages import Pages
from tests.unit.ledger_node.publisher.network import WitnessNet
from tests.unit.ledger_node.witness.twins import MemoryWitnesses, ShownLog

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
URL = "http://witness.example/busan/witness"


@dataclass
class Two:
    """The same request to both; each has a memory of its own."""

    log: ShownLog

    def __post_init__(self) -> None:
        signer, clock = generate_ed25519("w"), FixedClock(1_800_000_000)
        first, second = (
            Witness("w", signer, {self.log.origin: (self.log.key,)}, MemoryWitnesses(), clock)
            for _ in range(2)
        )
        app = FastAPI()
        app.include_router(witness_router({"busan": first}))
        pages = Pages(load_texts(CATALOG / "texts"), [], service="witness", tenants=Tenants([]))
        install(app, Refuser(Database(), clock, pages), TABLE)
        self.real = HttpxClient(apps={"http://witness.example": app})
        self.twin = WitnessNet({URL: second})

    def both(self, method: str, path: str, content: bytes | None = None) -> tuple[Answer, Answer]:
        async def ask() -> tuple[Answer, Answer]:
            url = URL + path
            real = await self.real.request(method, url, content=content)
            return real, await self.twin.request(method, url, content=content)

        return asyncio.run(ask())


REQUESTS: dict[str, Callable[[ShownLog, ShownLog], bytes]] = {
    "first": lambda log, _: log.asked(0, 4).serialize(),
    "none": lambda *_: b"x",
    "strange": lambda *_: ShownLog("strange").grow(1).asked(0).serialize(),
    "forged": lambda *_: ShownLog().grow(1).asked(0).serialize(),
    "stale": lambda log, _: log.asked(0, 6).serialize(),
    "too old": lambda log, _: log.asked(7, 6).serialize(),
    "split": lambda _, face: face.asked(4, 4).serialize(),
    "unproven": lambda _, face: face.asked(4, 6).serialize(),
    "next": lambda log, _: log.asked(4).serialize(),
    "again": lambda log, _: log.asked(9).serialize(),
}


def test_each_answer_is_the_same() -> None:
    log = ShownLog().grow(9)
    face = ShownLog(log.origin, log.signer).grow(9, "b")
    two = Two(log)
    path = f"/logs/{log_id(log.origin)}/checkpoint"
    assert [each.status for each in two.both("GET", path)] == [404, 404]
    seen = []
    for make in REQUESTS.values():
        real, twin = two.both("POST", "/add-checkpoint", make(log, face))
        assert real.status == twin.status
        if real.status in {200, 409}:
            assert real.body == twin.body
            assert real.headers["content-type"] == twin.headers["content-type"]
        seen.append(real.status)
        real, twin = two.both("GET", path)
        assert (real.status, real.body) == (twin.status, twin.body)
    assert seen == [200, 400, 404, 403, 409, 400, 409, 422, 200, 200]
    assert SIZE_TYPE == "text/x.tlog.size"


def test_who_is_down_does_not_answer() -> None:
    two = Two(ShownLog())
    two.twin.down.add(URL)
    with pytest.raises(RuntimeError, match="nobody"):
        asyncio.run(two.twin.request("GET", URL + "/logs"))
