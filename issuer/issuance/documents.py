"""Documents by which wallets and verifiers find their way: well-known ones, and the DID's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from issuer.issuance.logo import logo_uri
from issuer.office import Office
from issuer.secrets import Secrets
from issuer.types.model import Configuration, configurations
from issuer.types.rules import TypeRules
from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, Claim, Path
from madang.core.envelope.data_integrity import CRYPTOSUITES
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.encryption import ALGS, ENCS
from madang.core.protocol.oid4vci.metadata import (
    AnswerEncryption,
    BatchCredentialIssuance,
    ClaimDescription,
    CredentialConfiguration,
    CredentialMetadata,
    IssuerMetadata,
    JwkSet,
    ProofType,
    ProofTypes,
    RequestEncryption,
    displays,
    jwt_proofs,
    mdoc_configuration,
    sd_jwt_vc_configuration,
)
from madang.core.protocol.oid4vci.names import (
    ATTESTATION,
    DI_VP,
    DID_JWK_BINDING,
    DID_KEY_BINDING,
    JWK_BINDING,
    JWT,
)
from madang.core.trust.did.web import identifier, issuer_document

BINDINGS = (JWK_BINDING, DID_JWK_BINDING, DID_KEY_BINDING)
"""How a key may be named to which an SD-JWT VC is bound."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Makes the documents.

    Attributes:
        office: identifiers, types, sizes.
        rules: what is asked for certain types.
        secrets: the keys to which requests are encrypted.
    """

    office: Office
    rules: TypeRules
    secrets: Secrets

    def issuer_metadata(self, tenant: str) -> dict[str, Any]:
        """Return the credential issuer metadata (OpenID4VCI 1.0 section 12.2)."""
        issuer, names = (
            self.office.identifier(tenant),
            self.office.catalogue.tenants.get(tenant).names,
        )
        known = configurations(self.office.types(tenant))
        return IssuerMetadata(
            credential_issuer=issuer,
            credential_endpoint=f"{issuer}/credential",
            nonce_endpoint=f"{issuer}/nonce",
            deferred_credential_endpoint=f"{issuer}/deferred",
            notification_endpoint=f"{issuer}/notification",
            credential_request_encryption=RequestEncryption(
                jwks=JwkSet(keys=(self.secrets(tenant).encryption,)),
                enc_values_supported=ENCS,
                encryption_required=self.office.settings.encryption_required,
            ),
            credential_response_encryption=AnswerEncryption(
                alg_values_supported=ALGS,
                enc_values_supported=ENCS,
                encryption_required=self.office.settings.encryption_required,
            ),
            credential_configurations_supported={
                str(each.id): self._configuration(each) for each in known.values()
            },
            batch_credential_issuance=BatchCredentialIssuance(
                batch_size=self.office.settings.batch_size
            ),
            display=displays(names, logo_uri=logo_uri(tenant, names["en"])),
        ).to_json()

    def _configuration(self, wanted: Configuration) -> CredentialConfiguration:
        shown = displays(wanted.type.names, wanted.type.descriptions)
        proofs = self._proof_types(wanted)
        if wanted.format == MSO_MDOC:
            metadata = CredentialMetadata(display=shown, claims=self._elements(wanted.type))
            doctype = self.office.catalogue.doc_type(wanted.type.id)
            return mdoc_configuration(
                doctype, scope=wanted.id, metadata=metadata, proof_types=proofs
            )
        # Readers expect names alone in a path; what is inside of arrays the type's metadata tell.
        named = (each for each in wanted.type.claims if all(isinstance(p, str) for p in each.path))
        claims = tuple(_described(claim.path, claim) for claim in named)
        metadata = CredentialMetadata(display=shown, claims=claims)
        vct = self.office.vct(wanted.type.id)
        return sd_jwt_vc_configuration(
            vct, scope=wanted.id, metadata=metadata, proof_types=proofs, bindings=BINDINGS
        )

    def _proof_types(self, wanted: Configuration) -> ProofTypes:
        rule = self.rules.key_rule(wanted.type.id)
        required = None if rule is None else rule.required
        by_jwt = jwt_proofs(required)
        by_presentation = ProofType(proof_signing_alg_values_supported=CRYPTOSUITES)
        accepted = {JWT: by_jwt, DI_VP: by_presentation, ATTESTATION: by_jwt}
        return {name: accepted[name] for name in self.rules.proof_types(wanted)}

    def _elements(self, certificate_type: CertificateType) -> tuple[ClaimDescription, ...]:
        """Describe the elements of an mdoc by namespace and identifier."""
        domain = self.office.catalogue.domain
        return tuple(
            _described(tuple(mdoc.element_name(domain, certificate_type, claim.path)), claim)
            for claim in mdoc.elementary(certificate_type)
        )

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


def _described(path: Path, claim: Claim) -> ClaimDescription:
    return ClaimDescription(path=path, mandatory=claim.mandatory, display=displays(claim.display))
