"""Issue certificates to holder keys: the credential request as one transaction.

Steps, in this order: 1. the access token's offer was redeemed; 2. the nonce is used up; 3. the
token is for this configuration; 4. a repeated request gets the kept copies; 5. a type is fetched
once in each format; 6. the keys may hold it for this person; 7. claims, places, copies; 8. records,
log entries, kept answer, journal.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from issuer.issuance import answers
from issuer.issuance.answers import Answer, Answers
from issuer.issuance.mint import Bound
from issuer.issuance.model import denied, insufficient_scope
from issuer.issuance.nonce import Nonces, consume
from issuer.issuance.press import Minted, Press, print_copies
from issuer.issuance.proofs import ProvedKeys
from issuer.offers.model import Entitlement, Offer, OfferId, RedeemedOffer
from issuer.status.model import CredentialRecord, Place, RecordId, Status
from issuer.status.usecases import SALT_BYTES, Lists, Register, draw_places
from issuer.types.model import Configuration, ConfigurationId
from issuer.work import Work
from madang.access.authorization.model import Authorized, PresentedToken
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.encoding import base64url
from madang.core.merkle.entry import EntryKind
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.errors import CredentialCode, CredentialError
from madang.infra.outbox import Registered

BATCH_BYTES: Final = 18


class TokenOffers(Protocol):
    """Finds the offers that access tokens are for and keeps their new states."""

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


@dataclass(frozen=True, slots=True)
class Shelf:
    """The stores of one transaction."""

    offers: TokenOffers
    nonces: Nonces
    records: CopyRecords
    lists: Lists
    answers: Answers
    register: Register


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked credential request.

    Attributes:
        presented: the access token as it came.
        authorized: what it is good for.
        configuration: the certificate type and its format.
        keys: proved holder keys.
    """

    presented: PresentedToken
    authorized: Authorized
    configuration: Configuration
    keys: ProvedKeys


def named_configuration(
    request: CredentialRequest,
    authorized: Authorized,
    known: Mapping[ConfigurationId, Configuration],
) -> Configuration:
    """Return the configuration that a request names, by its id or by an identifier handed out.

    Raises:
        CredentialError: unknown_credential_identifier or unknown_credential_configuration.
    """
    name = request.configuration_id
    if request.identifier is not None:
        name = authorized.identifiers.get(request.identifier)
    if name is None:
        told = "this credential identifier is not one of those that came with the access token"
        raise CredentialError(CredentialCode.UNKNOWN_IDENTIFIER, told)
    found = known.get(ConfigurationId(name))
    if found is None:
        told = "this issuer's metadata names no such credential configuration"
        raise CredentialError(CredentialCode.UNKNOWN_CONFIGURATION, told)
    return found


def issue_copies(work: Work, shelf: Shelf, press: Press, asked: Asked) -> tuple[str, ...]:
    """Return one copy for each key, in the order of the proofs.

    Raises:
        TokenRefused: the token is not for this configuration.
        CredentialError: invalid_nonce or credential_request_denied.
    """
    offer = shelf.offers.get(work.tenant, asked.authorized.grant)
    if not isinstance(offer, RedeemedOffer):
        raise denied("the offer behind the access token is not open any more; ask the counter")
    consume(work, shelf.nonces, asked.keys.nonce)
    wanted = asked.configuration
    if wanted.id not in asked.authorized.configurations:
        raise insufficient_scope(asked.presented.scheme)
    token = asked.presented.token
    key = answers.key_of(token, wanted.id, asked.keys.thumbprints)
    sealed = shelf.answers.sealed(key, now=work.now)
    if sealed is not None:
        kept = answers.unseal(sealed, token, key)
        return tuple(kept[thumbprint] for thumbprint in asked.keys.thumbprints)
    if wanted.id in offer.entitlement.issued:
        raise denied("this certificate was fetched already, to other keys")
    _check_binding(work, shelf.records, offer, asked)
    copies = _made(work, shelf, press, offer, asked)
    box = answers.seal(copies, token, key, work.ids.bytes(answers.NONCE_BYTES))
    shelf.answers.add(Answer(key, box, asked.authorized.expires_at))
    shelf.offers.keep(work.tenant, offer.with_issued(wanted.id, len(copies)))
    work.note("credential.issued", offer.entitlement.id)
    return tuple(copies.values())


def _check_binding(work: Work, records: CopyRecords, offer: RedeemedOffer, asked: Asked) -> None:
    """Keys of an identity must be free or this person's; others hold this person's identity."""
    person = offer.entitlement.person
    bound = records.identities(work.tenant, asked.keys.thumbprints)
    if any(record.person != person for record in bound):
        raise denied("a key is not one to which this issuer bound the Digital ID of this person")
    proved = {record.holder for record in bound if record.holds(work.now)}
    if asked.configuration.type.requires_digital_id and proved != {*asked.keys.thumbprints}:
        raise denied("a key is not one to which this issuer bound the Digital ID of this person")


def _made(
    work: Work, shelf: Shelf, press: Press, offer: RedeemedOffer, asked: Asked
) -> dict[str, str]:
    """Make, record and register the copies; return them by the thumbprints of their keys."""
    entitlement, wanted = offer.entitlement, asked.configuration
    batch = batch_of(entitlement.id, wanted.type.id)
    if shelf.records.statuses(work.tenant, batch) - {Status.VALID}:
        raise denied("this certificate was revoked or suspended meanwhile; ask the counter")
    keys = asked.keys.by_thumbprint
    places = draw_places(work, shelf.lists, len(keys), press.lists)
    bounds = [Bound(key, place) for key, place in zip(keys.values(), places, strict=True)]
    printed = print_copies(work, press, wanted, entitlement.person, bounds)
    made = dict(zip(keys, zip(printed.copies, places, strict=True), strict=True))
    records = _records(work, entitlement, wanted.type, made, printed.expires_at)
    shelf.records.add(work.tenant, records)
    for record in records:
        salt = work.ids.bytes(SALT_BYTES)
        entry = Registered(record.id, EntryKind.CREDENTIAL, work.issuer, record.digest, salt)
        shelf.register(entry)
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
