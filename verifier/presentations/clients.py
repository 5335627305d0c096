"""Under which identifiers a municipality asks, and how it signs as each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vp.client_id import (
    ClientId,
    Prefix,
    attested_client_id,
    did_client_id,
    redirect_uri_client_id,
    x509_hash_client_id,
    x509_san_dns_client_id,
)
from madang.core.protocol.oid4vp.dc_api import ApiRequest, signed
from madang.core.protocol.oid4vp.request import RequestObject
from madang.core.protocol.oid4vp.request_signing import sign_payload
from madang.core.protocol.urls import host_of
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.web import identifier, issuer_document
from madang.core.trust.x509 import san_dns
from madang.infra.tenancy import Addresses

REQUEST_KEY: Final = "verifier"


class ClientError(ValueError):
    """The municipality cannot ask under such an identifier; the text says what it lacks."""


class Signers(Protocol):
    """Where the signing keys are."""

    def signer(self, tenant: str, purpose: str) -> Signer:
        """Return the signer of a municipality for a purpose."""
        ...


@dataclass(frozen=True, slots=True)
class Attestation:
    """A verifier attestation that somebody else issued (OpenID4VP 1.0 section 12).

    Attributes:
        subject: its `sub`, the identifier behind the prefix.
        compact: as issued; its `cnf` is the key of the municipality's requests.
    """

    subject: str
    compact: str


@dataclass(frozen=True, slots=True)
class Clients:
    """The identifiers of all municipalities.

    Attributes:
        prefix: used where a caller names none.
        attestations: by municipality.
        allow_loopback_http: for a first run: a DID may be at http on this machine.
    """

    addresses: Addresses
    signers: Signers
    prefix: Prefix
    attestations: Mapping[str, Attestation]
    allow_loopback_http: bool

    def client_id(self, tenant: str, prefix: str, presentation: str) -> ClientId:
        """Return the identifier of a request.

        Args:
            tenant: who asks.
            prefix: that of the caller's choice; empty for the setting's.
            presentation: whose response address a `redirect_uri` client is.

        Raises:
            ClientError: no such prefix, or the municipality lacks what it needs.
        """
        base = self.addresses.identifier(tenant, "verifier")
        match self._prefix(prefix):
            case Prefix.REDIRECT_URI:
                return redirect_uri_client_id(f"{base}/response/{presentation}")
            case Prefix.X509_SAN_DNS:
                return x509_san_dns_client_id(self._dns_name(tenant, base))
            case Prefix.DECENTRALIZED_IDENTIFIER:
                return did_client_id(self._did(base))
            case Prefix.VERIFIER_ATTESTATION:
                return attested_client_id(self._attestation(tenant).subject)
            case Prefix.X509_HASH:
                return x509_hash_client_id(self._leaf(tenant))

    def _prefix(self, wish: str) -> Prefix:
        if not wish:
            return self.prefix
        if wish not in list(Prefix):
            raise ClientError(f"client_id_prefix: one of {', '.join(Prefix)} was expected")
        return Prefix(wish)

    def _leaf(self, tenant: str) -> bytes:
        chain = self._signer(tenant).certificate_chain
        if not chain:
            raise ClientError("the key of the requests has no certificate chain")
        return chain[0]

    def _dns_name(self, tenant: str, base: str) -> str:
        host = host_of(base) or ""
        if host not in san_dns(self._leaf(tenant)):
            raise ClientError(f"the certificate of the requests does not name the host {host}")
        return host

    def _did(self, base: str) -> str:
        try:
            return identifier(base, allow_loopback_http=self.allow_loopback_http)
        except DidError as error:
            raise ClientError(str(error)) from None

    def _attestation(self, tenant: str) -> Attestation:
        found = self.attestations.get(tenant)
        if found is None:
            raise ClientError("there is no verifier attestation of this municipality")
        return found

    def did_document(self, tenant: str) -> dict[str, Any]:
        """Return the document of the municipality's did:web; ClientError where it has none."""
        signer = self._signer(tenant)
        did = self._did(self.addresses.identifier(tenant, "verifier"))
        document = issuer_document(did, [(signer.key_id, signer.public_key)])
        return replace(document, authentication=document.assertion_method).to_json()

    def sign(self, payload: bytes, client_id: ClientId, tenant: str) -> str:
        """Return the signed request object; ClientError where an attestation is missing."""
        attestation = self._compact(tenant, client_id.prefix)
        return sign_payload(payload, client_id, self._signer(tenant), attestation=attestation)

    def for_api(self, request: RequestObject, tenant: str, prefix: Prefix) -> ApiRequest:
        """Return the signed request for the Digital Credentials API; ClientError as above."""
        attestation = self._compact(tenant, prefix)
        return signed(request, self._signer(tenant), attestation=attestation)

    def _signer(self, tenant: str) -> Signer:
        return self.signers.signer(tenant, REQUEST_KEY)

    def _compact(self, tenant: str, prefix: Prefix) -> str | None:
        attested = prefix is Prefix.VERIFIER_ATTESTATION
        return self._attestation(tenant).compact if attested else None
