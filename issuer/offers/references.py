"""Offers by reference: kept sealed under the reference, so that no code can be read here."""

from typing import Final, Protocol

from issuer.offers.model import hash_of
from issuer.offers.usecases import NewOffer
from issuer.sealing import NONCE_BYTES, seal, unseal
from issuer.work import Work
from madang.core.encoding import strict_json
from madang.core.protocol.oid4vci.offer import CredentialOffer

REFERENCE_BYTES: Final = 18
_PURPOSE: Final = b"madang offer by reference"
_OFFER: Final = "offer"


class PublishedOffers(Protocol):
    """Keeps sealed offers by the hashes of their references."""

    def publish(self, offer: str, key: bytes, sealed: bytes, *, until: int) -> None:
        """Keep one, in place of what was published of the same offer."""
        ...

    def published(self, key: bytes, *, now: int) -> bytes | None:
        """Return one that is not over."""
        ...

    def withdraw(self, offer: str) -> None:
        """Forget what was published of an offer."""
        ...


def publish(work: Work, published: PublishedOffers, new: NewOffer, offer: CredentialOffer) -> str:
    """Let an offer be fetched until it is used or over; return its reference."""
    reference = work.ids.token(REFERENCE_BYTES)
    key, text = _key(work.tenant, reference), strict_json.dumps(offer.to_json())
    sealed = seal({_OFFER: text}, reference, key, work.ids.bytes(NONCE_BYTES), _PURPOSE)
    published.publish(new.offer.entitlement.id, key, sealed, until=new.offer.expires_at)
    return reference


def fetch(published: PublishedOffers, tenant: str, reference: str, *, now: int) -> str | None:
    """Return the JSON of an offer, None if this municipality has none by this reference."""
    key = _key(tenant, reference)
    sealed = published.published(key, now=now)
    return None if sealed is None else unseal(sealed, reference, key, _PURPOSE)[_OFFER]


def _key(tenant: str, reference: str) -> bytes:
    return hash_of(f"{tenant}/{reference}")
