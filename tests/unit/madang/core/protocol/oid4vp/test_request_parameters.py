import contextlib
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.oid4vp.client_id import redirect_uri_client_id
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.request import Delivery, RequestObject, Session, build_request
from madang.core.protocol.oid4vp.request_parameters import (
    by_value,
    from_parameters,
    to_parameters,
    unsigned_link,
)
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, City, public_jwk, query_for

ANSWER_AT = f"{VERIFIER}/response/1"
SESSION = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)


def request(mode: str = "direct_post.jwt") -> RequestObject:
    client_id = redirect_uri_client_id(ANSWER_AT)
    query = query_for("id", "name")
    delivery = Delivery(mode, ANSWER_AT)
    return build_request(client_id, query, SESSION, delivery, transaction_data=["e30"])


def parameters(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query, strict_parsing=True))


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_a_request_travels_in_a_link_and_reads_back(mode: str) -> None:
    link = unsigned_link(request(mode), scheme="openid4vp")
    assert link.startswith("openid4vp://?")
    found = parameters(link)
    assert found["client_id"] == f"redirect_uri:{ANSWER_AT}"
    assert found["dcql_query"].startswith('{"credentials":')
    assert found.keys().isdisjoint({"aud", "iat", "exp"})
    expected = request(mode).model_copy(update={"aud": None, "iat": None, "exp": None})
    assert from_parameters(found) == expected


def test_a_client_that_has_to_sign_does_not_ask_without(city: City) -> None:
    with pytest.raises(ValueError, match="without a signature"):
        unsigned_link(city.request(), scheme="openid4vp")
    with pytest.raises(VpError, match="client_id_prefix"):
        from_parameters(to_parameters(city.request()))


def test_a_signed_object_travels_by_value() -> None:
    link = by_value("x509_hash:abc", "a.b.c", scheme="haip-vp")
    assert link == "haip-vp://?client_id=x509_hash%3Aabc&request=a.b.c"


@pytest.mark.parametrize(
    "changes",
    [
        {"dcql_query": "text"},
        {"dcql_query": "[]"},
        {"nonce": "a b"},
        {"response_mode": "fragment"},
        {"client_metadata": '{"jwks":1}'},
        {"transaction_data": "e30"},
    ],
    ids=lambda changes: next(iter(changes.items()))[1],
)
def test_other_members_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(VpError) as refusal:
        from_parameters(to_parameters(request()) | changes)
    assert refusal.value.reason == "request_members"


@given(st.dictionaries(st.sampled_from(list(to_parameters(request()))), st.text(max_size=9)))
def test_any_parameters_are_read_or_refused_by_the_family(changes: dict[str, str]) -> None:
    with contextlib.suppress(VpError):
        from_parameters(to_parameters(request()) | changes)
