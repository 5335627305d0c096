"""The parameters of a request whose client is known, and what the wallet demands of them."""

from collections.abc import Mapping

from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.model import check_bounds
from madang.core.protocol.limits import Limits
from madang.core.protocol.message import read
from madang.core.protocol.oid4vp.client_authentication import Client, Standing
from madang.core.protocol.oid4vp.client_id import check_response_host
from madang.core.protocol.oid4vp.encryption import choose_encryption
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpCode, VpError, refusing
from madang.core.protocol.oid4vp.request import (
    FRAGMENT,
    ClientMetadata,
    RequestObject,
    by_dc_api,
    encrypted,
)
from madang.core.protocol.oid4vp.transaction_type import check_transactions
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.protocol.urls import is_web_address


def read_members(
    claims: Mapping[str, object], client: Client, policy: WalletPolicy, limits: Limits
) -> RequestObject:
    """Read a request by link and hold it against what the wallet demands.

    Args:
        claims: its parameters.
        client: who asks.
        policy: what the wallet demands.
        limits: bounds on sizes and counts.

    Raises:
        VpError: the first demand that is not met.
    """
    _refuse_members(claims)
    claims = _with_query(claims, policy)
    if client.standing is not Standing.UNSIGNED and "aud" not in claims:
        raise refusing("request_members", "5.8")("aud: is required in a signed request")
    request = read(RequestObject, claims, refusing("request_members", "5"))
    if by_dc_api(request.response_mode):
        refuse = refusing("request_members", "8.2")
        raise refuse("response_mode should be fragment, direct_post or direct_post.jwt in a link")
    _check_address(request.answer_to or "", client, policy)
    if policy.wallet_nonce is not None and request.wallet_nonce != policy.wallet_nonce:
        raise refusing("wallet_nonce", "5.10.1")("wallet_nonce is not the one that was sent")
    return check_request(request, client, policy, limits)


def check_request(
    request: RequestObject, client: Client, policy: WalletPolicy, limits: Limits
) -> RequestObject:
    """Hold a request, by whichever way it came, against what the wallet demands.

    Returns:
        The request with the metadata that count: what is known of a pre-registered client, else
        what the request says.

    Raises:
        VpError: the first demand that is not met.
    """
    try:
        check_bounds(request.dcql_query, limits)
    except DcqlError as error:
        raise refusing("query_bounds", "6")(str(error)) from None
    _check_times(request, policy)
    encoded, query = request.transaction_data or (), request.dcql_query
    check_transactions(encoded, query, policy.transaction_types, limits=limits)
    metadata = _metadata(request, client)
    formats = {query.format for query in request.dcql_query.credentials}
    if formats.isdisjoint(policy.formats):
        refuse = refusing("formats", "8.5", VpCode.VP_FORMATS_NOT_SUPPORTED)
        raise refuse(f"the formats in this wallet are {', '.join(policy.formats)}")
    if encrypted(request.response_mode):
        choose_encryption(metadata)
    return request.model_copy(update={"client_metadata": metadata})


def _refuse_members(claims: Mapping[str, object]) -> None:
    carried = claims.get("response_mode", FRAGMENT) == FRAGMENT
    if "redirect_uri" in claims and (not carried or "response_uri" in claims):
        raise refusing("redirect_uri", "8.2")("redirect_uri must not stand beside response_uri")
    if carried and "response_uri" in claims:
        raise refusing("request_members", "8.2")("response_uri should stand with direct_post alone")
    if "scope" in claims and "dcql_query" in claims:
        raise refusing("scope", "5.1")("a request has either dcql_query or scope, not both")


def _with_query(claims: Mapping[str, object], policy: WalletPolicy) -> Mapping[str, object]:
    """Put the query that a scope stands for in its place (section 5.5); several ask for nothing."""
    if "scope" not in claims:
        return claims
    query = policy.scopes.get(str(claims["scope"]))
    if query is None:
        refuse = refusing("scope", "5.5", VpCode.INVALID_SCOPE)
        raise refuse("this scope stands for no query here; send dcql_query")
    return {**claims, "dcql_query": query}


def _check_times(request: RequestObject, policy: WalletPolicy) -> None:
    if request.iat is not None and request.iat > policy.now + policy.max_skew:
        raise refusing("request_time", "5")("iat is in the future; check the device's clock")
    if request.exp is not None and request.exp <= policy.now - policy.max_skew:
        raise refusing("request_time", "5")("the request has expired; ask for a new one")


def _metadata(request: RequestObject, client: Client) -> ClientMetadata | None:
    known = None if client.known is None else client.known.client_metadata
    if known is not None and request.client_metadata is not None:
        refuse = refusing("client_metadata", "8.5", VpCode.INVALID_CLIENT)
        raise refuse("the metadata of this client are known; it must not send others")
    return known or request.client_metadata


def _check_address(uri: str, client: Client, policy: WalletPolicy) -> None:
    """Require that an answer goes to a place of the client's (sections 5.9.3 and 8.2)."""
    if not is_web_address(uri, allow_loopback_http=policy.allow_loopback_http):
        raise refusing("response_uri", "8.2")("response_uri should be an absolute https address")
    if client.named is not None:
        check_response_host(client.named, uri)
    if client.redirect_uris and uri not in client.redirect_uris:
        refuse = refusing("response_uri_host", "5.9.3")
        raise refuse("response_uri is none of those that are registered or attested")


def reply_address(
    claims: Mapping[str, object], client: Client, policy: WalletPolicy
) -> ReplyAddress | None:
    """Return where an error may be told; None where nobody was authenticated or no place is good.

    Args:
        claims: the parameters, which may be wrong in any way.
        client: who asks.
        policy: what the wallet demands.
    """
    uri, state = claims.get("response_uri"), claims.get("state")
    if client.standing is Standing.UNSIGNED or not isinstance(uri, str):
        return None
    try:
        _check_address(uri, client, policy)
    except VpError:
        return None
    return ReplyAddress(uri, state if isinstance(state, str) else None)
