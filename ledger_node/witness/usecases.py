"""Sign a head of a log when it extends the one that was signed before; keep what contradicts it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ledger_node.witness.model import (
    Conflict,
    NotSignedError,
    NotWitnessedError,
    UnknownLogError,
    WitnessedHead,
)
from madang.core.keys.signing import Signer
from madang.core.merkle.checkpoint import SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.witness import (
    NOTHING_SEEN,
    AddCheckpoint,
    Judgement,
    SeenHead,
    judge,
    signed_by_log,
    with_lines_of,
)
from madang.infra.clock import Clock


class WitnessStore(Protocol):
    """Durable state of one witness, inside one database transaction."""

    def latest(self, origin: str) -> WitnessedHead | None:
        """Return the largest head that was signed of a log."""
        ...

    def at(self, origin: str, size: int) -> WitnessedHead | None:
        """Return the head of this size, if it was signed and is not too long ago."""
        ...

    def add(self, head: WitnessedHead) -> None:
        """Keep a head that is larger than all before."""
        ...

    def add_conflict(self, conflict: Conflict) -> None:
        """Keep a proof against a log, each once, and not more than a bounded number of a log."""
        ...

    def conflicts(self) -> Sequence[Conflict]:
        """Return the proofs against all logs, the oldest first."""
        ...


class WitnessStores(Protocol):
    """Opens the state of one witness."""

    def __call__(self) -> AbstractContextManager[WitnessStore]:
        """Return the state, whose changes are on the disk when the block ends well."""
        ...


@dataclass(frozen=True)
class Witness:
    """One witness: a name, a key, and a memory (C2SP tlog-witness).

    Attributes:
        name: its identifier without the scheme.
        signer: its Ed25519 key.
        logs: keys of each log that it watches, by origin; never one of its own owner.
        stores: its memory.
        clock: tells when it signed.
    """

    name: str
    signer: Signer
    logs: Mapping[str, tuple[VerifierKey, ...]]
    stores: WitnessStores
    clock: Clock

    @property
    def key(self) -> CosignerKey:
        """Return the key by which its cosignatures are checked."""
        return CosignerKey.of(self.name, self.signer)

    def add(self, request: AddCheckpoint) -> str:
        """Return the cosignature line of a head; the head is on the disk before.

        Raises:
            UnknownLogError: it watches no log of this origin.
            NotSignedError: the log has not signed this.
            NotWitnessedError: it does not extend what was signed, or that is not shown.
        """
        head = request.signed.checkpoint
        keys = self.logs.get(head.origin)
        if keys is None:
            raise UnknownLogError(head.origin)
        if not signed_by_log(request.signed, keys):
            raise NotSignedError(head.origin)
        with self.stores() as store:
            latest = store.latest(head.origin)
            self._compare(store, request.signed)
            judgement = judge(request, _seen(latest))
            if judgement is Judgement.EXTENDS:
                # The line leaves this block, and the process, only after the commit.
                return self._sign(store, request.signed, latest)
        raise NotWitnessedError(judgement, _seen(latest).size)

    def _sign(
        self, store: WitnessStore, signed: SignedCheckpoint, latest: WitnessedHead | None
    ) -> str:
        head = signed.checkpoint
        # A clock that was set back must not have a later head signed for an earlier time.
        time = max(self.clock.now(), latest.time if latest else 0)
        line = cosign(head, self.name, self.signer, time).line()
        if latest is None or latest.size < head.size:
            note = with_lines_of(signed.note, self.logs[head.origin]).serialize()
            store.add(WitnessedHead(head.origin, head.size, head.root, note, line, time))
        return line

    def _compare(self, store: WitnessStore, signed: SignedCheckpoint) -> None:
        """Keep both heads when the log has signed two of this size, whatever was asked."""
        head = signed.checkpoint
        known = store.at(head.origin, head.size)
        if known is None or known.root == head.root:
            return
        second = with_lines_of(signed.note, self.logs[head.origin]).serialize()
        seen = self.clock.now()
        store.add_conflict(Conflict(head.origin, head.size, head.root, known.note, second, seen))

    def latest(self, origin: str) -> WitnessedHead | None:
        """Return the largest head that was signed of a log."""
        with self.stores() as store:
            return store.latest(origin)

    def conflicts(self) -> Sequence[Conflict]:
        """Return the proofs against logs."""
        with self.stores() as store:
            return store.conflicts()


def _seen(latest: WitnessedHead | None) -> SeenHead:
    return NOTHING_SEEN if latest is None else SeenHead(latest.size, latest.root)
