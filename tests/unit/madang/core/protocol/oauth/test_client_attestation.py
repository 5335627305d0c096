import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256, generate_p384
from madang.core.protocol.oauth.client_attestation import (
    ATTESTATION_TYP,
    POP_TYP,
    ClientAttestation,
    check_attestation,
    check_pop,
    make_attestation,
    make_pop,
)
from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.typed_jwt import Window
from tests.unit.madang.core.protocol.oauth.providers import NOW, Provider

SERVER, CLIENT = "https://id.example/mapo/issuer", "wallet-1"
PROVIDER, STRANGER = Provider(), Provider("stranger")
INSTANCE = generate_p256("instance")
WINDOW = Window(NOW, 300, 60)
ATTESTATION = make_attestation(
    PROVIDER.signer,
    client_id=CLIENT,
    key=INSTANCE.public_key,
    issued_at=NOW,
    expires_at=NOW + 86_400,
    claims={"iss": "https://w.example", "wallet_name": "Madang", "sub": "not this"},
)


def check(compact: str) -> ClientAttestation:
    return check_attestation(compact, (STRANGER.anchor, PROVIDER.anchor), WINDOW)


def attested(
    changes: dict[str, object] | None = None, by: Signer = PROVIDER.signer, **header: Any
) -> str:
    claims = {
        "sub": CLIENT,
        "exp": NOW + 60,
        "cnf": {"jwk": INSTANCE.public_key.to_jwk()},
    } | (changes or {})
    kept = {n: v for n, v in claims.items() if v is not None}
    head = {"typ": ATTESTATION_TYP, **jws.chain_header(by.certificate_chain), **header}
    return jws.sign(strict_json.dumps(kept).encode(), head, by)


def proved(changes: dict[str, object] | None = None, by: Signer = INSTANCE, **header: Any) -> str:
    claims = {"iss": CLIENT, "aud": SERVER, "jti": "id", "iat": NOW} | (changes or {})
    kept = {n: v for n, v in claims.items() if v is not None}
    return jws.sign(strict_json.dumps(kept).encode(), {"typ": POP_TYP, **header}, by)


def test_what_provider_and_wallet_make_holds() -> None:
    attestation = check(ATTESTATION)
    assert (attestation.client_id, attestation.key) == (CLIENT, INSTANCE.public_key)
    assert attestation.claims["wallet_name"] == "Madang"
    made = make_pop(
        INSTANCE, client_id=CLIENT, audience=SERVER, jti="id", issued_at=NOW, challenge="c"
    )
    pop = check_pop(made, attestation, audience=SERVER, window=WINDOW)
    assert (pop.jti, pop.challenge) == ("id", "c")


def test_the_root_is_left_out_of_the_header() -> None:
    chain = jws.decode_chain(jws.parse(ATTESTATION).header)
    assert chain == PROVIDER.signer.certificate_chain
    assert PROVIDER.anchor not in chain


@pytest.mark.parametrize(
    ("compact", "told"),
    [
        (attested({"sub": None}), "sub"),
        (attested({"sub": ""}), "sub"),
        (attested({"exp": None}), "exp"),
        (attested({"exp": NOW - 60}), "expired"),
        (attested({"nbf": NOW + 61}), "nbf"),
        (attested({"iat": NOW + 61}), "iat"),
        (attested({"cnf": None}), "cnf"),
        (attested({"cnf": {"jwk": {"kty": "EC"}}}), "cnf"),
        (attested({"cnf": {"jwk": {**INSTANCE.public_key.to_jwk(), "d": "AA"}}}), "cnf"),
        (attested(by=Provider("nobody").signer), "unknown_anchor"),
        (attested(by=PROVIDER.self_signed), "leaf_self_signed"),
        (attested(x5c=[]), "chain_empty"),
        (attested(x5c=["?"]), "base64"),
        (attested(by=INSTANCE, **jws.chain_header(PROVIDER.signer.certificate_chain)), "signature"),
        (attested(typ="JWT"), "typ"),
        (attested(by=generate_p384("x")), "alg"),
        ("a.b.c", "JWS"),
    ],
    ids=range(17),
)
def test_an_attestation_with_one_defect_is_refused(compact: str, told: str) -> None:
    with pytest.raises(OAuthError, match=told) as refusal:
        check(compact)
    assert (refusal.value.code, refusal.value.status) == ("invalid_client_attestation", 401)


@pytest.mark.parametrize(
    ("compact", "told"),
    [
        (proved({"aud": "https://other.example"}), "aud"),
        (proved({"aud": [SERVER]}), "aud"),
        (proved({"aud": None}), "aud"),
        (proved({"iss": "other"}), "iss"),
        (proved({"jti": None}), "jti"),
        (proved({"iat": None}), "iat"),
        (proved({"iat": NOW - 361}), "iat"),
        (proved({"iat": NOW + 61}), "iat"),
        (proved({"exp": NOW - 61}), "exp"),
        (proved({"challenge": 1}), "challenge"),
        (proved(by=generate_p256("other")), "signature"),
        (proved(by=PROVIDER.signer), "signature"),
        (proved(typ=ATTESTATION_TYP), "typ"),
        ("", "JWS"),
    ],
    ids=range(14),
)
def test_a_proof_with_one_defect_is_refused(compact: str, told: str) -> None:
    with pytest.raises(OAuthError, match=told) as refusal:
        check_pop(compact, check(ATTESTATION), audience=SERVER, window=WINDOW)
    assert refusal.value.code == "invalid_client_attestation"


def test_a_proof_without_issuer_holds() -> None:
    assert check_pop(proved({"iss": None}), check(ATTESTATION), audience=SERVER, window=WINDOW)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_by_the_family(text: str) -> None:
    with contextlib.suppress(OAuthError):
        check(text)


@given(st.binary(max_size=200))
def test_any_claims_are_read_or_refused_by_the_family(claims: bytes) -> None:
    header = jws.chain_header(PROVIDER.signer.certificate_chain)
    with contextlib.suppress(OAuthError):
        check(jws.sign(claims, {"typ": ATTESTATION_TYP, **header}, PROVIDER.signer))
    with contextlib.suppress(OAuthError):
        pop = jws.sign(claims, {"typ": POP_TYP}, INSTANCE)
        check_pop(pop, check(ATTESTATION), audience=SERVER, window=WINDOW)
