"""Verification of an evidence file, without any network.

Steps, each with codes of its own:
1. the chain is the trusted one (`engine`, `chain`);
2. the entry is one (`entry`), and digest and salt open its commitment (`thing_missing`,
   `commitment`), and the digest is that of the thing at hand (`thing`);
3. the checkpoint is one (`checkpoint`) of a trusted log (`origin`), signed by its key
   (`signature`), by its second key (`second_signature`), by enough of its witnesses
   (`witness_signature`, `witnesses`), and by nobody else (`unknown_signature`);
4. the entry is included in it (`inclusion`);
5. the header is final (`header`, `network`, `validators`, `vote`, `votes`, `seal`, `quorum`,
   `header_hash`; see `finality`);
6. under its root the contract has the trusted code (`state`, `code`), and
7. holds exactly the checkpoint's root and size (`head_root`, `head_size`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from madang.core.evidence.bundle import Evidence
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality import model
from madang.core.evidence.finality.heads import engine_of, verify_head
from madang.core.evidence.primitives import Primitives
from madang.core.evidence.receipt import Failure
from madang.core.evidence.storage.reading import read_state
from madang.core.evidence.storage.slots import LogState
from madang.core.evidence.trust_file import CONTRACT, Trust, TrustedLog
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint, parse_text, verify
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.entry import Entry, EntryError, commitment
from madang.core.merkle.note import NoteError
from madang.core.merkle.proof import verify_inclusion
from madang.core.merkle.tree import leaf_hash

_COSIGNATURE: Final = "C2SP tlog-cosignature"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an evidence file holds, and every reason why not, in the order of the steps.

    Attributes:
        failures: what failed.
        final: whether validators stand for the head; a development chain has none.
        entry: the entry, where it is one.
        size: of the checkpoint; 0 where there is none.
        witnesses: how many of the trusted ones cosigned.
        block: number of the block whose state was proved.
        block_time: epoch seconds of the header that has it.
        anchored: epoch seconds of the block that took the head.
    """

    failures: tuple[Failure, ...]
    final: bool = False
    entry: Entry | None = None
    size: int = 0
    witnesses: int = 0
    block: int = 0
    block_time: int = 0
    anchored: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return not self.failures


def verify_evidence(
    evidence: Evidence, trust: Trust, primitives: Primitives, *, thing: bytes | None = None
) -> Verdict:
    """Check an evidence file against what is trusted.

    Args:
        evidence: as it was read.
        trust: of the auditor.
        primitives: Keccak-256 and secp256k1.
        thing: SHA-256 of the thing itself, when the caller has it.
    """
    entry = _entry(evidence.entry)
    signed = _checkpoint(evidence)
    log = trust.logs.get(signed.checkpoint.origin) if signed else None
    head = verify_head(evidence.head, trust.chain, primitives)
    failures = [
        *_about_chain(evidence, trust),
        *_about_thing(evidence, entry, thing),
        *_about_checkpoint(signed, log),
        *_about_inclusion(evidence, entry, signed),
        *head.failures,
    ]
    state: LogState | None = None
    if signed and log and head.state_root:
        try:
            state = _read_state(evidence, head, log, trust, primitives)
            failures += _about_state(state, trust, signed.checkpoint)
        except EvidenceError as error:
            failures.append(Failure("state", "state proof", str(error)))
    return Verdict(
        failures=tuple(failures),
        final=head.final,
        entry=entry,
        size=signed.checkpoint.size if signed else 0,
        witnesses=len(_cosigners(signed, log)) if signed and log else 0,
        block=head.block,
        block_time=head.time,
        anchored=state.time if state else 0,
    )


def _entry(data: bytes) -> Entry | None:
    try:
        return Entry.parse(data)
    except EntryError:
        return None


def _checkpoint(evidence: Evidence) -> SignedCheckpoint | None:
    try:
        return SignedCheckpoint(parse_text(evidence.checkpoint.text), evidence.checkpoint)
    except NoteError:
        return None


def _about_chain(evidence: Evidence, trust: Trust) -> Iterator[Failure]:
    # The engine is asked for where the head is; the chain's name is what the file says of itself.
    said, known = (evidence.chain_id, evidence.genesis_hash), trust.chain
    if said != (known.chain_id, known.genesis_hash) and engine_of(evidence.head) is known.engine:
        detail = f"chain {said[0]} with genesis {said[1].hex()}, expected {known.chain_id} with"
        detail += f" {known.genesis_hash.hex()}"
        yield Failure("chain", "evidence", detail)


