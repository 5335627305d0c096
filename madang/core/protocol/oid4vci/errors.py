"""The error family of OpenID4VCI 1.0."""

from enum import StrEnum

from madang.core.protocol.error_body import UNTOLD, ErrorBody, error_json
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import read_json


class CredentialCode(StrEnum):
    """Error codes on the wire (sections 8.3.1.2, 9.3 and 11.3)."""

    INVALID_REQUEST = "invalid_credential_request"
    UNKNOWN_CONFIGURATION = "unknown_credential_configuration"
    UNKNOWN_IDENTIFIER = "unknown_credential_identifier"
    INVALID_PROOF = "invalid_proof"
    INVALID_NONCE = "invalid_nonce"
    INVALID_ENCRYPTION_PARAMETERS = "invalid_encryption_parameters"
    DENIED = "credential_request_denied"
    INVALID_TRANSACTION_ID = "invalid_transaction_id"
    INVALID_NOTIFICATION_ID = "invalid_notification_id"
    INVALID_NOTIFICATION_REQUEST = "invalid_notification_request"


class WalletCode(StrEnum):
    """A wallet's own codes for what an issuer sent; never on the wire."""

    INVALID_OFFER = "invalid_offer"
    INVALID_METADATA = "invalid_metadata"
    INVALID_RESPONSE = "invalid_response"


class Oid4vciError(ValueError):
    """A message breaks OpenID4VCI 1.0.

    Attributes:
        code: a ``CredentialCode``, a ``WalletCode``, or what another issuer sent.
        description: what came, what was expected, what to do; no personal data.
    """

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class CredentialError(Oid4vciError):
    """A refusal of a credential or notification endpoint; never encrypted (section 8.3.1.2).

    Attributes:
        status: HTTP status.
    """

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(code, description)
        self.status = status

    def to_json(self) -> dict[str, str]:
        """Return the error answer's body."""
        return error_json(self.code, self.description)


def invalid_credential_request(reason: str) -> CredentialError:
    """Return the error of a malformed credential request."""
    return CredentialError(CredentialCode.INVALID_REQUEST, reason)


def invalid_proof(reason: str) -> CredentialError:
    """Return the error of a missing or wrong key proof."""
    return CredentialError(CredentialCode.INVALID_PROOF, reason)


def invalid_encryption_parameters(reason: str) -> CredentialError:
    """Return the error of encryption that is missing where it is required, or is not offered."""
    return CredentialError(CredentialCode.INVALID_ENCRYPTION_PARAMETERS, reason)


def invalid_notification_request(reason: str) -> CredentialError:
    """Return the error of a malformed notification."""
    return CredentialError(CredentialCode.INVALID_NOTIFICATION_REQUEST, reason)


def invalid_offer(reason: str) -> Oid4vciError:
    """Return the wallet's error for an offer."""
    return Oid4vciError(WalletCode.INVALID_OFFER, reason)


def invalid_metadata(reason: str) -> Oid4vciError:
    """Return the wallet's error for issuer metadata."""
    return Oid4vciError(WalletCode.INVALID_METADATA, reason)


def invalid_response(reason: str) -> Oid4vciError:
    """Return the wallet's error for an issuer's answer."""
    return Oid4vciError(WalletCode.INVALID_RESPONSE, reason)


def parse_error(data: bytes, status: int, *, limits: Limits = DEFAULT_LIMITS) -> CredentialError:
    """Read an issuer's error answer in the wallet.

    Raises:
        Oid4vciError: ``invalid_response``, when the body is no error answer.
    """
    body = read_json(ErrorBody, data, limits, invalid_response)
    return CredentialError(body.error, body.error_description or UNTOLD, status)
