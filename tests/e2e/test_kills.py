"""Kills by SIGKILL, each around its commit: nothing is lost, nothing is issued twice."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI

import mobile_stub.app
import mobile_stub.settings
import mobile_stub.wallet
from contracts import addresses
from ledger_node.audit import inspection
from ledger_node.audit.inspection import ChainPoint, GivenLog, Inspection
from madang.cli.audit import Given, inspect
from madang.cli.city import QUORUM, CityPlan
from madang.cli.run import residents
from madang.cli.walk.path import CITY, NO_BENEFIT, OTHER_CITY, PROGRAMME, THREE
from madang.cli.walk.people import Counter, Resident, Staff, WalkError, until
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.note import VerifierKey
from madang.infra.db import Database, sqlite_url
from madang.infra.outbox import export_rows
from madang.infra.setup import StateFolders
from madang.infra.trust import load_witness_keys
from mobile_stub.adapters.network import Network
from tests.e2e.killing import AFTER, BEFORE
from tests.e2e.processes import Processes

pytestmark = pytest.mark.xdist_group("city")

PORTS = 16
COPIES = 4
FORMATS = 2
"""Those of the Digital ID; each is asked for by a request of its own."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Counted:
    """How much there is of everything that must be once.

    Attributes:
        issued: ids of the issuer's records of copies.
        checked: ids of decided checks.
    """

    issued: frozenset[str]
    checked: frozenset[str]


