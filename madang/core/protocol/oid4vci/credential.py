"""Nonce, credential request and credential answer (OpenID4VCI 1.0 sections 7 and 8)."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, load, read_json
from madang.core.protocol.oid4vci.errors import (
    CredentialCode,
    CredentialError,
    invalid_credential_request,
    invalid_proof,
    invalid_response,
)
from madang.core.protocol.oid4vci.proof import PROOF_TYPE

_EARLIER_DRAFTS = {
    "proof": "send key proofs in proofs",
    "format": "name the credential by credential_configuration_id or credential_identifier",
}


class NonceResponse(Message):
    """A fresh challenge; sent with ``Cache-Control: no-store`` (section 7.2)."""

    c_nonce: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A request for one credential per key proof (section 8.2).

    Attributes:
        configuration_id: ``credential_configuration_id``, or None.
        identifier: ``credential_identifier``, or None; exactly one of the two is set.
        proofs: key proofs of type jwt, unchecked, at least one.
    """

    configuration_id: str | None
    identifier: str | None
    proofs: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the body that a wallet posts."""
        named = {
            "credential_configuration_id": self.configuration_id,
            "credential_identifier": self.identifier,
        }
        body: dict[str, object] = {name: value for name, value in named.items() if value}
        return body | {"proofs": {PROOF_TYPE: list(self.proofs)}}


def parse_credential_request(
    body: bytes, *, batch_size: int = 1, limits: Limits = DEFAULT_LIMITS
) -> CredentialRequest:
    """Read a credential request; unknown members are ignored.

    Args:
        body: the request's bytes, not encrypted.
        batch_size: most key proofs that the issuer's metadata allows.
        limits: bounds on size, nesting and number of proofs.

    Raises:
        CredentialError: invalid_credential_request, invalid_proof or
            invalid_encryption_parameters.
    """
    value = load(body, limits.body_bytes, limits, invalid_credential_request)
    if not isinstance(value, dict):
        raise invalid_credential_request("the body should be a JSON object")
    for name, advice in _EARLIER_DRAFTS.items():
        if name in value:
            raise invalid_credential_request(f"{name} belongs to earlier drafts; {advice}")
    if "credential_response_encryption" in value:
        detail = "an answer is encrypted only where the request is; encryption is not offered here"
        raise CredentialError(CredentialCode.INVALID_ENCRYPTION_PARAMETERS, detail)
    configuration_id, identifier = _names(value, limits)
    proofs = _proofs(value.get("proofs"), min(batch_size, limits.proofs))
    return CredentialRequest(configuration_id, identifier, proofs)


def _names(value: dict[str, object], limits: Limits) -> tuple[str | None, str | None]:
    names = ("credential_configuration_id", "credential_identifier")
    found = [value.get(name) for name in names]
    if sum(name in value for name in names) != 1:
        raise invalid_credential_request(f"exactly one of {names[0]} and {names[1]} is needed")
    configuration_id, identifier = (_name(text, limits) for text in found)
    if configuration_id is None and identifier is None:
        raise invalid_credential_request(f"{names[0]} or {names[1]} should be a string")
    return configuration_id, identifier


def _name(text: object, limits: Limits) -> str | None:
    if not isinstance(text, str) or not 0 < len(text) <= limits.text_chars:
        return None
    return text


def _proofs(value: object, most: int) -> tuple[str, ...]:
    if not isinstance(value, dict) or len(value) != 1:
        raise invalid_proof(f"proofs should be an object with the one member {PROOF_TYPE}")
    proofs = value.get(PROOF_TYPE)
    if not isinstance(proofs, list) or not proofs:
        raise invalid_proof(f"proofs.{PROOF_TYPE} should be an array of at least one key proof")
    if len(proofs) > most:
        raise invalid_credential_request(
            f"{len(proofs)} key proofs came; at most {most} per request"
        )
    texts = tuple(proof for proof in proofs if isinstance(proof, str))
    if len(texts) < len(proofs):
        raise invalid_proof("every key proof should be a string")
    return texts


class IssuedCredential(Message):
    """One copy (section 8.3)."""

    credential: str


class CredentialResponse(Message):
    """Issued copies (200), or the promise of a later answer (202) (section 8.3)."""

    credentials: Annotated[Array[IssuedCredential], Field(min_length=1)] | None = None
    notification_id: str | None = None
    transaction_id: str | None = None
    interval: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.credentials is None) == (self.transaction_id is None):
            raise ValueError("needs either credentials or transaction_id")
        if self.transaction_id is not None and self.interval is None:
            raise ValueError("needs interval where transaction_id is present")
        return self


def issued(credentials: tuple[str, ...]) -> CredentialResponse:
    """Return the answer that carries these copies, in the order of their key proofs."""
    copies = tuple(IssuedCredential(credential=text) for text in credentials)
    return CredentialResponse(credentials=copies)


def parse_credential_response(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS
) -> CredentialResponse:
    """Read an issuer's answer in the wallet.

    Raises:
        Oid4vciError: ``invalid_response``.
    """
    return read_json(CredentialResponse, data, limits, invalid_response)


def parse_nonce_response(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> NonceResponse:
    """Read a nonce in the wallet.

    Raises:
        Oid4vciError: ``invalid_response``.
    """
    return read_json(NonceResponse, data, limits, invalid_response)
