import pytest

from madang.core.encoding import base64url
from madang.core.formats.mdoc import transcript
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.protocol.oid4vp.asked import Asked, asked_by
from madang.core.protocol.oid4vp.client_id import redirect_uri_client_id
from madang.core.protocol.oid4vp.request import Delivery, RequestObject, Session, build_request
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, City, public_jwk, query_for

ORIGIN = "https://mapo.example"
SESSION = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)
THUMBPRINT = base64url.decode(PublicKey.from_jwk(public_jwk(), use=ENCRYPTION).thumbprint())


def request_in(city: City, mode: str, **more: object) -> RequestObject:
    uri = None if mode.startswith("dc_api") else f"{VERIFIER}/response/1"
    query = query_for("id", "name")
    return build_request(city.client_id, query, SESSION, Delivery(mode, uri, (ORIGIN,)), **more)


def test_by_redirect_a_holder_answers_the_client(city: City) -> None:
    asked = asked_by(request_in(city, "direct_post.jwt", transaction_data=["e30"]))
    assert asked == Asked(
        query=query_for("id", "name"),
        client_id=str(city.client_id),
        nonce="n-1",
        state="s-1",
        response_mode="direct_post.jwt",
        response_uri=f"{VERIFIER}/response/1",
        jwk_thumbprint=THUMBPRINT,
        transaction_data=("e30",),
    )
    assert asked.audience == str(city.client_id)
    assert asked.transcript == transcript.openid4vp(
        client_id=str(city.client_id),
        nonce="n-1",
        jwk_thumbprint=THUMBPRINT,
        response_uri=f"{VERIFIER}/response/1",
    )


def test_by_the_api_a_holder_answers_the_page_even_where_the_request_is_signed(city: City) -> None:
    asked = asked_by(request_in(city, "dc_api.jwt"), origin=ORIGIN)
    assert asked.audience == f"origin:{ORIGIN}"
    assert (asked.state, asked.response_uri) == (None, None)
    assert asked.transcript == transcript.openid4vp_dc_api(
        origin=ORIGIN, nonce="n-1", jwk_thumbprint=THUMBPRINT
    )


@pytest.mark.parametrize("mode", ["direct_post", "dc_api"])
def test_an_answer_in_clear_has_no_key_in_its_transcript(city: City, mode: str) -> None:
    asked = asked_by(request_in(city, mode), origin=ORIGIN)
    assert asked.jwk_thumbprint is None
    assert asked.transcript != asked_by(request_in(city, f"{mode}.jwt"), origin=ORIGIN).transcript


def test_a_redirect_uri_client_may_leave_its_address_to_its_name(city: City) -> None:
    client_id = redirect_uri_client_id(f"{VERIFIER}/response/1")
    query = query_for("id", "name")
    request = build_request(client_id, query, SESSION, Delivery("direct_post"))
    assert request.response_uri is None
    assert asked_by(request).response_uri == f"{VERIFIER}/response/1"


def test_of_a_multi_signed_request_the_wallet_names_the_client(city: City) -> None:
    query = query_for("id", "name")
    request = build_request(None, query, SESSION, Delivery("dc_api", None, (ORIGIN,)))
    assert asked_by(request, client_id=str(city.client_id), origin=ORIGIN).client_id
    assert not asked_by(request, origin=ORIGIN).client_id
