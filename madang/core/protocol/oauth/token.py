"""Token request and answer of the pre-authorized code grant (OpenID4VCI 1.0 section 6)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from madang.core.encoding import strict_json
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, load, read, read_json
from madang.core.protocol.oauth.errors import (
    OAuthCode,
    OAuthError,
    invalid_request,
    invalid_response,
)
from madang.core.protocol.oauth.names import (
    BEARER,
    OPENID_CREDENTIAL,
    PRE_AUTHORIZED_CODE,
    PRE_AUTHORIZED_CODE_GRANT,
    TX_CODE,
    AccessToken,
    PreAuthorizedCode,
)


class AuthorizationDetail(Message):
    """One entry of ``authorization_details`` (sections 5.1.1 and 6.2)."""

    type: str
    credential_configuration_id: str
    locations: Array[str] | None = None
    credential_identifiers: Annotated[Array[str], Field(min_length=1)] | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request with a pre-authorized code (section 6.1).

    Attributes:
        pre_authorized_code: from the offer.
        tx_code: what the person typed, or None when none was sent.
        client_id: None for anonymous use.
        authorization_details: the configurations asked for; empty when the parameter was not used.
    """

    pre_authorized_code: PreAuthorizedCode
    tx_code: str | None = None
    client_id: str | None = None
    authorization_details: tuple[AuthorizationDetail, ...] = ()

    def to_form(self) -> str:
        """Return the form body that a wallet posts."""
        details = [detail.to_json() for detail in self.authorization_details]
        return encode_form(
            {
                "grant_type": PRE_AUTHORIZED_CODE_GRANT,
                PRE_AUTHORIZED_CODE: self.pre_authorized_code,
                TX_CODE: self.tx_code,
                "client_id": self.client_id,
                "authorization_details": strict_json.dumps(details) if details else None,
            }
        )


class TokenResponse(Message):
    """A successful token answer (section 6.2, RFC 6749 section 5.1).

    Attributes:
        access_token: opaque to the wallet.
        token_type: how to send it.
        expires_in: life in seconds.
        authorization_details: present when the request used the parameter; then credentials are
            asked for by ``credential_identifier``.
    """

    access_token: AccessToken
    token_type: str = BEARER
    expires_in: Annotated[int, Field(gt=0)] | None = None
    authorization_details: Annotated[Array[AuthorizationDetail], Field(min_length=1)] | None = None


def parse_token_request(body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> TokenRequest:
    """Read a token request; unknown parameters are ignored.

    Raises:
        OAuthError: invalid_request, unsupported_grant_type or invalid_authorization_details.
    """
    form = parse_form(body, limits=limits, refuse=invalid_request)
    grant_type = _required(form, "grant_type")
    if grant_type != PRE_AUTHORIZED_CODE_GRANT:
        detail = f"this grant type is not offered; use {PRE_AUTHORIZED_CODE_GRANT}"
        raise OAuthError(OAuthCode.UNSUPPORTED_GRANT_TYPE, detail)
    return TokenRequest(
        PreAuthorizedCode(_required(form, PRE_AUTHORIZED_CODE)),
        form.get(TX_CODE),
        form.get("client_id"),
        _authorization_details(form.get("authorization_details"), limits),
    )


def _required(form: dict[str, str], name: str) -> str:
    value = form.get(name)
    if value is None:
        raise invalid_request(f"the parameter {name} is missing")
    return value


def _authorization_details(text: str | None, limits: Limits) -> tuple[AuthorizationDetail, ...]:
    if text is None:
        return ()
    values = load(text, limits.body_bytes, limits, _invalid_details)
    if not isinstance(values, list) or not values or len(values) > limits.configurations:
        wanted = f"an array of 1 to {limits.configurations} objects"
        raise _invalid_details(f"authorization_details must be {wanted}")
    details = tuple(read(AuthorizationDetail, value, _invalid_details) for value in values)
    if any(detail.type != OPENID_CREDENTIAL for detail in details):
        raise _invalid_details(f"the only type offered is {OPENID_CREDENTIAL}")
    return details


def _invalid_details(reason: str) -> OAuthError:
    return OAuthError(OAuthCode.INVALID_AUTHORIZATION_DETAILS, reason)


def parse_token_response(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> TokenResponse:
    """Read a token answer in the wallet.

    Raises:
        OAuthError: ``invalid_response``, also for a token type other than Bearer.
    """
    response = read_json(TokenResponse, data, limits, invalid_response)
    if response.token_type.lower() != BEARER.lower():
        raise invalid_response(f"the token type is not {BEARER}, which is all this wallet can use")
    return response
