"""Authorization requests, always pushed, and the answers to them.

Sources: RFC 6749 section 4.1, RFC 7636, RFC 9126, RFC 9207, OpenID4VCI 1.0 section 5, FAPI 2.0.
"""

import hmac
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from madang.core.protocol.error_body import UNTOLD
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Message, read_json
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
from madang.core.protocol.oauth.names import CODE, S256
from madang.core.protocol.oauth.pkce import is_challenge
from madang.core.protocol.urls import is_web_address

REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
"""Of every ``request_uri`` that we hand out (RFC 9126 section 2.2)."""
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a client pushes (RFC 9126 section 2.1, OpenID4VCI 1.0 section 5.1).

    Attributes:
        client_id: who asks.
        redirect_uri: where the answer goes.
        code_challenge: S256 (RFC 7636).
        state: comes back with the answer, None without one.
        scope: each once.
        details: authorization details.
        issuer_state: from the offer, None without one.
        dpop_jkt: thumbprint of the key that the code is for (RFC 9449 section 10), None without.
    """

    client_id: str
    redirect_uri: str
    code_challenge: str
    state: str | None = None
    scope: tuple[str, ...] = ()
    details: tuple[AuthorizationDetail, ...] = ()
    issuer_state: str | None = None
    dpop_jkt: str | None = None

    def to_parameters(self) -> dict[str, str | None]:
        """Return the parameters, without those of client authentication."""
        return {
            "response_type": CODE,
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.code_challenge,
            "code_challenge_method": S256,
            "state": self.state,
            "scope": " ".join(self.scope) or None,
            "authorization_details": details_text(self.details),
            "issuer_state": self.issuer_state,
            "dpop_jkt": self.dpop_jkt,
        }


def read_authorization_request(
    form: dict[str, str], *, limits: Limits = DEFAULT_LIMITS
) -> AuthorizationRequest:
    """Read the parameters of a pushed request; unknown ones are ignored.

    Whether the client, its redirect_uri and what it asks for are known is not looked at here.

    Raises:
        OAuthError: invalid_request, unsupported_response_type, request_not_supported,
            invalid_scope or invalid_authorization_details.
    """
    if "request_uri" in form:
        raise invalid_request("request_uri has no place in a pushed request")
    if "request" in form:
        told = "request objects are not taken; send the parameters themselves"
        raise OAuthError(OAuthCode.REQUEST_NOT_SUPPORTED, told)
    if required(form, "response_type") != CODE:
        told = f"the only response type offered is {CODE}"
        raise OAuthError(OAuthCode.UNSUPPORTED_RESPONSE_TYPE, told)
    if form.get("response_mode", "query") != "query":
        raise invalid_request("the only response mode offered is query")
    if form.get("code_challenge_method") != S256:
        raise invalid_request(f"code_challenge_method should be {S256}")
    challenge = required(form, "code_challenge")
    if not is_challenge(challenge):
        raise invalid_request("code_challenge should be base64url of a SHA-256 hash")
    jkt = form.get("dpop_jkt")
    if jkt is not None and not _THUMBPRINT.fullmatch(jkt):
        raise invalid_request("dpop_jkt should be a SHA-256 JWK thumbprint")
    return AuthorizationRequest(
        client_id=_bounded(form, "client_id", limits) or required(form, "client_id"),
        redirect_uri=_bounded(form, "redirect_uri", limits) or required(form, "redirect_uri"),
        code_challenge=challenge,
        state=_bounded(form, "state", limits),
        scope=parse_scope(_bounded(form, "scope", limits)),
        details=parse_details(form.get("authorization_details"), limits),
        issuer_state=_bounded(form, "issuer_state", limits),
        dpop_jkt=jkt,
    )


def required(form: dict[str, str], name: str) -> str:
    """Return a parameter that must be there; OAuthError("invalid_request") if it is not."""
    value = form.get(name)
    if value is None:
        raise invalid_request(f"the parameter {name} is missing")
    return value


def _bounded(form: dict[str, str], name: str, limits: Limits) -> str | None:
    value = form.get(name)
    if value is not None and len(value) > limits.text_chars:
        raise invalid_request(f"the parameter {name} is longer than {limits.text_chars} characters")
    return value


def is_redirect_uri(uri: str, *, allow_loopback_http: bool = False) -> bool:
    """Tell whether an address may take an answer: https, http on the client's own machine in a
    first run, or a private scheme that is a reversed domain name (RFC 8252 section 7.1).
    """  # noqa: D205 - one sentence
    if is_web_address(uri, allow_loopback_http=allow_loopback_http):
        return True
    scheme, separator, _ = uri.partition(":")
    plain = all("!" <= character <= "~" for character in uri) and "#" not in uri
    return bool(separator) and plain and _PRIVATE_SCHEME.fullmatch(scheme) is not None


class PushedResponse(Message):
    """The answer to a pushed request (RFC 9126 section 2.2)."""

    request_uri: str
    expires_in: Annotated[int, Field(gt=0)]


def parse_pushed_response(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> PushedResponse:
    """Read the answer in the client; OAuthError("invalid_response") if it is none."""
    return read_json(PushedResponse, data, limits, invalid_response)


def authorization_link(endpoint: str, client_id: str, request_uri: str) -> str:
    """Return the address that the client opens in the browser (RFC 9126 section 4)."""
    return with_query(endpoint, {"client_id": client_id, "request_uri": request_uri})


def with_query(uri: str, parameters: dict[str, str | None]) -> str:
    """Return an address with parameters added to its query (RFC 6749 section 3.1.2)."""
    separator = "&" if "?" in uri else "?"
    return f"{uri}{separator}{encode_form(parameters)}"


def code_answer(redirect_uri: str, *, code: str, state: str | None, issuer: str) -> str:
    """Return where a browser goes with a code (RFC 6749 section 4.1.2, RFC 9207)."""
    return with_query(redirect_uri, {"code": code, "state": state, "iss": issuer})


def error_answer(redirect_uri: str, *, error: str, state: str | None, issuer: str) -> str:
    """Return where a browser goes with an error (RFC 6749 section 4.1.2.1, RFC 9207)."""
    return with_query(redirect_uri, {"error": error, "state": state, "iss": issuer})


def read_answer(
    uri: str, *, issuer: str, state: str | None, limits: Limits = DEFAULT_LIMITS
) -> str:
    """Return the code out of the address that the browser came back to, in the client.

    Args:
        uri: the whole address.
        issuer: the server that was asked; ``iss`` must be the same (RFC 9207 section 2.4).
        state: what was sent.
        limits: bounds on size.

    Raises:
        OAuthError: the server's own error, once state and issuer are right; ``invalid_response``
            for everything else.
    """
    try:
        query = urlsplit(uri[: limits.uri_chars]).query
    except ValueError:
        raise invalid_response("the address cannot be read") from None
    form = parse_form(query, limits=limits, refuse=invalid_response) if query else {}
    if form.get("iss") != issuer:
        raise invalid_response("iss in the answer is not the authorization server that was asked")
    if not hmac.compare_digest(form.get("state", "").encode(), (state or "").encode()):
        raise invalid_response("state in the answer is not the one that was sent")
    if "error" in form:
        raise OAuthError(form["error"], form.get("error_description") or UNTOLD)
    if "code" not in form:
        raise invalid_response("the answer holds neither code nor error")
    return form["code"]
