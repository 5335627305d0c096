"""Requests by the Digital Credentials API, from the wallet's side."""

import contextlib
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.envelope import jws
from madang.core.protocol.oid4vp.client_authentication import Standing
from madang.core.protocol.oid4vp.client_id import did_client_id
from madang.core.protocol.oid4vp.dc_api_check import (
    MAX_SIGNATURES,
    DigitalRequest,
    clients_of,
    parse_digital,
    verify_digital,
)
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpError
from madang.core.protocol.oid4vp.request import Delivery, RequestObject, Session, build_request
from madang.core.protocol.oid4vp.request_check import VerifiedRequest
from madang.core.protocol.oid4vp.request_signing import Signatory, sign_for_each, sign_request
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.trust.did import key
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, City, public_jwk, query_for

ORIGIN = "https://mapo.example"
USE = Registration(VERIFIER, "why", {"en": "Why"})


def request(city: City, *, signed: bool = True, mode: Any = "dc_api.jwt") -> RequestObject:
    session = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)
    delivery = Delivery(mode, expected_origins=(ORIGIN,) if signed else ())
    client_id = city.client_id if signed else None
    return build_request(client_id, query_for("id", "name"), session, delivery)


def asked(protocol: str, data: Any) -> dict[str, Any]:
    return {"digital": {"requests": [{"protocol": f"openid4vp-v1-{protocol}", "data": data}]}}


def verify(city: City, value: Any, *, origin: str = ORIGIN, **policy: Any) -> VerifiedRequest:
    held = dataclasses.replace(WalletPolicy((city.root,), NOW), **policy)
    return verify_digital(parse_digital(value), origin=origin, policy=held)


def refusal(city: City, value: Any, **options: Any) -> VpError:
    with pytest.raises(VpError) as refused:
        verify(city, value, **options)
    return refused.value


