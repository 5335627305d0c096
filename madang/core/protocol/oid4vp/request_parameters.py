"""A request in a link itself: as parameters, or as a signed object by value (sections 5 and 5.5).

Objects and arrays travel as JSON in one parameter each. Only a ``redirect_uri`` client may ask
without a signature; the others are sent by value in ``request``, or by reference (``RequestLink``).
"""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from madang.core.encoding import strict_json
from madang.core.protocol.form import encode_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Refusal, load, read
from madang.core.protocol.oid4vp.client_id import Prefix, parse_client_id
from madang.core.protocol.oid4vp.errors import refusing
from madang.core.protocol.oid4vp.request import RequestObject

_IN_JSON: Final = (
    *("dcql_query", "client_metadata", "transaction_data", "verifier_info"),
    "expected_origins",
)
_OF_OBJECT: Final = frozenset({"aud", "iat", "exp"})
"""Claims of a signed object, which are no parameters."""


def by_value(client_id: str, compact: str, *, scheme: str) -> str:
    """Return a link that holds the signed request object itself (RFC 9101 section 5.1)."""
    return f"{scheme}://?{encode_form({'client_id': client_id, 'request': compact})}"


def unsigned_link(request: RequestObject, *, scheme: str) -> str:
    """Return a link with the request's members as parameters.

    Args:
        request: of a ``redirect_uri`` client.
        scheme: that of the wallet.

    Raises:
        ValueError: the client has to sign its requests.
    """
    if parse_client_id(request.client_id or "").prefix is not Prefix.REDIRECT_URI:
        raise ValueError("only a redirect_uri client may ask without a signature")
    return f"{scheme}://?{encode_form(to_parameters(request))}"


def to_parameters(request: RequestObject) -> dict[str, str]:
    """Return the members of a request as parameters."""
    members = request.to_json()
    return {
        name: strict_json.dumps(value) if name in _IN_JSON else str(value)
        for name, value in members.items()
        if name not in _OF_OBJECT
    }


def from_parameters(
    parameters: Mapping[str, str], *, limits: Limits = DEFAULT_LIMITS
) -> RequestObject:
    """Read an unsigned request out of a link's parameters, in the wallet.

    Nothing vouches for it: whoever shows it to a person has to say so.

    Args:
        parameters: each once, decoded.
        limits: bounds on size and nesting.

    Raises:
        VpError: ``request_members``, or ``client_id_prefix`` for a client that has to sign.
    """
    refuse = refusing("request_members", "5")
    parse_client_id(parameters.get("client_id", ""), accepted=(Prefix.REDIRECT_URI,))
    members: dict[str, JsonValue] = {
        name: _decoded(name, value, limits, refuse) for name, value in parameters.items()
    }
    for name in _OF_OBJECT:
        members.pop(name, None)
    return read(RequestObject, members, refuse)


def _decoded(name: str, value: str, limits: Limits, refuse: Refusal) -> JsonValue:
    if name not in _IN_JSON:
        return value
    decoded: JsonValue = load(value, limits.body_bytes, limits, refuse)  # type: ignore[assignment]  # JSON by then
    return decoded
