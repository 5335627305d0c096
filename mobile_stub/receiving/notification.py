"""Tell issuers what became of their certificates (OpenID4VCI 1.0 section 11)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from madang.core.protocol.oid4vci.names import JSON_MEDIA_TYPE
from madang.core.protocol.oid4vci.notification import Event, NotificationRequest
from mobile_stub.errors import WalletError
from mobile_stub.receiving.access import Accesses
from mobile_stub.receiving.model import DELIVERED, UNTOLD, Delivery, Keeper, Untold

_AGAIN: Final = frozenset({"no_answer", "answer_too_large", "unexpected_answer"})
"""What an issuer may recover from; everything else is its last word."""
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Notifier:
    """Keeps events until the issuer has heard of them.

    Attributes:
        vault: keeps them.
        accesses: opens what they are told with.
    """

    vault: Keeper
    accesses: Accesses

    def happened(self, delivery: Delivery, event: Event) -> None:
        """Keep an event of a delivery, if the issuer wants to hear of it."""
        if delivery.notification_id is None:
            return
        untold = Untold(delivery.grant, delivery.notification_id, event.value)
        name = f"{untold.grant} {untold.notification_id} {untold.event}"
        self.vault.keep_paper(UNTOLD, name, asdict(untold))

    def deleted(self, digests: Sequence[str]) -> None:
        """Keep that a person deleted copies; of a delivery that is told when its last copy goes."""
        for digest in digests:
            kept = self.vault.paper(DELIVERED, digest)
            self.vault.drop_paper(DELIVERED, digest)
            if kept is not None and kept not in self.vault.papers(DELIVERED).values():
                self.happened(Delivery(**kept), Event.DELETED)

    async def tell(self, now: int) -> int:
        """Tell what is untold; return how much still is, for want of an answer."""
        for name, kept in self.vault.papers(UNTOLD).items():
            try:
                done = await self._tell(Untold(**kept), now)
            except WalletError as error:
                done = error.code not in _AGAIN
            if done:
                self.vault.drop_paper(UNTOLD, name)
        return len(self.vault.papers(UNTOLD))

    async def _tell(self, untold: Untold, now: int) -> bool:
        access = await self.accesses.again(untold.grant, now)
        address = access.metadata.notification_endpoint
        if address is None:
            return True
        body = NotificationRequest(
            notification_id=untold.notification_id, event=Event(untold.event)
        )
        reply = await access.call(
            address, body.model_dump_json(exclude_none=True), JSON_MEDIA_TYPE, now
        )
        return reply.status < _SERVER_ERROR