def signed(city: City, **changes: Any) -> dict[str, Any]:
    claims = {**request(city).to_json(), **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    header = {"typ": "oauth-authz-req+jwt", **jws.chain_header(city.verifier.certificate_chain)}
    return asked("signed", {"request": jws.sign(json.dumps(kept).encode(), header, city.verifier)})


def multi_signed(city: City, *others: Signatory, bend: int | None = None) -> dict[str, Any]:
    ours = Signatory(city.client_id, city.verifier, registration=USE)
    made: Any = sign_for_each(request(city), (*others, ours))
    if bend is not None:
        made["signatures"][bend]["signature"] = "A" * 86
    return asked("multisigned", {"request": made})


def test_a_signed_request_is_bound_to_the_page_and_not_to_the_client(city: City) -> None:
    found = verify(city, asked("signed", {"request": sign_request(request(city), city.verifier)}))
    assert (found.client_id, found.audience) == (str(city.client_id), f"origin:{ORIGIN}")
    assert found.client.standing is Standing.CERTIFIED


def test_a_request_for_another_page_is_told_to_the_page_that_used_it(city: City) -> None:
    for changes, origin in (
        ({}, "https://evil.example"),
        ({"expected_origins": ["https://else.example"]}, ORIGIN),
        ({"expected_origins": None}, ORIGIN),
    ):
        error = refusal(city, signed(city, **changes), origin=origin)
        assert (error.code, error.reason) == ("invalid_request", "expected_origins")
        assert error.reply_to == ReplyAddress(origin, None)


@pytest.mark.parametrize(
    "changes",
    [{"response_mode": "direct_post.jwt", "response_uri": f"{ORIGIN}/r"}, {"nonce": None}],
    ids=["mode of a link", "no nonce"],
)
def test_a_request_of_another_form_is_told(city: City, changes: dict[str, Any]) -> None:
    error = refusal(city, signed(city, **changes))
    assert (error.reason, error.reply_to) == ("request_members", ReplyAddress(ORIGIN, None))


def test_what_belongs_to_links_is_ignored(city: City) -> None:
    found = verify(city, signed(city, state="a/b", response_uri=5, aud=None))
    assert (found.request.state, found.request.response_uri) == (None, None)


def test_an_unsigned_request_is_the_origin_s_and_by_policy_alone(city: City) -> None:
    data = request(city, signed=False, mode="dc_api").to_json()
    forged = {**data, "client_id": str(city.client_id), "expected_origins": ["https://x.example"]}
    for value in (asked("unsigned", data), asked("unsigned", forged)):
        found = verify(city, value, unsigned=True)
        assert (found.client_id, found.client.standing) == (f"origin:{ORIGIN}", Standing.UNSIGNED)
        error = refusal(city, value)
        assert (error.reason, error.reply_to) == ("request_unsigned", None)
    malformed = asked("unsigned", {**data, "nonce": ""})
    assert refusal(city, malformed, unsigned=True).reply_to is None


def test_an_unsigned_object_does_not_pass_as_a_signed_one(city: City) -> None:
    head, body, _ = signed(city)["digital"]["requests"][0]["data"]["request"].split(".")
    assert head
    for value in (f"eyJhbGciOiJub25lIn0.{body}.", 5, None):
        error = refusal(city, asked("signed", {"request": value}), unsigned=True)
        assert (error.reason, error.reply_to) == ("request_form", None)


# --- several signatures


def test_of_several_signatures_that_of_a_known_client_counts(city: City) -> None:
    stranger = Signatory(city.client_id, city.stranger)
    did = did_client_id(key.identifier(city.holder.public_key))
    fragment = str(did).removeprefix("decentralized_identifier:did:key:")
    named = Signatory(did, _under(city, fragment))
    for others in ((), (named,), (stranger,), (named, stranger)):
        value = multi_signed(city, *others)
        found = verify(city, value)
        assert found.client_id == str(city.client_id)
        assert found.request.verifier_info == (USE.attestation(),)
        assert parse_digital(value).protocol == "openid4vp-v1-multisigned"
    unwrapped = multi_signed(city)["digital"]["requests"][0]["data"]["request"]
    assert verify(city, asked("multisigned", unwrapped))


def _under(city: City, fragment: str) -> Any:
    class Named:
        algorithm, key_id = city.holder.algorithm, fragment
        certificate_chain: tuple[bytes, ...] = ()
        public_key, sign = city.holder.public_key, city.holder.sign

    return Named()


def test_one_bad_signature_spoils_the_others_unless_any_is_enough(city: City) -> None:
    other = Signatory(city.client_id, city.verifier)
    for bend in (0, 1):
        value = multi_signed(city, other, bend=bend)
        error = refusal(city, value)
        assert (error.reason, error.reply_to) == ("request_signature", None)
        assert verify(city, value, any_signature=True)
    assert refusal(city, multi_signed(city, bend=0), any_signature=True).reply_to is None


def test_the_client_stands_in_the_header_of_its_signature_alone(city: City) -> None:
    claims = request(city).to_json()
    header = {"typ": "oauth-authz-req+jwt", **jws.chain_header(city.verifier.certificate_chain)}
    protected, payload, signature = jws.sign(
        json.dumps(claims).encode(), header, city.verifier
    ).split(".")
    made = {"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}
    assert refusal(city, asked("multisigned", {"request": made})).reason == "request_form"


@pytest.mark.parametrize("typ", [None, "JWT"])
def test_each_signature_has_the_type_of_a_request(city: City, typ: str | None) -> None:
    chain = jws.chain_header(city.verifier.certificate_chain)
    header = {"client_id": str(city.client_id), **chain, **({} if typ is None else {"typ": typ})}
    shared = {k: v for k, v in request(city).to_json().items() if k != "client_id"}
    compact = jws.sign(json.dumps(shared).encode(), header, city.verifier)
    protected, payload, signature = compact.split(".")
    made = {"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}
    error = refusal(city, asked("multisigned", {"request": made}))
    assert (error.reason, error.reply_to) == ("request_form", None)


@pytest.mark.parametrize("count", [0, MAX_SIGNATURES + 1])
def test_signatures_are_counted(city: City, count: int) -> None:
    value = multi_signed(city)
    signatures = value["digital"]["requests"][0]["data"]["request"]["signatures"]
    value["digital"]["requests"][0]["data"]["request"]["signatures"] = signatures * count
    assert refusal(city, value).reason == "request_form"


# --- what a page hands over


def test_the_first_request_of_a_known_protocol_is_taken() -> None:
    known = {"protocol": "openid4vp-v1-unsigned", "data": {"nonce": "n"}}
    several = {"requests": [{"protocol": "org-iso-mdoc", "data": {}}, known]}
    for value in ({"digital": several}, several, known):
        assert parse_digital(value) == DigitalRequest(
            protocol=known["protocol"], data={"nonce": "n"}
        )


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"digital": 5},
        {"requests": 5},
        {"requests": []},
        {"protocol": "x", "data": {}},
    ],
    ids=range(7),
)
def test_nothing_known_is_refused(value: object) -> None:
    with pytest.raises(VpError, match="request_form"):
        parse_digital(value)


def test_the_clients_that_a_request_names_are_known_before_it_is_verified(city: City) -> None:
    ours = str(city.client_id)
    assert clients_of(parse_digital(signed(city))) == (ours,)
    other = Signatory(city.client_id, city.stranger)
    assert clients_of(parse_digital(multi_signed(city, other))) == (ours, ours)
    assert clients_of(DigitalRequest(protocol="openid4vp-v1-unsigned", data={})) == ()
    assert clients_of(DigitalRequest(protocol="openid4vp-v1-signed", data={"request": "x"})) == ()


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    kind=st.sampled_from(["unsigned", "signed", "multisigned"]),
    data=st.dictionaries(st.sampled_from(["request", "nonce", "dcql_query"]), json_values),
)
def test_anything_is_read_or_refused_by_the_family(kind: str, data: dict[str, Any]) -> None:
    policy = WalletPolicy((), NOW, unsigned=True)
    with contextlib.suppress(VpError):
        found = parse_digital(asked(kind, data))
        clients_of(found)
        verify_digital(found, origin=ORIGIN, policy=policy)
