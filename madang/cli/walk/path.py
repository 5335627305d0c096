"""The main path, step by step, the way people walk it."""

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from madang.cli.city import CityPlan
from madang.cli.walk.browser import Page
from madang.cli.walk.people import Counter, Resident, Staff, WalkError, until
from madang.cli.walk.report import Report

CITY: Final = "hanbit"
OTHER_CITY: Final = "saebyeol"
DIGITAL_ID: Final = "digital_id"
THREE: Final = ["resident_register_abstract", "household_income", "lease"]
NO_BENEFIT: Final = "housing_support_none"
PROGRAMME: Final = "youth_monthly_rent"
EXPECTED: Final = {"yes": [*THREE, NO_BENEFIT], "no": [*THREE, NO_BENEFIT], "unknown": THREE}
LANGUAGES: Final = ("ko", "en", "ja")
WHO: Final = {
    "yes": "First resident",
    "no": "Second resident",
    "unknown": "Third resident",
    "other": "Somebody else",
}


@dataclass
class Walk:
    """One walk along the main path.

    Attributes:
        plan: where everything is.
        report: collects the steps.
        pids: process id per program.
        residents: the resident per expected outcome, and "other" for somebody else.
        clerk: at the counter of one municipality.
        agency: in the other municipality.
    """

    plan: CityPlan
    report: Report
    pids: Mapping[str, int]
    residents: Mapping[str, Resident]
    clerk: Staff
    agency: Staff

    async def run(self) -> None:
        """Walk; raises what the first failing step raises."""
        await self._sign_in()
        await self._other_person()
        for outcome in EXPECTED:
            await self._resident(outcome)
        await self._receipts()
        for outcome in EXPECTED:
            await self._decide(outcome)
        await self._audit()

    async def _sign_in(self) -> None:
        accounts = self.plan.accounts()
        with self.report.step("sign_in", "Clerk and agency sign in", self.pids["counter"]):
            await self.clerk.sign_in(**accounts[f"{CITY}/counter"])
            await self.agency.sign_in(**accounts[f"{OTHER_CITY}/verifier"])

    async def _digital_id(self, counter: Counter, outcome: str) -> None:
        resident = self.residents[outcome]
        words = f"{WHO[outcome]}: identity proved at the counter, Digital ID in the wallet"
        with self.report.step(f"digital_id.{outcome}", words, self.pids["issuer"]) as step:
            await counter.open_case()
            picture, code = await counter.prove_identity(resident)
            scan = await resident.scan(picture)
            step.facts["copies"] = (await resident.accept(scan["id"], code))[0]["copies"]

    async def _present(self, counter: Counter, outcome: str) -> None:
        resident = self.residents[outcome]
        words = f"{WHO[outcome]}: shows the Digital ID at the counter"
        with self.report.step(f"present.{outcome}", words, self.pids["verifier"]):
            scan = await resident.scan(await counter.ask_for_digital_id())
            await resident.agree(scan["id"])
            await counter.wait_for_digital_id()

    async def _resident(self, outcome: str) -> None:
        counter = Counter(self.clerk)
        await self._digital_id(counter, outcome)
        await self._present(counter, outcome)
        types = EXPECTED[outcome]
        picture, code = await counter.issue(types)
        if outcome == "yes":
            picture, code = await self._thief(counter, picture, code)
        words = f"{WHO[outcome]}: {len(types)} certificates issued into the wallet"
        with self.report.step(f"certificates.{outcome}", words, self.pids["issuer"]) as step:
            scan = await self.residents[outcome].scan(picture)
            issued = await self.residents[outcome].accept(scan["id"], code)
            step.facts["types"] = [each["type"] for each in issued]

    async def _other_person(self) -> None:
        """Give somebody else a Digital ID, who later tries another person's offer."""
        await self._digital_id(Counter(self.clerk), "other")

    async def _thief(self, counter: Counter, picture: bytes, code: str) -> tuple[bytes, str]:
        words = "Another person's Digital ID gets nothing from the same QR code and code"
        with self.report.step("other_person", words, self.pids["issuer"]) as step:
            other = self.residents["other"]
            before = len(await other.held())
            scan = await other.scan(picture)
            try:
                await other.accept(scan["id"], code)
            except WalkError as refusal:
                step.facts["refusal"] = str(refusal)
            else:
                raise WalkError("another person got a certificate")
            if len(await other.held()) != before:
                raise WalkError("another person's wallet holds something new")
        with self.report.step("renew", "The clerk offers again", self.pids["counter"]):
            return await counter.renew()

    async def _receipts(self) -> None:
        words = "Every copy is an entry of the log, and its head is on the chain"
        with self.report.step("receipts", words, self.pids["log"]) as step:
            for resident in self.residents.values():
                await until("receipts", resident.receipts)
            digest = await self._lease_digest()
            receipt = await self.residents["yes"].receipt(digest)
            anchor = await until("the anchor", lambda: self._anchor(receipt["index"] + 1))
            step.facts |= {"log_index": receipt["index"], "transaction": anchor["transaction"]}
            step.facts |= {"block": anchor["block"], "log_size": anchor["size"]}

    async def _lease_digest(self) -> str:
        held = await self.residents["yes"].held()
        return str(next(each["digest"] for each in held if "/lease/" in each["type"]))

    async def _anchor(self, size: int, city: str = CITY) -> dict[str, Any] | None:
        base = self.plan.addresses.identifier(city, "log")
        answer = await self.clerk.browser.try_json(f"{base}/anchors/{size}")
        return answer if answer and answer["transaction"] else None

    async def _decide(self, outcome: str) -> None:
        words = f"{WHO[outcome]}: the other city's agency asks, the rule decides"
        with self.report.step(f"decision.{outcome}", words, self.pids["verifier"]) as step:
            start = await self.agency.open("/")
            page = await self.agency.browser.send(start, "/eligibility", programme=PROGRAMME)
            resident = self.residents[outcome]
            scan = await resident.scan(await self.agency.browser.bytes(page.image("request-qr")))
            step.facts["asked"] = {
                query: sorted(claim for each in shown for claim in each["claims"])
                for query, shown in scan["preview"]["credentials"].items()
            }
            await resident.agree(scan["id"])
            said = [await self._outcome(page.url, language) for language in LANGUAGES]
            step.facts["said"] = dict(zip(LANGUAGES, said, strict=True))
            evidence = await until("the decision's entry", lambda: self._evidence(page))
            path = self._keep(f"decision-{outcome}.json", evidence)
            found = evidence["document"]["outcome"]
            anchor = await until(
                "the anchor", lambda: self._anchor(evidence["receipt"]["index"] + 1, OTHER_CITY)
            )
            step.facts |= {"outcome": found, "decision_hash": evidence["receipt"]["digest"]}
            step.facts |= {"log_index": evidence["receipt"]["index"], "evidence": path.name}
            step.facts["transaction"] = anchor["transaction"]
            if found != outcome:
                raise WalkError(f"the decision is {found}, expected {outcome}")
        self.report.say(f"        decided: {said[LANGUAGES.index('en')]}")

    async def _outcome(self, url: str, language: str) -> str:
        page = await self.agency.browser.open(f"{url.split('?', maxsplit=1)[0]}?lang={language}")
        return page.text("outcome")

    async def _evidence(self, page: Page) -> dict[str, Any] | None:
        url = page.url.split("?", maxsplit=1)[0]
        found = await self.agency.browser.try_json(f"{url}/document.json")
        ready = found and found.get("receipt") and found.get("rule_receipt")
        return found if ready else None

    def _keep(self, name: str, value: object) -> Path:
        folder = self.plan.state / "evidence"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
        return path

    async def _audit(self) -> None:
        receipt = await self.residents["yes"].receipt(await self._lease_digest())
        path = self._keep("receipt-lease.json", receipt)
        export = await self._export(self.plan.state / "issuer" / "issuer.sqlite", "export.jsonl")
        with self.report.step(
            "audit", "An auditor proves log, chain, receipt and database"
        ) as step:
            step.pid, first = await self._command(CITY, path, database=export)
            step.facts["audit"] = first
            if not first["ok"]:
                raise WalkError(f"the audit found {first['findings']}")
        with self.report.step("audit_decision", "... and that the decision follows") as step:
            decision = self.plan.state / "evidence" / "decision-yes.json"
            step.pid, second = await self._command(OTHER_CITY, decision=decision)
            step.facts["audit"] = second
            if not second["ok"]:
                raise WalkError(f"the audit found {second['findings']}")
        await self._prove(path)
        await self._tamper(path)

    async def _prove(self, receipt: Path) -> None:
        words = "One file proves the receipt's entry, without any network"
        with self.report.step("evidence", words) as step:
            trust = self.plan.state / "evidence" / "trust.json"
            file = self.plan.state / "evidence" / "lease.evidence"
            engine = os.environ.get("MADANG_CHAIN_ENGINE", "development")
            arguments = ["--out", str(trust), "--state", str(self.plan.state), "--engine", engine]
            comet = os.environ.get("MADANG_COMET_URL")
            arguments += ["--comet", comet] if comet else []
            await _madang(["evidence", "trust", *arguments], {}, expected={0})
            await until("the evidence file", lambda: self._export_evidence(receipt, trust, file))
            arguments = [str(file), "--trust", str(trust), "--json"]
            step.pid, output = await _madang(["audit", "evidence", *arguments], {}, expected={0, 1})
            found: dict[str, Any] = json.loads(output)
            step.facts |= {"bytes": file.stat().st_size, "audit": found}
            if not found["ok"]:
                raise WalkError(f"the evidence file does not hold: {output}")

    async def _export_evidence(self, receipt: Path, trust: Path, file: Path) -> str | None:
        """Make the file; None while chain and witnesses do not have a head that covers it."""
        log = self.plan.addresses.identifier(CITY, "log")
        arguments = [str(receipt), "--trust", str(trust), "--log", log, "--out", str(file)]
        environment = self.plan.transport("MADANG")
        command = ["evidence", "export", *arguments]
        _, told = await _madang(command, environment, expected={0, 1, 2})
        return told or None

    async def _tamper(self, receipt: Path) -> None:
        words = "Somebody alters one row in a copy of the database: the audit names it"
        with self.report.step("audit_after_tampering", words) as step:
            altered = self.plan.state / "evidence" / "altered.sqlite"
            key = tamper(self.plan.state / "issuer" / "issuer.sqlite", altered, CITY)
            export = await self._export(altered, "export-altered.jsonl")
            step.pid, third = await self._command(CITY, receipt, database=export)
            step.facts["audit"] = third
            named = [f["where"] for f in third["findings"] if f["code"] == "row_altered"]
            step.facts |= {"altered": key, "named": named}
            if named != [key]:
                raise WalkError(f"the row {key} was altered, the audit names {named}")

    async def _export(self, database: Path, name: str) -> Path:
        path = self.plan.state / "evidence" / name
        arguments = ["export", "--tenant", CITY, "--output", str(path), "--database", str(database)]
        await _madang(arguments, self.plan.environment("issuer"), expected={0})
        return path

    async def _command(
        self,
        city: str,
        receipt: Path | None = None,
        *,
        decision: Path | None = None,
        database: Path | None = None,
    ) -> tuple[int, dict[str, Any]]:
        state = self.plan.state
        given: dict[str, object] = {
            "--log": state / "log" / city,
            "--key": state / "trust" / "logs" / f"{city}.vkey",
            "--second-key": state / "trust" / "logs" / f"{city}.second",
            "--owner": state / "trust" / "logs" / f"{city}.owner",
            "--contract": state / "contract.json",
            "--rpc": self.plan.rpc,
            "--receipt": receipt,
            "--decision": decision,
            "--database": database,
        }
        arguments = [str(part) for pair in given.items() if pair[1] for part in pair]
        pid, output = await _madang(["audit", "log", *arguments, "--json"], {}, expected={0, 1})
        found: dict[str, Any] = json.loads(output)
        return pid, found


def tamper(source: Path, copy: Path, tenant: str) -> str:
    """Copy a database and alter one credential's row in the copy; return the row's name."""
    copy.unlink(missing_ok=True)
    with sqlite3.connect(source) as original, sqlite3.connect(copy) as target:
        original.backup(target)
        key: str = target.execute(
            "SELECT key FROM outbox WHERE tenant = ? AND kind = 'credential'"
            " AND log_index IS NOT NULL ORDER BY log_index LIMIT 1",
            (tenant,),
        ).fetchone()[0]
        target.execute("UPDATE outbox SET digest = ? WHERE key = ?", ("A" * 43, key))
    return key


async def _madang(
    arguments: list[str], environment: Mapping[str, str], expected: set[int]
) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "madang.cli.main", *arguments),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await process.communicate()
    if process.returncode not in expected:
        raise WalkError(f"madang {arguments[0]} failed: {problems.decode()[-400:]}")
    return process.pid, output.decode()
