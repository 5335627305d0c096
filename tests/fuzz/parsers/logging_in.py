"""What an OpenID provider sends when a resident logs in there, and members of a federation."""

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.protocol.openid.code_flow import (
    parse_callback,
    parse_pushed_answer,
    parse_token_answer,
)
from madang.core.protocol.openid.entity_statement import TYPE, read_statement
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.federation import check_chain, parse_anchors
from madang.core.protocol.openid.id_token import Expected, check_id_token
from madang.core.protocol.openid.jwks import parse_jwks
from madang.core.protocol.openid.metadata import parse_provider_metadata
from madang.core.protocol.openid.metadata_policy import apply_policy, merge, read_policy
from madang.core.protocol.openid.userinfo import parse_userinfo
from madang.core.protocol.typed_jwt import Window
from tests.fuzz.harness import harness, text
from tests.fuzz.world import HOLDER, ISSUER, NOW

EXPECTED = Expected(ISSUER, "city", "nonce", Window(NOW, max_age=300, max_skew=60))
KEYS = parse_jwks(strict_json.dumps({"keys": [HOLDER.public_key.to_jwk()]}).encode())
NAMED = parse_jwks(
    strict_json.dumps({"keys": [{**HOLDER.public_key.to_jwk(), "kid": "1"}]}).encode()
)


@harness(OpenIdError)
def provider_metadata(data: bytes) -> None:
    found = parse_provider_metadata(data, issuer=ISSUER)
    again = strict_json.dumps(found.to_json()).encode()
    assert parse_provider_metadata(again, issuer=ISSUER) == found


@harness(OpenIdError)
def provider_keys(data: bytes) -> None:
    parse_jwks(data)


@harness(OpenIdError)
def provider_callback(data: bytes) -> None:
    found = parse_callback(text(data))
    assert found.state
    assert bool(found.code) != bool(found.error)


@harness(OpenIdError)
def provider_token(data: bytes) -> None:
    parse_token_answer(data)


@harness(OpenIdError)
def provider_userinfo(data: bytes) -> None:
    assert parse_userinfo(data, "application/json", "p1")["sub"] == "p1"


@harness(OpenIdError)
def provider_pushed(data: bytes) -> None:
    parse_pushed_answer(data)


@harness(OpenIdError)
def id_token(data: bytes) -> None:
    check_id_token(text(data), KEYS, EXPECTED)


@harness(OpenIdError)
def id_token_signed(data: bytes) -> None:
    check_id_token(jws.sign(data, {}, HOLDER), KEYS, EXPECTED)


@harness(OpenIdError)
def entity_statement(data: bytes) -> None:
    read_statement(data, now=NOW)


@harness(OpenIdError)
def entity_statement_signed(data: bytes) -> None:
    """What anybody says of itself, as a chain that ends where it begins."""
    signed = jws.sign(data, {"typ": TYPE, "kid": "1"}, HOLDER)
    assert check_chain([signed], ISSUER, {ISSUER: NAMED}, now=NOW).entities == {ISSUER}


@harness(OpenIdError, EncodingError)
def metadata_policy(data: bytes) -> None:
    """A policy, held against what an entity could say of itself."""
    policy = read_policy(strict_json.loads(data))
    assert merge(policy, policy) == read_policy(policy) == policy
    own = {kind: {name: ["a"] for name in policy[kind]} for kind in policy}
    found = apply_policy(policy, own)
    assert apply_policy(policy, found) == found


@harness(OpenIdError)
def federation_anchors(data: bytes) -> None:
    parse_anchors(data)
