"""Which ways of asking go together; settled before anything is kept."""

from dataclasses import replace

from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.oid4vp.client_id import Prefix
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes, check_transactions
from madang.core.protocol.urls import is_web_address
from verifier.presentations.model import Manner

_MOST_RETURN_CHARS = 2_000
_ONLY_API = "dc_api"


class MannerError(ValueError):
    """A request cannot be sent, or its answer cannot come back, as was wished."""


def check_manner(
    manner: Manner,
    prefix: Prefix,
    query: DcqlQuery,
    types: TransactionTypes,
    *,
    allow_loopback_http: bool,
) -> Manner:
    """Return how a request is sent and answered.

    A request whose client is its response address cannot be signed, so it goes by value
    (OpenID4VP 1.0 section 5.9.3).

    Raises:
        MannerError: members contradict one another; the text names them.
    """
    if manner.transaction_data:
        _check_transactions(manner, query, types)
    if manner.return_to:
        _check_return(manner, allow_loopback_http=allow_loopback_http)
    if manner.by_value and manner.request_uri_method != "get":
        raise MannerError("request_uri_method: a request by value is fetched from nowhere")
    return replace(manner, by_value=True) if prefix is Prefix.REDIRECT_URI else manner


def only_by_api(manner: Manner) -> bool:
    """Tell whether a request is for the Digital Credentials API alone and has no link."""
    return manner.response_mode.startswith(_ONLY_API)


def _check_return(manner: Manner, *, allow_loopback_http: bool) -> None:
    if only_by_api(manner):
        raise MannerError("return_to: the Digital Credentials API answers to the page that asked")
    short = len(manner.return_to) <= _MOST_RETURN_CHARS
    if not short or not is_web_address(manner.return_to, allow_loopback_http=allow_loopback_http):
        raise MannerError("return_to: an absolute https address without a fragment was expected")


def _check_transactions(manner: Manner, query: DcqlQuery, types: TransactionTypes) -> None:
    try:
        check_transactions(manner.transaction_data, query, types)
    except VpError as error:
        raise MannerError(f"transaction_data: {error.detail}") from None
