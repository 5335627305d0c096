"""A request that nobody signed, as parameters of a link: written and read back."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.form import encode_form
from madang.core.protocol.oid4vp.client_id import redirect_uri_client_id
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.request import Delivery, RequestObject, Session, build_request
from madang.core.protocol.oid4vp.request_check import verify_plain
from madang.core.protocol.oid4vp.request_link import (
    PlainRequest,
    parse_request_link,
    to_parameters,
)
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, City, public_jwk, query_for

ANSWER_AT = f"{VERIFIER}/response/1"
SESSION = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)
POLICY = WalletPolicy(anchors=(), now=NOW, unsigned=True)


def request(mode: str = "direct_post.jwt") -> RequestObject:
    client_id = redirect_uri_client_id(ANSWER_AT)
    return build_request(client_id, query_for("id", "name"), SESSION, Delivery(mode, ANSWER_AT))


def read(parameters: dict[str, str]) -> RequestObject:
    found = parse_request_link(f"openid4vp://?{encode_form(parameters)}")
    assert isinstance(found, PlainRequest)
    return verify_plain(found.members, policy=POLICY).request


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_a_request_travels_in_a_link_and_reads_back(mode: str) -> None:
    found = to_parameters(request(mode))
    assert found["client_id"] == f"redirect_uri:{ANSWER_AT}"
    assert found["dcql_query"].startswith('{"credentials":')
    assert found.keys().isdisjoint({"aud", "iat", "exp"})
    expected = request(mode).model_copy(update={"aud": None, "iat": None, "exp": None})
    assert read(found) == expected


def test_a_client_that_has_to_sign_does_not_ask_without(city: City) -> None:
    with pytest.raises(VpError) as refusal:
        read(to_parameters(city.request()))
    assert refusal.value.reason == "request_unsigned"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dcql_query": "text"}, "request_link"),
        ({"dcql_query": "[]"}, "request_members"),
        ({"nonce": "a b"}, "request_members"),
        ({"response_mode": "fragment"}, "request_members"),
        ({"client_metadata": '{"jwks":1}'}, "request_members"),
        ({"transaction_data": "e30"}, "request_link"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_other_members_are_refused(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(VpError) as refusal:
        read(to_parameters(request()) | changes)
    assert refusal.value.reason == reason


@given(st.dictionaries(st.sampled_from(list(to_parameters(request()))), st.text(max_size=9)))
def test_any_parameters_are_read_or_refused_by_the_family(changes: dict[str, str]) -> None:
    with contextlib.suppress(VpError):
        read(to_parameters(request()) | changes)
