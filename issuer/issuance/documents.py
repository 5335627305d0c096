"""Documents by which wallets and verifiers find their way: well-known ones, and the DID's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from issuer.office import Office
from madang.core.catalog.certificate_type import CertificateType
from madang.core.keys.signing import Signer
from madang.core.protocol.oauth.metadata import pre_authorized_server
from madang.core.protocol.oid4vci.metadata import (
    BatchCredentialIssuance,
    ClaimDescription,
    CredentialConfiguration,
    CredentialMetadata,
    IssuerMetadata,
    displays,
    sd_jwt_vc_configuration,
)
from madang.core.trust.did.web import identifier, issuer_document


@dataclass(frozen=True, slots=True)
class Documents:
    """Makes the documents.

    Attributes:
        office: identifiers, types, sizes.
    """

    office: Office

    def issuer_metadata(self, tenant: str) -> dict[str, Any]:
        """Return the credential issuer metadata (OpenID4VCI 1.0 section 12.2)."""
        issuer = self.office.identifier(tenant)
        configurations = {
            str(type_id): self._configuration(each)
            for type_id, each in self.office.types(tenant).items()
        }
        return IssuerMetadata(
            credential_issuer=issuer,
            credential_endpoint=f"{issuer}/credential",
            nonce_endpoint=f"{issuer}/nonce",
            credential_configurations_supported=configurations,
            batch_credential_issuance=BatchCredentialIssuance(
                batch_size=self.office.settings.batch_size
            ),
            display=displays(self.office.catalogue.tenants.get(tenant).names),
        ).to_json()

    def _configuration(self, certificate_type: CertificateType) -> CredentialConfiguration:
        claims = tuple(
            ClaimDescription(
                path=claim.path, mandatory=claim.mandatory, display=displays(claim.display)
            )
            for claim in certificate_type.claims
        )
        metadata = CredentialMetadata(display=displays(certificate_type.names), claims=claims)
        vct = self.office.vct(certificate_type.id)
        return sd_jwt_vc_configuration(vct, scope=certificate_type.id, metadata=metadata)

    def server_metadata(self, tenant: str) -> dict[str, Any]:
        """Return the authorization server metadata (RFC 8414)."""
        issuer = self.office.identifier(tenant)
        return pre_authorized_server(issuer, f"{issuer}/token").to_json()

    def issuer_keys(self, tenant: str, published: Sequence[Signer]) -> dict[str, Any]:
        """Return the JWT VC issuer metadata (SD-JWT VC section 5) with every published key."""
        keys = [
            {**each.public_key.to_jwk(), "kid": each.key_id, "alg": each.algorithm}
            for each in published
        ]
        return {"issuer": self.office.identifier(tenant), "jwks": {"keys": keys}}

    def did_document(self, tenant: str, published: Sequence[Signer]) -> dict[str, Any]:
        """Return the document of the issuer's did:web, with every published key by its kid.

        Raises:
            DidError: the issuer's identifier is no address that did:web can have.
        """
        loopback = self.office.settings.allow_loopback_http
        did = identifier(self.office.identifier(tenant), allow_loopback_http=loopback)
        keys = [(each.key_id, each.public_key) for each in published]
        return issuer_document(did, keys).to_json()
