"""What a wallet says of itself when it fetches a request by POST (OpenID4VP 1.0 5.10 and 10)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from madang.core.encoding import strict_json
from madang.core.envelope.jwe import ALG, ENCS
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.protocol.form import encode_form
from madang.core.protocol.oid4vp.client_authentication import ALGORITHMS
from madang.core.protocol.oid4vp.client_id import Prefix
from madang.core.protocol.oid4vp.request import ALGORITHMS as OF_ISSUERS
from madang.core.protocol.oid4vp.request import COSE_ALGORITHMS as OF_MDOC_ISSUERS
from madang.core.protocol.oid4vp.request import MAC_P256
from madang.core.protocol.oid4vp.request_encryption import offer_encryption

_HELD: Final[Mapping[str, Any]] = MappingProxyType(
    {
        SD_JWT_VC: {"sd-jwt_alg_values": list(OF_ISSUERS), "kb-jwt_alg_values": ["ES256"]},
        MSO_MDOC: {
            "issuerauth_alg_values": list(OF_MDOC_ISSUERS),
            "deviceauth_alg_values": [-7, -9, MAC_P256],
        },
    }
)
"""Whatever issuers sign with may be held; the keys of a wallet are on P-256."""


def wallet_metadata(client_id: str) -> dict[str, Any]:
    """Return the metadata; the same for every person, so that nobody is known by them.

    Args:
        client_id: as in the link: where its prefix allows no signature, none is spoken of.
    """
    found: dict[str, Any] = {
        "authorization_endpoint": "openid4vp:",
        "response_types_supported": ["vp_token"],
        "response_modes_supported": ["fragment", "direct_post", "direct_post.jwt"],
        "vp_formats_supported": dict(_HELD),
        "client_id_prefixes_supported": ["pre-registered", *Prefix],
        "authorization_encryption_alg_values_supported": [ALG],
        "authorization_encryption_enc_values_supported": list(ENCS),
    }
    if not client_id.startswith(f"{Prefix.REDIRECT_URI}:"):
        found["request_object_signing_alg_values_supported"] = sorted(ALGORITHMS)
    return found


def wallet_post(client_id: str, nonce: str, public_jwk: Mapping[str, str] | None = None) -> str:
    """Return the body of the POST to a ``request_uri``.

    Args:
        client_id: as in the link.
        nonce: fresh; has to come back in the request object.
        public_jwk: fresh; the request object should come encrypted to it. None asks for none.
    """
    encrypted = {} if public_jwk is None else offer_encryption(public_jwk)
    metadata = strict_json.dumps({**wallet_metadata(client_id), **encrypted})
    return encode_form({"wallet_metadata": metadata, "wallet_nonce": nonce})
