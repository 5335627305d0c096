import contextlib
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.envelope import jws
from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.verifier_attestation import (
    VerifierAttestation,
    check_attestation,
    make_attestation,
)

NOW = 1_780_000_000
ATTESTER, VERIFIER = generate_p256("a"), generate_p256("v")
WHO = "https://attester.example"
ISSUERS = {WHO: ATTESTER.public_key}
KNOWN = VerifierAttestation(WHO, "mapo", VERIFIER.public_key, NOW + 300, ("https://mapo.example/",))


def signed(typ: str = "verifier-attestation+jwt", **changes: object) -> str:
    made = jws.parse(make_attestation(KNOWN, ATTESTER, issued_at=NOW))
    claims = {**jws.claims(made), **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jws.sign(json.dumps(kept).encode(), {"typ": typ}, ATTESTER)


def test_what_is_attested_reads_back() -> None:
    made = make_attestation(KNOWN, ATTESTER, issued_at=NOW)
    assert jws.parse(made).header["typ"] == "verifier-attestation+jwt"
    assert check_attestation(made, issuers=ISSUERS, now=NOW) == KNOWN
    anywhere = dataclasses.replace(KNOWN, redirect_uris=None)
    again = make_attestation(anywhere, ATTESTER, issued_at=NOW)
    assert check_attestation(again, issuers=ISSUERS, now=NOW) == anywhere


@pytest.mark.parametrize(
    "compact",
    [
        "",
        "a.b.c",
        signed(typ="JWT"),
        signed(iss="https://other.example"),
        signed(iss=None),
        signed(iss=[WHO]),
        signed(sub=None),
        signed(exp=None),
        signed(exp=NOW - 60),
        signed(nbf=NOW + 61),
        signed(cnf=None),
        signed(cnf={"jwk": {"kty": "RSA"}}),
        signed(redirect_uris="https://mapo.example/"),
        signed()[:-6] + "AAAAAA",
        jws.sign(b"[]", {"typ": "verifier-attestation+jwt"}, ATTESTER),
    ],
    ids=range(15),
)
def test_another_word_is_refused(compact: str) -> None:
    with pytest.raises(VpError) as refusal:
        check_attestation(compact, issuers=ISSUERS, now=NOW)
    assert refusal.value.reason == "verifier_attestation"


def test_a_clock_may_be_off_a_little() -> None:
    assert check_attestation(signed(exp=NOW - 59, nbf=NOW + 60), issuers=ISSUERS, now=NOW)


@given(st.text(max_size=60))
def test_any_text_is_refused_by_the_family(text: str) -> None:
    with contextlib.suppress(VpError):
        check_attestation(text, issuers=ISSUERS, now=NOW)
