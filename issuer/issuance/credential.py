"""Issue certificates to holder keys: the credential request as one transaction.

Steps, in this order: 1. the access token is that of an offer; 2. the nonce is used up; 3. the
token is for this type; 4. a repeated request gets the kept copies; 5. a type is fetched once;
6. the keys may hold it for this person; 7. claims, places, copies; 8. records, log entries, kept
answer, journal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from issuer.issuance import answers
from issuer.issuance.answers import Answer, Answers
from issuer.issuance.mint import Bound, Stamp, lifetime, mint_copies
from issuer.issuance.model import denied, insufficient_scope, invalid_token
from issuer.issuance.nonce import Nonces, consume
from issuer.issuance.proofs import ProvedKeys
from issuer.offers.model import Offer, RedeemedOffer, hash_of
from issuer.sources.claims import ClaimSource, NothingToCertify
from issuer.sources.model import PersonId
from issuer.status.model import CredentialRecord, Place, RecordId, Status
from issuer.status.usecases import SALT_BYTES, ListPolicy, Lists, Register, draw_places
from issuer.work import Work
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.payload import Payload
from madang.core.formats.sd_jwt.issue import Issued
from madang.core.keys.signing import Signer
from madang.core.merkle.entry import EntryKind
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.errors import CredentialCode, CredentialError
from madang.infra.outbox import Registered


class TokenOffers(Protocol):
    """Finds offers by their access tokens and keeps their new states."""

    def by_token(self, tenant: str, token_hash: bytes) -> RedeemedOffer | None:
        """Return the offer of an access token."""
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
class Press:
    """What copies are made with.

    Attributes:
        claims: makes claims.
        day: the office's calendar day of a moment.
        signer: the issuer's key.
        vct: address of a type.
        integrity: hash of a type's metadata as served.
        lists: sizes of status lists.
    """

    claims: ClaimSource
    day: Callable[[int], date]
    signer: Signer
    vct: Callable[[str], str]
    integrity: Callable[[TypeId], str]
    lists: ListPolicy


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked credential request.

    Attributes:
        token: the access token.
        type: the certificate type.
        keys: proved holder keys.
    """

    token: str
    type: CertificateType
    keys: ProvedKeys


def named_type(
    request: CredentialRequest, types: Mapping[TypeId, CertificateType]
) -> CertificateType:
    """Return the type that a request names.

    Raises:
        CredentialError: unknown_credential_identifier, for none is ever handed out, or
            unknown_credential_configuration.
    """
    if request.identifier is not None:
        told = "no credential identifiers are handed out; use credential_configuration_id"
        raise CredentialError(CredentialCode.UNKNOWN_IDENTIFIER, told)
    found = types.get(TypeId(str(request.configuration_id)))
    if found is None:
        told = "this issuer's metadata names no such credential configuration"
        raise CredentialError(CredentialCode.UNKNOWN_CONFIGURATION, told)
    return found


def issue_copies(work: Work, shelf: Shelf, press: Press, asked: Asked) -> tuple[str, ...]:
    """Return one copy for each key, in the order of the proofs.

    Raises:
        BearerRefused: the token is not good, or not for this type.
        CredentialError: invalid_nonce or credential_request_denied.
    """
    offer = shelf.offers.by_token(work.tenant, hash_of(asked.token))
    if offer is None or work.now >= offer.expires_at:
        raise invalid_token()
    consume(work, shelf.nonces, asked.keys.nonce)
    if asked.type.id not in offer.entitlement.types:
        raise insufficient_scope()
    key = answers.key_of(asked.token, asked.type.id, asked.keys.thumbprints)
    sealed = shelf.answers.sealed(key, now=work.now)
    if sealed is not None:
        kept = answers.unseal(sealed, asked.token, key)
        return tuple(kept[thumbprint] for thumbprint in asked.keys.thumbprints)
    if asked.type.id in offer.entitlement.issued:
        raise denied("this certificate was fetched already, to other keys")
    _check_binding(work, shelf.records, offer, asked)
    copies = _made(work, shelf, press, offer, asked)
    box = answers.seal(copies, asked.token, key, work.ids.bytes(answers.NONCE_BYTES))
    shelf.answers.add(Answer(key, box, offer.expires_at))
    shelf.offers.keep(work.tenant, offer.with_issued(asked.type.id, len(copies)))
    work.note("credential.issued", offer.entitlement.id)
    return tuple(copies.values())


def _check_binding(work: Work, records: CopyRecords, offer: RedeemedOffer, asked: Asked) -> None:
    """Keys of an identity must be free or this person's; others hold this person's identity."""
    person = offer.entitlement.person
    bound = records.identities(work.tenant, asked.keys.thumbprints)
    if any(record.person != person for record in bound):
        raise denied("a key is not one to which this issuer bound the Digital ID of this person")
    proved = {record.holder for record in bound if record.holds(work.now)}
    if asked.type.requires_digital_id and proved != {*asked.keys.thumbprints}:
        raise denied("a key is not one to which this issuer bound the Digital ID of this person")


def _made(
    work: Work, shelf: Shelf, press: Press, offer: RedeemedOffer, asked: Asked
) -> dict[str, str]:
    """Make, record and register the copies; return them by the thumbprints of their keys."""
    person = offer.entitlement.person
    payload = _payload(work, press, person, asked.type)
    stamp = _stamp(work, press, asked.type)
    keys = asked.keys.by_thumbprint
    places = draw_places(work, shelf.lists, len(keys), press.lists)
    bounds = [Bound(key, place) for key, place in zip(keys.values(), places, strict=True)]
    copies = mint_copies(asked.type, payload, stamp, bounds, work.ids.bytes)
    made = dict(zip(keys, zip(copies, places, strict=True), strict=True))
    records = _records(work, offer, asked.type, made, stamp.expires_at)
    shelf.records.add(work.tenant, records)
    for record in records:
        salt = work.ids.bytes(SALT_BYTES)
        entry = Registered(record.id, EntryKind.CREDENTIAL, work.issuer, record.digest, salt)
        shelf.register(entry)
    return {thumbprint: issued.compact for thumbprint, (issued, _) in made.items()}


def _payload(
    work: Work, press: Press, person: PersonId, certificate_type: CertificateType
) -> Payload:
    try:
        return press.claims.payload(work.tenant, person, certificate_type, press.day(work.now))
    except NothingToCertify:
        raise denied("the register has nothing to certify any more; ask the counter") from None


def _stamp(work: Work, press: Press, certificate_type: CertificateType) -> Stamp:
    issued_at, expires_at = lifetime(certificate_type, work.now)
    return Stamp(
        issuer=work.issuer,
        signer=press.signer,
        vct=press.vct(certificate_type.id),
        integrity=press.integrity(certificate_type.id),
        issued_at=issued_at,
        expires_at=expires_at,
    )


def _records(
    work: Work,
    offer: RedeemedOffer,
    certificate_type: CertificateType,
    made: Mapping[str, tuple[Issued, Place]],
    expires_at: int,
) -> list[CredentialRecord]:
    batch = work.ids.token()
    return [
        CredentialRecord(
            id=RecordId(work.ids.token()),
            batch=batch,
            digest=issued.issuer_digest,
            holder=thumbprint,
            person=offer.entitlement.person,
            type_id=certificate_type.id,
            identity=not certificate_type.requires_digital_id,
            level=offer.entitlement.level,
            place=place,
            status=Status.VALID,
            expires_at=expires_at,
        )
        for thumbprint, (issued, place) in made.items()
    ]
