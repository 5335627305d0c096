"""What a wallet says of itself when it fetches a request by POST (OpenID4VP 1.0 5.10 and 10)."""

from typing import Any

from madang.core.encoding import strict_json
from madang.core.envelope.jwe import ALG, ENCS
from madang.core.protocol.form import encode_form
from madang.core.protocol.oid4vp.client_authentication import ALGORITHMS
from madang.core.protocol.oid4vp.client_id import Prefix
from madang.core.protocol.oid4vp.request import VP_FORMATS


def wallet_metadata(client_id: str) -> dict[str, Any]:
    """Return the metadata; the same for every person, so that nobody is known by them.

    Args:
        client_id: as in the link: where its prefix allows no signature, none is spoken of.
    """
    found: dict[str, Any] = {
        "authorization_endpoint": "openid4vp:",
        "response_types_supported": ["vp_token"],
        "response_modes_supported": ["direct_post", "direct_post.jwt"],
        "vp_formats_supported": dict(VP_FORMATS),
        "client_id_prefixes_supported": ["pre-registered", *Prefix],
        "authorization_encryption_alg_values_supported": [ALG],
        "authorization_encryption_enc_values_supported": list(ENCS),
    }
    if not client_id.startswith(f"{Prefix.REDIRECT_URI}:"):
        found["request_object_signing_alg_values_supported"] = sorted(ALGORITHMS)
    return found


def wallet_post(client_id: str, nonce: str) -> str:
    """Return the body of the POST to a ``request_uri``.

    Args:
        client_id: as in the link.
        nonce: fresh; has to come back in the request object.
    """
    metadata = strict_json.dumps(wallet_metadata(client_id))
    return encode_form({"wallet_metadata": metadata, "wallet_nonce": nonce})