@dataclass
class Town:
    """A city of processes, one resident, and the staff."""

    plan: CityPlan
    processes: Processes
    runner: asyncio.Runner
    clerk: Staff
    agency: Staff
    resident: Resident

    def run(self, errand: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(errand)

    def rows(self, service: str, query: str, *values: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.plan.state / service / f"{service}.sqlite", timeout=10)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def counted(self) -> Counted:
        issued = self.rows("issuer", "SELECT id FROM credential")
        checked = self.rows("verifier", "SELECT id FROM eligibility_check WHERE outcome NOT NULL")
        return Counted(frozenset(r[0] for r in issued), frozenset(r[0] for r in checked))

    async def offered(self) -> tuple[Counter, str, str]:
        """Prove identity; return the case, what the wallet has scanned, and the code."""
        counter = Counter(self.clerk)
        await counter.open_case()
        picture, code = await counter.prove_identity(self.resident)
        return counter, (await self.resident.scan(picture))["id"], code

    async def digital_id(self) -> None:
        _, scan, code = await self.offered()
        await self.resident.accept(scan, code)

    async def certificates(self) -> None:
        """Get every certificate that the rule asks for."""
        counter, scan, code = await self.offered()
        await self.resident.accept(scan, code)
        shown = await self.resident.scan(await counter.ask_for_digital_id())
        await self.resident.agree(shown["id"])
        await counter.wait_for_digital_id()
        picture, code = await counter.issue([*THREE, NO_BENEFIT])
        await self.resident.accept((await self.resident.scan(picture))["id"], code)

    async def settled(self) -> None:
        """Wait until everything is in the logs, and the chain has the heads of both."""
        await until("delivery", self._delivered)
        for city in (CITY, OTHER_CITY):
            await until("the chain's head", lambda city=city: self._on_chain(city))

    async def _delivered(self) -> bool | None:
        waiting = "SELECT 1 FROM outbox WHERE log_index IS NULL"
        behind = "SELECT 1 FROM log_entry WHERE log_index IS NULL"
        left = [self.rows("issuer", waiting), self.rows("verifier", waiting)]
        return True if not any([*left, self.rows("log", behind)]) else None

    async def _on_chain(self, city: str) -> bool | None:
        found, head = Inspection(), self.head(city)
        anchors = await inspection.read_anchors(self.point(city), self.key(city).name, found)
        newest = max(anchors, key=lambda each: each.size, default=None)
        reached = newest is not None and (newest.size, newest.root) == head
        return True if reached and found.ok else None

    async def _witnessed(self) -> bool | None:
        """Tell whether the other municipality and the audit body have cosigned each head."""
        keys = load_witness_keys(StateFolders(self.plan.state).witness_keys)
        for city in (CITY, OTHER_CITY):
            note = (self.plan.state / "log" / city / "checkpoint").read_text("utf-8")
            lines = [
                cosigned(parse_note(note), key) for whose, key in keys.items() if whose != city
            ]
            if len(lines) != QUORUM or None in lines:
                return None
        return True

    def head(self, city: str) -> tuple[int, bytes]:
        note = (self.plan.state / "log" / city / "checkpoint").read_text("utf-8")
        signed = parse_note(note).checkpoint
        return signed.size, signed.root

    def key(self, city: str) -> VerifierKey:
        folder = StateFolders(self.plan.state).log_keys
        return VerifierKey.parse((folder / f"{city}.vkey").read_text("utf-8").strip())

    def point(self, city: str) -> ChainPoint:
        owner = StateFolders(self.plan.state).log_keys / f"{city}.owner"
        deployment = addresses.read(self.plan.state / "contract.json")
        return ChainPoint(self.plan.rpc, deployment, owner.read_text("ascii").strip())

    async def audited(self, city: str, service: str) -> Inspection:
        """Audit a log with the database of the office that fills it."""
        database = Database(sqlite_url(self.plan.state / service / f"{service}.sqlite"))
        with database.reading() as session:
            rows = export_rows(session, city)
        database.close()
        export = self.plan.state / f"{service}-{city}.jsonl"
        export.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        log = self.plan.state / "log" / city
        second = CosignerKey.parse(
            (StateFolders(self.plan.state).log_keys / f"{city}.second").read_text("ascii")
        )
        known = GivenLog(log, self.key(city), second)
        return await inspect(Given(str(log), known, self.point(city), database=export))

    def check(self) -> None:
        """Records, outbox, entries, files, chain, witnesses: all say the same, each thing once."""
        self.run(self.settled())
        self.run(until("the witnesses", self._witnessed))
        copies = "SELECT key, log_index FROM outbox WHERE kind = 'credential'"
        entries = "SELECT key, log_index FROM log_entry WHERE kind = 'credential'"
        kept, logged = self.rows("issuer", copies), self.rows("log", entries)
        assert {key for key, _ in kept} == self.counted().issued
        assert sorted(kept) == sorted(logged)
        decided = self.rows("verifier", "SELECT key FROM outbox WHERE kind = 'decision'")
        assert {key for (key,) in decided} == {f"decision:{c}" for c in self.counted().checked}
        for city in (CITY, OTHER_CITY):
            numbers = self.rows("log", "SELECT log_index FROM log_entry WHERE tenant = ?", city)
            assert sorted(n for (n,) in numbers) == list(range(self.head(city)[0]))
            second = "SELECT key FROM log_entry WHERE key LIKE 'log-second/%' AND tenant = ?"
            assert len(self.rows("log", second, city)) == 1
        issuer = self.run(self.audited(CITY, "issuer"))
        verifier = self.run(self.audited(OTHER_CITY, "verifier"))
        assert issuer.findings == verifier.findings == []
        signed = self.rows("log", "SELECT purpose FROM chain_transaction WHERE state != 'accepted'")
        assert signed == []
        heads = self.rows("log", "SELECT size FROM log_head WHERE state = 'refused'")
        assert heads == []


def _wallet(plan: CityPlan) -> FastAPI:
    settings = mobile_stub.settings.Settings(
        accreditations=plan.accreditations,
        record=plan.state / "contract.json",
        folder=plan.state / "wallets" / "yes",
        passphrase=plan.passphrase,
        anchors=StateFolders(plan.state).anchors,
        copies=COPIES,
        allow_loopback_http=True,
    )
    return mobile_stub.app.build(mobile_stub.wallet.open_wallet(settings, Network(settings)))


async def _met(plan: CityPlan, stack: AsyncExitStack) -> tuple[Staff, Staff, Resident]:
    """Return clerk and agency, signed in, and the resident that qualifies, with a wallet."""
    app = _wallet(plan)
    await stack.enter_async_context(app.router.lifespan_context(app))
    device = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
    clients = [httpx.AsyncClient(timeout=30), httpx.AsyncClient(timeout=30), device]
    for client in clients:
        await stack.enter_async_context(client)
    clerk = Staff(clients[0], plan.addresses.identifier(CITY, "counter"))
    agency = Staff(clients[1], plan.addresses.identifier(OTHER_CITY, "verifier"))
    accounts = plan.accounts()
    await clerk.sign_in(**accounts[f"{CITY}/counter"])
    await agency.sign_in(**accounts[f"{OTHER_CITY}/verifier"])
    return clerk, agency, residents(plan, device)["yes"]


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]
) -> Iterator[Town]:
    plan = CityPlan(tmp_path_factory.mktemp("kills") / "state", free_ports(PORTS))
    plan.prepare()
    processes, stack = Processes(plan), AsyncExitStack()
    with asyncio.Runner() as runner:
        try:
            processes.start_all()
            yield Town(plan, processes, runner, *runner.run(_met(plan, stack)))
        finally:
            runner.run(stack.aclose())
            processes.stop_all()


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_killed_during_the_token(town: Town, when: str) -> None:
    before = town.counted()
    town.processes.arm("issuer", "token", when)
    counter, scan, code = town.run(town.offered())
    with pytest.raises(WalkError, match="no_answer"):
        town.run(town.resident.accept(scan, code))
    town.processes.fell("issuer")
    town.processes.restart("issuer")
    assert town.counted() == before
    if when == AFTER:
        with pytest.raises(WalkError, match="invalid_grant"):
            town.run(town.resident.accept(scan, code))
        picture, code = town.run(counter.renew())
        scan = town.run(town.resident.scan(picture))["id"]
    issued = town.run(town.resident.accept(scan, code))
    assert [each["copies"] for each in issued] == [COPIES] * FORMATS
    _one_set(town, before)


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_killed_during_the_credential(town: Town, when: str) -> None:
    before = town.counted()
    town.processes.arm("issuer", "credential", when)
    _, scan, code = town.run(town.offered())
    with pytest.raises(WalkError, match="no_answer"):
        town.run(town.resident.accept(scan, code))
    town.processes.fell("issuer")
    added = len(town.counted().issued - before.issued)
    assert added == (0 if when == BEFORE else COPIES)
    town.processes.restart("issuer")
    issued = town.run(town.resident.accept(scan, code))
    assert [each["copies"] for each in issued] == [COPIES] * FORMATS
    _one_set(town, before)


