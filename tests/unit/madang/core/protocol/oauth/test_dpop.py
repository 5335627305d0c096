import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256, generate_p384
from madang.core.protocol.oauth.dpop import (
    DPOP_TYP,
    check_dpop,
    make_dpop,
    normalised,
    token_hash,
)
from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.typed_jwt import Window

NOW = 1_800_000_000
URL = "https://id.example/mapo/issuer/token"
KEY = generate_p256("client")
WINDOW = Window(NOW, 60, 30)


def signed(
    changes: dict[str, object] | None = None,
    header: dict[str, Any] | None = None,
    key: SoftwareSigner = KEY,
) -> str:
    """Return a proof with claims and headers changed; None takes one away."""
    claims = {"jti": "id", "htm": "POST", "htu": URL, "iat": NOW} | (changes or {})
    head = {"typ": DPOP_TYP, "jwk": key.public_key.to_jwk()} | (header or {})
    kept = {name: value for name, value in claims.items() if value is not None}
    payload = strict_json.dumps(kept).encode()
    return jws.sign(payload, {n: v for n, v in head.items() if v is not None}, key)


def check(compact: str, **more: Any) -> str:
    return check_dpop(compact, **{"method": "POST", "url": URL, "window": WINDOW, **more}).jkt


@pytest.mark.parametrize("signer", [KEY, generate_ed25519("client")], ids=["ES256", "EdDSA"])
def test_what_a_client_makes_holds(signer: SoftwareSigner) -> None:
    made = make_dpop(
        signer, "POST", f"{URL}?a=b#c", jti="id", issued_at=NOW, nonce="n", access_token="t"
    )
    proof = check_dpop(made, method="POST", url=URL, window=WINDOW, access_token="t")
    assert proof.jkt == signer.public_key.thumbprint()
    assert (proof.jti, proof.nonce) == ("id", "n")


def test_a_proof_without_nonce_says_so_and_unknown_members_are_ignored() -> None:
    compact = signed({"more": {"a": 1}, "exp": NOW + 300, "nbf": NOW}, {"more": 1})
    assert check_dpop(compact, method="POST", url=URL, window=WINDOW).nonce is None


@pytest.mark.parametrize(
    ("compact", "told"),
    [
        (signed({"htm": "GET"}), "htm"),
        (signed({"htm": None}), "htm"),
        (signed({"htu": f"{URL}s"}), "htu"),
        (signed({"htu": "https://evil.example/mapo/issuer/token"}), "htu"),
        (signed({"htu": URL.replace("https", "http")}), "htu"),
        (signed({"htu": None}), "htu"),
        (signed({"jti": None}), "jti"),
        (signed({"jti": ""}), "jti"),
        (signed({"jti": "x" * 5000}), "jti"),
        (signed({"iat": None}), "iat"),
        (signed({"iat": NOW - 91}), "iat"),
        (signed({"iat": NOW + 31}), "iat"),
        (signed({"iat": "now"}), "iat"),
        (signed({"exp": NOW - 31}), "exp"),
        (signed({"nonce": 7}), "nonce"),
        (signed(header={"typ": "JWT"}), "typ"),
        (signed(header={"typ": None}), "typ"),
        (signed(header={"jwk": None}), "jwk"),
        (signed(header={"jwk": "key"}), "jwk"),
        (signed(header={"jwk": {**KEY.public_key.to_jwk(), "d": "AA"}}), "jwk"),
        (signed(header={"jwk": {**KEY.public_key.to_jwk(), "use": "enc"}}), "jwk"),
        (signed(header={"jwk": generate_p256("other").public_key.to_jwk()}), "signature"),
        (signed(key=generate_p384("client")), "alg"),
        ("a.b", "JWS"),
        ("", "JWS"),
        (f"{signed()},{signed()}", "JWS"),
    ],
    ids=range(26),
)
def test_a_proof_with_one_defect_is_refused(compact: str, told: str) -> None:
    with pytest.raises(OAuthError, match=told) as refusal:
        check(compact)
    assert (refusal.value.code, refusal.value.status) == ("invalid_dpop_proof", 400)


def test_neither_no_signature_nor_a_shared_secret_is_taken() -> None:
    header, payload, _ = signed().split(".")
    for algorithm in ("none", "HS256"):
        other = strict_json.loads(base64url.decode(header)) | {"alg": algorithm}
        head = base64url.encode(strict_json.dumps(other).encode())
        with pytest.raises(OAuthError, match="alg"):
            check(f"{head}.{payload}.")


def test_the_token_is_bound_by_its_hash() -> None:
    assert check(signed({"ath": token_hash("t")}), access_token="t")
    for other in (token_hash("u"), None, "t"):
        with pytest.raises(OAuthError, match="ath"):
            check(signed({"ath": other}), access_token="t")


def test_a_clock_ten_seconds_off_is_no_defect() -> None:
    for off in (-10, 10):
        assert check(signed({"iat": NOW + off}))


@pytest.mark.parametrize(
    "same",
    [
        f"{URL}?x=1#y",
        URL.replace("https", "HTTPS"),
        URL.replace("id.example", "ID.Example"),
        URL.replace("id.example", "id.example:443"),
        URL.replace("mapo", "m%61po"),
    ],
)
def test_one_address_written_in_several_ways_is_the_same(same: str) -> None:
    assert normalised(same) == normalised(URL)
    assert check(signed({"htu": same}))


@pytest.mark.parametrize(
    "none", ["", "/token", "ftp://a/b", "https://", "https://a:b/", "https://["]
)
def test_what_is_no_address_is_none(none: str) -> None:
    assert normalised(none) is None
    with pytest.raises(OAuthError, match="htu"):
        check(signed({"htu": none}))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_by_the_family(text: str) -> None:
    with contextlib.suppress(OAuthError):
        check(text)
    normalised(text)
