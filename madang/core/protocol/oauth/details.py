"""What a client asks for: authorization details and scopes (RFC 9396, OpenID4VCI 1.0 5.1)."""

import re
from typing import Annotated

from pydantic import Field

from madang.core.encoding import strict_json
from madang.core.protocol.limits import Limits
from madang.core.protocol.message import Array, Message, load, read
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError
from madang.core.protocol.oauth.names import OPENID_CREDENTIAL

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


class AuthorizationDetail(Message):
    """One entry of ``authorization_details`` (OpenID4VCI 1.0 sections 5.1.1 and 6.2)."""

    type: str
    credential_configuration_id: str
    locations: Array[str] | None = None
    credential_identifiers: Annotated[Array[str], Field(min_length=1)] | None = None


def parse_details(text: str | None, limits: Limits) -> tuple[AuthorizationDetail, ...]:
    """Read the parameter ``authorization_details``; nothing for None.

    Raises:
        OAuthError: ``invalid_authorization_details``.
    """
    if text is None:
        return ()
    values = load(text, limits.body_bytes, limits, invalid_details)
    if not isinstance(values, list) or not values or len(values) > limits.configurations:
        wanted = f"an array of 1 to {limits.configurations} objects"
        raise invalid_details(f"authorization_details must be {wanted}")
    details = tuple(read(AuthorizationDetail, value, invalid_details) for value in values)
    if any(detail.type != OPENID_CREDENTIAL for detail in details):
        raise invalid_details(f"the only type offered is {OPENID_CREDENTIAL}")
    return details


def details_text(details: tuple[AuthorizationDetail, ...]) -> str | None:
    """Return the parameter's value; None when there is nothing to say."""
    return strict_json.dumps([each.to_json() for each in details]) if details else None


def parse_scope(text: str | None) -> tuple[str, ...]:
    """Read the parameter ``scope`` (RFC 6749 section 3.3); nothing for None.

    Raises:
        OAuthError: ``invalid_scope``.
    """
    if text is None:
        return ()
    if not _SCOPE.fullmatch(text):
        told = "scope should be words of printable ASCII with one space between them"
        raise OAuthError(OAuthCode.INVALID_SCOPE, told)
    return tuple(dict.fromkeys(text.split(" ")))


def invalid_details(reason: str) -> OAuthError:
    """Return the error of details that cannot be read or are not offered."""
    return OAuthError(OAuthCode.INVALID_AUTHORIZATION_DETAILS, reason)
