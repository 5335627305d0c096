"""What token and credential endpoints refuse, beyond what the messages' own errors say."""

from madang.access.authorization.model import TokenRefused
from madang.core.protocol.oid4vci.errors import CredentialCode, CredentialError


def insufficient_scope(scheme: str) -> TokenRefused:
    """Return the refusal of a token that is for other certificates."""
    told, code = "the access token is not for this credential configuration", "insufficient_scope"
    challenge = {"www-authenticate": f'{scheme} error="{code}"'}
    return TokenRefused(code, told, headers=challenge, status=403)


def denied(told: str) -> CredentialError:
    """Return the refusal of a request that is well formed and not for this person or key."""
    return CredentialError(CredentialCode.DENIED, told)


def invalid_nonce() -> CredentialError:
    """Return the refusal of a nonce that is unknown, used or expired."""
    told = "the c_nonce is not valid any more; fetch one from the nonce endpoint"
    return CredentialError(CredentialCode.INVALID_NONCE, told)
