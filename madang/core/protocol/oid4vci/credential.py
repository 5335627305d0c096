"""Nonce, credential request and credential answer (OpenID4VCI 1.0 sections 7 to 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from madang.core.encoding.strict_json import Json
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, load, read_json
from madang.core.protocol.oid4vci.encryption import ResponseEncryption, response_encryption
from madang.core.protocol.oid4vci.errors import (
    invalid_credential_request,
    invalid_proof,
    invalid_response,
)
from madang.core.protocol.oid4vci.names import ATTESTATION, DI_VP, JWT, PROOF_TYPES

_EARLIER_DRAFTS = {
    "proof": "send key proofs in proofs",
    "format": "name the credential by credential_configuration_id or credential_identifier",
}
_ENCRYPTION = "credential_response_encryption"
_TRANSACTION_ID = "transaction_id"

Proof: TypeAlias = str | Mapping[str, Json]
"""A key proof, unchecked: a JWT, or a presentation of type di_vp."""


class NonceResponse(Message):
    """A fresh challenge; sent with ``Cache-Control: no-store`` (section 7.2)."""

    c_nonce: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A request for one credential per holder key (section 8.2).

    Attributes:
        configuration_id: ``credential_configuration_id``, or None.
        identifier: ``credential_identifier``, or None; exactly one of the two is set.
        proofs: key proofs of one type, unchecked, at least one.
        proof_type: ``jwt``, ``di_vp`` or ``attestation``.
        encryption: how the answer is to be encrypted; None for an answer in the clear.
    """

    configuration_id: str | None
    identifier: str | None
    proofs: tuple[Proof, ...]
    proof_type: str = JWT
    encryption: ResponseEncryption | None = None

    def to_json(self) -> dict[str, object]:
        """Return the body that a wallet posts, or encrypts before."""
        named = {
            "credential_configuration_id": self.configuration_id,
            "credential_identifier": self.identifier,
            _ENCRYPTION: self.encryption and self.encryption.to_json(),
        }
        body: dict[str, object] = {name: value for name, value in named.items() if value}
        return body | {"proofs": {self.proof_type: list(self.proofs)}}


def parse_credential_request(
    body: bytes,
    *,
    batch_size: int = 1,
    encrypted: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> CredentialRequest:
    """Read a credential request; unknown members are ignored.

    Args:
        body: the request's JSON, decrypted if it came encrypted.
        batch_size: most key proofs that the issuer's metadata allows.
        encrypted: whether it came encrypted, without which an encrypted answer is not asked for.
        limits: bounds on size, nesting and number of proofs.

    Raises:
        CredentialError: invalid_credential_request, invalid_proof or
            invalid_encryption_parameters.
    """
    value = _object(body, limits)
    for name, advice in _EARLIER_DRAFTS.items():
        if name in value:
            raise invalid_credential_request(f"{name} belongs to earlier drafts; {advice}")
    encryption = response_encryption(value.get(_ENCRYPTION), encrypted=encrypted)
    configuration_id, identifier = _names(value, limits)
    kind, proofs = _proofs(value.get("proofs"), min(batch_size, limits.proofs))
    return CredentialRequest(configuration_id, identifier, proofs, kind, encryption)


def _object(body: bytes, limits: Limits) -> dict[str, object]:
    value: object = load(body, limits.body_bytes, limits, invalid_credential_request)
    if not isinstance(value, dict):
        raise invalid_credential_request("the body should be a JSON object")
    return value


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


def _proofs(value: object, most: int) -> tuple[str, tuple[Proof, ...]]:
    known = ", ".join(PROOF_TYPES)
    if not isinstance(value, dict) or len(value) != 1:
        raise invalid_proof(f"proofs should be an object with one member out of {known}")
    ((kind, proofs),) = value.items()
    if kind not in PROOF_TYPES:
        raise invalid_proof(f"the type of the proofs is not one of {known}")
    if not isinstance(proofs, list) or not proofs:
        raise invalid_proof(f"proofs.{kind} should be an array of at least one key proof")
    if len(proofs) > most:
        raise invalid_credential_request(
            f"{len(proofs)} key proofs came; at most {most} per request"
        )
    if kind == ATTESTATION and len(proofs) > 1:
        raise invalid_proof("proofs.attestation should hold exactly one key attestation")
    wanted: type = dict if kind == DI_VP else str
    if not all(isinstance(proof, wanted) for proof in proofs):
        raise invalid_proof(f"every key proof of type {kind} should be {_KINDS[wanted]}")
    return kind, tuple(proofs)


_KINDS: Mapping[type, str] = {dict: "an object", str: "a string"}


@dataclass(frozen=True, slots=True)
class DeferredRequest:
    """A request for what was put off (section 9.1).

    Attributes:
        transaction_id: from the answer that put it off.
        encryption: how this answer is to be encrypted, whatever the first request said.
    """

    transaction_id: str
    encryption: ResponseEncryption | None = None

    def to_json(self) -> dict[str, object]:
        """Return the body that a wallet posts, or encrypts before."""
        body: dict[str, object] = {_TRANSACTION_ID: self.transaction_id}
        return body | ({_ENCRYPTION: self.encryption.to_json()} if self.encryption else {})


def parse_deferred_request(
    body: bytes, *, encrypted: bool = False, limits: Limits = DEFAULT_LIMITS
) -> DeferredRequest:
    """Read a deferred credential request; arguments as for ``parse_credential_request``.

    Raises:
        CredentialError: invalid_credential_request or invalid_encryption_parameters.
    """
    value = _object(body, limits)
    encryption = response_encryption(value.get(_ENCRYPTION), encrypted=encrypted)
    transaction = _name(value.get(_TRANSACTION_ID), limits)
    if transaction is None:
        raise invalid_credential_request("transaction_id should be a string that is not empty")
    return DeferredRequest(transaction, encryption)


class IssuedCredential(Message):
    """One copy (section 8.3)."""

    credential: str


class CredentialResponse(Message):
    """Issued copies (200), or the promise of a later answer (202) (sections 8.3 and 9.2).

    Attributes:
        credentials: the copies.
        notification_id: names the delivery in notifications.
        transaction_id: names what is promised.
        interval: seconds after which to ask for it. An issuer has to say it, and not all do: what
            is promised is not lost for that.
    """

    credentials: Annotated[Array[IssuedCredential], Field(min_length=1)] | None = None
    notification_id: str | None = None
    transaction_id: str | None = None
    interval: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.credentials is None) == (self.transaction_id is None):
            raise ValueError("needs either credentials or transaction_id")
        return self


def issued(credentials: tuple[str, ...], notification_id: str | None = None) -> CredentialResponse:
    """Return the answer that carries these copies, in the order of their holder keys."""
    copies = tuple(IssuedCredential(credential=text) for text in credentials)
    return CredentialResponse(credentials=copies, notification_id=notification_id)


def deferred(transaction_id: str, interval: int) -> CredentialResponse:
    """Return the answer that puts off: ask again after so many seconds."""
    return CredentialResponse(transaction_id=transaction_id, interval=interval)


def parse_credential_response(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS
) -> CredentialResponse:
    """Read an issuer's answer in the wallet, decrypted if it came encrypted.

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
