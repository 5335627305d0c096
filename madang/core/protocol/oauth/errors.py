"""The error family of OAuth 2.0."""

from enum import StrEnum

from madang.core.protocol.error_body import UNTOLD, ErrorBody, error_json
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import read_json


class OAuthCode(StrEnum):
    """Error codes, and the section that defines each."""

    INVALID_REQUEST = "invalid_request"  # RFC 6749 section 5.2
    INVALID_CLIENT = "invalid_client"  # RFC 6749 section 5.2
    INVALID_GRANT = "invalid_grant"  # RFC 6749 section 5.2
    UNAUTHORIZED_CLIENT = "unauthorized_client"  # RFC 6749 section 5.2
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"  # RFC 6749 section 5.2
    INVALID_SCOPE = "invalid_scope"  # RFC 6749 section 5.2
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"  # RFC 6749 section 4.1.2.1
    ACCESS_DENIED = "access_denied"  # RFC 6749 section 4.1.2.1
    REQUEST_NOT_SUPPORTED = "request_not_supported"  # RFC 9101 section 7
    INVALID_AUTHORIZATION_DETAILS = "invalid_authorization_details"  # RFC 9396 section 5
    INVALID_DPOP_PROOF = "invalid_dpop_proof"  # RFC 9449 section 5
    USE_DPOP_NONCE = "use_dpop_nonce"  # RFC 9449 section 8
    # draft-ietf-oauth-attestation-based-client-auth section 6.2
    INVALID_CLIENT_ATTESTATION = "invalid_client_attestation"
    USE_FRESH_ATTESTATION = "use_fresh_attestation"
    USE_ATTESTATION_CHALLENGE = "use_attestation_challenge"
    INVALID_TOKEN = "invalid_token"  # noqa: S105  # RFC 6750 section 3.1, a code and no secret
    INSUFFICIENT_SCOPE = "insufficient_scope"  # RFC 6750 section 3.1
    INVALID_RESPONSE = "invalid_response"  # the client's own: the server's answer is unreadable


_STATUS: dict[str, int] = {
    OAuthCode.INVALID_CLIENT: 401,
    OAuthCode.INVALID_CLIENT_ATTESTATION: 401,
    OAuthCode.USE_FRESH_ATTESTATION: 401,
    OAuthCode.INVALID_TOKEN: 401,
    OAuthCode.INSUFFICIENT_SCOPE: 403,
}


class OAuthError(ValueError):
    """A refusal in the form of OAuth 2.0 (RFC 6749 section 5.2).

    Attributes:
        code: the wire code; an ``OAuthCode``, or what another server sent.
        description: what came, what was expected, what to do; no personal data.
        status: HTTP status.
    """

    def __init__(self, code: str, description: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status or _STATUS.get(code, 400)

    def to_json(self) -> dict[str, str]:
        """Return the error answer's body."""
        return error_json(self.code, self.description)


def invalid_request(reason: str) -> OAuthError:
    """Return the error of a malformed request."""
    return OAuthError(OAuthCode.INVALID_REQUEST, reason)


def invalid_client(reason: str) -> OAuthError:
    """Return the error of a client that is unknown or did not prove to be itself."""
    return OAuthError(OAuthCode.INVALID_CLIENT, reason)


def invalid_client_attestation(reason: str) -> OAuthError:
    """Return the error of a client attestation, or its proof of possession, that does not hold."""
    return OAuthError(OAuthCode.INVALID_CLIENT_ATTESTATION, reason)


def invalid_dpop_proof(reason: str) -> OAuthError:
    """Return the error of a DPoP proof that does not hold."""
    return OAuthError(OAuthCode.INVALID_DPOP_PROOF, reason)


def invalid_response(reason: str) -> OAuthError:
    """Return the client's error for an answer it cannot read."""
    return OAuthError(OAuthCode.INVALID_RESPONSE, reason)


def parse_error(data: bytes, status: int, *, limits: Limits = DEFAULT_LIMITS) -> OAuthError:
    """Read a server's error answer.

    Raises:
        OAuthError: ``invalid_response``, when the body is no error answer.
    """
    body = read_json(ErrorBody, data, limits, invalid_response)
    return OAuthError(body.error, body.error_description or UNTOLD, status)
