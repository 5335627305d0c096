"""The main path in one process: data alone changes a decision, and nothing personal is left."""

import asyncio
import json
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from issuer.sources.model import Record
from issuer.sources.synthetic.demonstration import shortfalls
from madang.access.service_token import Call, make
from madang.cli.city import CATALOG, CityPlan
from madang.cli.walk.path import CITY
from madang.cli.walk.people import Resident, until
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.infra.clock import SystemClock
from madang.infra.setup import StateFolders, keystore
from tests.e2e.one_process import Town, town

pytestmark = pytest.mark.xdist_group("city")

PORTS = 16
RULE = Path("rules") / "youth_monthly_rent" / "2024.json"
OFFICE = ("issuer", "verifier", "counter", "log", "wallet")
CLAIM_COLUMNS = {("eligibility_check", "document")}
"""A decision document holds the claims that decided, so that it can be recomputed."""


@dataclass
class Story:
    """What happened in the one city of this module, for the tests to look at.

    Attributes:
        personal: words that belong to a resident and may stand in no office's database.
        decisions: by name what the step told, and the evidence as the agency keeps it.
        revoked: the issuer's answer to the officer.
        logged: every line that was logged meanwhile.
    """

    state: Path
    personal: set[str] = field(default_factory=set)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    revoked: dict[str, Any] = field(default_factory=dict)
    logged: str = ""

    def document(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.decisions[name]["kept"]["document"]
        return found


def _people(town: Town) -> tuple[Any, Any]:
    """Return one resident below 120 percent of the median income, and one above, both entitled."""
    region = town.plan.catalogue.tenants.get(CITY).region_code
    fitting = [
        resident
        for resident in town.register.residents(CITY)
        if not shortfalls(town.record(resident.id), region)
    ]
    below = [_at_or_below(town.record(each.id), 120) for each in fitting]
    return fitting[below.index(True)], fitting[below.index(False)]


def _at_or_below(record: Record, percent: int) -> bool:
    income: Any = record["income"]
    return bool(income["median_income_at_or_below"][str(percent)])


def _personal(person: Any, record: Record) -> set[str]:
    told: Any = record["person"]
    addresses = {each["address"] for each in told["address_history"]} | {told["address"]}
    return {person.name, person.birthdate.isoformat(), person.document_number, *addresses}


async def _decided(story: Story, town: Town, name: str, outcome: str, label: str) -> None:
    facts = await town.decide(name, outcome)
    kept = json.loads((town.plan.state / "evidence" / f"decision-{outcome}.json").read_text())
    story.decisions[label] = {**facts, "kept": kept}


async def _revoke(town: Town, resident: Resident, vct: str) -> dict[str, Any]:
    """An officer revokes a certificate, all its copies."""
    digest = next(each["digest"] for each in await resident.held() if vct in each["type"])
    url = f"{town.plan.addresses.identifier(CITY, 'issuer')}/api/credentials/status"
    wish = {"credential_digest": digest, "status": "invalid", "reason_code": "facts_changed"}
    body = json.dumps(wish).encode()
    call = Call(town.plan.addresses.identifier(CITY, "issuer"), "POST", urlsplit(url).path, body)
    token = make(
        keystore(town.plan.settings).signer(CITY, "service-counter"),
        call,
        issuer=town.plan.addresses.identifier(CITY, "counter"),
        actor="officer-1",
        roles=("officer",),
        now=SystemClock().now(),
    )
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    answer = await town.client.post(url, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _edited(folder: Path) -> Path:
    """Return a copy of the catalogue with another income ceiling in the rule in force."""
    copy = folder / "catalog"
    shutil.copytree(CATALOG, copy)
    rule = json.loads((copy / RULE).read_text("utf-8"))
    for value in rule["parameters"]["income_ceiling_percent"]:
        assert value["value"] == 150
        value["value"] = 120
    (copy / RULE).write_text(json.dumps(rule, ensure_ascii=False), "utf-8")
    return copy


async def _happen(story: Story, plan: CityPlan, edited: CityPlan) -> None:
    async with town(plan) as here:
        lower, higher = _people(here)
        people = {"yes": lower, "higher": higher}
        for number, (name, person) in enumerate(people.items()):
            story.personal |= _personal(person, here.record(person.id))
            resident = await here.equip(number, person)
            here.walk.residents = {**here.walk.residents, name: resident}
            await here.issue(resident)
            await until("receipts", resident.receipts)
        await _decided(story, here, "yes", "yes", "yes")
        await _decided(story, here, "higher", "yes", "higher at 150")
        await here.serve_verifier(edited)
        await _decided(story, here, "higher", "no", "higher at 120")
        await _decided(story, here, "yes", "yes", "yes at 120")
        story.revoked = await _revoke(here, here.walk.residents["yes"], "/lease/")
        await _decided(story, here, "yes", "unknown", "revoked")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]) -> Story:
    """Let everything happen once."""
    folder = tmp_path_factory.mktemp("town")
    lines: list[str] = []
    listener = _Listener(lines)
    root = logging.getLogger()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.INFO)
    plan = CityPlan(folder / "state", free_ports(PORTS))
    story = Story(plan.state)
    try:
        asyncio.run(_happen(story, plan, CityPlan(plan.state, plan.port, _edited(folder))))
    finally:
        root.removeHandler(listener)
        root.setLevel(level)
    story.logged = "\n".join(lines)
    return story


