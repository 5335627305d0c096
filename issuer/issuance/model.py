"""What token and credential endpoints refuse, beyond what the messages' own errors say."""

from enum import StrEnum

from madang.core.protocol.oauth.errors import OAuthCode, OAuthError
from madang.core.protocol.oid4vci.errors import CredentialCode, CredentialError


class GrantReason(StrEnum):
    """Why a pre-authorized code is refused; for the journal, the wallet hears `invalid_grant`."""

    CODE_UNKNOWN = "code_unknown"
    CODE_USED = "code_used"
    CODE_EXPIRED = "code_expired"
    TX_CODE_WRONG = "tx_code_wrong"
    OFFER_BURNT = "offer_burnt"


class GrantRefused(OAuthError):  # noqa: N818 - a refusal, not a mistake of ours
    """A code, or the transaction code with it, is not good (RFC 6749 section 5.2).

    Attributes:
        reason: for the journal.
    """

    def __init__(self, reason: GrantReason) -> None:
        told = "the code or the transaction code is not valid; ask the counter for a new code"
        super().__init__(OAuthCode.INVALID_GRANT, told)
        self.reason = reason


class BearerRefused(OAuthError):  # noqa: N818 - a refusal, not a mistake of ours
    """An access token is missing, unknown or not good for this (RFC 6750 section 3.1)."""


def invalid_token() -> BearerRefused:
    """Return the refusal of a token that is missing, unknown, expired or another issuer's."""
    return BearerRefused(OAuthCode.INVALID_TOKEN, "a valid access token of this issuer is needed")


def token_in_address() -> BearerRefused:
    """Return the refusal of a token in a query, where logs and histories keep it."""
    told = "the access token belongs into the header Authorization, never into the address"
    return BearerRefused(OAuthCode.INVALID_REQUEST, told)


def insufficient_scope() -> BearerRefused:
    """Return the refusal of a token that is for other certificates."""
    told = "the access token is not for this credential configuration"
    return BearerRefused(OAuthCode.INSUFFICIENT_SCOPE, told)


def denied(told: str) -> CredentialError:
    """Return the refusal of a request that is well formed and not for this person or key."""
    return CredentialError(CredentialCode.DENIED, told)


def invalid_nonce() -> CredentialError:
    """Return the refusal of a nonce that is unknown, used or expired."""
    told = "the c_nonce is not valid any more; fetch one from the nonce endpoint"
    return CredentialError(CredentialCode.INVALID_NONCE, told)