def _about_thing(evidence: Evidence, entry: Entry | None, thing: bytes | None) -> Iterator[Failure]:
    opened = evidence.thing
    if entry is None:
        yield Failure("entry", "log entry", "the bytes are no entry of a log")
    if opened is None:
        detail = "the file is the public half alone; join it with the receipt"
        yield Failure("thing_missing", "evidence", detail)
        return
    if entry and commitment(opened.salt, opened.digest) != entry.commitment:
        detail = "digest and salt do not open the entry's commitment"
        yield Failure("commitment", "SHA-256(salt || digest)", detail)
    if thing is not None and thing != opened.digest:
        detail = f"the file is for {opened.digest.hex()}, the thing at hand is {thing.hex()}"
        yield Failure("thing", "evidence", detail)


def _about_checkpoint(signed: SignedCheckpoint | None, log: TrustedLog | None) -> Iterator[Failure]:
    if signed is None:
        yield Failure("checkpoint", "C2SP tlog-checkpoint", "the text is no checkpoint")
    elif log is None:
        detail = f"the log {signed.checkpoint.origin!r} is not in the trust file"
        yield Failure("origin", "C2SP tlog-checkpoint", detail)
    else:
        yield from _about_signatures(signed, log)


def _about_signatures(signed: SignedCheckpoint, log: TrustedLog) -> Iterator[Failure]:
    if not verify(signed, log.key):
        detail = f"the checkpoint is not signed by {log.key.name}+{log.key.key_id.hex()}"
        yield Failure("signature", "C2SP signed-note", detail)
    second = log.second_key
    if second is not None and cosigned(signed, second) is None:
        detail = f"the checkpoint is not signed by {second.name}+{second.key_id.hex()}"
        yield Failure("second_signature", _COSIGNATURE, detail)
    named = {(each.name, each.key_id) for each in signed.note.signatures}
    present = [each for each in log.witnesses if (each.name, each.key_id) in named]
    held = _cosigners(signed, log)
    for each in present:
        if each not in held:
            detail = f"the line of {each.name} is not by its key over this checkpoint"
            yield Failure("witness_signature", _COSIGNATURE, detail)
    if len(held) < log.quorum:
        detail = f"{len(held)} of {len(log.witnesses)} witnesses cosigned, {log.quorum} are needed"
        yield Failure("witnesses", _COSIGNATURE, detail)
    for line in signed.note.signatures:
        if not log.knows(line):
            detail = f"{line.name}+{line.key_id.hex()} is no key of this log in the trust file"
            yield Failure("unknown_signature", "evidence", detail)


def _cosigners(signed: SignedCheckpoint, log: TrustedLog) -> list[CosignerKey]:
    return [each for each in log.witnesses if cosigned(signed, each) is not None]


def _about_inclusion(
    evidence: Evidence, entry: Entry | None, signed: SignedCheckpoint | None
) -> Iterator[Failure]:
    if entry is None or signed is None:
        return
    head, leaf = signed.checkpoint, leaf_hash(evidence.entry)
    if not verify_inclusion(entry.sequence, head.size, leaf, evidence.inclusion, head.root):
        detail = f"entry {entry.sequence} is not shown to be in the tree of {head.size}"
        yield Failure("inclusion", "RFC 9162 section 2.1.3.2", detail)


def _read_state(
    evidence: Evidence, head: model.Verdict, log: TrustedLog, trust: Trust, primitives: Primitives
) -> LogState:
    place = trust.place(log, primitives)
    return read_state(evidence.state, head.state_root, place, primitives)


def _about_state(state: LogState, trust: Trust, checkpoint: Checkpoint) -> Iterator[Failure]:
    known = trust.contracts[CONTRACT].code_hash
    if state.code_hash != known:
        detail = f"the contract's code has the hash {state.code_hash.hex()}, not {known.hex()}"
        yield Failure("code", "keccak256 of the code", detail)
    if state.root != checkpoint.root:
        detail = f"the contract has the root {state.root.hex()}, not {checkpoint.root.hex()}"
        yield Failure("head_root", "AnchorLog", detail)
    if state.size != checkpoint.size:
        detail = f"the contract has the size {state.size}, not {checkpoint.size}"
        yield Failure("head_size", "AnchorLog", detail)
