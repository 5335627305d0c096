"""`madang audit log` as it is typed: the second key is read like the first, and told of."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.addresses import DeployedContract, Deployment
from ledger_node.audit import inspection
from ledger_node.audit.inspection import ChainPoint, GivenLog, Inspection
from ledger_node.audit.reading import AuditInputError
from madang.cli.audit import UNREADABLE, Given, _at_hand, _block
from madang.cli.audit_report import MEANINGS, SHOWN, told
from madang.cli.main import app
from madang.core.encoding import strict_json
from madang.core.evidence.findings import FindingCode
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.note import VerifierKey
from madang.infra.chain import Anchor, Block
from tests.unit.ledger_node.audit import test_fetching

INSPECTION = Path(inspection.__file__)
ADDRESS, HASH = "0x" + "11" * 20, "0x" + "00" * 32
KEY = VerifierKey.of("log.example/hanbit/log", generate_ed25519("log")).encode()


@pytest.mark.parametrize("second", ["", "no key", KEY, KEY + "\n"], ids=range(4))
def test_what_is_no_second_key_ends_the_audit_before_it_begins(tmp_path: Path, second: str) -> None:
    deployment = Deployment(1, HASH, {"AnchorLog": DeployedContract(ADDRESS, HASH)})
    given = {
        "contract": strict_json.dumps(asdict(deployment)),
        "owner": ADDRESS,
        "key": KEY,
        "second-key": second,
    }
    arguments = ["audit", "log", "--log", str(tmp_path), "--rpc", "http://127.0.0.1:9"]
    for name, content in given.items():
        (tmp_path / name).write_text(content, "ascii")
        arguments += [f"--{name}", str(tmp_path / name)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == UNREADABLE
    assert "cannot audit: key " in result.output


def test_the_second_signature_is_told_of_where_it_was_proved() -> None:
    found = Inspection()
    assert "ML-DSA" not in told(found)
    found.proved["cosigned"] = 1_800_000_000
    assert "cosigned the newest head, ML-DSA-44, 2027-01-15 08:00:00 UTC" in told(found)
    found = Inspection()
    found.find("cosignature_missing", "checkpoint", "size 7")
    assert "FOUND at checkpoint: size 7" in told(found)
    assert "ML-DSA" not in told(found)


def test_findings_are_told_by_kind_with_what_they_mean_and_not_without_end() -> None:
    found = Inspection()
    for number in range(SHOWN + 5):
        found.find("row_altered", f"row {number}", "")
        found.find("receipt_inclusion", f"receipt {number}", "")
    lines = told(found).splitlines()
    assert sum("FOUND" in line for line in lines) == 2 * SHOWN
    assert sum("and 5 more" in line for line in lines) == 2
    assert f"  row_altered: {MEANINGS['row_altered']}" in lines
    assert f"  receipt_inclusion: {MEANINGS['receipt_']}" in lines


def test_what_the_audited_wrote_moves_no_cursor_and_begins_no_line() -> None:
    found = Inspection(proved={"decision": "granted\u202e"})
    found.find("row_altered", "record\x1b[2J\x1b[H\rNothing was found\n민준", "entry 3: \x9b2K")
    text = told(found)
    assert all(line.isprintable() for line in text.splitlines())
    assert "FOUND at record\\x1b[2J\\x1b[H\\rNothing was found\\n민준: entry 3: \\x9b2K" in text
    assert "granted\\u202e" in text


def test_every_code_has_a_meaning() -> None:
    named = set(FindingCode) | set(
        re.findall(r'found\.find\(\s*f?"([a-z_]+)', INSPECTION.read_text("utf-8"))
    )
    assert {"no_anchor", "receipt_", "other_chain"} <= named
    families = tuple(each for each in MEANINGS if each.endswith("_"))
    assert {each for each in named if not each.startswith(families)} <= set(MEANINGS)


def test_heads_are_told_with_who_signed_them_the_newest_last() -> None:
    found = Inspection()
    found.proved["heads"] = [
        {"size": size, "root": "ab" * 32, "source": "checkpoint", "signed_by": ["log", "witness"]}
        for size in range(SHOWN + 3)
    ]
    text = told(found)
    assert "23 were held against the entries" in text
    assert "and 3 before" in text
    assert "size 22 abababababababab... checkpoint: log, witness" in text
    assert "size 2 " not in text


@pytest.mark.parametrize("text", ["5", "5:0x12", "0x5:" + HASH, f"5:{HASH}0", f"-5:{HASH}"])
def test_a_known_block_has_one_form(text: str) -> None:
    with pytest.raises(AuditInputError, match="expected NUMBER:0x"):
        _block(text)
    assert _block("") is None
    assert _block(f"5:{HASH}") == Block(5, HASH, 0)


def test_the_final_block_is_told_as_the_next_audit_takes_it() -> None:
    found = Inspection()
    assert "--known-block" not in told(found)
    found.proved["final_block"] = {"number": 5, "hash": HASH}
    text = told(found).partition("--known-block ")[2].split()[0]
    assert _block(text) == Block(5, HASH, 0)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder's files."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_two_logs_in_one_cache_stay_apart(tmp_path: Path) -> None:
    point = ChainPoint(
        "http://127.0.0.1:9",
        Deployment(1, HASH, {"AnchorLog": DeployedContract(ADDRESS, HASH)}),
        ADDRESS,
    )
    keys = [test_fetching.KEY, VerifierKey.parse(KEY)]
    for folder in (tmp_path / "one", tmp_path / "other"):
        test_fetching.publish(folder, 300)
    (tmp_path / "other" / "tile" / "entries" / "000").write_bytes(bytes(512))

    async def at_hand(url: str, key: VerifierKey) -> bytes:
        given = Given(url, GivenLog(Path(url), key), point, cache=tmp_path / "cache")
        anchors = [Anchor(300, bytes(32), 1, HASH)]
        async with _at_hand(given, anchors) as log:
            return (log.folder / "tile" / "entries" / "000").read_bytes()

    with serving(tmp_path) as url:
        one, other = (
            asyncio.run(at_hand(f"{url}/{name}", key))
            for name, key in zip(("one", "other"), keys, strict=True)
        )
    assert one != other
