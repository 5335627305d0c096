"""In a log a planted value is found in every file; what is no hash, kind, hour or issuer too."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ledger_node.privacy.digests import may_be_hash
from ledger_node.privacy.model import MAX_KEPT, Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.published import KnownLog, search_log
from ledger_node.publisher.files import LogFiles
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.growth import grow
from madang.core.merkle.note import NoteSignature, VerifierKey
from madang.core.merkle.tiles import encode_bundle, split_bundle, tile_of
from madang.core.merkle.tree import CompactRange
from tests.unit.ledger_node.privacy.planted import FORMS, NAME, VALUES

ORIGIN = "id.hanbit.example/hanbit/log"
OFFICE = "https://id.hanbit.example/hanbit/issuer"
SIGNER, SECOND = generate_ed25519("log"), generate_ml_dsa_44("second")
KEY, SECOND_KEY = VerifierKey.of(ORIGIN, SIGNER), CosignerKey.of(ORIGIN, SECOND)
NEEDLES = Needles(VALUES)
SIZE = 600
BUNDLE = "tile/entries/002.p/88"


def entry(index: int) -> Entry:
    made = hashlib.sha256(b"%d" % index).digest()
    return Entry(index, EntryKind.CREDENTIAL, 1_795_410_000, OFFICE, made)


class Log:
    """A published log that can be altered, file by file."""

    def __init__(self, folder: Path) -> None:
        self.known = KnownLog(folder, KEY, frozenset({OFFICE}), (SECOND_KEY,))
        self.files = LogFiles(folder)
        grown = grow(CompactRange(), self.files.read, [entry(n).encode() for n in range(SIZE)])
        for tile, data in grown.files:
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.head = Checkpoint(ORIGIN, SIZE, grown.range.root())
        self.publish(self.head)

    def publish(self, head: Checkpoint, *lines: NoteSignature) -> None:
        own = cosign(head, ORIGIN, SECOND, 1)
        self.path("checkpoint").write_text(checkpoint.sign(head, SIGNER, own, *lines), "utf-8")

    def path(self, name: str) -> Path:
        return self.known.folder / name

    def alter(self, name: str, change: Callable[[bytes], bytes]) -> None:
        self.path(name).write_bytes(change(self.path(name).read_bytes()))

    def enter(self, raw: bytes) -> None:
        """Put other bytes in the place of entry 512, and nothing else."""
        bundle = tile_of(None, 2, SIZE)

        def change(data: bytes) -> bytes:
            return encode_bundle([raw, *split_bundle(bundle, data)[1:]])

        self.alter(BUNDLE, change)

    def codes(self) -> set[str]:
        search = Search()
        search_log(self.known, NEEDLES, search)
        return set(search.counts)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "hanbit")


def test_nothing_is_found_in_a_good_log(log: Log) -> None:
    search = Search()
    search_log(log.known, NEEDLES, search)
    assert search.findings == []
    assert search.looked == {"entries": SIZE, "tiles": 4, "checkpoints": 1}


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_name_is_found_in_an_entry_in_each_form(log: Log, form: str) -> None:
    log.enter(entry(512).encode()[:-1] + b',"note":"' + FORMS[form](NAME) + b'"}')
    assert {"personal_value", "entry_form", "tile_underived"} <= log.codes()


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_name_is_found_in_a_tile_in_each_form(log: Log, form: str) -> None:
    planted = FORMS[form](NAME)
    log.alter("tile/0/001", lambda data: data[:96] + planted + data[96 + len(planted) :])
    assert {"personal_value", "tile_underived"} <= log.codes()


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_name_is_found_in_a_checkpoint_in_each_form(log: Log, form: str) -> None:
    log.alter("checkpoint", lambda data: data + FORMS[form](NAME))
    assert {"personal_value", "checkpoint_form"} <= log.codes()


def committed(raw: bytes) -> bytes:
    return replace(entry(512), commitment=raw).encode()


IN_ENTRIES: dict[str, tuple[bytes, str]] = {
    "a name as the commitment": (committed(NAME.encode().ljust(32, b"\0")), "personal_value"),
    "the hash of a name": (committed(hashlib.sha256(NAME.encode()).digest()), "personal_value"),
    "another text": (committed(b"a person lives in Sejong-ro, 5tt"), "hash_readable"),
    "text and zeros": (committed(b"Sejong-ro 5".ljust(32, b"\0")), "hash_readable"),
    "text in Hangul": (committed("서울특별시 종로구12".encode().ljust(32, b"1")), "hash_readable"),
    "another issuer": (replace(entry(512), issuer="did:web:hong").encode(), "issuer_unknown"),
    "another place": (entry(511).encode(), "entry_sequence"),
    "another kind": (entry(512).encode().replace(b"credential", b"person"), "entry_form"),
    "a minute": (entry(512).encode().replace(b"1795410000", b"1795410060"), "entry_form"),
    "one member more": (b'{"name":"x"}', "entry_form"),
}  # fmt: skip


@pytest.mark.parametrize("what", IN_ENTRIES)
def test_what_is_no_hash_kind_hour_or_issuer_is_found(log: Log, what: str) -> None:
    raw, code = IN_ENTRIES[what]
    log.enter(raw)
    assert code in log.codes()


def test_a_tile_above_is_held_against_those_below(log: Log) -> None:
    log.alter("tile/1/000.p/2", lambda data: data[:32] + hashlib.sha256(b"x").digest())
    assert log.codes() == {"tile_underived"}


def test_a_tile_whose_entries_are_gone_is_named(log: Log) -> None:
    log.path("tile/entries/001").unlink()
    assert log.codes() == {"tile_underived"}


@pytest.mark.parametrize(
    "name", ["name.txt", "tile/0/000.new", "tile/9/x", "tile/entries/7", "checkpoint.old"]
)
def test_a_file_that_is_no_part_of_a_log_is_named(log: Log, name: str) -> None:
    log.path(name).parent.mkdir(parents=True, exist_ok=True)
    log.path(name).write_bytes(b"")
    assert log.codes() == {"file_unknown"}


def test_a_bundle_that_cannot_be_taken_apart_is_named(log: Log) -> None:
    log.alter(BUNDLE, lambda data: data + b"x")
    assert log.codes() == {"file_unknown", "tile_underived"}


def test_a_checkpoint_has_no_further_lines_and_no_unknown_signers(log: Log) -> None:
    log.publish(replace(log.head, extensions=("lives in Sejong-ro",)))
    assert log.codes() == {"checkpoint_form"}
    stranger = generate_ed25519("w")
    log.publish(log.head, cosign(log.head, "somebody.example/w", stranger, 5))
    assert log.codes() == {"signature_unknown"}
    witness = CosignerKey.of("somebody.example/w", stranger)
    log.known = replace(log.known, cosigners=(SECOND_KEY, witness))
    assert log.codes() == set()


def test_what_came_is_never_told(log: Log) -> None:
    log.enter(entry(512).encode()[:-1] + f',"name":"{NAME}"}}'.encode())
    search = Search()
    search_log(log.known, NEEDLES, search)
    assert search.findings
    assert NAME not in str(search.as_json())


def test_a_partial_tile_is_held_against_the_full_bundle_where_that_alone_is_left(log: Log) -> None:
    tile = log.path("tile/0/001").read_bytes()
    log.path("tile/0/001.p").mkdir()
    log.path("tile/0/001.p/7").write_bytes(tile[: 7 * 32])
    assert log.codes() == set()


def test_findings_are_counted_beyond_those_that_are_kept() -> None:
    search = Search()
    for number in range(MAX_KEPT + 5):
        search.find("entry_form", f"entry {number}", "")
    assert len(search.findings) == MAX_KEPT
    assert search.as_json()["counts"] == {"entry_form": MAX_KEPT + 5}
    assert not search.ok


def test_hashes_are_taken_for_hashes() -> None:
    assert all(may_be_hash(hashlib.sha256(b"%d" % n).digest()) for n in range(20_000))
    assert not may_be_hash(bytes(32))
    assert not may_be_hash(b"x" * 31)
    assert not may_be_hash(hashlib.sha256(b"").digest()[:31])
