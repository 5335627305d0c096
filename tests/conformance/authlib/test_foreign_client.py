"""authlib as a client of the running authorization server; joserfc signs its DPoP proofs."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign
from joserfc import jwt
from joserfc.jwk import ECKey

from madang.core.protocol.oauth.names import ASSERTION_TYPE
from madang.core.protocol.oauth.pkce import challenge_of
from tests.authorizing import ASSERTING, CALLBACK, VERIFIER, Stage
from tests.foreign_issuer import GOOD, browse, credential_request, listening, private_jwk

DPOP_KEY = ECKey.generate_key("P-256")


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with listening(tmp_path_factory.mktemp("issuer")) as opened:
        yield opened


def proof(on: Stage, path: str, **claims: Any) -> dict[str, str]:
    nonce = httpx.post(f"{on.issuer}/challenge").headers["dpop-nonce"]
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": DPOP_KEY.as_dict(private=False)}
    said = {
        "htm": "POST",
        "htu": f"{on.issuer}/{path}",
        "iat": int(time.time()),  # noqa: TID251 - a foreign client has a clock of its own
        "jti": str(uuid.uuid4()),
        "nonce": nonce,
    }
    return {"DPoP": jwt.encode(header, said | claims, DPOP_KEY)}


def client_of(on: Stage) -> OAuth2Client:
    client = OAuth2Client(
        ASSERTING.client_id,
        ECKey.import_key(private_jwk(ASSERTING.key)),
        redirect_uri=CALLBACK,
        token_endpoint_auth_method="private_key_jwt",
    )
    client.register_client_auth_method(PrivateKeyJWT(on.issuer, alg="ES256"))
    return client


def pushed(on: Stage) -> str:
    key = ECKey.import_key(private_jwk(ASSERTING.key))
    assertion = private_key_jwt_sign(key, ASSERTING.client_id, on.issuer, alg="ES256")
    form = {
        "response_type": "code",
        "client_id": ASSERTING.client_id,
        "redirect_uri": CALLBACK,
        "scope": "lease",
        "state": "st",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    answer = httpx.post(f"{on.issuer}/par", data=form, headers=proof(on, "par"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_uri"])


def test_authlib_obtains_uses_and_renews_a_bound_token(on: Stage) -> None:
    with client_of(on) as client:
        # What was pushed counts, whatever authlib puts into the address beside it.
        address, _ = client.create_authorization_url(
            f"{on.issuer}/authorize", state="st", request_uri=pushed(on)
        )
        back = browse(on, address)
        endpoint = f"{on.issuer}/token"
        tokens = client.fetch_token(
            endpoint,
            authorization_response=back,
            state="st",
            code_verifier=VERIFIER,
            headers=proof(on, "token"),
        )
        assert (tokens["token_type"], tokens["scope"]) == ("DPoP", "lease")
        headers = proof(on, "token")
        renewed = client.refresh_token(endpoint, tokens["refresh_token"], headers=headers)
    token = renewed["access_token"]
    assert token != tokens["access_token"]
    answer = httpx.post(
        f"{on.issuer}/credential",
        json=credential_request(on),
        headers={"authorization": f"DPoP {token}", **proof(on, "credential", ath=ath(token))},
    )
    assert answer.json()["error"] == GOOD


def ath(token: str) -> str:
    return challenge_of(token)  # both are base64url of SHA-256


def test_authlib_is_told_why_it_is_refused(on: Stage) -> None:
    with client_of(on) as client, pytest.raises(OAuthError, match="invalid_grant"):
        client.fetch_token(
            f"{on.issuer}/token",
            grant_type="authorization_code",
            code="unknown",
            code_verifier=VERIFIER,
            headers=proof(on, "token"),
        )
