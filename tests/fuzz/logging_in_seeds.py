"""Good inputs of the harnesses of OpenID providers."""

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.protocol.openid.entity_statement import TYPE
from tests.fuzz.parsers.logging_in import EXPECTED
from tests.fuzz.world import HOLDER, ISSUER, NOW

SUPERIOR = {
    "metadata": {"openid_credential_issuer": {"c": 1}},
    "metadata_policy": {"openid_credential_issuer": {"a": {"subset_of": ["b"]}}},
    "constraints": {
        "max_path_length": 1,
        "naming_constraints": {"permitted": [".example"], "excluded": ["b.example"]},
        "allowed_entity_types": ["openid_credential_issuer"],
    },
}
POLICY = {
    "openid_credential_issuer": {
        "a": {"add": ["b"], "subset_of": ["a", "b"], "superset_of": ["a"], "essential": True},
        "b": {"value": ["a"], "default": [1], "regexp": "^a"},
        "c": {"value": None},
        "scope": {"default": "a b", "superset_of": ["a"]},
    },
    "openid_provider": {"a": {"essential": False}},
}
METADATA = {"federation_entity": {}, "openid_credential_issuer": {"a": ["b"]}}
Seeds = dict[str, tuple[bytes, ...]]


def logging_in() -> Seeds:
    metadata = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "code_challenge_methods_supported": ["S256"],
    }
    claims = {
        "iss": ISSUER,
        "aud": EXPECTED.client_id,
        "sub": "person-1",
        "nonce": EXPECTED.nonce,
        "iat": NOW,
        "exp": NOW + 60,
        "auth_time": NOW,
        "acr": "high",
    }
    said = strict_json.dumps(claims).encode()
    keys = {"keys": [{**HOLDER.public_key.to_jwk(), "kid": "1", "use": "sig"}]}
    own = {"iss": ISSUER, "sub": ISSUER, "iat": NOW, "exp": NOW + 60, "jwks": keys}
    hints = {"authority_hints": ["https://a.example"], "metadata": METADATA}
    entity = strict_json.dumps({**own, **hints}).encode()
    return {
        "entity_statement": (
            jws.sign(entity, {"typ": TYPE, "kid": "1"}, HOLDER).encode(),
            jws.sign(
                strict_json.dumps({**own, "sub": "https://a.example", **SUPERIOR}).encode(),
                {"typ": TYPE, "kid": "1"},
                HOLDER,
            ).encode(),
        ),
        "entity_statement_signed": (entity,),
        "metadata_policy": (strict_json.dumps(POLICY).encode(),),
        "federation_anchors": (strict_json.dumps({ISSUER: keys}).encode(),),
        "provider_metadata": (strict_json.dumps(metadata).encode(),),
        "provider_keys": (strict_json.dumps(keys).encode(),),
        "provider_callback": (b"state=s&code=c", b"state=s&error=e&iss=https%3A%2F%2Fa.example"),
        "provider_token": (b'{"id_token": "a.b.c"}',),
        "provider_userinfo": (b'{"sub": "p1", "name": "n"}',),
        "provider_pushed": (b'{"request_uri": "urn:x"}',),
        "id_token": (jws.sign(said, {}, HOLDER).encode(),),
        "id_token_signed": (said,),
    }
