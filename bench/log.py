"""The log: entries with proofs ready, a check of inclusion, and the audit of a million entries."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import median

from bench.measure import RUNS, Row, rates, row
from ledger_node.audit.parallel import LogPlan, audit_log
from ledger_node.audit.row_file import RowFile
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import Submitted
from ledger_node.publisher.store import LOG_ROWS, SqlLogs
from ledger_node.publisher.usecases import Publisher
from madang.core.encoding import base64url
from madang.core.evidence.heads import Head
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.growth import grow
from madang.core.merkle.proof import verify_inclusion
from madang.core.merkle.tiles import TileTree
from madang.core.merkle.tree import CompactRange, Tree
from madang.infra.clock import SystemClock
from madang.infra.db import Database, sqlite_url
from madang.infra.ids import SystemIds

SIZE = 1_000_000
STEP = 10_240
BATCH, BATCHES = 1_000, 5
HOUR = 1_795_410_000
TENANT, HOST = "hanbit", "id.hanbit.example/hanbit"
OFFICE = f"https://{HOST}/issuer"


def log_rows() -> list[Row]:
    """Measure; takes about two minutes."""
    return [_entries(), _inclusion(), *_audits()]


# --- entries with proofs ready


def _entries() -> Row:
    """Accept, sequence, sign and publish entries, and make the proof of each."""
    found = [_appended() for _ in range(RUNS)]
    bound = median(_bare() for _ in range(RUNS))
    return row(
        f"entries with a proof of inclusion each, {BATCH * BATCHES:,} in one checkpoint",
        found,
        "/s",
        ("SHA-256 and a row in SQLite", bound),
    )


def _appended() -> float:
    with tempfile.TemporaryDirectory() as folder, _publisher(Path(folder)) as publisher:
        made = [_submitted(at) for at in range(BATCH * BATCHES)]
        started = time.process_time()
        for at in range(0, len(made), BATCH):
            publisher.accept(made[at : at + BATCH])
        head = publisher.checkpoint()
        if head is None or head.size != len(made):
            raise RuntimeError("the log did not take all entries")
        tree = TileTree(head.size, publisher.files.read)
        for at in range(head.size):
            tree.inclusion_proof(at, head.size)
        return len(made) / (time.process_time() - started)


def _bare() -> float:
    """Hash the same bytes and keep them durably in the same batches."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, leaf BLOB, data BLOB)")
        made = [_entry(at) for at in range(BATCH * BATCHES)]
        started = time.process_time()
        for at in range(0, len(made), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            for data in made[at : at + BATCH]:
                values = (sha256(data).digest(), data)
                connection.execute("INSERT INTO entry (leaf, data) VALUES (?, ?)", values)
            connection.execute("COMMIT")
        spent = time.process_time() - started
        connection.close()
        return len(made) / spent


@contextmanager
def _publisher(folder: Path) -> Iterator[Publisher]:
    database = Database(sqlite_url(folder / "log.sqlite"))
    database.create(*LOG_ROWS)
    cosigner = Cosigner(f"https://{HOST}/log", generate_ml_dsa_44("second"), SystemClock())
    yield Publisher(
        origin=f"{HOST}/log",
        signer=generate_ed25519("log"),
        cosigner=cosigner,
        files=LogFiles(folder / "log"),
        stores=SqlLogs(database, TENANT),
        shuffle=SystemIds().shuffled,
        limit=BATCH * BATCHES,
    )
    database.close()


def _submitted(at: int) -> Submitted:
    return Submitted(f"key-{at}", EntryKind.CREDENTIAL, _committed(at), OFFICE, HOUR)


# --- a check of inclusion


def _inclusion() -> Row:
    tree = Tree(sha256(at.to_bytes(8)).digest() for at in range(SIZE))
    index = SIZE // 3
    leaf, root = sha256(index.to_bytes(8)).digest(), tree.root()
    proof = tree.inclusion_proof(index, SIZE)
    spent = [
        1000 / rate for rate in rates(lambda: verify_inclusion(index, SIZE, leaf, proof, root))
    ]
    hashes = b"\x01" + bytes(64)

    def bare() -> None:
        for _ in proof:
            sha256(hashes).digest()

    bound = median(1000 / rate for rate in rates(bare))
    return Row(
        what=f"check of inclusion in a log of {SIZE:,}",
        figure=f"{median(spent):.4f} ms",
        spread=f"{min(spent):.4f} to {max(spent):.4f}",
        bound=f"{len(proof)} bare SHA-256: {bound:.4f} ms",
        share=f"{median(spent) / bound:.2f}",
        aim="below 0.1 ms",
    )


# --- the audit of a million entries


def _audits() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "heads.json").write_text(json.dumps(write_log(folder, SIZE)), "utf-8")
        bound = min(_hashed() for _ in range(2))
        for rows in (False, True):
            for processes in (1, 2):
                yield _audit(folder, processes, rows=rows, bound=bound)


