"""Fetch receipts: the proofs that each copy stands in its issuer's log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.receipt_request import make_receipt_request
from madang.core.trust.registry import Registry, TrustError
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy
from mobile_stub.receiving.receiver import Receiver

OK = 200


class Keeper(Protocol):
    """What fetching receipts needs of the vault."""

    def copies(self) -> list[HeldCopy]:
        """Return every copy."""
        ...

    def signer(self, number: int) -> Signer:
        """Return a holder key."""
        ...

    def keep_receipt(self, digest: str, receipt: dict[str, Any]) -> None:
        """Keep the receipt of a copy."""
        ...


@dataclass(frozen=True, slots=True)
class ReceiptFetcher:
    """Asks issuers for receipts, one holder key at a time so that nothing links the keys.

    Holder keys are shown to issuers alone that are accredited now; a copy of another waits.
    """

    network: Network
    vault: Keeper
    receiver: Receiver

    async def fetch(self, now: int) -> dict[str, int]:
        """Fetch what is missing; return how many copies have a receipt and how many wait.

        Raises:
            WalletError: an issuer refused or did not answer, or nobody's accreditation is known.
        """
        missing: dict[tuple[str, int], list[str]] = {}
        registry = await self.receiver.accreditations.registry(now)
        for copy in self.vault.copies():
            if copy.receipt is None and _accredited(registry, copy, now):
                missing.setdefault((copy.issuer, copy.number), []).append(copy.digest)
        for (issuer, number), digests in missing.items():
            await self._fetch(issuer, number, digests, now)
        copies = self.vault.copies()
        waiting = sum(copy.receipt is None for copy in copies)
        return {"kept": len(copies) - waiting, "waiting": waiting}

    async def _fetch(self, issuer: str, number: int, digests: Sequence[str], now: int) -> None:
        nonce = await self.receiver.nonce(await self.receiver.metadata(issuer, now))
        proof = make_receipt_request(self.vault.signer(number), issuer, nonce or "", now)
        body = strict_json.dumps({"proof": proof, "credential_digests": list(digests)})
        reply = await self.network.post(f"{issuer}/receipts", body, "application/json")
        if reply.status != OK:
            raise WalletError("receipts_refused", f"the issuer answered {reply.status}")
        try:
            receipts = strict_json.loads(reply.body)["receipts"]
            found = {digest: receipts[digest] for digest in digests if receipts.get(digest)}
        except (EncodingError, KeyError, TypeError, AttributeError) as error:
            raise WalletError(
                "receipts_malformed", "the issuer's answer has no receipts"
            ) from error
        for digest, receipt in found.items():
            self.vault.keep_receipt(digest, receipt)


def _accredited(registry: Registry, copy: HeldCopy, now: int) -> bool:
    try:
        registry.issuer(copy.issuer, copy.type, at=now, now=now)
    except TrustError:
        return False
    return True
