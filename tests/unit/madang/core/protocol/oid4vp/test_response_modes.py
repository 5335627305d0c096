"""What a request says of the way back, in each response mode."""

import pytest

from madang.core.protocol.dcql.model import DcqlQuery, parse_query
from madang.core.protocol.message import read
from madang.core.protocol.oid4vp.errors import VpError, refusing
from madang.core.protocol.oid4vp.request import (
    MAC_P256,
    Delivery,
    RequestObject,
    Session,
    build_request,
    by_dc_api,
    encrypted,
)
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VCT, VERIFIER, City, public_jwk

ORIGINS = ("https://mapo.example",)
SESSION = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)
ID = {"id": "id", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT["id"]]}}
LICENCE = {"id": "lic", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}}


def query(*credentials: object) -> DcqlQuery:
    return parse_query({"credentials": list(credentials)})


def built(city: City, mode: str) -> RequestObject:
    uri = None if by_dc_api(mode) else f"{VERIFIER}/response/1"
    origins = ORIGINS if by_dc_api(mode) else ()
    return build_request(city.client_id, query(ID), SESSION, Delivery(mode, uri, origins))


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"])
def test_each_mode_has_its_own_members(city: City, mode: str) -> None:
    members = built(city, mode).to_json()
    assert members["response_mode"] == mode
    assert ("response_uri" in members) == ("state" in members) == (not by_dc_api(mode))
    assert ("expected_origins" in members) == by_dc_api(mode)
    metadata = members["client_metadata"]
    assert isinstance(metadata, dict)
    of_encryption = {"jwks", "encrypted_response_enc_values_supported"}
    assert set(metadata) == {"vp_formats_supported"} | (of_encryption if encrypted(mode) else set())
    assert RequestObject.model_validate(members) == built(city, mode)


def test_the_formats_told_are_those_asked(city: City) -> None:
    delivery = Delivery("direct_post", f"{VERIFIER}/r")
    for credentials in ([ID], [LICENCE], [ID, LICENCE]):
        request = build_request(city.client_id, query(*credentials), SESSION, delivery)
        told = request.to_json()["client_metadata"]["vp_formats_supported"]
        assert set(told) == {each["format"] for each in credentials}
    assert told["mso_mdoc"] == {
        "issuerauth_alg_values": [-7, -35, -36, -8, -9, -51, -52, -19],
        "deviceauth_alg_values": [-7, -35, -36, -8, -9, -51, -52, -19],
    }


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"])
def test_a_mac_is_offered_where_there_is_a_key_for_it(city: City, mode: str) -> None:
    delivery = Delivery(mode, f"{VERIFIER}/r")  # type: ignore[arg-type]  # one of four texts
    request = build_request(city.client_id, query(LICENCE), SESSION, delivery)
    told = request.to_json()["client_metadata"]["vp_formats_supported"]["mso_mdoc"]
    assert (MAC_P256 in told["deviceauth_alg_values"]) == encrypted(request.response_mode)
    assert MAC_P256 == -65537, "as in the table of appendix B.2.2"


@pytest.mark.parametrize("missing", ["client_id", "response_uri"])
def test_what_is_posted_needs_a_client_and_an_address(city: City, missing: str) -> None:
    members = built(city, "direct_post").to_json()
    del members[missing]
    with pytest.raises(VpError, match="direct_post needs client_id and response_uri"):
        read(RequestObject, members, refusing("request_members", "5"))


def test_by_the_api_neither_is_needed(city: City) -> None:
    members = built(city, "dc_api").to_json()
    del members["client_id"]
    assert RequestObject.model_validate(members).answer_to is None


@pytest.mark.parametrize("mode", ["fragment.jwt", "query", "direct_post.JWT", "dc_api.jwe", ""])
def test_other_modes_are_refused(city: City, mode: str) -> None:
    members = built(city, "direct_post").to_json() | {"response_mode": mode}
    with pytest.raises(VpError, match="response_mode"):
        read(RequestObject, members, refusing("request_members", "5"))
