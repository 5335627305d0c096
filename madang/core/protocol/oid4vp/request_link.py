"""How a request reaches a wallet: in a link, or behind one, by GET or POST (sections 5.4, 5.10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from madang.core.encoding import strict_json
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import load
from madang.core.protocol.oid4vp.errors import VpCode, refusing
from madang.core.protocol.oid4vp.request import RequestObject
from madang.core.protocol.oid4vp.request_encryption import (
    RequestEncryption,
    wanted_request_encryption,
)
from madang.core.protocol.urls import is_web_address

SCHEMES = ("openid4vp", "haip-vp")
METHODS = ("get", "post")
_OBJECTS: Final = ("client_metadata", "dcql_query", "transaction_data", "verifier_info")
"""Parameters that stand in a link as JSON text (section 5.1)."""
_SIGNED_ALONE: Final = frozenset({"aud", "iat", "exp"})
"""Claims of a signed object, which are no parameters."""


@dataclass(frozen=True, slots=True)
class RequestLink:
    """Where to fetch a request object, and whose it must be.

    Attributes:
        client_id: full identifier; the request object must hold the same.
        request_uri: where the request object is.
        method: ``get`` or ``post``.
    """

    client_id: str
    request_uri: str
    method: str = "get"

    def to_uri(self, *, scheme: str = SCHEMES[0]) -> str:
        """Return the link, for a button or a QR picture."""
        method = None if self.method == METHODS[0] else self.method
        parameters = {
            "client_id": self.client_id,
            "request_uri": self.request_uri,
            "request_uri_method": method,
        }
        return f"{scheme}://?{encode_form(parameters)}"


@dataclass(frozen=True, slots=True)
class RequestByValue:
    """A request object that came in the link itself.

    Attributes:
        client_id: full identifier; the request object must hold the same.
        compact: the request object.
    """

    client_id: str
    compact: str


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """A request whose parameters stand in the link, signed by nobody.

    Attributes:
        members: the parameters; those that are JSON texts are decoded.
    """

    members: Mapping[str, object]


Linked: TypeAlias = RequestLink | RequestByValue | PlainRequest


def to_parameters(request: RequestObject) -> dict[str, str]:
    """Return the members of a request that nobody signs as the parameters of a link."""
    return {
        name: strict_json.dumps(value) if name in _OBJECTS else str(value)
        for name, value in request.to_json().items()
        if name not in _SIGNED_ALONE
    }


def parse_request_link(
    uri: str, *, allow_loopback_http: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Linked:
    """Read a link in the wallet.

    Raises:
        VpError: invalid_request or invalid_request_uri_method.
    """
    return parse_request_query(
        _query(uri, limits), allow_loopback_http=allow_loopback_http, limits=limits
    )


def parse_request_query(
    query: str, *, allow_loopback_http: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Linked:
    """Read the parameters of a link, or of a call of the wallet's authorization endpoint.

    Raises:
        VpError: as of `parse_request_link`.
    """
    refuse = refusing("request_link", "5.4")
    _check_length(query, limits)
    form = parse_form(query, limits=limits, refuse=refuse)
    client_id, request_uri = form.get("client_id"), form.get("request_uri")
    if client_id is None:
        raise refuse("the link should have client_id")
    if request_uri is None:
        return _by_value(client_id, form, limits)
    if "request" in form:
        raise refuse("the link should have request or request_uri, not both")
    if len(request_uri) > limits.uri_chars:
        raise refuse(f"request_uri is longer than {limits.uri_chars} characters")
    if not is_web_address(request_uri, allow_loopback_http=allow_loopback_http):
        raise refuse("request_uri should be an absolute https address")
    method = form.get("request_uri_method", METHODS[0])
    if method not in METHODS:
        wrong = refusing("request_uri_method", "5.1", VpCode.INVALID_REQUEST_URI_METHOD)
        raise wrong("request_uri_method should be get or post, in lower case")
    return RequestLink(client_id, request_uri, method)


def _by_value(client_id: str, form: Mapping[str, str], limits: Limits) -> Linked:
    refuse = refusing("request_link", "5.1")
    if "request_uri_method" in form:
        raise refuse("request_uri_method should not stand without request_uri")
    if "request" in form:
        return RequestByValue(client_id, form["request"])
    if "response_type" not in form:
        raise refuse("the link should have request, request_uri, or a whole request")
    decoded = {
        name: load(text, limits.jwt_bytes, limits, refuse) if name in _OBJECTS else text
        for name, text in form.items()
    }
    return PlainRequest(decoded)


def _query(uri: str, limits: Limits) -> str:
    refuse = refusing("request_link", "9")
    _check_length(uri, limits)
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise refuse("the link cannot be read") from None
    if parts.scheme not in SCHEMES:
        raise refuse(f"the link should begin with {':// or '.join(SCHEMES)}://")
    return parts.query


def _check_length(text: str, limits: Limits) -> None:
    if len(text) > limits.jwt_bytes:
        refuse = refusing("request_link", "5.4")
        raise refuse(f"the link is longer than {limits.jwt_bytes} characters")


@dataclass(frozen=True, slots=True)
class WalletPost:
    """What a wallet says when it fetches its request.

    Attributes:
        nonce: ``wallet_nonce``, to be repeated in the signed request.
        encryption: how it wants the request, from its metadata; nothing else of them is used.
    """

    nonce: str | None = None
    encryption: RequestEncryption | None = None


def parse_wallet_post(body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> WalletPost:
    """Read a wallet's POST to ``request_uri`` in the verifier (section 5.10).

    Raises:
        VpError: the body is no form, or the nonce is too long.
    """
    refuse = refusing("wallet_post", "5.10")
    form = parse_form(body, limits=limits, refuse=refuse)
    nonce = form.get("wallet_nonce")
    if nonce is not None and len(nonce) > limits.text_chars:
        raise refuse(f"wallet_nonce is longer than {limits.text_chars} characters")
    return WalletPost(nonce, wanted_request_encryption(form.get("wallet_metadata", "")))
