"""Credential issuer metadata (OpenID4VCI 1.0 section 12.2)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.keys.cose_key import NUMBER_OF
from madang.core.protocol.dcql.model import PathComponent
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, load, read
from madang.core.protocol.oid4vci.errors import invalid_metadata
from madang.core.protocol.oid4vci.names import COSE_KEY_BINDING, JWK_BINDING, JWT
from madang.core.protocol.typed_jwt import ALGORITHMS
from madang.core.protocol.urls import is_web_address


class Logo(Message):
    """A picture, by its address or as a ``data:`` URI (section 12.2.4)."""

    uri: str
    alt_text: str | None = None


class Display(Message):
    """A name in one language (section 12.2.4)."""

    name: str | None = None
    locale: str | None = None
    description: str | None = None
    logo: Logo | None = None


Displays = Annotated[Array[Display], Field(min_length=1)]


class ClaimDescription(Message):
    """How one claim is called, and whether it is always there (appendix B.2)."""

    path: Annotated[Array[PathComponent], Field(min_length=1)]
    mandatory: bool = False
    display: Displays | None = None


class CredentialMetadata(Message):
    """What a person sees of a credential before it is issued (section 12.2.4)."""

    display: Displays | None = None
    claims: Annotated[Array[ClaimDescription], Field(min_length=1)] | None = None


class KeyAttestationsRequired(Message):
    """Which key attestations are accepted; without members any is (section 12.2.4)."""

    key_storage: Annotated[Array[str], Field(min_length=1)] | None = None
    user_authentication: Annotated[Array[str], Field(min_length=1)] | None = None


class ProofType(Message):
    """Algorithms for one type of key proof (section 12.2.4)."""

    proof_signing_alg_values_supported: Annotated[Array[str], Field(min_length=1)]
    key_attestations_required: KeyAttestationsRequired | None = None


ProofTypes = Mapping[str, ProofType]
"""What is accepted of each type of key proof."""


def jwt_proofs(required: KeyAttestationsRequired | None = None) -> ProofType:
    """Return what is accepted of key proofs of type jwt."""
    algorithms = tuple(sorted(ALGORITHMS, reverse=True))
    return ProofType(
        proof_signing_alg_values_supported=algorithms, key_attestations_required=required
    )


JWT_PROOFS: ProofTypes = MappingProxyType({JWT: jwt_proofs()})


class CredentialConfiguration(Message):
    """One kind of credential on offer (section 12.2.4; appendix A.2 mdoc, A.3 SD-JWT VC)."""

    format: str
    scope: str | None = None
    vct: str | None = None
    doctype: str | None = None
    credential_signing_alg_values_supported: Array[str | int] | None = None
    cryptographic_binding_methods_supported: Annotated[Array[str], Field(min_length=1)] | None = (
        None
    )
    proof_types_supported: dict[str, ProofType] | None = None
    credential_metadata: CredentialMetadata | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        binds = self.cryptographic_binding_methods_supported is not None
        if binds != (self.proof_types_supported is not None):
            pair = "cryptographic_binding_methods_supported and proof_types_supported"
            raise ValueError(f"{pair} go together: both or neither")
        if self.format == SD_JWT_VC and not self.vct:
            raise ValueError(f"the format {SD_JWT_VC} needs vct")
        if self.format == MSO_MDOC and not self.doctype:
            raise ValueError(f"the format {MSO_MDOC} needs doctype")
        return self


class BatchCredentialIssuance(Message):
    """How many copies one request may ask for (section 12.2.4)."""

    batch_size: Annotated[int, Field(ge=2)]


class JwkSet(Message):
    """Public keys (RFC 7517 section 5)."""

    keys: Annotated[Array[dict[str, JsonValue]], Field(min_length=1)]


class RequestEncryption(Message):
    """How requests can be encrypted (section 12.2.4)."""

    jwks: JwkSet
    enc_values_supported: Annotated[Array[str], Field(min_length=1)]
    zip_values_supported: Array[str] | None = None
    encryption_required: bool


class AnswerEncryption(Message):
    """How answers can be encrypted (section 12.2.4)."""

    alg_values_supported: Annotated[Array[str], Field(min_length=1)]
    enc_values_supported: Annotated[Array[str], Field(min_length=1)]
    zip_values_supported: Array[str] | None = None
    encryption_required: bool


class IssuerMetadata(Message):
    """What a wallet must know about a credential issuer (section 12.2.4)."""

    credential_issuer: str
    credential_endpoint: str
    credential_configurations_supported: dict[str, CredentialConfiguration]
    authorization_servers: Annotated[Array[str], Field(min_length=1)] | None = None
    nonce_endpoint: str | None = None
    deferred_credential_endpoint: str | None = None
    notification_endpoint: str | None = None
    credential_request_encryption: RequestEncryption | None = None
    credential_response_encryption: AnswerEncryption | None = None
    batch_credential_issuance: BatchCredentialIssuance | None = None
    display: Displays | None = None

    def endpoints(self) -> tuple[str, ...]:
        """Return every address the metadata names for requests."""
        named = (
            self.credential_endpoint,
            self.nonce_endpoint,
            self.deferred_credential_endpoint,
            self.notification_endpoint,
            *(self.authorization_servers or ()),
        )
        return tuple(address for address in named if address is not None)


def displays(
    names: Mapping[str, str],
    descriptions: Mapping[str, str] = MappingProxyType({}),
    logo_uri: str | None = None,
) -> tuple[Display, ...]:
    """Return display entries for names, descriptions and logo where there are, per language tag."""
    return tuple(
        Display(
            name=name,
            locale=locale,
            description=descriptions.get(locale),
            logo=Logo(uri=logo_uri, alt_text=name) if logo_uri else None,
        )
        for locale, name in names.items()
    )


def sd_jwt_vc_configuration(
    vct: str,
    *,
    scope: str,
    metadata: CredentialMetadata,
    proof_types: ProofTypes = JWT_PROOFS,
    bindings: tuple[str, ...] = (JWK_BINDING,),
    algorithms: tuple[str, ...] = ("ES256",),
) -> CredentialConfiguration:
    """Describe an SD-JWT VC that is bound to a holder key (appendix A.3.2).

    Args:
        vct: its type.
        scope: scope value, one per configuration (HAIP 1.0).
        metadata: names and claims per language.
        proof_types: which key proofs are accepted.
        bindings: how the key may be named.
        algorithms: what the issuer signs with.
    """
    return CredentialConfiguration(
        format=SD_JWT_VC,
        scope=scope,
        vct=vct,
        credential_signing_alg_values_supported=algorithms,
        cryptographic_binding_methods_supported=bindings,
        proof_types_supported=dict(proof_types),
        credential_metadata=metadata,
    )


def mdoc_configuration(
    doctype: str,
    *,
    scope: str,
    metadata: CredentialMetadata,
    proof_types: ProofTypes = JWT_PROOFS,
    algorithms: tuple[str, ...] = ("ES256",),
) -> CredentialConfiguration:
    """Describe an mdoc that is bound to a holder key (appendix A.2.2).

    Args:
        doctype: its type.
        scope: scope value, one per configuration (HAIP 1.0).
        metadata: names and elements per language; a path is namespace and element.
        proof_types: which key proofs are accepted.
        algorithms: what the issuer signs with, by the JOSE names; COSE numbers are told.
    """
    return CredentialConfiguration(
        format=MSO_MDOC,
        scope=scope,
        doctype=doctype,
        credential_signing_alg_values_supported=tuple(NUMBER_OF[name] for name in algorithms),
        cryptographic_binding_methods_supported=(COSE_KEY_BINDING,),
        proof_types_supported=dict(proof_types),
        credential_metadata=metadata,
    )


def parse_issuer_metadata(
    data: bytes,
    *,
    issuer: str,
    allow_loopback_http: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> IssuerMetadata:
    """Read fetched metadata in the wallet.

    Args:
        data: the document's bytes.
        issuer: the identifier it was fetched for; must be the same, character by character.
        allow_loopback_http: accept http addresses on this machine.
        limits: bounds on size, nesting and number of configurations.

    Raises:
        Oid4vciError: ``invalid_metadata``.
    """
    value = load(data, limits.body_bytes, limits, invalid_metadata)
    return checked_metadata(
        value, issuer=issuer, allow_loopback_http=allow_loopback_http, limits=limits
    )


def checked_metadata(
    value: object,
    *,
    issuer: str,
    allow_loopback_http: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> IssuerMetadata:
    """Read metadata that was decoded before; arguments and errors as of the parser."""
    metadata = read(IssuerMetadata, value, invalid_metadata)
    if metadata.credential_issuer != issuer:
        raise invalid_metadata("credential_issuer is not the one the metadata was fetched for")
    if len(metadata.credential_configurations_supported) > limits.configurations:
        raise invalid_metadata(f"more than {limits.configurations} configurations")
    for address in metadata.endpoints():
        if not is_web_address(address, allow_loopback_http=allow_loopback_http):
            raise invalid_metadata("every endpoint should be an absolute https address")
    return metadata
