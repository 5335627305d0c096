"""Good inputs of the harnesses of what a wallet reads of verifiers."""

from madang.core.encoding import strict_json
from madang.core.protocol.oid4vp.request import Delivery, Session, build_request
from madang.core.protocol.oid4vp.request_signing import Signatory, sign_for_each, sign_request
from tests.fuzz.world import CLIENT_ID, ENCRYPTION_JWK, NONCE, NOW, QUERY, SIGNER, STATE, VERIFIER

Seeds = dict[str, tuple[bytes, ...]]


def _dumped(value: object) -> bytes:
    return strict_json.dumps(value).encode()


def wallet_requests() -> Seeds:
    key = SIGNER.public_key.to_jwk()
    known = {
        "clients": [{"client_id": "city", "jwks": {"keys": [{**key, "kid": "k"}]}}],
        "attesters": [{"iss": VERIFIER, "jwk": key}],
    }
    origin = "https://mapo.example"
    session = Session(NONCE, STATE, ENCRYPTION_JWK, NOW, NOW + 600)
    plain = build_request(None, QUERY, session, Delivery("dc_api")).to_json()
    signed = build_request(CLIENT_ID, QUERY, session, Delivery("dc_api.jwt", None, (origin,)))
    several = sign_for_each(signed, [Signatory(CLIENT_ID, SIGNER)])
    asked = {
        "unsigned": plain,
        "signed": {"request": sign_request(signed, SIGNER)},
        "multisigned": {"request": several},
    }
    requests = [{"protocol": f"openid4vp-v1-{kind}", "data": data} for kind, data in asked.items()]
    return {
        "known_clients": (_dumped(known),),
        "transaction_types": (_dumped({"a": {"members": {"b": "string"}, "element": ["c", "d"]}}),),
        "digital_request": tuple(_dumped({"digital": {"requests": [each]}}) for each in requests),
    }
