import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import checker_for
from madang.core.keys.software import generate_ed25519, generate_p256

SIGNER = generate_p256("key-1")
CHECKER = checker_for(SIGNER.public_key)


def part(value: object) -> str:
    return base64url.encode(json.dumps(value).encode())


def test_what_is_signed_parses_and_verifies() -> None:
    parsed = jws.parse(jws.sign(b'{"a":1}', {"typ": "t", "kid": "key-1"}, SIGNER))
    assert parsed.header == {"alg": "ES256", "typ": "t", "kid": "key-1"}
    assert jws.claims(parsed) == {"a": 1}
    assert jws.verify(parsed, CHECKER)


def test_another_payload_or_key_does_not_verify() -> None:
    compact = jws.sign(b"{}", {}, SIGNER)
    head, _, signature = compact.split(".")
    assert not jws.verify(jws.parse(f"{head}.{part({'a': 1})}.{signature}"), CHECKER)
    assert not jws.verify(jws.parse(compact), checker_for(generate_p256("x").public_key))
    assert not jws.verify(jws.parse(compact), checker_for(generate_ed25519("x").public_key))


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "EdDSA", "es256", ""])
def test_an_algorithm_that_is_not_the_keys_never_verifies(alg: str) -> None:
    _, payload, signature = jws.sign(b"{}", {}, SIGNER).split(".")
    assert not jws.verify(jws.parse(f"{part({'alg': alg})}.{payload}.{signature}"), CHECKER)
    assert not jws.verify(jws.parse(f"{part({'alg': alg})}.{payload}."), CHECKER)


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "EdDSA", "es256", ""])
def test_a_good_signature_under_the_name_of_another_algorithm_does_not_verify(alg: str) -> None:
    signing_input = f"{part({'alg': alg})}.e30"
    signature = SIGNER.sign(signing_input.encode())
    assert CHECKER.check(signature, signing_input.encode())
    assert not jws.verify(jws.parse(f"{signing_input}.{base64url.encode(signature)}"), CHECKER)


@pytest.mark.parametrize(
    "compact",
    [
        "",
        "a.b",
        f"{part({'alg': 'ES256'})}.e30",
        f"{part({'alg': 'ES256'})}.e30.AA.AA",
        f"{part([])}.e30.AA",
        f"{part({})}.e30.AA",
        f"{part({'alg': 1})}.e30.AA",
        f"{part({'alg': 'ES256', 'crit': []})}.e30.AA",
        f"{part({'alg': 'ES256'})}.e30=.AA",
        base64url.encode(b'{"alg":"ES256","alg":"none"}') + ".e30.AA",
        base64url.encode(rb'{"alg":"ES256","n":1e999,"s":"\ud83d\ude00"}') + ".e30.AA",
    ],
)
def test_malformed_envelopes_are_refused(compact: str) -> None:
    with pytest.raises(EnvelopeError):
        jws.parse(compact)


def test_the_length_is_bounded() -> None:
    compact = jws.sign(b"x" * 1000, {}, SIGNER)
    with pytest.raises(EnvelopeError, match="at most 100"):
        jws.parse(compact, max_bytes=100)


@given(st.text() | st.binary())
def test_parsing_raises_only_its_own_error(data: str | bytes) -> None:
    with contextlib.suppress(EnvelopeError):
        jws.parse(data)


@given(
    st.dictionaries(st.sampled_from(["x5c", "alg"]), st.none() | st.text() | st.lists(st.text()))
)
def test_a_chain_in_the_header_raises_only_its_own_error(header: dict[str, object]) -> None:
    with contextlib.suppress(EnvelopeError):
        assert all(isinstance(der, bytes) for der in jws.decode_chain(header))


def test_a_chain_comes_back() -> None:
    chain = (b"leaf", b"\xff\xfe", b"")
    assert jws.decode_chain({"x5c": jws.encode_chain(chain)}) == chain
    assert jws.decode_chain(jws.chain_header(chain)) == chain
    assert jws.chain_header(()) == {}
    assert jws.decode_chain({}) == ()


@given(st.sampled_from([b"[]", b"1", b"", b"{", b'{"a":1,"a":2}', b"\xff"]))
def test_a_payload_that_is_no_object_has_no_claims(payload: bytes) -> None:
    with pytest.raises(EnvelopeError):
        jws.claims(jws.parse(jws.sign(payload, {}, SIGNER)))


def test_a_header_is_remembered_and_cannot_be_changed_for_others() -> None:
    compact = jws.sign(b"{}", {"typ": "t"}, SIGNER)
    header: Any = jws.parse(compact).header
    assert jws.parse(compact).header is header
    with pytest.raises(TypeError):
        header["typ"] = "another"
    long = jws.sign(b"{}", {"typ": "t" * 10_000}, SIGNER)
    assert jws.parse(long).header is not jws.parse(long).header


def test_a_header_that_was_refused_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(EnvelopeError):
            jws.parse(f"{part({'alg': 'ES256', 'crit': ['x']})}.e30.AA")
