"""Log a resident in, and let the person agree or refuse."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from sqlmodel import Session

from issuer.authorization.model import (
    Asked,
    AtProvider,
    Choosing,
    Device,
    Known,
    Missing,
    NothingToGive,
    NotKnownYet,
    PresentationId,
    Presenting,
    SignIn,
    TooManyTries,
    Trouble,
    Visit,
)
from issuer.offers.model import OfferCode, Offered, OfferRefused, hash_of
from issuer.offers.usecases import Presented, presenter
from issuer.proofing.model import EvidenceKind, Method, Proofing, ProofingId, reaches
from issuer.proofing.usecases import Proofings
from issuer.sources.claims import ClaimSource, NothingToCertify
from issuer.sources.model import IdentityEvidence, PersonId, Register
from issuer.types.model import ConfigurationId, type_of
from issuer.work import Work
from madang.access.authorization.model import Authorizations, GrantId, PendingAuthorization
from madang.core.catalog.certificate_type import CertificateType, IdentityLevel, TypeId

ACCESS_DENIED = "access_denied"
_TROUBLE: Mapping[OfferCode, Trouble] = {
    OfferCode.PRESENTATION_USED: Trouble.PRESENTATION_REFUSED,
    OfferCode.DIGITAL_ID_UNKNOWN: Trouble.DIGITAL_ID_UNKNOWN,
    OfferCode.DIGITAL_ID_NOT_VALID: Trouble.DIGITAL_ID_NOT_VALID,
}


class SignIns(Protocol):
    """Keeps log-ins while they last."""

    def find(self, tenant: str, authorization: str, *, now: int) -> SignIn | None:
        """Return the log-in for a request; None when there is none, or no longer."""
        ...

    def by_state(self, tenant: str, state_hash: bytes, *, now: int) -> AtProvider | None:
        """Return the log-in that a provider's answer belongs to."""
        ...

    def keep(self, tenant: str, sign_in: SignIn) -> None:
        """Keep a log-in in its new state."""
        ...

    def end(self, tenant: str, authorization: str) -> None:
        """Forget a log-in."""
        ...


class Entitlements(Protocol):
    """What may be fetched, by the issuer's own names."""

    def entitle(
        self, work: Work, person: PersonId, level: IdentityLevel, types: tuple[TypeId, ...]
    ) -> GrantId:
        """Let a person fetch these types; return the name of that."""
        ...

    def offered(self, work: Work, issuer_state: str) -> Offered | None:
        """Return the offer that a client came with; None when it is unknown or over."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """Lives and tries, as in the settings."""

    seconds: int
    tries: int
    look_seconds: int
    proofing_seconds: int
    skew_seconds: int


@dataclass(frozen=True, slots=True)
class House:
    """What the log-in works with beside its stores.

    Attributes:
        register: the civil register.
        claims: makes claims, to tell before what cannot be certified.
        day: the office's calendar day of a moment.
        policy: lives and tries.
    """

    register: Register
    claims: ClaimSource
    day: Callable[[int], date]
    policy: Policy


@dataclass(frozen=True, slots=True)
class Books:
    """The stores of one transaction."""

    sign_ins: SignIns
    proofings: Proofings
    entitlements: Entitlements


def visit(work: Work, books: Books, policy: Policy, pending: PendingAuthorization) -> SignIn:
    """Return how the log-in for a waiting request stands; a new one when there was none."""
    found = books.sign_ins.find(work.tenant, pending.id, now=work.now)
    if found is not None:
        return found
    until = min(pending.expires_at, work.now + policy.seconds)
    begun = Choosing(Visit(pending.id, work.ids.token(), 0, until))
    books.sign_ins.keep(work.tenant, begun)
    return begun


def tried(work: Work, books: Books, policy: Policy, found: SignIn) -> Choosing:
    """Count that a way is begun, whatever comes of it; a way that was begun before is left.

    Raises:
        TooManyTries: so many were begun before.
    """
    if found.visit.tries >= policy.tries:
        raise TooManyTries
    begun = Choosing(found.visit.tried())
    books.sign_ins.keep(work.tenant, begun)
    return begun


def ask_wallet(
    work: Work,
    books: Books,
    begun: Choosing,
    device: Device,
    presentation: PresentationId,
    link: str,
) -> None:
    """Remember what a wallet was asked; nothing when the person went another way meanwhile."""
    if books.sign_ins.find(work.tenant, begun.visit.authorization, now=work.now) == begun:
        presenting = Presenting(begun.visit, presentation, device, link, work.now)
        books.sign_ins.keep(work.tenant, presenting)


def look(work: Work, books: Books, policy: Policy, found: Presenting) -> bool:
    """Tell whether the verifier may be asked again now, and remember that it is."""
    if work.now < found.looked_at + policy.look_seconds:
        return False
    still = books.sign_ins.find(work.tenant, found.visit.authorization, now=work.now)
    if still != found:
        return False
    books.sign_ins.keep(work.tenant, replace(found, looked_at=work.now))
    return True


def ask_provider(work: Work, books: Books, begun: Choosing, secrets: "Secrets") -> None:
    """Remember what a provider was asked."""
    state_hash = hash_of(secrets.state)
    asked = AtProvider(begun.visit, state_hash, secrets.nonce, secrets.code_verifier)
    books.sign_ins.keep(work.tenant, asked)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What binds a provider's answer to this browser and this request."""

    state: str
    nonce: str
    code_verifier: str


def fail(work: Work, books: Books, found: SignIn, trouble: Trouble, code: str = "") -> None:
    """Go back to the choice, and say why; the journal has the reason by `code`."""
    work.note(f"log_in.refused.{code or trouble.value}", None)
    books.sign_ins.keep(work.tenant, Choosing(found.visit, trouble))


