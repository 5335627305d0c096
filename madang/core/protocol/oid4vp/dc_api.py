"""Requests by the Digital Credentials API: what a page hands to the browser (appendix A).

Each kind of request has its own exchange protocol; the wallet need not guess what it is given.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue

from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vp.request import RequestObject
from madang.core.protocol.oid4vp.request_signing import Signatory, sign_for_each, sign_request

UNSIGNED: Final = "openid4vp-v1-unsigned"
SIGNED: Final = "openid4vp-v1-signed"
MULTISIGNED: Final = "openid4vp-v1-multisigned"

_SUPPORTED: Final = frozenset(
    {
        *("response_type", "response_mode", "nonce", "client_metadata", "transaction_data"),
        *("dcql_query", "verifier_info"),
    }
)
"""Members of an unsigned request (appendix A.2): no client, no origins, no times."""


class ApiRequest(NamedTuple):
    """One element of ``requests`` in ``navigator.credentials.get``.

    Attributes:
        protocol: which kind of request it is.
        data: the request.
    """

    protocol: str
    data: dict[str, JsonValue]


def unsigned(request: RequestObject) -> ApiRequest:
    """Return an unsigned request; the browser alone vouches for the page (appendix A.3.1)."""
    members = request.to_json()
    return ApiRequest(UNSIGNED, {name: members[name] for name in members if name in _SUPPORTED})


def signed(request: RequestObject, signer: Signer, *, attestation: str | None = None) -> ApiRequest:
    """Return a request with one signature (appendix A.3.2.1).

    Args:
        request: with its client and its expected origins.
        signer: the client's key.
        attestation: as of ``sign_request``.

    Raises:
        ValueError: as of ``sign_request``, or there are no expected origins.
    """
    _require_origins(request)
    return ApiRequest(SIGNED, {"request": sign_request(request, signer, attestation=attestation)})


def multisigned(request: RequestObject, signatories: Sequence[Signatory]) -> ApiRequest:
    """Return a request with a signature for each trust framework (appendix A.3.2.2).

    Raises:
        ValueError: as of ``sign_for_each``, or there are no expected origins.
    """
    _require_origins(request)
    return ApiRequest(MULTISIGNED, {"request": sign_for_each(request, signatories)})


def _require_origins(request: RequestObject) -> None:
    if not request.expected_origins:
        raise ValueError("a signed request by the API needs expected_origins: it could be replayed")