def _one_set(town: Town, before: Counted) -> None:
    """One set of copies a format has come into the world, and they are those in the wallet."""
    fresh = town.counted().issued - before.issued
    assert len(fresh) == COPIES * FORMATS
    held = {each["digest"] for each in town.run(town.resident.held())}
    digests = dict(town.rows("issuer", "SELECT key, digest FROM outbox"))
    assert {digests[record] for record in fresh} <= held
    town.check()
    assert town.run(until("receipts", town.resident.receipts)) is not None


@pytest.mark.parametrize(
    ("place", "when"),
    [
        ("accept", BEFORE),
        ("accept", AFTER),
        ("sequence", AFTER),
        ("tile", AFTER),
        ("checkpoint", BEFORE),
        ("checkpoint", AFTER),
    ],
)
def test_killed_during_the_log_append(town: Town, place: str, when: str) -> None:
    _killed_log(town, place, when)


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_killed_after_a_witness_has_signed(town: Town, when: str) -> None:
    town.check()  # a line that is still to come would have it killed while it starts
    _killed_log(town, "cosignature", when)


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_a_witness_killed_while_it_signs(town: Town, when: str) -> None:
    """Between its disk and its answer; the log goes on, and the line comes later."""
    town.check()
    town.processes.arm("witness", "witnessed", when)
    town.run(town.digital_id())
    town.processes.fell("witness")
    town.run(town.digital_id())
    town.processes.restart("witness")
    town.check()


@pytest.mark.parametrize(("place", "when"), [("send", BEFORE), ("send", AFTER), ("receipt", AFTER)])
def test_killed_during_the_chain_transaction(town: Town, place: str, when: str) -> None:
    _killed_log(town, place, when)


def _killed_log(town: Town, place: str, when: str) -> None:
    before, sizes = town.counted(), {city: town.head(city)[0] for city in (CITY, OTHER_CITY)}
    town.processes.arm("log", place, when)
    town.run(town.digital_id())
    town.processes.fell("log")
    # The office goes on while the log is away; what it issues now waits.
    town.run(town.digital_id())
    town.processes.restart("log")
    town.check()
    assert len(town.counted().issued - before.issued) == 2 * COPIES * FORMATS
    assert town.head(CITY)[0] >= sizes[CITY] + 2 * COPIES * FORMATS
    assert town.run(until("receipts", town.resident.receipts)) is not None


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_killed_during_the_decision(town: Town, when: str) -> None:
    town.run(town.certificates())
    before = town.counted()
    town.processes.arm("verifier", "decision", when)

    async def asked() -> tuple[str, str]:
        start = await town.agency.open("/")
        page = await town.agency.browser.send(start, "/eligibility", programme=PROGRAMME)
        picture = await town.agency.browser.bytes(page.image("request-qr"))
        return page.url, (await town.resident.scan(picture))["id"]

    url, scan = town.run(asked())
    with pytest.raises(WalkError, match="no_answer"):
        town.run(town.resident.agree(scan))
    town.processes.fell("verifier")
    assert len(town.counted().checked - before.checked) == (0 if when == BEFORE else 1)
    town.processes.restart("verifier")
    if when == BEFORE:
        assert town.run(town.resident.agree(scan))["status"] == "accepted"
    else:
        with pytest.raises(WalkError):
            town.run(town.resident.agree(scan))
    page = town.run(town.agency.browser.open(f"{url}?lang=en"))
    assert page.text("outcome") == "You qualify."
    assert len(town.counted().checked - before.checked) == 1
    town.check()