def presented(
    work: Work,
    books: Books,
    policy: Policy,
    found: Presenting,
    shown: Presented,
    issuer_state: str | None,
) -> None:
    """Know the person by the Digital ID that was presented."""
    try:
        record = presenter(work, shown, skew_seconds=policy.skew_seconds)
    except OfferRefused as error:
        fail(work, books, found, _TROUBLE[error.code])
        return
    _know(work, books, Known(found.visit, record.person, record.level), issuer_state)


def identified(
    work: Work,
    books: Books,
    register: Register,
    found: AtProvider,
    evidence: IdentityEvidence,
    level: IdentityLevel,
    issuer_state: str | None,
) -> None:
    """Know the person whom an OpenID provider named; how, and how well, is recorded."""
    person = register.identify(work.tenant, evidence)
    if person is None:
        fail(work, books, found, Trouble.NOT_IN_REGISTER)
        return
    proofing = Proofing(
        id=ProofingId(work.ids.token()),
        person=person,
        level=level,
        method=Method.OPENID_PROVIDER,
        evidence=EvidenceKind.ID_TOKEN,
        at=work.now,
        clerk="",
    )
    books.proofings.add(work.tenant, proofing)
    work.note("proofing.recorded", proofing.id)
    _know(work, books, Known(found.visit, person, level, proofing.id), issuer_state)


def _know(work: Work, books: Books, known: Known, issuer_state: str | None) -> None:
    """Go on, unless the request came with an offer to somebody else.

    The page's forms get another token: what anybody saw before the log-in is of no use after it.
    """
    offered = _offered(work, books, issuer_state)
    if offered is not None and offered.person != known.person:
        fail(work, books, known, Trouble.ANOTHER_PERSON)
        return
    work.note("log_in.known", known.proofing)
    renewed = replace(known.visit, csrf=work.ids.token())
    books.sign_ins.keep(work.tenant, replace(known, visit=renewed))


def _offered(work: Work, books: Books, issuer_state: str | None) -> Offered | None:
    return None if issuer_state is None else books.entitlements.offered(work, issuer_state)


def asked(
    work: Work,
    books: Books,
    house: House,
    types: Mapping[TypeId, CertificateType],
    pending: PendingAuthorization,
    known: Known,
) -> tuple[Asked, ...]:
    """Return each certificate that the client asks for, and whether this person can have it."""
    offered = _offered(work, books, pending.issuer_state)

    def missing(type_id: TypeId) -> Missing | None:
        if type_id not in types:
            return Missing.NOT_OFFERED
        if pending.issuer_state is not None:
            if offered is None or type_id not in offered.types:
                return Missing.NOT_OFFERED
        elif (lacking := _lacking(types[type_id], known)) is not None:
            return lacking
        try:
            house.claims.payload(work.tenant, known.person, types[type_id], house.day(work.now))
        except NothingToCertify:
            return Missing.NOTHING_TO_CERTIFY
        return None

    return tuple(
        Asked(type_id, names, missing(type_id))
        for type_id, names in _by_type(pending.configurations).items()
    )


def _by_type(configurations: Iterable[str]) -> dict[TypeId, tuple[str, ...]]:
    found: dict[TypeId, tuple[str, ...]] = {}
    for name in configurations:
        type_id = type_of(ConfigurationId(name))
        found[type_id] = (*found.get(type_id, ()), name)
    return found


def _lacking(wanted: CertificateType, known: Known) -> Missing | None:
    """Tell what a log-in lacks for a certificate, where no clerk has offered it.

    The Digital ID is what others are bound to: presenting one is not enough for another.
    """
    if not wanted.requires_digital_id and known.proofing is None:
        return Missing.PROOFING_REQUIRED
    if not reaches(known.level, wanted.identity_level):
        return Missing.LEVEL_TOO_LOW
    return None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a person agrees to.

    Attributes:
        pending: who asks.
        known: who agrees.
        asked: what was shown.
    """

    pending: PendingAuthorization
    known: Known
    asked: tuple[Asked, ...]


def agree(
    work: Work,
    books: Books,
    policy: Policy,
    session: Session,
    authorizations: Authorizations,
    agreement: Agreement,
) -> str:
    """Give the client a code for what can be given; return where the browser goes.

    Raises:
        NothingToGive: that is nothing.
        NotKnownYet: the log-in is too old, or was used for an agreement already.
        AuthorizationRefused: the request waits no more.
    """
    pending, known = agreement.pending, agreement.known
    given = [each for each in agreement.asked if each.missing is None]
    if not given:
        raise NothingToGive
    if known.proofing is not None:
        since = work.now - policy.proofing_seconds
        if books.proofings.take(work.tenant, known.proofing, since=since) is None:
            raise NotKnownYet
    offered = _offered(work, books, pending.issuer_state)
    types = tuple(each.type_id for each in given)
    grant = (
        books.entitlements.entitle(work, known.person, known.level, types)
        if offered is None
        else offered.grant
    )
    configurations = [name for each in given for name in each.configurations]
    books.sign_ins.end(work.tenant, pending.id)
    work.note("log_in.agreed", grant)
    return authorizations.approve(
        session, work.tenant, pending.id, grant, configurations, now=work.now
    )


def refuse(
    work: Work,
    books: Books,
    session: Session,
    authorizations: Authorizations,
    pending: PendingAuthorization,
) -> str:
    """Tell the client that the person does not go on; return where the browser goes."""
    books.sign_ins.end(work.tenant, pending.id)
    work.note("log_in.declined", None)
    return authorizations.refuse(session, work.tenant, pending.id, ACCESS_DENIED, now=work.now)
