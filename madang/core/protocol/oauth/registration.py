"""What is registered of a client (RFC 7591 section 2)."""

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, Refusal, read, read_json
from madang.core.protocol.oauth.authorization import is_redirect_uri
from madang.core.protocol.oauth.key_set import JwkSet, signing_keys
from madang.core.protocol.oauth.names import PRIVATE_KEY_JWT
from madang.core.protocol.urls import is_web_address

MAX_REDIRECT_URIS = 16
AuthMethod: TypeAlias = Literal["none", "private_key_jwt", "attest_jwt_client_auth"]
DEFAULT_METHOD: Final = "private_key_jwt"
ClientId = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")]


class ClientRegistration(Message):
    """A client, by the names of RFC 7591; unknown members are left out.

    Attributes:
        client_id: its name here.
        client_name: for people, None without one.
        token_endpoint_auth_method: how it authenticates at PAR and token endpoint.
        redirect_uris: where answers may go.
        jwks: its public keys, by value.
        jwks_uri: where its public keys are.
    """

    client_id: ClientId
    client_name: Annotated[str, Field(max_length=200)] | None = None
    token_endpoint_auth_method: AuthMethod = DEFAULT_METHOD
    redirect_uris: Annotated[Array[str], Field(max_length=MAX_REDIRECT_URIS)] = ()
    jwks: JwkSet | None = None
    jwks_uri: str | None = None

    @model_validator(mode="after")
    def _keys_fit_the_method(self) -> Self:
        named = (self.jwks is not None) + (self.jwks_uri is not None)
        if named != (self.token_endpoint_auth_method == PRIVATE_KEY_JWT):
            raise ValueError("exactly one of jwks and jwks_uri belongs to private_key_jwt alone")
        return self


def parse_registration(
    data: bytes,
    refuse: Refusal,
    *,
    allow_loopback_http: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> ClientRegistration:
    """Read a client out of JSON text; see `read_registration`."""
    client = read_json(ClientRegistration, data, limits, refuse)
    return _checked(client, refuse, allow_loopback_http=allow_loopback_http)


def read_registration(
    value: object, refuse: Refusal, *, allow_loopback_http: bool = False
) -> ClientRegistration:
    """Read a client out of a decoded JSON value.

    Args:
        value: what the JSON decoder returned.
        refuse: makes the error to raise out of a reason.
        allow_loopback_http: accept http addresses on this machine.
    """
    client = read(ClientRegistration, value, refuse)
    return _checked(client, refuse, allow_loopback_http=allow_loopback_http)


def _checked(
    client: ClientRegistration, refuse: Refusal, *, allow_loopback_http: bool
) -> ClientRegistration:
    for uri in client.redirect_uris:
        if not is_redirect_uri(uri, allow_loopback_http=allow_loopback_http):
            raise refuse("redirect_uris should be https, or a private scheme with a dot in it")
    if client.jwks is not None and not signing_keys(client.jwks, refuse):
        raise refuse("jwks holds no key that signatures can be checked with")
    if client.jwks_uri is not None and not is_web_address(
        client.jwks_uri, allow_loopback_http=allow_loopback_http
    ):
        raise refuse("jwks_uri should be an absolute https address")
    return client
