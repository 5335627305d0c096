"""The verifier with the adapters of a real run, and what runs beside its routes."""

import asyncio
from pathlib import Path

import pytest
from sqlmodel import select

from madang.access.service_token import Call, FolderServiceKeys, verify
from madang.core.merkle.entry import EntryKind
from madang.core.trust.snapshot import SnapshotError
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.outbox import OutboxRow
from madang.infra.setup import prepare_state
from madang.infra.tenancy import Addresses
from tests.unit.verifier.world import CATALOG, NEIGHBOUR, NOW, TENANT, Browser, City
from verifier.app import build, log_authorization, production
from verifier.settings import Settings


def rules(database: Database) -> list[tuple[str, str]]:
    """Return tenant and key of every rule that waits for the log or is in it."""
    with database.reading() as session:
        wanted = select(OutboxRow).where(OutboxRow.kind == EntryKind.RULE)
        return sorted((row.tenant, row.key) for row in session.exec(wanted))


def expected(city: City) -> list[tuple[str, str]]:
    programmes = city.deps.catalogue.programmes.values()
    digests = [digest.hex() for programme in programmes for digest in programme.documents]
    tenants = (TENANT, NEIGHBOUR)
    return sorted((tenant, f"rule:{tenant}:{digest}") for tenant in tenants for digest in digests)


def start_and_stop(city: City, *, until: int = 0) -> None:
    """Run the application's lifespan until so many entries are in the log."""
    app = build(city.settings, city.deps)

    async def run() -> None:
        async with app.router.lifespan_context(app):
            while sum(map(len, city.log.entries.values())) < until:  # noqa: ASYNC110  # another's work
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), timeout=10))


def test_a_prepared_state_folder_is_all_that_it_needs(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, catalog_dir=CATALOG, key_passphrase="open sesame")
    catalogue = load_catalogue(CATALOG)
    addresses = Addresses(catalogue.tenants)
    prepare_state(settings, catalogue, addresses, SystemClock())
    deps = production(settings)
    browser = Browser(build(settings, deps), "https://id.hanbit.example")
    assert browser.get("/health").json() == {"status": "up", "accreditations": False}
    assert set(deps.log_keys) == {TENANT, NEIGHBOUR}
    assert deps.log_keys[TENANT].name == addresses.log_origin(TENANT)
    with pytest.raises(SnapshotError) as refused:
        deps.accreditations.registry(now=NOW)
    assert refused.value.code == "snapshot_missing"


def test_the_log_knows_who_calls(city: City) -> None:
    deps, url = city.deps, f"{city.identifier('log')}/entries"
    headers = log_authorization(deps.signers, deps.addresses, city.clock)(
        TENANT, "POST", url, b"{}"
    )
    call = Call(city.identifier("log"), "POST", f"/{TENANT}/log/entries", b"{}")
    token = headers["authorization"].removeprefix("Bearer ")
    caller = verify(token, call, FolderServiceKeys(city.land.folders.services), now=NOW)
    assert caller.issuer == city.identifier("verifier")
    assert caller.roles == frozenset()


def test_at_the_start_every_rule_is_entered_once_for_each_municipality(city: City) -> None:
    start_and_stop(city)
    assert rules(city.deps.database) == expected(city)
    start_and_stop(city)
    assert rules(city.deps.database) == expected(city)


def test_what_waits_is_delivered_while_it_runs(city: City) -> None:
    start_and_stop(city, until=len(expected(city)))
    kinds = {entry.kind for log in city.log.entries.values() for entry in log}
    assert kinds == {EntryKind.RULE}


def test_an_edited_rule_is_another_entry(city: City) -> None:
    start_and_stop(city)
    programmes = city.deps.catalogue.programmes
    (name, programme), *_ = programmes.items()
    documents = {**programme.documents, bytes(32): {"edited": True}}
    edited = type(programme)(name, programme.rules, documents, programme.texts)
    programmes[name] = edited  # type: ignore[index]  # a dict, as loaded
    start_and_stop(city)
    assert rules(city.deps.database) == expected(city)


@pytest.mark.parametrize("name", ["identification_lapses", "eligibility_lapses"])
def test_no_other_failure_can_be_let_through(name: str) -> None:
    with pytest.raises(ValueError, match="Input should be"):
        Settings.model_validate({name: ["issuer_signature"]})
