"""Make the copies of a certificate in the format that was asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from issuer.issuance.mint import Bound, Stamp, lifetime, mint_copies
from issuer.issuance.mint_mdoc import MdocStamp, blank_of, mint_mdoc
from issuer.issuance.model import denied
from issuer.sources.claims import ClaimSource, NothingToCertify
from issuer.sources.model import PersonId
from issuer.status.usecases import ListPolicy
from issuer.types.model import Configuration
from issuer.work import Work
from madang.core.catalog.certificate_type import TypeId
from madang.core.catalog.payload import Payload
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.formats.mdoc.mso import KeyAuthorizations
from madang.core.keys.signing import Signer


@dataclass(frozen=True, slots=True)
class Press:
    """What copies are made with.

    Attributes:
        claims: makes claims.
        day: the office's calendar day of a moment.
        signer: the issuer's key.
        vct: address of a type.
        integrity: hash of a type's metadata as served.
        domain: reversed domain under which document types stand.
        lists: sizes of status lists.
        may_sign: what holders' keys may sign beside the session, of mdocs.
    """

    claims: ClaimSource
    day: Callable[[int], date]
    signer: Signer
    vct: Callable[[str], str]
    integrity: Callable[[TypeId], str]
    domain: str
    lists: ListPolicy
    may_sign: KeyAuthorizations


class Minted(Protocol):
    """A copy in whatever format."""

    @property
    def compact(self) -> str:
        """Return the text that goes into the credential response."""
        ...

    @property
    def issuer_digest(self) -> bytes:
        """Return what the log commits to, and the record is found by: 32 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Printed:
    """The copies of one issue, in the order of their bounds, and when they expire."""

    copies: Sequence[Minted]
    expires_at: int


def print_copies(
    work: Work, press: Press, wanted: Configuration, person: PersonId, bounds: Sequence[Bound]
) -> Printed:
    """Sign one copy for each of `bounds`.

    Raises:
        CredentialError: credential_request_denied, when the register has nothing any more.
    """
    payload = _payload(work, press, person, wanted)
    issued_at, expires_at = lifetime(wanted.type, work.now)
    if wanted.format == MSO_MDOC:
        blank = blank_of(press.domain, wanted.type, payload.claims, press.may_sign)
        mdoc_stamp = MdocStamp(work.issuer, press.signer, blank, issued_at, expires_at)
        chance = work.ids.bytes
        mdocs = [mint_mdoc(mdoc_stamp, each.key, each.place, chance) for each in bounds]
        return Printed(mdocs, expires_at)
    stamp = Stamp(
        issuer=work.issuer,
        signer=press.signer,
        vct=press.vct(wanted.type.id),
        integrity=press.integrity(wanted.type.id),
        issued_at=issued_at,
        expires_at=expires_at,
    )
    return Printed(mint_copies(wanted.type, payload, stamp, bounds, work.ids.bytes), expires_at)


def _payload(work: Work, press: Press, person: PersonId, wanted: Configuration) -> Payload:
    try:
        return press.claims.payload(work.tenant, person, wanted.type, press.day(work.now))
    except NothingToCertify:
        raise denied("the register has nothing to certify any more; ask the counter") from None
