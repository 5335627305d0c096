"""The main path as a person starts it: `madang run --once`, one process for each program."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from madang.cli.city import WALLET_OFFSET, CityPlan
from madang.cli.run import WALLETS, residents
from madang.core.encoding import base64url
from madang.core.merkle.checkpoint import parse_note
from madang.infra.setup import StateFolders

pytestmark = pytest.mark.xdist_group("city")

REPOSITORY = Path(__file__).parents[2]
PORTS = 16
CITIES = ("hanbit", "saebyeol")
OUTCOMES = ("yes", "no", "unknown")
LANGUAGES = ("ko", "en", "ja")
START_SECONDS = 30


@dataclass(frozen=True)
class Kept:
    """What is on the disk.

    Attributes:
        entries: per municipality the sequenced entries in order: key and commitment.
        copies: per wallet the digests of its copies.
        checkpoints: per municipality the size of the published checkpoint.
        transactions: hashes of the chain's transactions in the order of signing.
    """

    entries: dict[str, list[tuple[str, bytes]]]
    copies: dict[str, set[str]]
    checkpoints: dict[str, int]
    transactions: list[str]


@dataclass(frozen=True)
class Run:
    """One walk: what it told, and what it left."""

    state: Path
    port: int
    report: dict[str, Any]
    kept: Kept

    def step(self, name: str) -> dict[str, Any]:
        return next(each for each in self.report["steps"] if each["name"] == name)


def _rows(database: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def _entries(state: Path, city: str) -> list[tuple[str, bytes]]:
    query = (
        "SELECT log_index, key, commitment FROM log_entry"
        " WHERE tenant = ? AND log_index IS NOT NULL ORDER BY log_index"
    )
    found = _rows(state / "log" / "log.sqlite", query, city)
    assert [index for index, _, _ in found] == list(range(len(found)))
    return [(key, commitment) for _, key, commitment in found]


def _checkpoint(state: Path, city: str) -> int:
    return parse_note((state / "log" / city / "checkpoint").read_text("utf-8")).checkpoint.size


def _kept(state: Path) -> Kept:
    wallets = {file.parent.name: file for file in (state / "wallets").glob("*/wallet.sqlite")}
    assert wallets.keys() == WALLETS.keys()
    sent = _rows(state / "log" / "log.sqlite", "SELECT hash FROM chain_transaction ORDER BY number")
    return Kept(
        entries={city: _entries(state, city) for city in CITIES},
        copies={
            name: {row[0] for row in _rows(file, "SELECT digest FROM copy")}
            for name, file in wallets.items()
        },
        checkpoints={city: _checkpoint(state, city) for city in CITIES},
        transactions=[row[0] for row in sent],
    )


def _command(state: Path, port: int) -> list[str]:
    arguments = ["run", "--state", str(state), "--port", str(port)]
    return [sys.executable, "-m", "madang.cli.main", *arguments]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]) -> Run:
    """Walk once."""
    state = tmp_path_factory.mktemp("city") / "state"
    port = free_ports(PORTS)
    done = subprocess.run(
        [*_command(state, port), "--once"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:] + done.stdout[-2_000:]
    return Run(state, port, json.loads(done.stdout.splitlines()[-1]), _kept(state))


@dataclass
class Again:
    """The same city, started again and ready to be stopped.

    Attributes:
        process: `madang run`.
        told: what it said until it said how to stop it.
        seconds: how long that took.
    """

    process: subprocess.Popen[str]
    told: str
    seconds: float


@pytest.fixture(scope="module")
def again(run: Run) -> Iterator[Again]:
    """Start the same city again, and stop it as a person does, who reads that it can be stopped."""
    started = time.monotonic()
    with subprocess.Popen(
        _command(run.state, run.port),
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            lines = []
            assert process.stderr is not None
            for line in process.stderr:
                lines.append(line)
                if "Ctrl+C" in line:
                    break
            yield Again(process, "".join(lines), time.monotonic() - started)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def test_every_step_succeeds_and_takes_a_told_time(run: Run) -> None:
    assert run.report["ok"] is True
    assert "error" not in run.report
    assert {step["name"]: step["ok"] for step in run.report["steps"]} == {
        step["name"]: True for step in run.report["steps"]
    }
    assert all(step["ms"] >= 0 for step in run.report["steps"])
    assert run.step("start")["ms"] < START_SECONDS * 1000


def test_each_step_was_done_by_a_process_of_its_own_service(run: Run) -> None:
    counter, issuer = run.step("sign_in")["pid"], run.step("digital_id.yes")["pid"]
    verifier, log = run.step("present.yes")["pid"], run.step("receipts")["pid"]
    audits = [
        run.step(name)["pid"] for name in ("audit", "audit_decision", "audit_after_tampering")
    ]
    pids = [counter, issuer, verifier, log, *audits]
    assert len({*pids}) == len(pids)
    assert all(isinstance(pid, int) and pid > 1 for pid in pids)
    assert {run.step(f"certificates.{who}")["pid"] for who in OUTCOMES} == {issuer}
    assert {run.step(f"decision.{who}")["pid"] for who in OUTCOMES} == {verifier}


def test_certificates_come_in_as_many_copies_as_the_wallet_keeps_sets(run: Run) -> None:
    assert [run.step(f"digital_id.{who}")["copies"] for who in ("other", *OUTCOMES)] == [4] * 4
    # One of them, the register's abstract, comes in both formats.
    assert len(run.step("certificates.yes")["types"]) == 4 + 1
    assert len(run.step("certificates.unknown")["types"]) == 3 + 1


def test_another_person_is_refused_by_the_protocols_own_code(run: Run) -> None:
    assert "credential_request_denied" in run.step("other_person")["refusal"]


def test_the_lease_is_an_entry_and_its_head_is_on_the_chain(run: Run) -> None:
    step = run.step("receipts")
    assert 0 <= step["log_index"] < step["log_size"]
    assert step["transaction"] in run.kept.transactions
    assert step["block"] > 0


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_decision_is_said_in_three_languages_and_entered(run: Run, outcome: str) -> None:
    step = run.step(f"decision.{outcome}")
    assert step["outcome"] == outcome
    assert [*step["said"]] == [*LANGUAGES]
    assert len({*step["said"].values()}) == len(LANGUAGES)
    assert all(step["said"].values())
    assert len(base64url.decode(step["decision_hash"])) == 32
    assert 0 <= step["log_index"] < len(run.kept.entries["saebyeol"])
    assert step["transaction"] in run.kept.transactions


def test_the_three_outcomes_are_said_differently_in_every_language(run: Run) -> None:
    for language in LANGUAGES:
        assert len({run.step(f"decision.{each}")["said"][language] for each in OUTCOMES}) == 3


def test_a_certificate_that_is_not_held_is_not_asked_of_the_wallet(run: Run) -> None:
    assert "support" in run.step("decision.yes")["asked"]
    assert "support" not in run.step("decision.unknown")["asked"]


def test_the_audit_is_clean_until_a_row_is_altered_and_names_exactly_that(run: Run) -> None:
    assert run.step("audit")["audit"]["ok"] is True
    assert run.step("audit")["audit"]["findings"] == []
    assert run.step("audit_decision")["audit"]["proved"]["decision"] == "yes"
    assert run.step("audit")["audit"]["proved"]["cosigned"] > 0
    assert run.step("audit_decision")["audit"]["proved"]["cosigned"] > 0
    assert run.step("evidence")["audit"]["ok"]
    assert run.step("evidence")["bytes"] <= 8_000
    step = run.step("audit_after_tampering")
    assert step["audit"]["ok"] is False
    found = [(each["code"], each["where"]) for each in step["audit"]["findings"]]
    assert found == [("row_altered", step["altered"])]


def test_the_audit_covers_every_entry_that_was_there(run: Run) -> None:
    proved = run.step("audit")["audit"]["proved"]
    assert proved["entries"] == proved["anchored_entries"] == run.kept.checkpoints["hanbit"]
    assert run.kept.checkpoints == {city: len(run.kept.entries[city]) for city in CITIES}


def test_the_city_starts_again_in_seconds(again: Again) -> None:
    assert "Open in a browser" in again.told, again.told
    assert "The main path" not in again.told
    assert again.seconds < START_SECONDS


@pytest.mark.usefixtures("again")
def test_wallets_hold_the_same_after_the_second_start(run: Run) -> None:
    for number, name in enumerate(WALLETS):
        address = f"http://127.0.0.1:{run.port + WALLET_OFFSET + number}/credentials"
        held = httpx.get(address, trust_env=False).json()["credentials"]
        assert {each["digest"] for each in held} == run.kept.copies[name]
        assert held
        assert all(each["has_receipt"] for each in held)


@pytest.mark.usefixtures("again")
def test_a_log_is_audited_by_its_address_as_in_its_folder(run: Run, tmp_path: Path) -> None:
    plan, (city, _) = CityPlan(run.state, run.port), CITIES
    keys = StateFolders(run.state).log_keys
    older = tmp_path / "older"
    older.write_bytes((run.state / "log" / city / "checkpoint").read_bytes())
    given = {
        "--log": plan.addresses.identifier(city, "log"),
        "--key": keys / f"{city}.vkey",
        "--second-key": keys / f"{city}.second",
        "--owner": keys / f"{city}.owner",
        "--contract": run.state / "contract.json",
        "--rpc": plan.rpc,
        "--checkpoint": older,
        "--cache": tmp_path / "cache",
    }
    arguments = ["audit", "log", *(str(part) for pair in given.items() for part in pair)]
    done = _madang(*arguments, "--json")
    told = json.loads(done.stdout or done.stderr)
    assert told["findings"] == []
    assert done.returncode == 0
    assert told["proved"]["entries"] >= run.kept.checkpoints[city]
    sources = {head["source"] for head in told["proved"]["heads"]}
    assert {"checkpoint", f"file {older}"} <= sources
    assert list((tmp_path / "cache").glob("*/checkpoint"))


def _madang(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "madang.cli.main", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.usefixtures("again")
def test_nothing_published_anchored_or_logged_is_about_a_resident(run: Run, tmp_path: Path) -> None:
    plan = CityPlan(run.state, run.port)
    people = residents(plan, httpx.AsyncClient()).values()
    values = tmp_path / "values.txt"
    words = [word for each in people for word in (each.name, each.birthdate, each.document_number)]
    values.write_text("\n".join(words), "utf-8")
    arguments = ["audit", "privacy", "--state", str(run.state), "--rpc", plan.rpc]
    done = _madang(*arguments, "--values", str(values), "--json")
    told = json.loads(done.stdout or done.stderr)
    assert told["findings"] == []
    assert done.returncode == 0
    entries = sum(len(each) for each in run.kept.entries.values())
    assert told["looked"]["entries"] >= entries
    assert told["looked"]["transactions"] >= len(run.kept.transactions)
    assert min(told["looked"][each] for each in ("tiles", "events", "blocks", "log_lines")) > 0
    assert told["looked"]["checkpoints"] == len(CITIES)
    assert len(words) == 3 * len(WALLETS)


def test_nothing_of_logs_and_chain_is_lost_after_the_second_end(run: Run, again: Again) -> None:
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(timeout=60) == 0
    after = _kept(run.state)
    assert after.copies == run.kept.copies
    for city in CITIES:
        before = run.kept.entries[city]
        assert before
        assert after.entries[city][: len(before)] == before
        assert after.checkpoints[city] >= run.kept.checkpoints[city]
    sent = run.kept.transactions
    assert after.transactions[: len(sent)] == sent
