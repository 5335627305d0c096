import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256, generate_p384
from madang.core.protocol.oauth.client_assertion import (
    Assertion,
    check_assertion,
    make_assertion,
    open_assertion,
    subject_of,
)
from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.typed_jwt import Window

NOW = 1_800_000_000
SERVER, CLIENT = "https://id.example/mapo/issuer", "wallet-1"
KEY, OTHER = generate_p256("k1"), generate_p256("k2")


def signed(changes: dict[str, object] | None = None, key: Signer = KEY, **header: Any) -> str:
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": SERVER, "jti": "id", "exp": NOW + 60}
    kept = {n: v for n, v in (claims | (changes or {})).items() if v is not None}
    return jws.sign(strict_json.dumps(kept).encode(), header, key)


def check(compact: str) -> Assertion:
    return check_assertion(
        open_assertion(compact),
        (OTHER.public_key, KEY.public_key),
        client_id=CLIENT,
        audience=SERVER,
        window=Window(NOW, 3600, 60),
    )


def test_what_a_client_makes_holds() -> None:
    made = make_assertion(KEY, CLIENT, SERVER, jti="id", issued_at=NOW)
    assert subject_of(open_assertion(made)) == CLIENT
    assert check(made) == Assertion("id", NOW + 60)


@pytest.mark.parametrize(
    "compact",
    [
        signed(),
        signed(typ="JWT"),
        signed({"iat": NOW + 8, "nbf": NOW + 8}),
        signed({"exp": NOW - 59}),
        signed({"exp": NOW + 3660}),
    ],
    ids=["no typ", "typ JWT", "a clock ahead", "a clock behind", "an hour"],
)
def test_what_other_clients_make_holds(compact: str) -> None:
    assert check(compact).jti == "id"


@pytest.mark.parametrize(
    ("compact", "told"),
    [
        (signed({"iss": "other"}), "iss and sub"),
        (signed({"sub": "other"}), "iss and sub"),
        (signed({"sub": None}), "iss and sub"),
        (signed({"aud": f"{SERVER}/par"}), "aud"),
        (signed({"aud": f"{SERVER}/token"}), "aud"),
        (signed({"aud": [SERVER]}), "aud"),
        (signed({"aud": None}), "aud"),
        (signed({"exp": NOW - 300}), "expired"),
        (signed({"exp": NOW + 3661}), "within"),
        (signed({"exp": None}), "exp"),
        (signed({"iat": NOW + 61}), "iat"),
        (signed({"nbf": NOW + 61}), "nbf"),
        (signed({"jti": None}), "jti"),
        (signed(key=generate_p256("k3")), "not signed"),
        (signed(key=generate_p384("k3")), "alg"),
        (signed(typ="dpop+jwt"), "typ"),
        ("a.b.c", "JWS"),
    ],
    ids=range(17),
)
def test_an_assertion_with_one_defect_is_refused(compact: str, told: str) -> None:
    with pytest.raises(OAuthError, match=told) as refusal:
        check(compact)
    assert (refusal.value.code, refusal.value.status) == ("invalid_client", 401)


def test_the_client_of_an_assertion_without_subject_is_unknown() -> None:
    for compact in (signed({"sub": None}), jws.sign(b"[]", {}, KEY)):
        with pytest.raises(OAuthError, match="invalid_client"):
            subject_of(open_assertion(compact))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_by_the_family(text: str) -> None:
    with contextlib.suppress(OAuthError):
        open_assertion(text)


@given(st.binary(max_size=200))
def test_any_claims_are_read_or_refused_by_the_family(claims: bytes) -> None:
    with contextlib.suppress(OAuthError):
        check(jws.sign(claims, {}, KEY))
    with contextlib.suppress(OAuthError):
        subject_of(open_assertion(jws.sign(claims, {}, KEY)))
