"""Opening a presentation, and the signed request that a wallet fetches."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.catalog.certificate_type import Path, Texts
from madang.core.encoding import base64url
from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.oid4vp.client_id import parse_client_id, x509_hash_client_id
from madang.core.protocol.oid4vp.registration_check import asked
from madang.core.protocol.oid4vp.request import Delivery, Session, build_request
from madang.core.protocol.oid4vp.request_link import RequestLink
from madang.core.protocol.oid4vp.request_signing import sign_request
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.core.trust.accreditation import RegisteredPurpose, texts_hash
from madang.core.trust.registry import TrustError
from madang.infra.catalogue import Catalogue
from madang.infra.ids import Ids
from madang.infra.tenancy import Addresses
from madang.infra.trust import Trust
from verifier.presentations.model import Open, Presentation, PresentationId, Terms, Use

REQUEST_KEY = "verifier"
LINK_SCHEME = "haip-vp"
_ONLY = "credential"
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
    """The municipality is not registered for this purpose, or it does not fit its use.

    Attributes:
        code: verifier_not_registered, verifier_suspended, purpose_not_registered, purpose_texts or
            over_asking.
    """

    def __init__(self, detail: str, code: str = "purpose_not_registered") -> None:
        super().__init__(detail)
        self.code = code


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
        catalogue: what holders are told of each purpose.
        trust: what each municipality is registered for.
        seconds: how long a wallet has to answer.
        result_seconds: how long a result counts after an answer.
    """

    catalogue: Catalogue
    addresses: Addresses
    trust: Trust
    signers: Signers
    ids: Ids
    seconds: int
    result_seconds: int

    def purpose(
        self,
        tenant: str,
        name: str,
        asks: Mapping[str, Collection[Path]] = MappingProxyType({}),
        *,
        now: int,
    ) -> RegisteredPurpose:
        """Return a purpose that the municipality is registered for, and these claims with it.

        Raises:
            PurposeError: it is not.
            SnapshotError: no state of the registry is known that may be relied on.
        """
        registry, verifier = self.trust.at(now).registry, self._identifier(tenant)
        try:
            _, found = registry.verifier(verifier, name, asks, now=now)
        except TrustError as error:
            raise PurposeError(str(error), error.code) from error
        return found

    def texts(self, purpose: RegisteredPurpose) -> Texts:
        """Return what holders are told; PurposeError unless it is what was registered."""
        for known in self.catalogue.federation.purposes:
            if known.id == purpose.id and texts_hash(known.texts) == purpose.texts:
                return known.texts
        raise PurposeError("its texts here are not those that were registered", "purpose_texts")

    def _identifier(self, tenant: str) -> str:
        return self.addresses.identifier(tenant, "verifier")

    def identification(
        self, tenant: str, purpose: str, audience: str, actor: str, *, now: int
    ) -> Wanted:
        """Return the request by which a counter learns whose certificates it deals with.

        Raises:
            PurposeError: not registered, or the purpose asks more than one certificate.
            AudienceError: the result is meant for another than the municipality's issuer.
            SnapshotError: as `purpose`.
        """
        asks = self.purpose(tenant, purpose, now=now).asks
        if len(asks) != 1:
            raise PurposeError("an identification asks exactly one certificate")
        if audience != self.addresses.identifier(tenant, "issuer"):
            raise AudienceError("audience should be the identifier of the municipality's issuer")
        types = self.trust.at(now).types
        credentials = [
            {
                "id": types.get(vct, _ONLY),
                "format": SD_JWT_VC,
                "meta": {"vct_values": [vct]},
                **({"claims": [{"path": list(path)} for path in paths]} if paths else {}),
            }
            for vct, paths in asks.items()
        ]
        query = {"credentials": credentials}
        return Wanted(tenant, Use.IDENTIFICATION, purpose, query, actor, audience)

    def open(self, presentations: Presentations, wanted: Wanted, *, now: int) -> Open:
        """Open a presentation with fresh values.

        Raises:
            PurposeError: the query asks what the purpose does not list.
            SnapshotError: as `purpose`.
        """
        asks = asked(parse_query(wanted.query))
        self.texts(self.purpose(wanted.tenant, wanted.purpose, asks, now=now))
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
        base = self._identifier(terms.tenant)
        return RequestLink(terms.client_id, f"{base}/request/{terms.id}").to_uri(scheme=LINK_SCHEME)

    def request(self, presentation: Open, *, wallet_nonce: str | None, now: int) -> str:
        """Return the signed request object; the same request whenever it is asked for.

        Raises:
            PurposeError: the municipality is not registered any more, or suspended.
            SnapshotError: as `purpose`.
        """
        terms = presentation.terms
        public = {name: presentation.key[name] for name in ("kty", "crv", "x", "y", "kid")}
        base, query = self._identifier(terms.tenant), parse_query(terms.query)
        purpose = self.purpose(terms.tenant, terms.purpose, asked(query), now=now)
        request = build_request(
            parse_client_id(terms.client_id),
            query,
            Session(terms.nonce, terms.state, public, terms.issued_at, terms.expires_at),
            Delivery("direct_post.jwt", f"{base}/response/{terms.id}"),
            registration=Registration(base, purpose.id, self.texts(purpose)),
            wallet_nonce=wallet_nonce,
        )
        return sign_request(request, self.signers.signer(terms.tenant, REQUEST_KEY))


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


def _private_jwk(seed: bytes) -> dict[str, str]:
    """Make the key of one request out of 320 bits of chance (FIPS 186-5 appendix A.2.1)."""
    scalar = int.from_bytes(seed) % (_ORDER - 1) + 1
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    public = PublicKey.from_native(key.public_key())
    private = base64url.encode(scalar.to_bytes(_SCALAR_BYTES))
    return {**public.to_jwk(), "kid": public.thumbprint(), "d": private}
