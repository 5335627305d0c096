"""How a request reaches a wallet: a link to it, fetched by GET or POST (sections 5.7, 5.10)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.errors import VpCode, refusing
from madang.core.protocol.urls import is_web_address

SCHEMES = ("openid4vp", "haip-vp")
METHODS = ("get", "post")


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


def parse_request_link(
    uri: str, *, allow_loopback_http: bool = False, limits: Limits = DEFAULT_LIMITS
) -> RequestLink:
    """Read a link in the wallet; only requests by reference are accepted.

    Raises:
        VpError: invalid_request or invalid_request_uri_method.
    """
    refuse = refusing("request_link", "5.7")
    if len(uri) > limits.uri_chars:
        raise refuse(f"the link is longer than {limits.uri_chars} characters")
    form = parse_form(_query(uri), limits=limits, refuse=refuse)
    client_id, request_uri = form.get("client_id"), form.get("request_uri")
    if client_id is None or request_uri is None:
        raise refuse("the link should have client_id and request_uri")
    if not is_web_address(request_uri, allow_loopback_http=allow_loopback_http):
        raise refuse("request_uri should be an absolute https address")
    method = form.get("request_uri_method", METHODS[0])
    if method not in METHODS:
        wrong = refusing("request_uri_method", "5.1", VpCode.INVALID_REQUEST_URI_METHOD)
        raise wrong("request_uri_method should be get or post, in lower case")
    return RequestLink(client_id, request_uri, method)


def _query(uri: str) -> str:
    refuse = refusing("request_link", "9")
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise refuse("the link cannot be read") from None
    if parts.scheme not in SCHEMES:
        raise refuse(f"the link should begin with {':// or '.join(SCHEMES)}://")
    return parts.query


def parse_wallet_post(body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """Read a wallet's POST to ``request_uri`` in the verifier (section 5.10).

    Returns:
        ``wallet_nonce``, to be repeated in the signed request; ``wallet_metadata`` is not used.

    Raises:
        VpError: the body is no form, or the nonce is too long.
    """
    refuse = refusing("wallet_post", "5.10")
    nonce = parse_form(body, limits=limits, refuse=refuse).get("wallet_nonce")
    if nonce is not None and len(nonce) > limits.text_chars:
        raise refuse(f"wallet_nonce is longer than {limits.text_chars} characters")
    return nonce
