"""Opening a presentation: what may be asked, and its fresh values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from madang.access.service_token import ServiceIdentity
from madang.core.catalog.certificate_type import Path, Texts
from madang.core.encoding import base64url, strict_json
from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.dcql.authorities import Authorities, refuse_unanswerable
from madang.core.protocol.dcql.model import DcqlQuery, parse_query, refuse_repeated_claims
from madang.core.protocol.oid4vp.registration_check import asked
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.core.trust.accreditation import RegisteredPurpose, texts_hash
from madang.core.trust.registry import TrustError
from madang.infra.catalogue import Catalogue
from madang.infra.ids import Ids
from madang.infra.tenancy import Addresses
from madang.infra.trust import Trust
from verifier.presentations.clients import Clients
from verifier.presentations.manner import check_manner
from verifier.presentations.mdocs import Mdocs
from verifier.presentations.model import (
    USUAL,
    Answered,
    Manner,
    Open,
    Presentation,
    PresentationId,
    Refused,
    Terms,
    Use,
)
from verifier.presentations.personal import may_name_values, without_values

_ONLY = "credential"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SEED_BYTES, _SCALAR_BYTES = 40, 32
_QUERIES_KEPT = 256
_NONCE_BYTES = 24
"""192 bits: of 128 a text is too short to look like so much to who estimates it by its letters."""


class Presentations(Protocol):
    """Presentations in one transaction."""

    def find(self, tenant: str, presentation: str, *, now: int) -> Presentation | None:
        """Return a presentation of the tenant; None if the tenant has none of this id."""
        ...

    def hold(self, presentation: str) -> None:
        """Let nobody else change a presentation until the transaction ends."""
        ...

    def add(self, presentation: Open) -> None:
        """Keep a new presentation."""
        ...

    def forget(self, *, now: int) -> None:
        """Delete keys, results and what is personal of requests, where their time is over."""
        ...

    def keep(self, presentation: Open | Answered | Refused) -> bool:
        """Keep the next state of an open presentation; False if it is not open any more."""
        ...

    def bind(self, presentation: Open, browser: bytes) -> bool:
        """Let only this browser have the answer; False if another came first."""
        ...

    def release(self, answered: Answered, *, given: bytes | None) -> bool:
        """Take the response code away, and with `GIVEN` the result; False if it is gone already."""
        ...

    def note(self, tenant: str, code: str, *, now: int, reference: str, actor: str | None) -> None:
        """Write a line in the journal."""
        ...


class PurposeError(ValueError):
    """The municipality is not registered for this purpose, or it does not fit its use.

    Attributes:
        code: verifier_not_registered, verifier_suspended, purpose_not_registered, purpose_missing,
            purpose_texts, issuer_unknown or over_asking.
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
        purpose: as registered; empty to ask outside the registry.
        query: DCQL query, within the purpose, as JSON text.
        audience: who may act on the result; empty when nobody outside may.
        actor: pseudonym of whoever asks.
        manner: how the request is sent and answered.
        prefix: of the client identifier; empty for the one that the settings name.
        asker: the service, key or page that may have the result.
    """

    tenant: str
    use: Use
    purpose: str
    query: str
    actor: str
    audience: str = ""
    manner: Manner = USUAL
    prefix: str = ""
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens presentations.

    Attributes:
        catalogue: what holders are told of each purpose.
        mdocs: the mdoc beside each SD-JWT VC.
        trust: what each municipality is registered for.
        clients: under which identifiers municipalities ask.
        outside: the municipalities that may ask outside the registry.
        foreign: whether issuers of types that the catalogue lacks can be trusted.
        authorities: what is known of issuers besides their certificates.
        transaction_types: what holders may be asked to authorize.
        allow_loopback_http: for a first run: browsers may return to http on this machine.
        seconds: how long a wallet has to answer.
    """

    catalogue: Catalogue
    addresses: Addresses
    mdocs: Mdocs
    trust: Trust
    clients: Clients
    ids: Ids
    outside: Collection[str]
    foreign: bool
    authorities: Authorities
    transaction_types: TransactionTypes
    allow_loopback_http: bool
    seconds: int
    _queries: dict[tuple[str, str], tuple[RegisteredPurpose, str]] = field(default_factory=dict)

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
        registry = self.trust.accreditations.registry(now=now)
        verifier = self._identifier(tenant)
        try:
            _, found = registry.verifier(verifier, name, asks, now=now)
        except TrustError as error:
            raise PurposeError(str(error), error.code) from error
        return found

    def texts(self, purpose: RegisteredPurpose) -> Texts:
        """Return what holders are told; PurposeError unless it is what was registered."""
        for known in self.catalogue.federation.purposes:
            if known.id == purpose.id and _hash(tuple(known.texts.items())) == purpose.texts:
                return known.texts
        raise PurposeError("its texts here are not those that were registered", "purpose_texts")

    def _identifier(self, tenant: str) -> str:
        return self.addresses.identifier(tenant, "verifier")

    def registration(
        self, tenant: str, purpose: str, query: str, *, now: int
    ) -> Registration | None:
        """Return the registered use that a query lies within; None outside the registry.

        Args:
            tenant: who asks.
            purpose: as registered; empty outside the registry.
            query: DCQL query, as JSON text that was read before.
            now: seconds since 1970.

        Raises:
            PurposeError: the query asks what the purpose does not list, or no purpose is named
                and the municipality may not ask outside the registry.
            SnapshotError: as `purpose`.
        """
        asks = _asks(query)
        if purpose:
            found = self.purpose(tenant, purpose, asks, now=now)
            return Registration(self._identifier(tenant), found.id, self.texts(found))
        if tenant not in self.outside:
            told = "name a registered purpose; this municipality may not ask outside the registry"
            raise PurposeError(told, "purpose_missing")
        unknown = sorted(asks.keys() - self._known_types())
        if unknown and not self.foreign:
            told = f"no issuer of {', '.join(unknown)} is trusted; name its root in the anchors"
            raise PurposeError(told, "issuer_unknown")
        return None

    def _known_types(self) -> frozenset[str]:
        types = self.catalogue.types
        vcts = (self.catalogue.vct(self.addresses, each) for each in types)
        return self._doc_types().union(vcts)

    def identification(
        self,
        tenant: str,
        purpose: str,
        audience: str,
        caller: ServiceIdentity,
        manner: Manner = USUAL,
        *,
        now: int,
    ) -> Wanted:
        """Return the request by which an office learns whose certificates it deals with.

        Raises:
            PurposeError: not registered, or the purpose asks more than one certificate.
            AudienceError: the result is meant for another than the municipality's issuer.
            SnapshotError: as `purpose`.
        """
        query = self.query_for(tenant, purpose, now=now)
        asked = query_of(query)
        if len(asked.credential_sets or asked.credentials) != 1:
            raise PurposeError("an identification asks exactly one certificate")
        if audience != self.addresses.identifier(tenant, "issuer"):
            raise AudienceError("audience should be the identifier of the municipality's issuer")
        return Wanted(
            tenant=tenant,
            use=Use.IDENTIFICATION,
            purpose=purpose,
            query=query,
            actor=caller.actor,
            audience=audience,
            manner=manner,
            asker=caller.issuer,
        )

    def query_for(self, tenant: str, purpose: str, *, now: int) -> str:
        """Return the DCQL query for everything that a purpose lists, as JSON; errors as `purpose`.

        Each type is asked in whichever format the holder has, as SD-JWT VC first.
        """
        registered = self.purpose(tenant, purpose, now=now)
        known, query = self._queries.get((tenant, purpose), (None, ""))
        if known != registered:
            query = strict_json.dumps(self._whole_query(registered.asks))
            self._queries[tenant, purpose] = registered, query
        return query

    def _whole_query(self, asks: Mapping[str, Collection[Path]]) -> dict[str, Json]:
        types, documents = self.trust.types, self._doc_types()
        vcts = {types.get(name) for name in asks if name not in documents}
        wanted = {
            n: each for n, each in asks.items() if types.get(n) not in vcts or n not in documents
        }
        credentials: list[Json] = [
            {
                "id": types.get(name, f"{_ONLY}-{number}"),
                **_asked_as(name, document=name in documents),
                **({"claims": [{"path": list(path)} for path in paths]} if paths else {}),
            }
            for number, (name, paths) in enumerate(wanted.items())
        ]
        return self.mdocs.also({"credentials": credentials}, asks)

    def in_either_format(
        self, tenant: str, purpose: str, query: Json, *, now: int
    ) -> dict[str, Json]:
        """Return a query for SD-JWT VCs that mdocs can answer too; errors as `purpose`."""
        return self.mdocs.also(query, self.purpose(tenant, purpose, now=now).asks)

    def _doc_types(self) -> frozenset[str]:
        return frozenset(map(self.catalogue.doc_type, self.catalogue.types))

    def open(self, presentations: Presentations, wanted: Wanted, *, now: int) -> Open:
        """Open a presentation with fresh values.

        Raises:
            PurposeError: as `registration`.
            DcqlError: the query is none, points to a claim twice, or asks for what would be refused
                when it came.
            MannerError: it cannot be sent or answered like that.
            SnapshotError: as `purpose`.
        """
        query = query_of(wanted.query)
        refuse_repeated_claims(query)
        refuse_unanswerable(query, self.authorities)
        self.registration(wanted.tenant, wanted.purpose, wanted.query, now=now)
        opened = Open(self._terms(wanted, query, now), _private_jwk(self.ids.bytes(_SEED_BYTES)))
        presentations.add(opened)
        presentations.note(
            wanted.tenant,
            "presentation.opened",
            now=now,
            reference=opened.terms.id,
            actor=wanted.actor,
        )
        return opened

    def _terms(self, wanted: Wanted, query: DcqlQuery, now: int) -> Terms:
        tenant, id_ = wanted.tenant, PresentationId(self.ids.token())
        client_id = self.clients.client_id(tenant, wanted.prefix, id_)
        manner = check_manner(
            wanted.manner,
            client_id.prefix,
            query,
            self.transaction_types,
            allow_loopback_http=self.allow_loopback_http,
        )
        return Terms(
            id=id_,
            tenant=tenant,
            use=wanted.use,
            purpose=wanted.purpose,
            audience=wanted.audience,
            query=wanted.query,
            client_id=str(client_id),
            nonce=self.ids.token(_NONCE_BYTES),
            state=self.ids.token(),
            issued_at=now,
            expires_at=now + self.seconds,
            manner=manner,
            asker=wanted.asker,
        )


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


