"""What wallets say became of what they were sent (OpenID4VCI 1.0 section 11).

A `notification_id` follows from what it stands for, so that none has to be kept when it is sent.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final, Protocol

from issuer.issuance.model import invalid_notification_id
from issuer.offers.model import Entitlement, OfferId
from issuer.types.model import ConfigurationId
from issuer.work import Work
from madang.core.encoding import base64url
from madang.core.protocol.oid4vci.notification import Event, NotificationRequest

ID_BYTES: Final = 18
_LABEL: Final = b"madang notification_id\0"


class Events(Protocol):
    """Keeps the last event of each configuration of an offer; nothing of the person's words."""

    def last(self, tenant: str, offer: OfferId, configuration: ConfigurationId) -> str | None:
        """Return the last event; None before there was one."""
        ...

    def keep(
        self, tenant: str, offer: OfferId, configuration: ConfigurationId, event: Event, *, at: int
    ) -> None:
        """Keep an event in place of the one before."""
        ...


def notification_id(secret: bytes, offer: OfferId, configuration: ConfigurationId) -> str:
    """Return the name of what was sent of one configuration under one offer.

    Args:
        secret: of the municipality as an issuer.
        offer: under which it was fetched.
        configuration: the certificate type in its format.
    """
    parts = _LABEL + f"{offer}\0{configuration}".encode()
    return base64url.encode(hmac.digest(secret, parts, hashlib.sha256)[:ID_BYTES])


def take_notification(
    work: Work, events: Events, secret: bytes, entitlement: Entitlement, sent: NotificationRequest
) -> None:
    """Keep what a wallet says; the same again changes nothing.

    Raises:
        CredentialError: invalid_notification_id.
    """
    configuration = _named(secret, entitlement.id, entitlement.issued, sent.notification_id)
    if events.last(work.tenant, entitlement.id, configuration) == sent.event:
        return
    events.keep(work.tenant, entitlement.id, configuration, sent.event, at=work.now)
    work.note(f"notified.{sent.event.value}", entitlement.id)


def _named(
    secret: bytes, offer: OfferId, issued: Iterable[ConfigurationId], name: str
) -> ConfigurationId:
    sent = name.encode("utf-8", "replace")
    for configuration in issued:
        known = notification_id(secret, offer, configuration).encode()
        if hmac.compare_digest(known, sent):
            return configuration
    raise invalid_notification_id()
