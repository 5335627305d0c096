"""A small published log on the disk, with everything that an auditor is given beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from ledger_node.audit.inspection import (
    DecisionEvidence,
    GivenLog,
    Inspection,
    ReadLog,
    inspect_log,
)
from ledger_node.audit.row_file import RowFile
from ledger_node.publisher.files import LogFiles
from madang.core.encoding import base64url, strict_json
from madang.core.evidence.receipt import Receipt
from madang.core.evidence.rows import Row
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.growth import grow
from madang.core.merkle.note import NoteSignature, VerifierKey
from madang.core.merkle.tree import CompactRange, Tree, leaf_hash
from madang.core.rules.document import decision_document, digest
from madang.core.rules.evaluate import decide
from madang.infra.catalogue import load_catalogue
from madang.infra.chain import Anchor

ORIGIN = "id.hanbit.example/hanbit/log"
OFFICE = "https://id.hanbit.example/hanbit/issuer"
HOUR = 1_795_410_000
COSIGNED = 1_795_412_345
DAY = date(2024, 6, 1)
CATALOG = Path(__file__).resolve().parents[4] / "catalog"


def _rule() -> tuple[Any, Any]:
    (programme,) = load_catalogue(CATALOG).programmes.values()
    rule = next(each for each in programme.rules if each.covers(DAY))
    return programme.documents[rule.digest], decision_document(decide(rule, [], day=DAY))


RULE, DECISION = _rule()
DIGESTS = {
    EntryKind.RULE: digest(RULE),
    EntryKind.DECISION: digest(DECISION),
    EntryKind.STATUS_LIST: bytes([3]) * 32,
}
KINDS = (
    EntryKind.CREDENTIAL,
    EntryKind.CREDENTIAL,
    EntryKind.RULE,
    EntryKind.DECISION,
    EntryKind.STATUS_LIST,
)


def salt_of(index: int) -> bytes:
    return bytes([index]) * 32


def digest_of(index: int) -> bytes:
    return DIGESTS.get(KINDS[index], bytes([100 + index]) * 32)


def entry_of(index: int, **changes: Any) -> Entry:
    committed = commitment(salt_of(index), digest_of(index))
    return replace(Entry(index, KINDS[index], HOUR, OFFICE, committed), **changes)


def row_line(row: Row) -> str:
    """Return a row as `madang export` writes it."""
    value = {
        "kind": row.kind,
        "digest": base64url.encode(row.digest),
        "salt": base64url.encode(row.salt),
        "index": row.index,
        "reference": row.reference,
    }
    return strict_json.dumps(value) + "\n"


def row_file(path: Path, rows: Iterable[Row]) -> RowFile:
    """Write an export and read it."""
    path.write_text("".join(map(row_line, rows)), "utf-8")
    return RowFile(path)


@dataclass
class Published:
    """A log of one entry of each of KINDS.

    Attributes:
        anchored: sizes of the heads on the chain.
        second: signs heads once `introduce` was called.
    """

    folder: Path
    signer: Signer = field(default_factory=lambda: generate_ed25519("log"))
    anchored: Sequence[int] = (2, 5)
    second: Signer = field(default_factory=lambda: generate_ml_dsa_44("second"))

    def __post_init__(self) -> None:
        self.entries = [entry_of(index).encode() for index in range(len(KINDS))]
        self.publish()

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.of(ORIGIN, self.signer)

    @property
    def second_key(self) -> CosignerKey:
        return CosignerKey.of(ORIGIN, self.second)

    def introduce(self) -> None:
        """Enter the second key as the last entry and publish a head that it cosigned."""
        at, key = len(self.entries), self.second_key.introduction()
        self.entries.append(Entry(at, EntryKind.KEY, HOUR, f"https://{ORIGIN}", key).encode())
        self.anchored = (*self.anchored, len(self.entries))
        self.publish(self.line())

    def line(self, signer: Signer | None = None, **changes: Any) -> NoteSignature:
        """Return the line of the second key under the whole tree, or under another head."""
        head = replace(Checkpoint(ORIGIN, self.tree.size, self.tree.root()), **changes)
        return cosign(head, ORIGIN, signer or self.second, COSIGNED)

    @property
    def tree(self) -> Tree:
        tree = Tree()
        for entry in self.entries:
            tree.append(leaf_hash(entry))
        return tree

    def note(
        self, *lines: NoteSignature, signer: Signer | None = None, size: int | None = None
    ) -> str:
        tree = self.tree
        head = Checkpoint(ORIGIN, tree.size if size is None else size, tree.root())
        return checkpoint.sign(head, signer or self.signer, *lines)

    def publish(self, *lines: NoteSignature) -> None:
        """Write tiles and checkpoint."""
        files = LogFiles(self.folder)
        for tile, content in grow(CompactRange(), files.read, self.entries).files:
            files.write(tile, content)
        files.publish(self.note(*lines))

    def anchors(self) -> list[Anchor]:
        leaves = [leaf_hash(entry) for entry in self.entries]
        ranges = {size: CompactRange().extend(leaves[:size]) for size in self.anchored}
        return [Anchor(size, each.root(), size, "0x") for size, each in ranges.items()]

    def rows(self) -> list[Row]:
        """Return what the office's database holds, the rule and the decision not among it."""
        return [
            Row(kind, digest_of(index), salt_of(index), index, f"row-{index}")
            for index, kind in enumerate(KINDS)
            if kind not in {EntryKind.RULE, EntryKind.DECISION}
        ]

    def receipt(self, index: int, **changes: Any) -> Receipt:
        tree = self.tree
        receipt = Receipt(
            log_origin=ORIGIN,
            kind=KINDS[index],
            index=index,
            entry=Entry.parse(self.entries[index]),
            salt=salt_of(index),
            digest=digest_of(index),
            inclusion_proof=tuple(tree.inclusion_proof(index, tree.size)),
            checkpoint=self.note(),
        )
        return replace(receipt, **changes)

    def evidence(self, **changes: Any) -> DecisionEvidence:
        evidence = DecisionEvidence(DECISION, RULE, self.receipt(3), self.receipt(2))
        return replace(evidence, **changes)

    def read(
        self,
        found: Inspection,
        anchors: Sequence[Anchor] | None = None,
        second: CosignerKey | None = None,
    ) -> ReadLog:
        """Inspect the log itself; anchors are its own unless others are given."""
        known = self.anchors() if anchors is None else anchors
        rows = row_file(self.folder.parent / "export.jsonl", self.rows())
        return inspect_log(self.given(second_key=second), known, rows, found)

    def given(self, **more: Any) -> GivenLog:
        """Return the log as an auditor is given it."""
        return GivenLog(self.folder, self.key, **more)
