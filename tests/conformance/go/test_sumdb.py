"""Go's sumdb (golang.org/x/mod v0.42.0) reads our log, proves it, and takes our proofs and notes.

Names of tiles differ (`tile/8/0/000` there, `tile/0/000` here), and so do the first lines of a
checkpoint, so both are mapped in `main.go`; hashes, proofs, keys and notes are the same. It knows
no cosignatures: their lines are of keys that it does not check.
"""

import base64
import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger_node.publisher.files import LogFiles
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint, parse_note, parse_text, verify
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.growth import grow
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.proof import verify_consistency, verify_inclusion
from madang.core.merkle.tree import CompactRange, Tree, leaf_hash

pytestmark = pytest.mark.xdist_group("go")

HERE = Path(__file__).parent
ORIGIN = "id.hanbit.example/hanbit/log"
SIGNER = generate_ed25519("log")
KEY = VerifierKey.of(ORIGIN, SIGNER)
SIZES = (1, 2, 5, 255, 256, 257, 600, 65_536, 65_536 + 300)
MOST = 300

Go = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    """Build the program and return a function that asks it; bytes go and come as bytes."""
    compiler = shutil.which("go")
    if compiler is None:
        pytest.skip("no Go to test with")
    program = tmp_path_factory.mktemp("go") / "sumdb"
    build = [compiler, "build", "-mod=readonly", "-buildvcs=false", "-o", str(program), "."]
    built = subprocess.run(build, cwd=HERE, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr

    def ask(task: str, **given: Any) -> dict[str, Any]:
        done = subprocess.run(
            [program], input=_json(task, given), capture_output=True, timeout=60, check=True
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return ask


def _json(task: str, given: dict[str, Any]) -> bytes:
    def raw(value: object) -> str:
        assert isinstance(value, bytes)
        return base64.b64encode(value).decode()

    return json.dumps({"task": task, **given}, default=raw).encode()


def hashes(values: list[str] | None) -> list[bytes]:
    return [base64.b64decode(each) for each in values or []]


class Log:
    """A log of ours on the disk."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        entries = [_entry(index) for index in range(size)]
        self.leaves = [leaf_hash(each) for each in entries]
        self.tree = Tree(self.leaves)
        files = LogFiles(folder)
        for tile, content in grow(CompactRange(), files.read, entries).files:
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.old = (size + 1) // 2
        self.indexes = sorted({0, size // 3, size // 2, size - 1})

    def request(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "size": self.size,
            "root": self.tree.root(),
            "indexes": self.indexes,
            "old": self.old,
        }


def _entry(index: int) -> bytes:
    office = "https://id.hanbit.example/hanbit/issuer"
    made = sha256(b"%d" % index).digest()
    return Entry(index, EntryKind.CREDENTIAL, 1_795_410_000, office, made).encode()


@pytest.fixture(scope="module", params=SIZES)
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log"), request.param)


def test_tree_hashes_and_all_proofs_agree(go: Go) -> None:
    told = go("roots", size=MOST)
    leaves = [leaf_hash(b"entry %d" % index) for index in range(MOST)]
    tree = Tree(leaves)
    assert hashes(told["roots"]) == [tree.root(size) for size in range(MOST + 1)]
    proofs = [hashes(each) for each in told["proofs"]]
    assert proofs[:MOST] == [tree.inclusion_proof(index, MOST) for index in range(MOST)]
    # A tree is consistent with itself by its root alone; both proofs of that are empty.
    assert proofs[MOST:] == [tree.consistency_proof(old, MOST) for old in range(1, MOST + 1)]


def test_go_reads_our_tiles_and_entries_and_we_take_its_proofs(go: Go, log: Log) -> None:
    told = go("read", **log.request())
    assert told["ok"], told.get("error")
    *included, consistent = [hashes(each) for each in told["proofs"]]
    root = log.tree.root()
    for index, proof in zip(log.indexes, included, strict=True):
        assert verify_inclusion(index, log.size, log.leaves[index], proof, root)
        assert proof == log.tree.inclusion_proof(index, log.size)
    assert verify_consistency(log.old, log.size, log.tree.root(log.old), root, consistent)
    assert hashes(told["stored"]) == [log.leaves[index] for index in log.indexes]
    assert hashes(told["leaves"]) == log.leaves


def test_go_takes_our_proofs_and_no_others(go: Go, log: Log) -> None:
    root, index = log.tree.root(), log.indexes[-1]
    asked = {
        "size": log.size,
        "root": root,
        "index": index,
        "leaf": log.leaves[index],
        "proof": log.tree.inclusion_proof(index, log.size),
    }
    assert go("inclusion", **asked)["ok"]
    assert not go("inclusion", **asked | {"leaf": bytes(32)})["ok"]
    assert not go("inclusion", **asked | {"root": bytes(32)})["ok"]
    assert not go("inclusion", **asked | {"proof": [*asked["proof"], bytes(32)]})["ok"]
    asked = {
        "size": log.size,
        "root": root,
        "old": log.old,
        "old_root": log.tree.root(log.old),
        "proof": log.tree.consistency_proof(log.old, log.size),
    }
    assert go("consistency", **asked)["ok"]
    assert not go("consistency", **asked | {"old_root": bytes(32)})["ok"]
    assert not go("consistency", **asked | {"proof": [*asked["proof"], bytes(32)]})["ok"]


def test_go_holds_tiles_against_the_root(go: Go, log: Log) -> None:
    assert not go("read", **log.request() | {"root": bytes(32)})["ok"]
    tile = next(path for path in sorted((log.folder / "tile" / "0").rglob("*")) if path.is_file())
    content = tile.read_bytes()
    tile.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    try:
        assert not go("read", **log.request())["ok"]
    finally:
        tile.write_bytes(content)


HEAD = Checkpoint(ORIGIN, 5, bytes(range(32)))


def test_go_opens_our_checkpoints_by_our_keys(go: Go) -> None:
    told = go("open", note=checkpoint.sign(HEAD, SIGNER), keys=[KEY.encode()])
    assert told["ok"], told.get("error")
    assert parse_text(told["text"]) == HEAD
    assert told["verified"] == [ORIGIN]


def test_go_skips_cosignatures(go: Go) -> None:
    witness = generate_ed25519("w")
    lines = [
        cosign(HEAD, ORIGIN, generate_ml_dsa_44("second"), 1),
        cosign(HEAD, "id.saebyeol.example/saebyeol/witness", witness, 1),
    ]
    told = go("open", note=checkpoint.sign(HEAD, SIGNER, *lines), keys=[KEY.encode()])
    assert (told["ok"], told["verified"], told["unverified"]) == (True, [ORIGIN], 2)


ALTERED: dict[str, Callable[[str], str]] = {
    "another size": lambda note: note.replace("\n5\n", "\n6\n", 1),
    "another origin": lambda note: note.replace(ORIGIN, "x" + ORIGIN, 1),
    "another root": lambda note: note.replace("\nAAEC", "\nBAEC", 1),
    "one line more": lambda note: note.replace("\n\n", "\nmore\n\n", 1),
    "no signature": lambda note: note.partition("—")[0],
    "another name of the signer": lambda note: note.replace(f"— {ORIGIN}", "— x", 1),
    "no last newline": lambda note: note[:-1],
}


@pytest.mark.parametrize("what", ALTERED)
def test_go_and_we_refuse_the_same_altered_checkpoints(go: Go, what: str) -> None:
    note = ALTERED[what](checkpoint.sign(HEAD, SIGNER))
    assert not go("open", note=note, keys=[KEY.encode()])["ok"]
    with contextlib.suppress(NoteError):  # some are no note at all
        assert not verify(parse_note(note), KEY)


def test_go_and_we_refuse_the_signature_of_another_key(go: Go) -> None:
    note = checkpoint.sign(HEAD, generate_ed25519("other"))
    assert not go("open", note=note, keys=[KEY.encode()])["ok"]
    assert not verify(parse_note(note), KEY)


@pytest.mark.parametrize("end", ["", "x", "="])
def test_go_and_we_take_keys_of_the_same_form(go: Go, end: str) -> None:
    text = KEY.encode() + end
    told = go("open", note=checkpoint.sign(HEAD, SIGNER), keys=[text])
    try:
        assert told["ok"] == (VerifierKey.parse(text) == KEY)
    except NoteError:
        assert not told["ok"]


def test_we_take_keys_and_notes_of_go(go: Go) -> None:
    told = go("sign", name=ORIGIN, text=HEAD.text(), leaf=bytes(range(64)))
    assert told["ok"], told.get("error")
    key, signed = VerifierKey.parse(told["key"]), parse_note(told["note"])
    assert key.encode() == told["key"]
    assert (key.name, signed.checkpoint) == (ORIGIN, HEAD)
    assert verify(signed, key)
    assert not verify(signed, KEY)
    assert signed.note.serialize() == told["note"]
    witness = CosignerKey.of("id.saebyeol.example/saebyeol/witness", SIGNER)
    with pytest.raises(NoteError):
        VerifierKey.parse(witness.encode())