class _Listener(logging.Handler):
    """Keep every line that services log at the level they run with; libraries apart."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def _rows(story: Story, service: str, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(story.state / service / f"{service}.sqlite")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_the_rules_own_parameter_decides_what_is_asked(story: Story) -> None:
    assert story.decisions["yes"]["asked"]["income"] == ['["median_income_at_or_below", "150"]']
    asked = story.decisions["higher at 120"]["asked"]
    assert asked["income"] == ['["median_income_at_or_below", "120"]']
    assert {**asked, "income": None} == {**story.decisions["yes"]["asked"], "income": None}


def test_the_edited_parameter_changes_a_decision_and_no_other(story: Story) -> None:
    outcomes = {name: facts["outcome"] for name, facts in story.decisions.items()}
    assert outcomes == {
        "yes": "yes",
        "higher at 150": "yes",
        "higher at 120": "no",
        "yes at 120": "yes",
        "revoked": "unknown",
    }


def test_the_edited_rule_is_entered_in_the_log_as_another_version(story: Story) -> None:
    before = story.decisions["higher at 150"]["kept"]["rule_receipt"]
    after = story.decisions["higher at 120"]["kept"]["rule_receipt"]
    assert before["digest"] != after["digest"]
    assert before["index"] < after["index"]
    rules = _rows(
        story,
        "log",
        "SELECT tenant, COUNT(*) FROM log_entry WHERE kind = 'rule'"
        " AND log_index IS NOT NULL GROUP BY tenant",
    )
    assert dict(rules)["saebyeol"] == 4


def test_every_decision_is_entered_once_with_its_own_hash(story: Story) -> None:
    hashes = {facts["decision_hash"] for facts in story.decisions.values()}
    indexes = {facts["log_index"] for facts in story.decisions.values()}
    assert len(hashes) == len(indexes) == len(story.decisions)
    assert all(facts["transaction"].startswith("0x") for facts in story.decisions.values())


def test_a_revoked_certificate_is_told_as_the_reason(story: Story) -> None:
    assert story.revoked == {"status": "invalid", "copies": 4}
    text = json.dumps(story.document("revoked"))
    assert "revoked" in text
    assert "revoked" not in json.dumps(story.document("yes"))


def test_every_credential_row_is_in_the_outbox_and_in_the_log_once(story: Story) -> None:
    issued = {row[0] for row in _rows(story, "issuer", "SELECT id FROM credential")}
    kept = _rows(story, "issuer", "SELECT key, log_index FROM outbox WHERE kind = 'credential'")
    logged = _rows(story, "log", "SELECT key, log_index FROM log_entry WHERE kind = 'credential'")
    # Two residents with five certificates, of which two come as mdoc too, in four copies each.
    assert len(issued) == 2 * (5 + 2) * 4
    assert {key for key, _ in kept} == issued
    assert sorted(kept) == sorted(logged)


def test_every_head_is_cosigned_by_a_key_that_its_log_introduced_once(story: Story) -> None:
    folder = StateFolders(story.state).log_keys
    keys = {
        path.stem: CosignerKey.parse(path.read_text("ascii")) for path in folder.glob("*.second")
    }
    heads = _rows(story, "log", "SELECT tenant, note FROM log_head")
    assert {tenant for tenant, _ in heads} == {*keys}
    assert all(cosigned(parse_note(note), keys[tenant]) is not None for tenant, note in heads)
    wanted = "SELECT tenant, commitment FROM log_entry WHERE key LIKE 'log-second/%'"
    introduced = sorted((tenant, key.introduction()) for tenant, key in keys.items())
    assert sorted(_rows(story, "log", wanted)) == introduced


def _texts(database: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield table, column and content of every value of a database."""
    connection = sqlite3.connect(database)
    try:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - own schema
            columns = [each[0] for each in cursor.description]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield table, column, content
    finally:
        connection.close()


@pytest.mark.parametrize("service", OFFICE)
def test_no_database_of_an_office_says_who_a_resident_is(story: Story, service: str) -> None:
    assert len(story.personal) >= 8
    words = [word.encode() for word in story.personal]
    escaped = [json.dumps(word)[1:-1].encode() for word in story.personal]
    values = list(_texts(story.state / service / f"{service}.sqlite"))
    found = {
        (table, column)
        for table, column, content in values
        if (table, column) not in CLAIM_COLUMNS and any(w in content for w in words + escaped)
    }
    assert found == set()
    assert values or service == "wallet"


def test_nothing_published_or_logged_says_who_a_resident_is(story: Story) -> None:
    files = [path for path in (story.state / "log").rglob("*") if path.is_file()]
    published = b"".join(path.read_bytes() for path in files if "sqlite" not in path.name)
    chain = b"".join(content for table, _, content in _texts(story.state / "log" / "log.sqlite"))
    assert published
    for word in story.personal:
        assert word.encode() not in published
        assert word.encode() not in chain
        assert word not in story.logged


def test_the_scan_finds_what_it_looks_for(tmp_path: Path, story: Story) -> None:
    database = tmp_path / "leak.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE journal (code TEXT)")
    connection.execute("INSERT INTO journal VALUES (?)", (f"saw {min(story.personal)}",))
    connection.commit()
    connection.close()
    word = min(story.personal).encode()
    assert [(t, c) for t, c, content in _texts(database) if word in content] == [
        ("journal", "code")
    ]
