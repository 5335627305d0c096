"""The wallet's side of the Digital Credentials API (OpenID4VP 1.0 appendix A).

The platform says which origin asks; nothing in a request can. An unsigned request is the origin's
word alone. A signed one must name the origin among those it expects. Of a multi-signed one, the
first signature of a client that the wallet can know counts; one that does not hold spoils the
request, unless the policy takes any good one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from madang.core.envelope.jws import Jws
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, read
from madang.core.protocol.oid4vp.client_authentication import Client, Standing
from madang.core.protocol.oid4vp.dc_api import MULTISIGNED, SIGNED, UNSIGNED
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpError, refusing
from madang.core.protocol.oid4vp.request import RequestObject, by_dc_api
from madang.core.protocol.oid4vp.request_check import (
    NONE,
    VerifiedRequest,
    open_request,
    request_claims,
    signed_client,
)
from madang.core.protocol.oid4vp.request_members import check_request
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy

PROTOCOLS: Final = (UNSIGNED, SIGNED, MULTISIGNED)
MAX_SIGNATURES: Final = 8
_form = refusing("request_form", "A.3")
_OF_LINKS: Final = frozenset({"state", "response_uri"})
"""What means nothing to the API and is ignored."""
_OF_SIGNED: Final = frozenset({"client_id", "expected_origins"})
"""What an unsigned request must not have, and is ignored there."""
_OF_EACH_SIGNATURE: Final = frozenset({"client_id", "verifier_info"})
_SPOILS: Final = frozenset({"request_signature", "request_form", "client_id_certificate"})
"""Why a signature is bad, and not only of a client that this wallet cannot know."""


class DigitalRequest(Message):
    """One of the requests that a page hands to the API."""

    protocol: str
    data: dict[str, JsonValue]


class _Signature(Message):
    protected: str
    signature: str


class _MultiSigned(Message):
    payload: str
    signatures: Array[_Signature]


@dataclass(frozen=True, slots=True)
class _Asking:
    """A request with whom it is of, before its members are looked at."""

    claims: Mapping[str, Any]
    client: Client


def parse_digital(value: object) -> DigitalRequest:
    """Return the first request of a protocol that is known here.

    Args:
        value: what a page gave the API: ``{"digital": {"requests": [..]}}``, the inner object, or
            one request.

    Raises:
        VpError: ``request_form``.
    """
    digital = value.get("digital", value) if isinstance(value, dict) else None
    listed = digital.get("requests", [digital]) if isinstance(digital, dict) else None
    for each in listed if isinstance(listed, list) else ():
        request = read(DigitalRequest, each, _form)
        if request.protocol in PROTOCOLS:
            return request
    raise _form(f"one of the protocols {', '.join(PROTOCOLS)} was expected")


def verify_digital(
    request: DigitalRequest,
    *,
    origin: str,
    policy: WalletPolicy,
    limits: Limits = DEFAULT_LIMITS,
) -> VerifiedRequest:
    """Verify a request that came by the API.

    Args:
        request: as parsed.
        origin: of the page, as the platform says, without a prefix.
        policy: trust and time.
        limits: bounds on sizes and counts.

    Raises:
        VpError: ``reply_to`` holds the origin where the verifier was authenticated, and only there
            may an error be returned.
    """
    asking = _authenticated(request, origin, policy, limits)
    signed = asking.client.standing is not Standing.UNSIGNED
    try:
        found = read(RequestObject, asking.claims, refusing("request_members", "A.2"))
        if not by_dc_api(found.response_mode):
            raise refusing("request_members", "A.2")("response_mode should be dc_api or dc_api.jwt")
        if signed and origin not in (found.expected_origins or ()):
            raise refusing("expected_origins", "A.2")("the page is none of expected_origins")
        checked = check_request(found, asking.client, policy, limits)
    except VpError as error:
        raise error.replying_to(ReplyAddress(origin, None) if signed else None) from None
    return VerifiedRequest(checked, asking.client, origin)


def clients_of(request: DigitalRequest) -> tuple[str, ...]:
    """Return the clients that a request names, before anything of it is verified.

    It tells which documents of DIDs have to be fetched; what cannot be read names nobody.
    """
    value = request.data.get("request", request.data)
    try:
        if isinstance(value, str):
            named = [request_claims(open_request(value, DEFAULT_LIMITS)).get("client_id")]
        elif request.protocol == MULTISIGNED:
            found = read(_MultiSigned, value, _form)
            named = [
                open_request(f"{each.protected}.{found.payload}.", DEFAULT_LIMITS).header.get(
                    "client_id"
                )
                for each in found.signatures[:MAX_SIGNATURES]
            ]
        else:
            named = []
    except VpError:
        return ()
    return tuple(each for each in named if isinstance(each, str))


def _authenticated(
    request: DigitalRequest, origin: str, policy: WalletPolicy, limits: Limits
) -> _Asking:
    if request.protocol == UNSIGNED:
        return _unsigned(request.data, origin, policy)
    if request.protocol == SIGNED:
        return _signed(request.data.get("request"), policy, limits)
    return _multi_signed(request.data.get("request", request.data), policy, limits)


def _unsigned(data: Mapping[str, JsonValue], origin: str, policy: WalletPolicy) -> _Asking:
    if not policy.unsigned:
        refuse = refusing("request_unsigned", "A.3.1")
        raise refuse("this wallet answers to no request that nobody signed")
    claims = _without(data, _OF_LINKS | _OF_SIGNED)
    return _Asking(claims, Client(f"origin:{origin}", None, Standing.UNSIGNED))


def _signed(value: object, policy: WalletPolicy, limits: Limits) -> _Asking:
    if not isinstance(value, str):
        raise _form("data should hold a request object as request")
    opened = open_request(value, limits)
    claims = request_claims(opened)
    client = _client(opened, claims.get("client_id"), policy)
    return _Asking(_without(claims, _OF_LINKS), client)


def _multi_signed(value: object, policy: WalletPolicy, limits: Limits) -> _Asking:
    found = read(_MultiSigned, value, _form)
    if not 0 < len(found.signatures) <= MAX_SIGNATURES:
        raise _form(f"1 to {MAX_SIGNATURES} signatures were expected")
    good: list[_Asking] = []
    unknown: list[VpError] = []
    for each in found.signatures:
        try:
            good.append(_one_of_several(found.payload, each, policy, limits))
        except VpError as error:
            if error.reason in _SPOILS and not policy.any_signature:
                raise
            unknown.append(error)
    if not good:
        raise unknown[0]
    return good[0]


def _one_of_several(
    payload: str, signature: _Signature, policy: WalletPolicy, limits: Limits
) -> _Asking:
    """Return the request as one signature tells it: client and its info are in its header alone."""
    opened = open_request(f"{signature.protected}.{payload}.{signature.signature}", limits)
    own = {name: opened.header[name] for name in _OF_EACH_SIGNATURE if name in opened.header}
    client = _client(opened, own.get("client_id"), policy)
    shared = _without(request_claims(opened), _OF_LINKS | _OF_EACH_SIGNATURE)
    return _Asking({**shared, **own}, client)


def _client(opened: Jws, client_id: object, policy: WalletPolicy) -> Client:
    if opened.header["alg"] == NONE or not isinstance(client_id, str):
        raise _form("a request of this protocol must be signed, and name its client")
    return signed_client(opened, client_id, policy)


def _without(members: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}
