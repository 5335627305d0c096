"""The public half of an entry's evidence: what the log and the chain say, and nothing of the thing.

Whoever has the receipt joins both to one file. What is handed out here is the same for everybody.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from contracts import addresses
from contracts.addresses import DeploymentError
from madang.core.evidence.bundle import Evidence
from madang.core.evidence.storage.slots import Place, log_id
from madang.infra.chain import ChainError
from madang.infra.log_client import LogUnavailable
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import FolderLog, Ledger, ProofUnavailable, StateProofs, public_half
from madang.infra.receipts import LogNotBelieved
from madang.infra.rpc import RpcError

CONTRACT: Final = "AnchorLog"
HEADS_TRIED: Final = 50
"""The chain is so many heads behind at most, or the node has to catch up first."""

_SILENT: Final = "log and chain can prove nothing now; ask again in a while"


class EvidenceUnavailableError(RuntimeError):
    """There is none for this entry now; ask again later."""


class SignedHeads(Protocol):
    """The signed heads of one log."""

    def notes(self, limit: int) -> Sequence[str]:
        """Return the newest heads as they are shown, newest first."""
        ...


class SignedHeadsOpener(Protocol):
    """Opens the heads of one log."""

    def __call__(self) -> AbstractContextManager[SignedHeads]:
        """Return the heads as they are in one transaction."""
        ...


@dataclass(frozen=True, slots=True)
class AnchoredLog:
    """A log that has its heads on the chain.

    Attributes:
        origin: its name.
        opener: tells the account that opened it, "0x…"; ChainError when it cannot.
        folder: its published files.
        heads: its signed heads.
    """

    origin: str
    opener: Callable[[], str]
    folder: Path
    heads: SignedHeadsOpener


@dataclass(frozen=True, slots=True)
class EvidenceOffice:
    """Makes public halves.

    Attributes:
        record: file that tells where the contracts are.
        proofs: of the chain's state.
    """

    record: Path
    proofs: StateProofs

    async def evidence(self, log: AnchoredLog, index: int) -> Evidence:
        """Return the public half for an entry of a log.

        Raises:
            EvidenceUnavailableError: it is not on the chain yet, or the chain does not answer.
        """
        with log.heads() as kept:
            notes = kept.notes(HEADS_TRIED)
        try:
            known = addresses.read(self.record)
            address = bytes.fromhex(known[CONTRACT].address.removeprefix("0x"))
            genesis = bytes.fromhex(known.genesis_hash.removeprefix("0x"))
            opener = bytes.fromhex(log.opener().removeprefix("0x"))
            place = Place(address, log_id(opener, log.origin, PRIMITIVES))
            ledger = Ledger(known.chain_id, genesis, self.proofs)
            tiles = FolderLog(log.folder).tile
            return await public_half(ledger, place, index, notes, tiles)
        except ProofUnavailable as error:
            raise EvidenceUnavailableError(str(error)) from error
        except (ChainError, DeploymentError, LogNotBelieved, LogUnavailable, RpcError) as error:
            # Their words are for the operator: they name files, and what a node answered.
            raise EvidenceUnavailableError(_SILENT) from error
