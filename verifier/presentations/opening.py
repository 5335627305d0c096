"""Opening a presentation, and the signed request that a wallet fetches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.catalog.certificate_type import TypeId
from madang.core.catalog.federation import Purpose
from madang.core.encoding import base64url
from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.oid4vp.client_id import parse_client_id, x509_hash_client_id
from madang.core.protocol.oid4vp.request import Session, build_request, sign_request
from madang.core.protocol.oid4vp.request_link import RequestLink
from madang.infra.catalogue import Catalogue
from madang.infra.ids import Ids
from madang.infra.tenancy import Addresses
from verifier.presentations.model import Open, Presentation, PresentationId, Terms, Use

REQUEST_KEY = "verifier"
LINK_SCHEME = "haip-vp"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SEED_BYTES, _SCALAR_BYTES = 40, 32


class Signers(Protocol):
    """Where the signing keys are."""

    def signer(self, tenant: str, purpose: str) -> Signer:
        """Return the signer of a municipality for a purpose."""
        ...


class Presentations(Protocol):
    """Presentations in one transaction."""

    def find(self, tenant: str, presentation: str, *, now: int) -> Presentation | None:
        """Return a presentation of the tenant; None if the tenant has none of this id."""
        ...

    def add(self, presentation: Open) -> None:
        """Keep a new presentation."""
        ...

    def forget(self, *, keys_until: int, results_until: int) -> None:
        """Delete keys and results of presentations whose time was over at these times."""
        ...

    def keep(self, presentation: Presentation) -> None:
        """Keep another state of it."""
        ...

    def note(self, tenant: str, code: str, *, now: int, reference: str, actor: str | None) -> None:
        """Write a line in the journal."""
        ...


class PurposeError(ValueError):
    """The municipality is not registered for this purpose, or it does not fit its use."""


class AudienceError(ValueError):
    """The result is asked for somebody who may not act on it."""


class UnknownPresentationError(LookupError):
    """The tenant has no such presentation."""


class ClosedPresentationError(LookupError):
    """The presentation takes no answer any more.

    Attributes:
        code: the state that it is in.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants to ask.

    Attributes:
        purpose: as registered.
        query: DCQL query, within the purpose.
        audience: who may act on the result; empty when nobody outside may.
        actor: pseudonym of whoever asks.
    """

    tenant: str
    use: Use
    purpose: str
    query: Json
    actor: str
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens presentations and makes their requests.

    Attributes:
        seconds: how long a wallet has to answer.
        result_seconds: how long a result counts after an answer.
    """

    catalogue: Catalogue
    addresses: Addresses
    signers: Signers
    ids: Ids
    seconds: int
    result_seconds: int

    def purpose(self, tenant: str, name: str) -> Purpose:
        """Return a purpose that the municipality is registered for.

        Raises:
            PurposeError: it is not.
        """
        found = self.catalogue.federation.purpose(name, tenant)
        if found is None:
            raise PurposeError("the municipality is not registered for this purpose")
        return found

    def identification(self, tenant: str, purpose: str, audience: str, actor: str) -> Wanted:
        """Return the request by which a counter learns whose certificates it deals with.

        Raises:
            PurposeError: not registered, or the purpose asks more than one certificate.
            AudienceError: the result is meant for another than the municipality's issuer.
        """
        asks = self.purpose(tenant, purpose).asks
        if len(asks) != 1:
            raise PurposeError("an identification asks exactly one certificate")
        if audience != self.addresses.identifier(tenant, "issuer"):
            raise AudienceError("audience should be the identifier of the municipality's issuer")
        credentials = [
            {
                "id": type_id,
                "format": SD_JWT_VC,
                "meta": {"vct_values": [self.catalogue.vct(self.addresses, type_id)]},
                "claims": [{"path": list(path)} for path in paths],
            }
            for type_id, paths in asks.items()
        ]
        query = {"credentials": credentials}
        return Wanted(tenant, Use.IDENTIFICATION, purpose, query, actor, audience)

    def open(self, presentations: Presentations, wanted: Wanted, *, now: int) -> Open:
        """Open a presentation with fresh values.

        Raises:
            PurposeError: the query asks what the purpose does not list.
        """
        _within(self.purpose(wanted.tenant, wanted.purpose), wanted.query, self._type_of)
        leaf = self.signers.signer(wanted.tenant, REQUEST_KEY).certificate_chain[0]
        terms = Terms(
            id=PresentationId(self.ids.token()),
            tenant=wanted.tenant,
            use=wanted.use,
            purpose=wanted.purpose,
            audience=wanted.audience,
            query=wanted.query,
            client_id=str(x509_hash_client_id(leaf)),
            nonce=self.ids.token(),
            state=self.ids.token(),
            issued_at=now,
            expires_at=now + self.seconds,
        )
        opened = Open(terms, _private_jwk(self.ids.bytes(_SEED_BYTES)))
        presentations.forget(keys_until=now, results_until=now - self.result_seconds)
        presentations.add(opened)
        presentations.note(
            terms.tenant, "presentation.opened", now=now, reference=terms.id, actor=wanted.actor
        )
        return opened

    def link(self, terms: Terms) -> str:
        """Return the link that a wallet reads."""
        base = self.addresses.identifier(terms.tenant, "verifier")
        return RequestLink(terms.client_id, f"{base}/request/{terms.id}").to_uri(scheme=LINK_SCHEME)

    def request(self, presentation: Open, *, wallet_nonce: str | None) -> str:
        """Return the signed request object; the same request whenever it is asked for."""
        terms = presentation.terms
        public = {name: presentation.key[name] for name in ("kty", "crv", "x", "y", "kid")}
        base = self.addresses.identifier(terms.tenant, "verifier")
        request = build_request(
            parse_client_id(terms.client_id),
            parse_query(terms.query),
            Session(terms.nonce, terms.state, public, terms.issued_at, terms.expires_at),
            response_uri=f"{base}/response/{terms.id}",
            purpose=dict(self.purpose(terms.tenant, terms.purpose).texts),
            wallet_nonce=wallet_nonce,
        )
        return sign_request(request, self.signers.signer(terms.tenant, REQUEST_KEY))

    def _type_of(self, vct: str) -> TypeId | None:
        types = {
            self.catalogue.vct(self.addresses, type_id): type_id for type_id in self.catalogue.types
        }
        return types.get(vct)


