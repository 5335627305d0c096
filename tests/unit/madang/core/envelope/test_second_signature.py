"""Second signatures: each step fails for its own reason, and for that alone."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws, second_signature
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.second_signature import (
    ACCREDITATIONS,
    MAX_ADDRESS,
    MAX_BYTES,
    MAX_SKEW,
    STATUS_LIST,
    TYPE,
    LoggedKey,
    Verdict,
    make,
    verify,
)
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256

NOW = 1_800_000_000
YEAR = 31_557_600
ADDRESS = "https://id.hanbit.example/hanbit/issuer/status/1"
DOCUMENT = b"eyJ0eXAiOiJzdGF0dXNsaXN0K2p3dCJ9.e30.AA"
SIGNERS = [
    SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32)), "44"),
    SoftwareSigner(mldsa.MLDSA65PrivateKey.from_seed_bytes(bytes(32)), "65"),
]
SIGNER = SIGNERS[0]
KEYS = [LoggedKey(each.public_key, NOW - YEAR) for each in SIGNERS]
GOOD = make(DOCUMENT, kind=STATUS_LIST, address=ADDRESS, issued_at=NOW, signer=SIGNER)


def verdict(compact: str | bytes = GOOD, document: bytes = DOCUMENT, **change: Any) -> Verdict:
    expected = {"kind": STATUS_LIST, "address": ADDRESS, "keys": KEYS, "now": NOW, **change}
    return verify(document, compact, **expected)


def codes(found: Verdict) -> list[str]:
    return [failure.code for failure in found.failures]


def signed(header: dict[str, Any] | None = None, **change: Any) -> str:
    """Return a signature whose claims or header members are others; None leaves one out."""
    claims = {**jws.claims(jws.parse(GOOD)), **change}
    payload = strict_json.dumps({k: v for k, v in claims.items() if v is not None}).encode()
    members = {"typ": TYPE, "kid": SIGNER.public_key.thumbprint(), **(header or {})}
    return jws.sign(payload, members, SIGNER)


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: str(signer.algorithm))
def test_what_was_signed_holds_thirty_years_later(signer: SoftwareSigner) -> None:
    compact = make(DOCUMENT, kind=ACCREDITATIONS, address="o", issued_at=NOW, signer=signer)
    found = verdict(compact, kind=ACCREDITATIONS, address="o", now=NOW + 30 * YEAR)
    assert found.ok
    assert found.statement is not None
    assert found.statement.sha256 == hashlib.sha256(DOCUMENT).digest()
    assert found.statement.sha512 == hashlib.sha512(DOCUMENT).digest()
    assert (found.statement.kind, found.statement.address) == (ACCREDITATIONS, "o")
    assert found.statement.issued_at == NOW


def test_the_form_is_the_described_one() -> None:
    parsed = jws.parse(GOOD)
    assert parsed.header == {
        "typ": "madang-second-signature+jwt",
        "kid": SIGNER.public_key.thumbprint(),
        "alg": "ML-DSA-44",
    }
    assert jws.claims(parsed) == {
        "kind": "status_list",
        "sub": ADDRESS,
        "iat": NOW,
        "sha-256": base64url.encode(hashlib.sha256(DOCUMENT).digest()),
        "sha-512": base64url.encode(hashlib.sha512(DOCUMENT).digest()),
    }


def test_bytes_are_read_as_text_is() -> None:
    assert verdict(GOOD.encode()) == verdict()


@pytest.mark.parametrize("compact", ["", "a.b", "a.b.c", b"\xff", f"{GOOD}!"], ids=range(5))
def test_what_is_no_jws_is_malformed(compact: str | bytes) -> None:
    found = verdict(compact)
    assert (found.statement, codes(found), found.failures[0].step) == (None, ["malformed"], 1)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": None},
        {"kind": 1},
        {"kind": ""},
        {"kind": "Status_List"},
        {"kind": "a" * 41},
        {"sub": None},
        {"sub": ""},
        {"sub": 1},
        {"sub": "a" * (MAX_ADDRESS + 1)},
        {"iat": None},
        {"iat": "1"},
        {"iat": True},
        {"iat": -1},
        {"iat": 1.5},
        {"sha-256": None},
        {"sha-256": 1},
        {"sha-256": "!"},
        {"sha-256": base64url.encode(bytes(31))},
        {"sha-512": base64url.encode(bytes(32))},
        {"sha-512": None},
    ],
    ids=str,
)
def test_a_claim_of_another_form_is_malformed(change: dict[str, Any]) -> None:
    assert codes(verdict(signed(**change))) == ["malformed"]


@pytest.mark.parametrize(
    ("change", "code", "step"),
    [
        ({"document": DOCUMENT + b"\n"}, ["sha-256", "sha-512"], 9),
        ({"kind": ACCREDITATIONS}, ["kind"], 7),
        ({"address": ADDRESS + "0"}, ["address"], 8),
        ({"now": NOW - MAX_SKEW - 1}, ["not_yet_valid"], 10),
        ({"keys": []}, ["key"], 4),
        ({"keys": KEYS[1:]}, ["key"], 4),
        ({"keys": [LoggedKey(SIGNER.public_key, NOW + 1)]}, ["key_not_yet_published"], 6),
        ({"keys": [LoggedKey(SIGNER.public_key, 0, NOW - 1)]}, ["key_retired"], 6),
    ],
)
def test_each_step_fails_alone(change: dict[str, Any], code: list[str], step: int) -> None:
    found = verdict(**change)
    assert (codes(found), found.failures[0].step, found.ok) == (code, step, False)


def test_a_key_counts_in_the_seconds_of_its_publication_and_retirement() -> None:
    assert verdict(keys=[LoggedKey(SIGNER.public_key, NOW, NOW)]).ok
    assert verdict(now=NOW - MAX_SKEW).ok


def test_one_digest_alone_is_not_enough() -> None:
    false = base64url.encode(bytes(32)), base64url.encode(bytes(64))
    assert codes(verdict(signed(**{"sha-256": false[0]}))) == ["sha-256"]
    assert codes(verdict(signed(**{"sha-512": false[1]}))) == ["sha-512"]


def test_another_type_of_jws_is_told() -> None:
    assert codes(verdict(signed({"typ": "statuslist+jwt"}))) == ["typ"]


def test_what_another_key_signed_is_told() -> None:
    other = SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(b"\1" * 32), "other")
    parsed = jws.parse(GOOD)
    members = {name: value for name, value in parsed.header.items() if name != "alg"}
    assert codes(verdict(jws.sign(parsed.payload, members, other))) == ["signature"]


def test_a_curve_makes_no_second_signature() -> None:
    for signer in (generate_p256("k"), generate_ed25519("k")):
        with pytest.raises(EnvelopeError, match=signer.algorithm):
            make(DOCUMENT, kind=STATUS_LIST, address=ADDRESS, issued_at=NOW, signer=signer)
        header = {"typ": TYPE, "kid": signer.public_key.thumbprint()}
        compact = jws.sign(jws.parse(GOOD).payload, header, signer)
        logged = [LoggedKey(signer.public_key, 0)]
        assert codes(verdict(compact, keys=logged)) == ["alg", "key"]


@pytest.mark.parametrize(
    "change", [{"kind": "Status"}, {"address": ""}, {"address": "a" * 2049}, {"issued_at": -1}]
)
def test_what_could_not_be_read_back_is_not_made(change: dict[str, Any]) -> None:
    given = {"kind": STATUS_LIST, "address": ADDRESS, "issued_at": NOW, **change}
    with pytest.raises(EnvelopeError):
        make(DOCUMENT, signer=SIGNER, **given)


def test_the_length_is_bounded() -> None:
    assert max(map(len, (GOOD, signed(sub="a" * MAX_ADDRESS)))) < MAX_BYTES
    found = verdict("a" * (MAX_BYTES + 1))
    assert codes(found) == ["malformed"]
    assert str(MAX_BYTES) in found.failures[0].detail
    assert codes(verdict(max_bytes=100)) == ["malformed"]


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_gives_a_verdict(compact: str | bytes) -> None:
    assert not verdict(compact).ok


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=3,
)


@given(st.dictionaries(st.sampled_from(["kind", "sub", "iat", "sha-256", "sha-512"]), JSON))
def test_any_claims_give_a_verdict_or_are_refused(change: dict[str, Any]) -> None:
    parsed = jws.parse(GOOD)
    payload = strict_json.dumps({**jws.claims(parsed), **change}).encode()
    compact = f"{GOOD.split('.')[0]}.{base64url.encode(payload)}.{GOOD.split('.')[2]}"
    expected = payload == parsed.payload
    assert verdict(compact).ok == expected


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("Aa0_-."))
def test_no_other_text_verifies(place: int, letter: str) -> None:
    changed = GOOD[:place] + letter + GOOD[place + 1 :]
    assert verdict(changed).ok == (changed == GOOD)


def test_the_sizes_are_those_of_the_page() -> None:
    sizes = [
        len(make(DOCUMENT, kind=STATUS_LIST, address=ADDRESS, issued_at=NOW, signer=signer))
        for signer in SIGNERS
    ]
    assert tuple(each.algorithm for each in SIGNERS) == second_signature.ALGORITHMS
    assert sizes == [3707, 4892]
