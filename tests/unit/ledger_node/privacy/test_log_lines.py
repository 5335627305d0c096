"""A line that no service is known to log is named, and the table is that of the sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_node.privacy.log_lines import MAX_LINE, MESSAGES, search_lines
from ledger_node.privacy.model import Search
from ledger_node.privacy.needles import Needles
from tests.unit.ledger_node.privacy.planted import FORMS, NAME, VALUES

ROOT = Path(__file__).resolve().parents[4]
PACKAGES = (
    "madang",
    "issuer",
    "verifier",
    "counter",
    "wallet_api",
    "ledger_node",
    "mobile_stub",
)
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
STAMP = b"2026-11-25 16:53:36,581 "

GOOD = [
    b"INFO uvicorn.error Started server process [1323]",
    b"INFO uvicorn.error Uvicorn running on http://127.0.0.1:24401 (Press CTRL+C to quit)",
    b"INFO uvicorn.error Waiting for application startup.",
    b"INFO uvicorn.error Application shutdown complete.",
    b"WARNING madang.infra.outbox entries wait for the log: LogUnavailable",
    b"CRITICAL ledger_node.publisher.usecases the log is held: the files do not agree",
    b"WARNING ledger_node.worker the log of hanbit waits for the chain (behind): no block 7",
]
BAD = [
    b"INFO uvicorn.access GET /offers?name=Hong",
    b"INFO issuer.offers an offer for Hong Gildong",
    b"WARNING madang.infra.outbox entries wait for the log: Hong Gildong",
    b"WARNING madang.infra.outbox the log of hanbit does not take the entry Hong Gildong",
    "CRITICAL ledger_node.publisher.usecases the log is held: 홍길동".encode(),
    b"INFO uvicorn.error Started server process [1] for Hong",
    b"Hong Gildong",
    b"x" * (MAX_LINE + 1),
]


def found(*lines: bytes) -> Search:
    search = Search()
    search_lines([line + b"\n" for line in lines], "logs/issuer.log", Needles(VALUES), search)
    return search


def test_known_lines_are_known() -> None:
    search = found(*(STAMP + line for line in GOOD), b"INFO:     Shutting down", b"")
    assert search.findings == []
    assert search.looked == {"log_lines": len(GOOD) + 2}


@pytest.mark.parametrize("line", BAD, ids=range(len(BAD)))
def test_other_lines_are_named(line: bytes) -> None:
    for each in (STAMP + line, line):
        search = found(STAMP + GOOD[0], each)
        assert [(one.code, one.where) for one in search.findings] == [
            ("line_unknown", "logs/issuer.log, line 2")
        ]


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_name_is_found_in_a_line_in_each_form(form: str) -> None:
    line = STAMP + GOOD[5] + b" " + FORMS[form](NAME)
    assert "personal_value" in found(line).counts


TRACE = [
    STAMP + b"CRITICAL madang.infra.background background work has stopped",
    b"Traceback (most recent call last):",
    b'  File "/srv/madang/infra/db.py", line 7, in <module>',
    b"    self.commit()",
    b"    ^^^^^^^^^^^^^",
    b"sqlite3.OperationalError: disk I/O error",
    b"",
    b"During handling of the above exception, another exception occurred:",
    b"",
    b"Traceback (most recent call last):",
    b'  File "/srv/madang/infra/db.py", line 9, in rollback',
    b"ValueError",
    STAMP + GOOD[0],
]


def test_a_trace_is_known() -> None:
    assert found(*TRACE).findings == []


def test_what_follows_a_trace_is_no_part_of_it() -> None:
    parameters = b"[parameters: ('Hong Gildong', '1987-03-21')]"
    assert "line_unknown" in found(*TRACE[:6], parameters).counts
    assert "line_unknown" in found(TRACE[5]).counts
    assert "line_unknown" in found(TRACE[2]).counts
    assert "line_unknown" in found(*TRACE[:5], "ValueError: 홍길동".encode()).counts


def logged() -> Iterator[tuple[str, str]]:
    """Yield where something is logged, and the text with its places."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id=name), attr=attr),
                        args=[ast.Constant(value=str(text)), *_],
                    ) if "log" in name and attr in LEVELS:
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", text
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if (
                        name in {"_log", "_logger"} and attr in LEVELS
                    ):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", "no text that is fixed"


def samples(text: str) -> set[str]:
    """Return lines as a message may become: with words, and with numbers."""
    return {re.sub("%[sdg]", "7", text), re.sub("%[dg]", "7", text).replace("%s", "hanbit")}


@pytest.mark.parametrize(("place", "text"), [pytest.param(*each, id=each[0]) for each in logged()])
def test_every_message_of_the_services_is_in_the_table(place: str, text: str) -> None:
    fitting = [form for form in MESSAGES if any(re.fullmatch(form, s) for s in samples(text))]
    assert fitting, f"{place} logs what ledger_node/privacy/log_lines.py does not know: {text!r}"


def test_the_table_has_no_message_that_nobody_logs() -> None:
    every = [sample for _, text in logged() for sample in samples(text)]
    idle = [form for form in MESSAGES if not any(re.fullmatch(form, each) for each in every)]
    assert idle == []
