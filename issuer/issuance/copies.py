"""Make the copies of one certificate for holder keys: places, records, log entries, kept answer."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from issuer.issuance import answers
from issuer.issuance.answers import Answer, Answers
from issuer.issuance.mint import Bound
from issuer.issuance.model import denied
from issuer.issuance.nonce import Nonces, UsedNonces
from issuer.issuance.notification import notification_id
from issuer.issuance.press import Minted, Press, print_copies
from issuer.offers.model import Entitlement, Granted, Offer, OfferId
from issuer.status.model import CredentialRecord, Place, RecordId, Status
from issuer.status.usecases import SALT_BYTES, Lists, Register, draw_places
from issuer.types.model import Configuration, type_of
from issuer.types.rules import TypeRules
from issuer.work import Work
from madang.access.authorization.model import Authorized
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.encoding import base64url
from madang.core.keys.jwk import PublicKey
from madang.core.merkle.entry import EntryKind
from madang.infra.outbox import Registered

BATCH_BYTES: Final = 18
Holders = Mapping[str, PublicKey]
"""Holder keys by their thumbprints, in the order of the copies."""


class GrantedOffers(Protocol):
    """Finds offers by their names as grants and keeps their new states."""

    def get(self, tenant: str, offer: str) -> Offer | None:
        """Return an offer."""
        ...

    def keep(self, tenant: str, offer: Offer) -> None:
        """Keep a known offer in its new state."""
        ...


class CopyRecords(Protocol):
    """Keeps the records of issued copies."""

    def add(self, tenant: str, records: Sequence[CredentialRecord]) -> None:
        """Keep new records."""
        ...

    def identities(self, tenant: str, holders: Sequence[str]) -> list[CredentialRecord]:
        """Return the copies that prove identity and are bound to any of these keys."""
        ...

    def statuses(self, tenant: str, batch: str) -> set[Status]:
        """Return the statuses that the copies of a certificate have; none before its issue."""
        ...

    def holders(self, tenant: str, batch: str) -> set[str]:
        """Return the thumbprints of the keys that the copies of a certificate are bound to."""
        ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """The stores of one transaction."""

    offers: GrantedOffers
    nonces: UsedNonces
    records: CopyRecords
    lists: Lists
    answers: Answers
    register: Register


@dataclass(frozen=True, slots=True)
class Desk:
    """What requests are answered with.

    Attributes:
        press: makes copies.
        nonces: uses nonces up.
        rules: what is asked for certain types.
        secret: of a municipality as an issuer, for names that follow from others.
        copies_most: most copies of one certificate in one format, however often it is fetched.
    """

    press: Press
    nonces: Nonces
    rules: TypeRules
    secret: bytes
    copies_most: int

    def name(self, entitlement: Entitlement, wanted: Configuration) -> str:
        """Return the `notification_id` of a certificate in its format."""
        return notification_id(self.secret, entitlement.id, wanted.id)


@dataclass(frozen=True, slots=True)
class Copies:
    """What was asked for.

    Attributes:
        texts: one copy for each key.
        notification_id: by which the wallet says what became of them.
    """

    texts: tuple[str, ...]
    notification_id: str


@dataclass(frozen=True, slots=True)
class Order:
    """Which copies are to be made.

    Attributes:
        offer: under which they are fetched.
        wanted: the certificate type in its format.
        keys: what they are bound to.
        token: the access token, under which the answer is kept.
        authorized: what it is good for.
    """

    offer: Granted
    wanted: Configuration
    keys: Holders
    token: str
    authorized: Authorized


def kept_copies(work: Work, shelf: Shelf, desk: Desk, order: Order) -> Copies | None:
    """Return what the same request got before; None if there was none."""
    if order.wanted.id not in order.offer.entitlement.issued:
        return None
    name = answers.key_of(order.token, order.wanted.id, order.keys)
    sealed = shelf.answers.sealed(name, now=work.now)
    if sealed is None:
        return None
    kept = answers.unseal(sealed, order.token, name)
    texts = tuple(kept[thumbprint] for thumbprint in order.keys)
    return Copies(texts, desk.name(order.offer.entitlement, order.wanted))


def issue(work: Work, shelf: Shelf, desk: Desk, order: Order) -> Copies:
    """Make one copy for each key, in their order.

    Raises:
        CredentialError: credential_request_denied.
    """
    entitlement, wanted = order.offer.entitlement, order.wanted
    check_binding(work, shelf.records, entitlement, wanted, order.keys)
    copies = _made(work, shelf, desk.press, order)
    name = answers.key_of(order.token, wanted.id, order.keys)
    box = answers.seal(copies, order.token, name, work.ids.bytes(answers.NONCE_BYTES))
    shelf.answers.add(Answer(name, box, order.authorized.expires_at))
    shelf.offers.keep(work.tenant, order.offer.with_issued(wanted.id, len(copies)))
    work.note("credential.issued", entitlement.id)
    return Copies(tuple(copies.values()), desk.name(entitlement, wanted))


def check_again(work: Work, shelf: Shelf, desk: Desk, order: Order) -> None:
    """Let a certificate be fetched again for the keys that hold it already, and so often only.

    Raises:
        CredentialError: credential_request_denied.
    """
    entitlement, wanted = order.offer.entitlement, order.wanted
    holders = shelf.records.holders(work.tenant, batch_of(entitlement.id, wanted.type.id))
    if order.keys.keys() != holders:
        raise denied("this certificate was fetched already, to other keys")
    if entitlement.issued[wanted.id] + len(order.keys) > desk.copies_most:
        raise denied("this certificate was fetched too often; ask the counter for a new offer")


def check_binding(
    work: Work,
    records: CopyRecords,
    entitlement: Entitlement,
    wanted: Configuration,
    keys: Holders,
) -> None:
    """Keys of an identity must be free or this person's; others hold this person's identity.

    Raises:
        CredentialError: credential_request_denied.
    """
    person = entitlement.person
    bound = records.identities(work.tenant, (*keys,))
    if any(record.person != person for record in bound):
        raise denied("a key is not one to which this issuer bound the Digital ID of this person")
    proved = {record.holder for record in bound if record.holds(work.now)}
    if wanted.type.requires_digital_id and proved != {*keys}:
        raise denied("a key is not one to which this issuer bound the Digital ID of this person")


def _made(work: Work, shelf: Shelf, press: Press, order: Order) -> dict[str, str]:
    """Make, record and register the copies; return them by the thumbprints of their keys."""
    entitlement, wanted, keys = order.offer.entitlement, order.wanted, order.keys
    batch = batch_of(entitlement.id, wanted.type.id)
    before = any(type_of(each) == wanted.type.id for each in entitlement.issued)
    if before and shelf.records.statuses(work.tenant, batch) - {Status.VALID}:
        raise denied("this certificate was revoked or suspended meanwhile; ask the counter")
    places = draw_places(work, shelf.lists, len(keys), press.lists)
    bounds = [Bound(key, place) for key, place in zip(keys.values(), places, strict=True)]
    printed = print_copies(work, press, wanted, entitlement.person, bounds)
    made = dict(zip(keys, zip(printed.copies, places, strict=True), strict=True))
    records = _records(work, entitlement, wanted.type, made, printed.expires_at)
    shelf.records.add(work.tenant, records)
    chance = work.ids.bytes
    shelf.register(
        *(
            Registered(r.id, EntryKind.CREDENTIAL, work.issuer, r.digest, chance(SALT_BYTES))
            for r in records
        )
    )
    return {thumbprint: copy.compact for thumbprint, (copy, _) in made.items()}


def batch_of(offer: OfferId, type_id: TypeId) -> str:
    """Return the batch of a certificate: its copies in every format change their status together.

    Opaque, like the offer's id that it follows from.
    """
    parts = hashlib.sha256(f"{offer} {type_id}".encode()).digest()
    return base64url.encode(parts[:BATCH_BYTES])


def _records(
    work: Work,
    entitlement: Entitlement,
    certificate_type: CertificateType,
    made: Mapping[str, tuple[Minted, Place]],
    expires_at: int,
) -> list[CredentialRecord]:
    batch = batch_of(entitlement.id, certificate_type.id)
    return [
        CredentialRecord(
            id=RecordId(work.ids.token()),
            batch=batch,
            digest=copy.issuer_digest,
            holder=thumbprint,
            person=entitlement.person,
            type_id=certificate_type.id,
            identity=not certificate_type.requires_digital_id,
            level=entitlement.level,
            place=place,
            status=Status.VALID,
            expires_at=expires_at,
        )
        for thumbprint, (copy, place) in made.items()
    ]
