"""Token requests of all three grants, and their answer.

Sources: RFC 6749 sections 4.1.3, 5 and 6, RFC 9449 section 5, OpenID4VCI 1.0 section 6.
"""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, read_json
from madang.core.protocol.oauth.authorization import required
from madang.core.protocol.oauth.details import (
    AuthorizationDetail,
    details_text,
    parse_details,
    parse_scope,
)
from madang.core.protocol.oauth.errors import (
    OAuthCode,
    OAuthError,
    invalid_request,
    invalid_response,
)
from madang.core.protocol.oauth.names import (
    AUTHORIZATION_CODE_GRANT,
    BEARER,
    DPOP,
    GRANTS,
    PRE_AUTHORIZED_CODE,
    PRE_AUTHORIZED_CODE_GRANT,
    REFRESH_TOKEN_GRANT,
    TX_CODE,
    AccessToken,
    PreAuthorizedCode,
)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request with a pre-authorized code (OpenID4VCI 1.0 section 6.1).

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

    def to_form(self, more: dict[str, str] | None = None) -> str:
        """Return the form body; `more` authenticates the client."""
        return encode_form(
            {
                "grant_type": PRE_AUTHORIZED_CODE_GRANT,
                PRE_AUTHORIZED_CODE: self.pre_authorized_code,
                TX_CODE: self.tx_code,
                "client_id": self.client_id,
                "authorization_details": details_text(self.authorization_details),
                **(more or {}),
            }
        )


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A token request with an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

    Attributes:
        code: from the authorization answer.
        redirect_uri: as it was pushed; None leaves it out, for PKCE and PAR bind the code already.
        code_verifier: what the pushed challenge is of.
        client_id: None when client authentication names the client.
        authorization_details: fewer configurations than were authorized; empty for all.
    """

    code: str
    code_verifier: str
    redirect_uri: str | None = None
    client_id: str | None = None
    authorization_details: tuple[AuthorizationDetail, ...] = ()

    def to_form(self, more: dict[str, str] | None = None) -> str:
        """Return the form body; `more` authenticates the client."""
        return encode_form(
            {
                "grant_type": AUTHORIZATION_CODE_GRANT,
                "code": self.code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": self.code_verifier,
                "client_id": self.client_id,
                "authorization_details": details_text(self.authorization_details),
                **(more or {}),
            }
        )


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """A token request with a refresh token (RFC 6749 section 6).

    Attributes:
        refresh_token: from an earlier answer.
        client_id: None when client authentication names the client.
        scope: fewer scopes than were authorized; empty for all.
        authorization_details: fewer configurations than were authorized; empty for all.
    """

    refresh_token: str
    client_id: str | None = None
    scope: tuple[str, ...] = ()
    authorization_details: tuple[AuthorizationDetail, ...] = ()

    def to_form(self, more: dict[str, str] | None = None) -> str:
        """Return the form body; `more` authenticates the client."""
        return encode_form(
            {
                "grant_type": REFRESH_TOKEN_GRANT,
                "refresh_token": self.refresh_token,
                "client_id": self.client_id,
                "scope": " ".join(self.scope) or None,
                "authorization_details": details_text(self.authorization_details),
                **(more or {}),
            }
        )


AnyTokenRequest: TypeAlias = TokenRequest | CodeRequest | RefreshRequest


class TokenResponse(Message):
    """A successful token answer (OpenID4VCI 1.0 section 6.2, RFC 6749 section 5.1).

    Attributes:
        access_token: opaque to the wallet.
        token_type: how to send it.
        expires_in: life in seconds.
        refresh_token: for further access tokens, None without.
        scope: what was authorized by scope, None where nothing was.
        authorization_details: present when the request used the parameter; then credentials are
            asked for by ``credential_identifier``.
    """

    access_token: AccessToken
    token_type: str = BEARER
    expires_in: Annotated[int, Field(gt=0)] | None = None
    refresh_token: str | None = None
    scope: str | None = None
    authorization_details: Annotated[Array[AuthorizationDetail], Field(min_length=1)] | None = None


def parse_token_request(body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> AnyTokenRequest:
    """Read a token request; unknown parameters are ignored.

    Raises:
        OAuthError: invalid_request, unsupported_grant_type, invalid_scope or
            invalid_authorization_details.
    """
    return read_token_request(parse_form(body, limits=limits, refuse=invalid_request), limits)


def read_token_request(form: dict[str, str], limits: Limits = DEFAULT_LIMITS) -> AnyTokenRequest:
    """Read a token request's parameters; as `parse_token_request`."""
    client_id = form.get("client_id")
    match required(form, "grant_type"):
        case grant if grant == PRE_AUTHORIZED_CODE_GRANT:
            return TokenRequest(
                PreAuthorizedCode(required(form, PRE_AUTHORIZED_CODE)),
                form.get(TX_CODE),
                client_id,
                parse_details(form.get("authorization_details"), limits),
            )
        case grant if grant == AUTHORIZATION_CODE_GRANT:
            return CodeRequest(
                required(form, "code"),
                required(form, "code_verifier"),
                form.get("redirect_uri"),
                client_id,
                parse_details(form.get("authorization_details"), limits),
            )
        case grant if grant == REFRESH_TOKEN_GRANT:
            return RefreshRequest(
                required(form, "refresh_token"),
                client_id,
                parse_scope(form.get("scope")),
                parse_details(form.get("authorization_details"), limits),
            )
    detail = f"this grant type is not offered; use one of {', '.join(GRANTS)}"
    raise OAuthError(OAuthCode.UNSUPPORTED_GRANT_TYPE, detail)


def parse_token_response(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> TokenResponse:
    """Read a token answer in the wallet.

    Raises:
        OAuthError: ``invalid_response``, also for a token type other than Bearer and DPoP.
    """
    response = read_json(TokenResponse, data, limits, invalid_response)
    if response.token_type.lower() not in (BEARER.lower(), DPOP.lower()):
        told = f"the token type is neither {BEARER} nor {DPOP}, which are all this wallet can use"
        raise invalid_response(told)
    return response