def _audit(folder: Path, processes: int, *, rows: bool, bound: float) -> Row:
    command = [sys.executable, "-m", "bench.log", str(folder), str(processes), str(int(rows))]
    told = [_watched(command) for _ in range(3)]
    seconds = [each[0] for each in told]
    return Row(
        what=f"audit of {SIZE:,} entries{' and as many rows' if rows else ''},"
        f" {'one process' if processes == 1 else f'{processes} processes'}",
        figure=f"{median(seconds):.1f} s, {max(each[1] for each in told):,.0f} MB in all",
        spread=f"{min(seconds):.1f} to {max(seconds):.1f} s of 3",
        bound=f"their hashes in one loop: {bound:.1f} s",
        share=f"{median(seconds) / bound:.2f}",
        aim="20 s, 500 MB" if rows and processes > 1 else "",
    )


def _watched(command: list[str]) -> tuple[float, float]:
    """Run an audit; return its seconds, and the most megabytes of all its processes at a time."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, sum(map(_resident, _family(process.pid))))
            time.sleep(0.05)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError("the audit of the bench has failed")
    return float(output), most / 1_000_000


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in _family(int(child)))]


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError):
        return 0  # it has just ended
    return pages * os.sysconf("SC_PAGE_SIZE")


def audit_once(folder: Path, processes: int, *, rows: bool) -> float:
    """Audit and return the seconds of the clock, from the reading of the export on."""
    listed = json.loads((folder / "heads.json").read_text("utf-8"))
    heads = tuple(Head(size, bytes.fromhex(root), f"block {size}") for size, root in listed)
    started = time.perf_counter()
    export = RowFile(folder / "export.jsonl") if rows else None
    report = audit_log(LogPlan(folder, SIZE, heads, export), processes)
    seconds = time.perf_counter() - started
    if not report.ok or report.size != SIZE or report.published != SIZE:
        raise RuntimeError("the audit found something in a good log")
    return seconds


def write_log(folder: Path, size: int) -> list[tuple[int, str]]:
    """Write a log and its office's export; return a head every STEP entries, root in hex."""
    log, heads = CompactRange(), []
    with (folder / "export.jsonl").open("w", encoding="ascii") as export:
        for first in range(0, size, STEP):
            span = range(first, min(first + STEP, size))
            grown = grow(log, lambda tile: (folder / tile.path).read_bytes(), [*map(_entry, span)])
            for tile, content in grown.files:
                path = folder / tile.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            export.writelines(map(_line, span))
            log = grown.range
            heads.append((log.size, log.root().hex()))
    return heads


def _hashed() -> float:
    """Return the seconds that the hashes alone take, the bytes in memory."""
    entries = [_entry(at) for at in range(SIZE)]
    started = time.perf_counter()
    leaves = [sha256(b"\x00" + data).digest() for data in entries]
    while len(leaves) > 1:
        pairs = zip(leaves[::2], leaves[1::2], strict=False)
        leaves = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return time.perf_counter() - started


def digest_of(at: int) -> bytes:
    """Return the digest of the thing of an entry."""
    return at.to_bytes(32)


def salt_of(at: int) -> bytes:
    """Return the salt of an entry."""
    return sha256(at.to_bytes(8)).digest()


def _committed(at: int) -> bytes:
    return commitment(salt_of(at), digest_of(at))


def _entry(at: int) -> bytes:
    return Entry(at, EntryKind.CREDENTIAL, HOUR, OFFICE, _committed(at)).encode()


def _line(at: int) -> str:
    digest, salt = base64url.encode(digest_of(at)), base64url.encode(salt_of(at))
    hidden = f'"digest":"{digest}","salt":"{salt}"'
    return f'{{"kind":"credential",{hidden},"index":{at},"reference":"{at:032x}"}}\n'


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(audit_once(Path(sys.argv[1]), int(sys.argv[2]), rows=sys.argv[3] == "1"))
    else:
        for each in log_rows():
            print(each.what, "|", each.figure, "|", each.spread, "|", each.bound, "|", each.share)
