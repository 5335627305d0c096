"""Seeds of the harnesses in `parsers/authorizing.py`."""

import json

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.protocol.form import encode_form
from madang.core.protocol.oauth.authorization import AuthorizationRequest, code_answer
from madang.core.protocol.oauth.client_assertion import make_assertion
from madang.core.protocol.oauth.client_attestation import make_attestation, make_pop
from madang.core.protocol.oauth.details import AuthorizationDetail
from madang.core.protocol.oauth.dpop import make_dpop
from tests.fuzz.parsers.authorizing import NONCES
from tests.fuzz.world import HOLDER, ISSUER, NOW, SIGNER

CALLBACK = "https://w.example/cb"
HASH = base64url.encode(bytes(32))


def _payload(compact: str) -> bytes:
    return jws.parse(compact).payload


def authorizing() -> dict[str, tuple[bytes, ...]]:
    detail = AuthorizationDetail(type="openid_credential", credential_configuration_id="id")
    request = AuthorizationRequest("w", CALLBACK, HASH, "s", ("id",), (detail,), "offer", HASH)
    proof = make_dpop(HOLDER, "POST", ISSUER, jti="j", issued_at=NOW, nonce=NONCES.make(NOW))
    assertion = make_assertion(HOLDER, "wallet", ISSUER, jti="j", issued_at=NOW)
    attestation = make_attestation(
        SIGNER, client_id="wallet", key=HOLDER.public_key, issued_at=NOW, expires_at=NOW + 60
    )
    pop = make_pop(HOLDER, client_id="wallet", audience=ISSUER, jti="j", issued_at=NOW)
    keys = {"keys": [{**HOLDER.public_key.to_jwk(), "kid": "holder", "use": "sig"}]}
    client = {"client_id": "wallet", "redirect_uris": [CALLBACK], "jwks": keys}
    return {
        "pushed_request": (encode_form(request.to_parameters()).encode(),),
        "pushed_response": (b'{"request_uri":"urn:a","expires_in":60}',),
        "authorization_answer": (
            code_answer(CALLBACK, code="c", state="s", issuer=ISSUER).encode(),
        ),
        "dpop_proof": (proof.encode(),),
        "dpop_proof_signed": (_payload(proof),),
        "dpop_address": (ISSUER.encode(), b"HTTPS://A.example:443/%7Ea?b#c"),
        "server_nonce": (NONCES.make(NOW).encode(),),
        "client_assertion": (assertion.encode(),),
        "client_assertion_signed": (_payload(assertion),),
        "client_attestation": (attestation.encode(),),
        "client_attestation_signed": (_payload(attestation),),
        "attestation_pop_signed": (_payload(pop),),
        "client_registration": (strict_json.dumps(client).encode(),),
        "client_key_set": (json.dumps(keys).encode(),),
    }
