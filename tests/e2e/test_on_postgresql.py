"""A city on PostgreSQL, its issuer and its verifier as two processes each."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pytest

from madang.access.staff import Staff
from madang.cli.city import AUDITOR, OFFSETS, STAFF, CityPlan
from madang.cli.processes import Program
from madang.cli.walk.people import until
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.ids import SystemIds
from tests.e2e.processes import Processes
from tests.e2e.round_robin import round_robin
from tests.e2e.test_kills import COPIES, FORMATS, PORTS, THREE, Town, _met
from tests.postgresql import PostgreSql

pytestmark = pytest.mark.xdist_group("city")

BEHIND = {"issuer": (9, 10), "verifier": (14, 15)}
"""Offsets of the ports of those that are two."""


@dataclass(frozen=True)
class SharedPlan(CityPlan):
    """A city whose services have a database each, two of them shared by two processes."""

    databases: dict[str, str] = field(default_factory=dict)

    def services(self) -> list[Program]:
        return [each for one in super().services() for each in self._processes(one)]

    def _processes(self, one: Program) -> list[Program]:
        url = self.databases.get(one.name)
        if url is None:
            return [one]
        one = replace(one, environment={**one.environment, "MADANG_DATABASE_URL": url})
        ports = [self.port + offset for offset in BEHIND.get(one.name, ())]
        return [_at(one, f"{one.name}-{port}", port) for port in ports] or [one]

    def add_accounts(self) -> None:
        for service, (name, role) in {**STAFF, **AUDITOR}.items():
            database = Database(self.databases[service])
            staff = Staff(database, SystemIds(), self.settings)
            for tenant in self.catalogue.tenants:
                account = self.accounts()[f"{tenant.id}/{service}"]
                staff.add(tenant.id, name, account["passphrase"], [role], now=SystemClock().now())
            database.close()


def _at(program: Program, name: str, port: int) -> Program:
    environment = {**program.environment, "MADANG_PORT": str(port)}
    health = f"http://127.0.0.1:{port}/health"
    return replace(program, name=name, environment=environment, health=health)


@dataclass
class Shared:
    """The city, one resident, and how many requests each process got."""

    town: Town
    plan: SharedPlan
    got: dict[str, Counter[int]]

    def rows(self, service: str, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.plan.databases[service]) as connection:
            return connection.execute(query.encode()).fetchall()

    async def delivered(self) -> bool | None:
        waiting = "SELECT 1 FROM outbox WHERE log_index IS NULL"
        return None if self.rows("issuer", waiting) else True


@pytest.fixture
def shared(
    tmp_path_factory: pytest.TempPathFactory,
    free_ports: Callable[[int], int],
    postgresql_server: PostgreSql,
) -> Iterator[Shared]:
    with ExitStack() as stack, asyncio.Runner() as runner:
        made = {name: stack.enter_context(postgresql_server.database()) for name in OFFSETS}
        state = tmp_path_factory.mktemp("shared") / "state"
        plan = SharedPlan(state, free_ports(PORTS), databases=made)
        plan.prepare()
        processes, met = Processes(plan), AsyncExitStack()
        stack.callback(processes.stop_all)
        processes.start_all()
        plan.add_accounts()
        got = {
            name: stack.enter_context(
                round_robin(plan.port + OFFSETS[name], [plan.port + each for each in offsets])
            )
            for name, offsets in BEHIND.items()
        }
        try:
            yield Shared(Town(plan, processes, runner, *runner.run(_met(plan, met))), plan, got)
        finally:
            runner.run(met.aclose())


def test_each_request_goes_to_the_next_process_and_all_is_there_once(shared: Shared) -> None:
    """Issuance, a presentation at the counter, issuance on it; then the log has it all."""
    town = shared.town
    town.run(town.certificates())
    town.run(until("delivery", shared.delivered))
    issued = {row[0] for row in shared.rows("issuer", "SELECT id FROM credential")}
    copies = "SELECT key, log_index FROM outbox WHERE kind = 'credential'"
    entries = "SELECT key, log_index FROM log_entry WHERE kind = 'credential'"
    kept, logged = shared.rows("issuer", copies), shared.rows("log", entries)
    assert {key for key, _ in kept} == issued
    assert sorted(kept) == sorted(logged)
    assert len(issued) > COPIES * FORMATS + len(THREE)
    [answered] = shared.rows("verifier", "SELECT phase FROM presentation_session")
    assert answered == ("answered",)
    for counted in shared.got.values():
        assert len(counted) == 2
        first, second = counted.values()
        assert abs(first - second) <= 1
