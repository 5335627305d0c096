import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_p256, generate_p384
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vci.errors import CredentialError
from madang.core.protocol.oid4vci.key_attestation import (
    KeyAttestation,
    StatusPlace,
    check_key_attestation,
    make_key_attestation,
)
from madang.core.protocol.oid4vci.names import KEY_ATTESTATION_TYP
from madang.core.protocol.typed_jwt import Window
from tests.fuzz.world import CHAIN, NOW, ROOT_DER, SIGNER

KEYS = (generate_p256("a").public_key, generate_ed25519("b").public_key)
ATTESTED = KeyAttestation(
    keys=KEYS,
    key_storage=("iso_18045_moderate",),
    user_authentication=("iso_18045_basic", "iso_18045_high"),
    nonce="n",
    expires_at=NOW + 60,
    status=StatusPlace("https://provider.example/lists/1", 0),
    issuer="https://provider.example",
    certification="https://provider.example/certified",
)
JWKS = [key.to_jwk() for key in KEYS]
CLAIMS: Mapping[str, Any] = {"iat": NOW, "exp": NOW + 60, "attested_keys": JWKS}


def check(compact: str, *, now: int = NOW, limits: Limits | None = None) -> KeyAttestation:
    window = Window(now, 300, 60)
    bounds = limits or Limits()
    return check_key_attestation(compact, anchors=(ROOT_DER,), window=window, limits=bounds)


def signed(signer: Signer = SIGNER, typ: str = KEY_ATTESTATION_TYP, **changes: object) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jws.sign(json.dumps(claims).encode(), {"typ": typ, **CHAIN}, signer)


@pytest.mark.parametrize(
    "attested",
    [ATTESTED, KeyAttestation(keys=KEYS[:1]), replace(ATTESTED, key_storage=(), status=None)],
)
def test_what_a_provider_says_is_what_an_issuer_reads(attested: KeyAttestation) -> None:
    assert check(make_key_attestation(attested, SIGNER, issued_at=NOW)) == attested


def test_it_has_the_names_of_the_specification() -> None:
    opened = jws.parse(make_key_attestation(ATTESTED, SIGNER, issued_at=NOW))
    assert opened.header == {"typ": "key-attestation+jwt", "alg": "EdDSA", **CHAIN}
    assert jws.claims(opened) == {
        "iss": "https://provider.example",
        "iat": NOW,
        "exp": NOW + 60,
        "attested_keys": JWKS,
        "key_storage": ["iso_18045_moderate"],
        "user_authentication": ["iso_18045_basic", "iso_18045_high"],
        "certification": "https://provider.example/certified",
        "nonce": "n",
        "status": {"status_list": {"uri": "https://provider.example/lists/1", "idx": 0}},
    }


def test_keys_that_nothing_is_bound_to_are_left_out() -> None:
    others = [generate_p384("c").public_key.to_jwk(), {"kty": "RSA", "n": "AQ", "e": "AQAB"}]
    assert check(signed(attested_keys=[*others, *JWKS, JWKS[0]])).keys == KEYS
    with pytest.raises(CredentialError, match="can be bound"):
        check(signed(attested_keys=others))


def test_one_that_says_when_it_ends_counts_until_then() -> None:
    long = signed(iat=NOW - 90_000, exp=NOW + 5)
    assert check(long)
    assert check(long, now=NOW + 64)
    with pytest.raises(CredentialError, match="exp"):
        check(long, now=NOW + 65)
    endless = signed(exp=None)
    assert check(endless, now=NOW + 360).expires_at is None
    with pytest.raises(CredentialError, match="old"):
        check(endless, now=NOW + 361)


@pytest.mark.parametrize(
    "compact",
    [
        pytest.param("", id="nothing"),
        pytest.param(signed()[:-4] + "AAAA", id="signature altered"),
        pytest.param(signed(generate_ed25519("x")), id="signed by another key"),
        pytest.param(signed(typ="openid4vci-proof+jwt"), id="typ"),
        pytest.param(
            jws.sign(json.dumps(CLAIMS).encode(), {"typ": KEY_ATTESTATION_TYP}, SIGNER),
            id="no certificate",
        ),
        pytest.param(signed(iat=None), id="no iat"),
        pytest.param(signed(iat=NOW + 61), id="from the future"),
        pytest.param(signed(exp="x"), id="exp no number"),
        pytest.param(signed(exp=NOW - 60), id="expired"),
        pytest.param(signed(nbf=NOW + 61), id="not yet"),
        pytest.param(signed(attested_keys=None), id="no keys"),
        pytest.param(signed(attested_keys=[]), id="no key"),
        pytest.param(signed(attested_keys={}), id="keys no array"),
        pytest.param(signed(attested_keys=["x"]), id="key no object"),
        pytest.param(signed(attested_keys=[*JWKS, {**JWKS[0], "d": "AA"}]), id="private key"),
        pytest.param(signed(key_storage="iso_18045_high"), id="level no array"),
        pytest.param(signed(key_storage=[5]), id="level no text"),
        pytest.param(signed(user_authentication=["a"] * 101), id="too many levels"),
        pytest.param(signed(nonce=5), id="nonce no text"),
        pytest.param(signed(iss=""), id="issuer empty"),
        pytest.param(signed(status={}), id="status of another kind"),
        pytest.param(signed(status="x"), id="status no object"),
        pytest.param(signed(status={"status_list": {"uri": "a", "idx": -1}}), id="index"),
        pytest.param(signed(status={"status_list": {"uri": "a", "idx": True}}), id="index bool"),
        pytest.param(signed(status={"status_list": {"idx": 1}}), id="no uri"),
    ],
)
def test_a_bad_attestation_is_invalid_proof(compact: str) -> None:
    with pytest.raises(CredentialError) as refusal:
        check(compact)
    assert refusal.value.code == "invalid_proof"


def test_another_anchor_is_not_trusted() -> None:
    with pytest.raises(CredentialError, match="no trusted provider"):
        check_key_attestation(signed(), anchors=(), window=Window(NOW, 300, 60))


def test_size_and_number_of_keys_are_bounded() -> None:
    compact = signed()
    assert check(compact, limits=Limits(jwt_bytes=len(compact), proofs=2))
    for limits in (Limits(jwt_bytes=len(compact) - 1), Limits(proofs=1)):
        with pytest.raises(CredentialError):
            check(compact, limits=limits)


values = st.none() | st.integers() | st.text(max_size=3) | st.just(JWKS) | st.just({"a": JWKS[0]})


@given(st.dictionaries(st.sampled_from([*CLAIMS, "nonce", "status", "key_storage"]), values))
def test_any_claims_are_read_or_refused_by_the_family(changes: dict[str, object]) -> None:
    with contextlib.suppress(CredentialError):
        check(signed(**changes))
