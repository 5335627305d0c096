"""What the credential endpoint refuses, beyond what the messages' own errors say."""

from madang.access.authorization.model import Authorized, TokenRefused
from madang.core.protocol.oauth.errors import OAuthCode
from madang.core.protocol.oid4vci.errors import CredentialCode, CredentialError


def _refused(code: str, told: str, status: int, *, bound: bool = False) -> TokenRefused:
    scheme = "DPoP" if bound else "Bearer"
    challenge = {"www-authenticate": f'{scheme} error="{code}"'}
    return TokenRefused(code, told, headers=challenge, status=status)


def grant_gone(authorized: Authorized) -> TokenRefused:
    """Return the refusal of a token whose grant was taken back."""
    told = "what the access token was for is no longer offered; ask for a new offer"
    return _refused(OAuthCode.INVALID_TOKEN, told, 401, bound=authorized.jkt is not None)


def insufficient_scope(authorized: Authorized) -> TokenRefused:
    """Return the refusal of a token that is for other certificates."""
    told = "the access token is not for this credential configuration"
    return _refused(OAuthCode.INSUFFICIENT_SCOPE, told, 403, bound=authorized.jkt is not None)


def denied(told: str) -> CredentialError:
    """Return the refusal of a request that is well formed and not for this person or key."""
    return CredentialError(CredentialCode.DENIED, told)


def invalid_nonce() -> CredentialError:
    """Return the refusal of a nonce that is unknown, used or expired."""
    told = "the c_nonce is not valid any more; fetch one from the nonce endpoint"
    return CredentialError(CredentialCode.INVALID_NONCE, told)


def invalid_transaction_id() -> CredentialError:
    """Return the refusal of a transaction that is unknown, over or another grant's."""
    told = "there is no such transaction for this access token, or what it was for was fetched"
    return CredentialError(CredentialCode.INVALID_TRANSACTION_ID, told)


def invalid_notification_id() -> CredentialError:
    """Return the refusal of a notification about nothing that this token fetched."""
    told = "nothing was sent under this notification_id for this access token"
    return CredentialError(CredentialCode.INVALID_NOTIFICATION_ID, told)
