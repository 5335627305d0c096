"""One code flow with a provider (OpenID Connect Core 1.0 section 3.1; RFC 7636, 9126, 9207)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from pydantic import Field

from madang.core.encoding import strict_json
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Message, Refusal, read_json
from madang.core.protocol.oauth.pkce import challenge_of
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.metadata import S256, ProviderMetadata


@dataclass(frozen=True, slots=True)
class AuthenticationRequest:
    """What is asked of the provider.

    Attributes:
        client_id: ours, at this provider.
        redirect_uri: where the browser comes back.
        scope: with ``openid``.
        state: fresh; binds the answer to the browser.
        nonce: fresh; binds the ID token to this request.
        code_verifier: fresh; only its hash travels (RFC 7636).
        acr_values: what would be strong enough.
        max_age: how long ago the person may have logged in there, in seconds.
        claims: names of the claims wanted in the ID token.
        language: of the reader (``ui_locales``).
    """

    client_id: str
    redirect_uri: str
    scope: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    acr_values: tuple[str, ...]
    max_age: int
    claims: tuple[str, ...]
    language: str

    def parameters(self) -> dict[str, str]:
        """Return the request's parameters (Core section 3.1.2.1).

        The person has to log in now (``prompt``): a session that somebody left open there does not
        count. With ``max_age`` the ID token tells when that was. The level is
        essential (section 5.5.1.1): a provider that cannot reach it says so.
        """
        wanted: dict[str, object] = {name: {"essential": True} for name in self.claims}
        wanted["acr"] = {"essential": True, "values": list(self.acr_values)}
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "nonce": self.nonce,
            "prompt": "login",
            "max_age": str(self.max_age),
            "acr_values": " ".join(self.acr_values),
            "claims": strict_json.dumps({"id_token": wanted}),
            "ui_locales": self.language,
            "code_challenge": challenge_of(self.code_verifier),
            "code_challenge_method": S256,
        }


def with_query(endpoint: str, parameters: Mapping[str, str]) -> str:
    """Return an endpoint's address with parameters; a query that it has stays."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{encode_form(parameters)}"


def basic(client_id: str, secret: str) -> str:
    """Return the header of `client_secret_basic` (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


@dataclass(frozen=True, slots=True)
class Callback:
    """With what the browser came back.

    Attributes:
        state: of the request.
        code: empty when there is an error.
        error: the provider's word; empty when there is a code.
        issuer: ``iss``; None when it was not sent.
    """

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str | None

    def check_issuer(self, metadata: ProviderMetadata) -> None:
        """Hold that it came from the provider that was asked (RFC 9207 section 2.4).

        Raises:
            OpenIdError: ``callback_issuer``.
        """
        wanted = metadata.authorization_response_iss_parameter_supported
        if (self.issuer is None and wanted) or self.issuer not in {None, metadata.issuer}:
            raise OpenIdError("callback_issuer", "iss should name the provider that was asked")


def parse_callback(query: str, *, limits: Limits = DEFAULT_LIMITS) -> Callback:
    """Read the query with which a browser came back (Core sections 3.1.2.5 and 3.1.2.6).

    Raises:
        OpenIdError: ``callback_form``.
    """
    found = parse_form(query, limits=limits, refuse=_refuse)
    state, code, error = (found.get(name, "") for name in ("state", "code", "error"))
    if not state or bool(code) == bool(error):
        raise _refuse("state, and either code or error, were expected")
    return Callback(state, code, error, found.get("iss"))


class TokenAnswer(Message):
    """What a token endpoint answers (Core section 3.1.3.3)."""

    id_token: str
    access_token: str = Field("", repr=False)
    token_type: str = ""

    @property
    def bearer(self) -> str:
        """Return the access token for userinfo; empty where there is none that a header carries."""
        token = self.access_token
        carried = token.isascii() and token.isprintable() and " " not in token
        return token if carried and self.token_type.lower() == "bearer" else ""


def parse_token_answer(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> TokenAnswer:
    """Read what a token endpoint answered; OpenIdError ``token_answer`` without an ID token."""
    refuse = _refusing("token_answer")
    return read_json(TokenAnswer, data, limits, refuse)


class PushedAnswer(Message):
    """What the endpoint for pushed requests answers (RFC 9126 section 2.2)."""

    request_uri: str


def parse_pushed_answer(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> str:
    """Return the reference of a pushed request; OpenIdError ``pushed_answer`` if there is none."""
    refuse = _refusing("pushed_answer")
    return read_json(PushedAnswer, data, limits, refuse).request_uri


def _refusing(code: str) -> Refusal:
    return lambda reason: OpenIdError(code, reason)


_refuse = _refusing("callback_form")