def present_open(presentations: Presentations, tenant: str, presentation: str, now: int) -> Open:
    """Return a presentation that waits for an answer.

    Raises:
        UnknownPresentationError: the tenant has none of this id.
        ClosedPresentationError: it waits no more.
    """
    found = presentations.find(tenant, presentation, now=now)
    if found is None:
        raise UnknownPresentationError(presentation)
    if not isinstance(found, Open):
        raise ClosedPresentationError(type(found).__name__.lower())
    return found


def _within(purpose: Purpose, query: Json, type_of: Callable[[str], TypeId | None]) -> None:
    """Refuse a query that asks more than the purpose lists: a verifier never over-asks."""
    for asked in parse_query(query).credentials:
        for vct in asked.meta.vct_values or ():
            listed = purpose.asks.get(type_of(vct) or TypeId(""), ())
            if not listed or any(claim.path not in listed for claim in asked.claims or ()):
                raise PurposeError("the query asks for more than the purpose lists")


def _private_jwk(seed: bytes) -> dict[str, str]:
    """Make the key of one request out of 320 bits of chance (FIPS 186-5 appendix A.2.1)."""
    scalar = int.from_bytes(seed) % (_ORDER - 1) + 1
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    public = PublicKey.from_native(key.public_key())
    private = base64url.encode(scalar.to_bytes(_SCALAR_BYTES))
    return {**public.to_jwk(), "kid": public.thumbprint(), "d": private}