def _asked_as(name: str, *, document: bool) -> dict[str, Json]:
    if document:
        return {"format": MSO_MDOC, "meta": {"doctype_value": name}}
    return {"format": SD_JWT_VC, "meta": {"vct_values": [name]}}


def query_of(text: str) -> DcqlQuery:
    """Return a query of ours, which is kept if it is of nobody; DcqlError if it is none."""
    return _read(text) if may_name_values(text) else _kept_query(text)


def _read(text: str) -> DcqlQuery:
    return parse_query(strict_json.loads(text))


_kept_query: Final = lru_cache(maxsize=_QUERIES_KEPT)(_read)


@lru_cache(maxsize=_QUERIES_KEPT)
def _kept_asks(text: str) -> Mapping[str, Collection[Path]]:
    return asked(query_of(text))


def _asks(text: str) -> Mapping[str, Collection[Path]]:
    return _kept_asks(without_values(text))


@lru_cache(maxsize=_QUERIES_KEPT)
def _hash(texts: tuple[tuple[str, str], ...]) -> bytes:
    return texts_hash(dict(texts))


def _private_jwk(seed: bytes) -> dict[str, str]:
    """Make the key of one request out of 320 bits of chance (FIPS 186-5 appendix A.2.1)."""
    scalar = int.from_bytes(seed) % (_ORDER - 1) + 1
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    public = PublicKey.from_native(key.public_key())
    private = base64url.encode(scalar.to_bytes(_SCALAR_BYTES))
    return {**public.to_jwk(), "kid": public.thumbprint(), "d": private}
