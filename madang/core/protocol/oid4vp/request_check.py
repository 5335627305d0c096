"""The wallet's checks of a signed request (OpenID4VP 1.0 sections 5 and 14.1, HAIP 1.0).

Steps, in this order; nothing is told to the verifier before step 5 has passed:
1. form, type and algorithm; 2. client_id inside equals that outside; 3. accepted prefix;
4. chain to a configured anchor; 5. signature by the leaf; 6. client_id is the leaf's;
7. members, times, response_uri, nonces; 8. a format and an encryption key the wallet can use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.model import check_bounds
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import read
from madang.core.protocol.oid4vp.client_id import (
    CERTIFIED,
    ClientId,
    check_certificate,
    check_response_host,
    parse_client_id,
)
from madang.core.protocol.oid4vp.encryption import choose_encryption
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpCode, VpError, refusing
from madang.core.protocol.oid4vp.request import REQUEST_TYP, RequestObject
from madang.core.protocol.typed_jwt import open_typed, verified_claims
from madang.core.protocol.urls import is_web_address
from madang.core.trust.x509 import ChainError, validate_chain


@dataclass(frozen=True, slots=True)
class WalletPolicy:
    """What a wallet holds a request against.

    Attributes:
        anchors: DER roots of verifiers.
        now: seconds since 1970.
        max_skew: seconds the verifier's clock may be off.
        wallet_nonce: what the wallet sent with a POST, or None.
        allow_loopback_http: for development: answers may go to http on this machine.
    """

    anchors: Sequence[bytes]
    now: int
    max_skew: int = 60
    wallet_nonce: str | None = None
    allow_loopback_http: bool = False


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request that may be shown to the person.

    Attributes:
        request: its claims.
        client_id: the authenticated verifier.
        chain: its certificates, leaf first.
        compact: the request object as received.
    """

    request: RequestObject
    client_id: ClientId
    chain: tuple[bytes, ...]
    compact: str


def verify_request(
    compact: str, *, client_id: str, policy: WalletPolicy, limits: Limits = DEFAULT_LIMITS
) -> VerifiedRequest:
    """Verify a request object.

    Args:
        compact: as fetched.
        client_id: as it stood in the link.
        policy: trust, time and what was sent before.
        limits: bounds on sizes and counts.

    Raises:
        VpError: the first step that fails; ``reply_to`` is set only where the verifier was
            authenticated, and only there may the wallet answer.
    """
    identity, chain, claims = _authenticate(compact, client_id, policy, limits)
    try:
        request = _read(claims, policy, limits)
        check_response_host(identity, request.response_uri or "")
        _check_usable(request)
    except VpError as error:
        raise error.replying_to(_reply_address(identity, claims, policy)) from None
    return VerifiedRequest(request, identity, chain, compact)


def _authenticate(
    compact: str, client_id: str, policy: WalletPolicy, limits: Limits
) -> tuple[ClientId, tuple[bytes, ...], dict[str, object]]:
    refuse = refusing("request_form", "5")
    opened = open_typed(compact, typ=REQUEST_TYP, max_bytes=limits.jwt_bytes, refuse=refuse)
    try:
        inside = jws.claims(opened).get("client_id")
    except EnvelopeError as error:
        raise refuse(str(error)) from None
    if inside != client_id:
        raise refusing("client_id_differs", "5.10.1")("client_id inside is not that of the link")
    identity = parse_client_id(client_id, accepted=CERTIFIED)
    try:
        chain = jws.decode_chain(opened.header)
        key = validate_chain(chain, policy.anchors, now=policy.now)
    except ChainError as error:
        raise refusing(f"request_{error.code}", "5.9.3")(str(error)) from None
    except EnvelopeError as error:
        raise refusing("request_chain_malformed", "5.9.3")(str(error)) from None
    claims = verified_claims(opened, key, refusing("request_signature", "5.9.3"))
    check_certificate(identity, chain[0])
    return identity, chain, claims


def _read(claims: Mapping[str, object], policy: WalletPolicy, limits: Limits) -> RequestObject:
    _refuse_members(claims)
    request = read(RequestObject, claims, refusing("request_members", "5"))
    _check_answerable(request)
    try:
        check_bounds(request.dcql_query, limits)
    except DcqlError as error:
        raise refusing("query_bounds", "6")(str(error)) from None
    _check_times(request, policy)
    allow = policy.allow_loopback_http
    if not is_web_address(request.response_uri or "", allow_loopback_http=allow):
        raise refusing("response_uri", "8.2")("response_uri should be an absolute https address")
    if policy.wallet_nonce is not None and request.wallet_nonce != policy.wallet_nonce:
        raise refusing("wallet_nonce", "5.10.1")("wallet_nonce is not the one that was sent")
    return request


def _refuse_members(claims: Mapping[str, object]) -> None:
    if "transaction_data" in claims:
        refuse = refusing("transaction_data", "8.4", VpCode.INVALID_TRANSACTION_DATA)
        raise refuse("no type of transaction_data is supported")
    if "redirect_uri" in claims:
        raise refusing("redirect_uri", "8.2")("redirect_uri must not stand beside response_uri")
    if "scope" in claims and "dcql_query" in claims:
        raise refusing("scope", "5.1")("a request has either dcql_query or scope, not both")


def _check_answerable(request: RequestObject) -> None:
    refuse = refusing("request_members", "5")
    if request.aud is None or request.client_metadata is None:
        raise refuse("aud and client_metadata are required here")
    if request.response_mode != "direct_post.jwt":
        raise refuse("response_mode should be direct_post.jwt, which alone is answered here")


def _check_times(request: RequestObject, policy: WalletPolicy) -> None:
    if request.iat is not None and request.iat > policy.now + policy.max_skew:
        raise refusing("request_time", "5")("iat is in the future; check the device's clock")
    if request.exp is not None and request.exp <= policy.now - policy.max_skew:
        raise refusing("request_time", "5")("the request has expired; ask for a new one")


def _check_usable(request: RequestObject) -> None:
    formats = {query.format for query in request.dcql_query.credentials}
    if SD_JWT_VC not in formats:
        refuse = refusing("formats", "8.5", VpCode.VP_FORMATS_NOT_SUPPORTED)
        raise refuse(f"the only format in this wallet is {SD_JWT_VC}")
    choose_encryption(request.client_metadata)


def _reply_address(
    identity: ClientId, claims: Mapping[str, object], policy: WalletPolicy
) -> ReplyAddress | None:
    uri, state = claims.get("response_uri"), claims.get("state")
    if not isinstance(uri, str):
        return None
    if not is_web_address(uri, allow_loopback_http=policy.allow_loopback_http):
        return None
    try:
        check_response_host(identity, uri)
    except VpError:
        return None
    return ReplyAddress(uri, state if isinstance(state, str) else None)
