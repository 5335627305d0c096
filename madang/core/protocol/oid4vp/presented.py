"""One presented credential by itself: what it is, and what was found about it in steps 2 to 5."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from madang.core.keys.jwk import PublicKey
from madang.core.protocol.dcql.authorities import Authorities, authority_types
from madang.core.protocol.dcql.credential import Credential, Fit, fit
from madang.core.protocol.dcql.model import CredentialQuery
from madang.core.protocol.dcql.path import restrict
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.request import ALGORITHMS
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from madang.core.protocol.oid4vp.type_check import KnownDocument, KnownType
from madang.core.protocol.oid4vp.verdict import StatusReference, Step, StepFailure
from madang.core.protocol.urls import is_web_address
from madang.core.trust.model import TrustList

UNAUTHENTIC: Final = frozenset({"issuer_key", "issuer_alg", "issuer_signature"})
"""Failures after which nothing in a credential is the issuer's word."""

STATUS_CLAUSE: Final = "Token Status List 6"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a verifier holds an answer against, besides the request.

    Attributes:
        trust: who attests what.
        now: seconds since 1970.
        max_age: seconds that a key binding counts.
        max_skew: seconds that the holder's or an issuer's clock may be off.
        status_required: refuse a credential of the catalogue that names no status list. Of a
            foreign one that is its issuer's to decide.
        allow_loopback_http: for development: status lists may be at http on this machine.
        types: by `vct` the types whose rules are held to; others are judged without.
        documents: the same by `docType`.
        transaction_types: by name the types of transaction data that this verifier asks for.
        authorities: what is known of issuers besides their certificates.
    """

    trust: TrustList
    now: int
    max_age: int = 300
    max_skew: int = 60
    status_required: bool = True
    allow_loopback_http: bool = False
    types: Mapping[str, KnownType] = field(default_factory=dict)
    documents: Mapping[str, KnownDocument] = field(default_factory=dict)
    transaction_types: TransactionTypes = field(default_factory=dict)
    authorities: Authorities = field(default_factory=Authorities)


@dataclass(frozen=True, slots=True)
class Examination:
    """What one presentation is held against.

    Attributes:
        query: the credential query that it was sent for.
        asked: what this session asked.
        policy: trust, time and tolerances.
        limits: bounds on size and number of disclosures.
    """

    query: CredentialQuery
    asked: Asked
    policy: Policy
    limits: Limits = DEFAULT_LIMITS

    def authorities_of(
        self, issuer: str | None, chain: tuple[bytes, ...], trust_chain: object = None
    ) -> Mapping[str, frozenset[str]]:
        """Return which authorities of the query an issuer matches, besides `aki`."""
        types, known = authority_types([self.query]), self.policy.authorities
        return known.of(types, issuer, chain, trust_chain, now=self.policy.now)


@dataclass(frozen=True, slots=True)
class Authorized:
    """The hashes of transaction data in a presentation.

    Attributes:
        digests: each base64url.
        algorithm: the hash that the holder names; None where it names none.
        by_type: of an mdoc, which has no place for that name: those in the element of each type
            of transaction. None where one place is for all types.
    """

    digests: tuple[str, ...] = ()
    algorithm: str | None = None
    by_type: Mapping[str, frozenset[str]] | None = None

    def of(self, data_type: str) -> frozenset[str]:
        """Return those that stand where a type's have to."""
        if self.by_type is None:
            return frozenset(self.digests)
        return self.by_type.get(data_type, frozenset())


NOTHING: Final = Authorized()


@dataclass(frozen=True, slots=True)
class Presented:
    """One presented credential and what was found about it.

    Attributes:
        query_id: the id it was sent under.
        format: of the query, or empty where there is none.
        type: its `vct` or `docType`; None when it could not be read.
        issuer: whom it says it is from, or its certificate proves; None when that failed.
        fit: how it fits its query; None when it could not be processed.
        released: the claims that were asked for, and no others.
        holder: thumbprint of the key that it is bound to, None when there is none.
        bound: whether that key was to be proved, and a proof came.
        authorized: the transaction data that its holder signed for.
        issuer_digest: SHA-256 of what the issuer signed; None when it could not be read.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
        status: where its status stands; only of an issuer that was verified.
        failures: what failed in steps 2 to 5.
    """

    query_id: str
    format: str = ""
    type: str | None = None
    issuer: str | None = None
    fit: Fit | None = None
    released: Mapping[str, object] = field(default_factory=dict)
    holder: str | None = None
    bound: bool = False
    authorized: Authorized = NOTHING
    issuer_digest: bytes | None = None
    issued_at: int | None = None
    expires_at: int | None = None
    status: StatusReference | None = None
    failures: tuple[StepFailure, ...] = ()


def unreadable(query: CredentialQuery, code: str, clause: str, detail: str) -> Presented:
    """Return what is not of the format that was asked for."""
    failure = StepFailure(Step.FORM, code, clause, detail, query.id)
    return Presented(query.id, query.format, failures=(failure,))


def held_against(
    query: CredentialQuery, credential: Credential, always: Mapping[str, object]
) -> tuple[Fit, Mapping[str, object]]:
    """Return how a credential fits its query, and what of it may be released.

    Args:
        query: for this credential.
        credential: with the claims that were disclosed.
        always: the claims that no holder can withhold: the answer to a query without claims.
    """
    found = fit(query, credential)
    if query.claims is None:
        return found, always
    return found, restrict(credential.claims, found.places)


def misplaced_status(
    address: str | None, of_type: str, policy: Policy
) -> tuple[str, str, str] | None:
    """Return code, clause and detail of what is wrong with where a status stands; None if not.

    Args:
        address: of the list; None when the credential names none.
        of_type: type of the credential.
        policy: whether one is needed, and which addresses are allowed.
    """
    if address is None:
        needed = policy.status_required and not policy.trust.is_foreign(of_type)
        absent = ("status_missing", STATUS_CLAUSE, "the credential names no status list")
        return absent if needed else None
    if not is_web_address(address, allow_loopback_http=policy.allow_loopback_http):
        return "status_uri", STATUS_CLAUSE, "the list's address should be absolute https"
    return None


def not_offered(
    query_id: str, issuer_key: PublicKey | None, holder_key: PublicKey | None
) -> Iterator[StepFailure]:
    """Yield which key signs by an algorithm that no request offers, though it may be known here.

    Args:
        query_id: the id it was sent under.
        issuer_key: what the issuer's signature was checked with; None when there is none.
        holder_key: the same for the holder's.
    """
    told = "the request offers " + ", ".join(ALGORITHMS)
    clause = "OpenID4VP 1.0 appendix B"
    if issuer_key is not None and issuer_key.algorithm not in ALGORITHMS:
        yield StepFailure(Step.CREDENTIAL, "issuer_alg_not_offered", clause, told, query_id)
    if holder_key is not None and holder_key.algorithm not in ALGORITHMS:
        yield StepFailure(Step.BINDING, "holder_alg_not_offered", clause, told, query_id)
