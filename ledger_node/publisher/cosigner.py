"""The log's second key: a line under each head, and an entry by which the log introduces it."""

from dataclasses import dataclass

from ledger_node.publisher.model import Submitted
from madang.core.keys.signing import Signer
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.entry import EntryKind, hour_of
from madang.core.merkle.note import ML_DSA_44_COSIGNATURE, NoteError, NoteSignature
from madang.infra.clock import Clock


@dataclass(frozen=True, slots=True)
class Cosigner:
    """The log as a cosigner of its own heads (C2SP tlog-cosignature).

    Attributes:
        identifier: of the log; without the scheme it is the origin.
        signer: the ML-DSA-44 key.
        clock: tells when a head was the newest.
    """

    identifier: str
    signer: Signer
    clock: Clock

    def line(self, head: Checkpoint) -> NoteSignature:
        """Return the line for a head that is the newest now."""
        return cosign(head, head.origin, self.signer, self.clock.now())

    def introduction(self) -> Submitted:
        """Return the entry that says whose key this is, with the hour of now.

        Raises:
            NoteError: the key is of a curve, like the first one.
        """
        key = CosignerKey.of(self.identifier.partition("://")[2], self.signer)
        if key.kind != ML_DSA_44_COSIGNATURE:
            raise NoteError(f"a log's second key is ML-DSA-44, this one is {self.signer.algorithm}")
        return Submitted(
            # A slash is in no key that a service may use: nobody is there before the log.
            key=f"log-second/{self.signer.public_key.thumbprint()}",
            kind=EntryKind.KEY,
            commitment=key.introduction(),
            issuer=self.identifier,
            hour=hour_of(self.clock.now()),
        )
