import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.error_body import UNTOLD
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vci.credential import (
    CredentialRequest,
    DeferredRequest,
    deferred,
    issued,
    parse_credential_request,
    parse_credential_response,
    parse_deferred_request,
    parse_nonce_response,
)
from madang.core.protocol.oid4vci.encryption import ResponseEncryption
from madang.core.protocol.oid4vci.errors import CredentialError, Oid4vciError, parse_error
from tests.fuzz.world import ENCRYPTION_JWK

ENCRYPTION = ResponseEncryption(ENCRYPTION_JWK, "A256GCM")
INVALID_ENCRYPTION = "invalid_encryption_parameters"


def body(**members: object) -> bytes:
    known = {"credential_configuration_id": "lease", "proofs": {"jwt": ["a.b.c"]}}
    return json.dumps(known | members).encode()


@pytest.mark.parametrize(
    "request_",
    [
        CredentialRequest("lease", None, ("a.b.c",)),
        CredentialRequest(None, "lease-of-kim", ("a.b.c", "d.e.f")),
        CredentialRequest("lease", None, ({"proof": {}}, {}), "di_vp"),
        CredentialRequest("lease", None, ("a.b.c",), "attestation"),
    ],
)
def test_what_a_wallet_posts_is_what_the_issuer_reads(request_: CredentialRequest) -> None:
    posted = json.dumps(request_.to_json() | {"new": 1}).encode()
    assert parse_credential_request(posted, batch_size=2) == request_


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "invalid_credential_request"),
        (b"[]", "invalid_credential_request"),
        (b'{"proofs":{},"proofs":{}}', "invalid_credential_request"),
        (body(proof={"proof_type": "jwt", "jwt": "a.b.c"}), "invalid_credential_request"),
        (body(format="dc+sd-jwt"), "invalid_credential_request"),
        (body(credential_identifier="x"), "invalid_credential_request"),
        (json.dumps({"proofs": {"jwt": ["a"]}}).encode(), "invalid_credential_request"),
        (body(credential_configuration_id=1), "invalid_credential_request"),
        (body(credential_configuration_id=""), "invalid_credential_request"),
        (body(credential_response_encryption={}), "invalid_encryption_parameters"),
        (json.dumps({"credential_configuration_id": "x"}).encode(), "invalid_proof"),
        (body(proofs=None), "invalid_proof"),
        (body(proofs={}), "invalid_proof"),
        (body(credential_response_encryption=1), "invalid_encryption_parameters"),
        (body(proofs={"di_vp": ["a.b.c"]}), "invalid_proof"),
        (body(proofs={"ldp_vp": [{}]}), "invalid_proof"),
        (body(proofs={"attestation": [{}]}), "invalid_proof"),
        (body(proofs={"jwt": ["a"], "di_vp": [{}]}), "invalid_proof"),
        (body(proofs={"jwt": "a.b.c"}), "invalid_proof"),
        (body(proofs={"jwt": []}), "invalid_proof"),
        (body(proofs={"jwt": [1]}), "invalid_proof"),
        (body(proofs={"jwt": ["a", "b"]}), "invalid_credential_request"),
    ],
)
def test_a_malformed_request_is_refused_with_its_code(data: bytes, code: str) -> None:
    with pytest.raises(CredentialError) as refusal:
        parse_credential_request(data)
    assert refusal.value.code == code
    assert refusal.value.status == 400
    assert refusal.value.to_json()["error"] == code
    assert refusal.value.to_json()["error_description"].isascii()


def test_one_key_attestation_is_all_that_is_taken() -> None:
    with pytest.raises(CredentialError, match="exactly one") as refusal:
        parse_credential_request(body(proofs={"attestation": ["a", "b"]}), batch_size=4)
    assert refusal.value.code == "invalid_proof"


@pytest.mark.parametrize("request_", [DeferredRequest("t"), DeferredRequest("t", ENCRYPTION)])
def test_a_deferred_request_is_read_back(request_: DeferredRequest) -> None:
    posted = json.dumps(request_.to_json() | {"new": 1}).encode()
    assert parse_deferred_request(posted, encrypted=True) == request_


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[]", "invalid_credential_request"),
        (b"{}", "invalid_credential_request"),
        (b'{"transaction_id":""}', "invalid_credential_request"),
        (b'{"transaction_id":5}', "invalid_credential_request"),
        (json.dumps(DeferredRequest("t", ENCRYPTION).to_json()).encode(), INVALID_ENCRYPTION),
    ],
)
def test_a_malformed_deferred_request_is_refused_with_its_code(data: bytes, code: str) -> None:
    with pytest.raises(CredentialError) as refusal:
        parse_deferred_request(data)
    assert refusal.value.code == code


def test_proofs_and_names_are_bounded() -> None:
    two = body(proofs={"jwt": ["a", "b"]})
    assert parse_credential_request(two, batch_size=2, limits=Limits(proofs=2))
    for size, limits in ((1, Limits()), (2, Limits(proofs=1)), (2, Limits(text_chars=4))):
        with pytest.raises(CredentialError, match="invalid_credential_request"):
            parse_credential_request(two, batch_size=size, limits=limits)


def test_an_answer_carries_the_copies_and_no_nonce() -> None:
    named = issued(("one~",), "n").to_json()
    assert named == {"credentials": [{"credential": "one~"}], "notification_id": "n"}
    answer = issued(("one~", "two~"))
    assert answer.to_json() == {"credentials": [{"credential": "one~"}, {"credential": "two~"}]}
    assert parse_credential_response(json.dumps(answer.to_json()).encode()) == answer


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"credentials":[]}',
        b'{"credentials":["x"]}',
        b'{"credential":"x"}',
        b'{"transaction_id":"x","interval":5,"credentials":[{"credential":"x"}]}',
        b'{"transaction_id":"x","interval":0}',
        b"<html>",
    ],
)
def test_an_answer_the_wallet_cannot_read_is_its_own_error(data: bytes) -> None:
    with pytest.raises(Oid4vciError) as refusal:
        parse_credential_response(data)
    assert refusal.value.code == "invalid_response"


def test_a_deferred_answer_is_read() -> None:
    answer = parse_credential_response(json.dumps(deferred("x", 5).to_json()).encode())
    assert (answer.transaction_id, answer.interval) == ("x", 5)
    untimed = parse_credential_response(b'{"transaction_id":"x"}')
    assert (untimed.transaction_id, untimed.interval) == ("x", None)


def test_nonce_and_error_answers_are_read() -> None:
    assert parse_nonce_response(b'{"c_nonce":"n"}').c_nonce == "n"
    error = parse_error(b'{"error":"invalid_nonce"}', 400)
    assert (error.code, error.description, error.status) == ("invalid_nonce", UNTOLD, 400)
    for data in (b'{"c_nonce":""}', b"{}"):
        with pytest.raises(Oid4vciError):
            parse_nonce_response(data)
    with pytest.raises(Oid4vciError):
        parse_error(b"[]", 500)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["jwt", "proofs", "credentials"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(proofs=json_values, name=json_values)
def test_any_request_is_read_or_refused_by_the_family(proofs: object, name: object) -> None:
    with contextlib.suppress(CredentialError):
        parse_credential_request(body(proofs=proofs, credential_configuration_id=name))
    with contextlib.suppress(Oid4vciError):
        parse_credential_response(json.dumps(proofs).encode())
