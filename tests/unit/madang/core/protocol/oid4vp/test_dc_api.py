import pytest

from madang.core.envelope import jws
from madang.core.protocol.oid4vp.dc_api import multisigned, signed, unsigned
from madang.core.protocol.oid4vp.request import Delivery, RequestObject, Session, build_request
from madang.core.protocol.oid4vp.request_signing import Signatory
from madang.core.protocol.oid4vp.verifier_info import Registration
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, City, public_jwk, query_for

ORIGIN = "https://mapo.example"
SESSION = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)


def request(city: City, origins: tuple[str, ...] = (ORIGIN,)) -> RequestObject:
    return build_request(
        city.client_id,
        query_for("id", "name"),
        SESSION,
        Delivery("dc_api.jwt", None, origins),
        transaction_data=["e30"],
        registration=Registration(VERIFIER, "why", {"en": "Why"}),
    )


def test_an_unsigned_request_has_the_members_that_the_api_knows_and_no_client(city: City) -> None:
    protocol, data = unsigned(request(city))
    assert protocol == "openid4vp-v1-unsigned"
    assert set(data) == {
        *("response_type", "response_mode", "nonce", "client_metadata"),
        *("transaction_data", "dcql_query", "verifier_info"),
    }
    assert data["response_mode"] == "dc_api.jwt"


def test_a_signed_request_names_client_and_origins(city: City) -> None:
    protocol, data = signed(request(city), city.verifier)
    assert protocol == "openid4vp-v1-signed"
    claims = jws.claims(jws.parse(str(data["request"])))
    assert claims["client_id"] == str(city.client_id)
    assert claims["expected_origins"] == [ORIGIN]
    assert claims["aud"] == "https://self-issued.me/v2"
    assert "state" not in claims


def test_a_multi_signed_request_is_json(city: City) -> None:
    protocol, data = multisigned(request(city), [Signatory(city.client_id, city.verifier)])
    assert protocol == "openid4vp-v1-multisigned"
    found = data["request"]
    assert isinstance(found, dict)
    assert set(found) == {"payload", "signatures"}


def test_a_signed_request_without_origins_is_not_made(city: City) -> None:
    with pytest.raises(ValueError, match="expected_origins"):
        signed(request(city, ()), city.verifier)
    with pytest.raises(ValueError, match="expected_origins"):
        multisigned(request(city, ()), [Signatory(city.client_id, city.verifier)])
