import pytest

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import checker_for
from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vp.client_id import (
    attested_client_id,
    did_client_id,
    parse_client_id,
    redirect_uri_client_id,
    x509_san_dns_client_id,
)
from madang.core.protocol.oid4vp.request import Delivery, RequestObject, Session, build_request
from madang.core.protocol.oid4vp.request_signing import Signatory, sign_for_each, sign_request
from madang.core.protocol.oid4vp.verifier_info import Registration
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, City, public_jwk, query_for

SESSION = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)
ORIGIN = "https://mapo.example"
KEY = generate_p256("k1")


def posted(client_id: str) -> RequestObject:
    delivery = Delivery("direct_post.jwt", f"{VERIFIER}/response/1")
    return build_request(parse_client_id(client_id), query_for("id", "name"), SESSION, delivery)


def by_api(mode: str = "dc_api.jwt") -> RequestObject:
    return build_request(None, query_for("id", "name"), SESSION, Delivery(mode, None, (ORIGIN,)))


def test_a_certified_client_shows_its_chain(city: City) -> None:
    for client_id in (city.client_id, x509_san_dns_client_id("mapo.example")):
        opened = jws.parse(sign_request(posted(str(client_id)), city.verifier))
        assert jws.decode_chain(opened.header) == city.verifier.certificate_chain
        assert opened.header["typ"] == "oauth-authz-req+jwt"
        assert jws.claims(opened)["client_id"] == str(client_id)


@pytest.mark.parametrize("key_id", ["k1", "#k1", "did:web:mapo.example#k1"])
def test_a_did_names_its_key_by_a_did_url(key_id: str) -> None:
    signer = generate_p256(key_id)
    request = posted(str(did_client_id("did:web:mapo.example")))
    opened = jws.parse(sign_request(request, signer))
    assert opened.header["kid"] == "did:web:mapo.example#k1"
    assert "x5c" not in opened.header
    assert jws.verify(opened, checker_for(signer.public_key))


def test_an_attested_client_shows_its_attestation() -> None:
    request = posted(str(attested_client_id("mapo")))
    assert jws.parse(sign_request(request, KEY, attestation="a.b.c")).header["jwt"] == "a.b.c"
    with pytest.raises(ValueError, match="verifier_attestation cannot be signed"):
        sign_request(request, KEY)


def test_what_cannot_be_signed_is_not() -> None:
    with pytest.raises(ValueError, match="redirect_uri cannot be signed"):
        sign_request(posted(str(redirect_uri_client_id(f"{VERIFIER}/r"))), KEY)
    with pytest.raises(ValueError, match="no certificate chain"):
        sign_request(posted("x509_hash:abc"), KEY)


def test_each_signature_of_a_multi_signed_request_names_its_own_client(city: City) -> None:
    did = did_client_id("did:web:mapo.example")
    use = Registration(VERIFIER, "why", {"en": "Why"})
    found = sign_for_each(
        by_api(), [Signatory(city.client_id, city.verifier, None, use), Signatory(did, KEY)]
    )
    payload, signatures = found["payload"], found["signatures"]
    assert isinstance(payload, str)
    assert isinstance(signatures, list)
    claims = strict_json.loads(base64url.decode(payload))
    assert isinstance(claims, dict)
    assert claims.keys().isdisjoint({"client_id", "verifier_info"})
    assert claims["expected_origins"] == [ORIGIN]
    headers = []
    for signature, key in zip(signatures, (city.verifier, KEY), strict=True):
        opened = jws.parse(f"{signature['protected']}.{payload}.{signature['signature']}")
        assert jws.verify(opened, checker_for(key.public_key))
        assert opened.header["typ"] == "oauth-authz-req+jwt"
        headers.append(opened.header)
    assert [header["client_id"] for header in headers] == [str(city.client_id), str(did)]
    assert headers[0]["verifier_info"] == [use.attestation().to_json()]
    assert "verifier_info" not in headers[1]


def test_what_one_signature_would_say_for_all_is_left_out(city: City) -> None:
    request = by_api().model_copy(update={"client_id": "x509_hash:abc"})
    found = sign_for_each(request, [Signatory(city.client_id, city.verifier)])
    claims = strict_json.loads(base64url.decode(str(found["payload"])))
    assert "client_id" not in dict(claims)


def test_the_header_is_that_of_the_key_that_signs_now(city: City) -> None:
    request = posted(str(x509_san_dns_client_id("mapo.example")))
    for signer in (city.verifier, city.stranger, city.verifier):
        opened = jws.parse(sign_request(request, signer))
        assert jws.decode_chain(opened.header) == signer.certificate_chain
        assert jws.verify(opened, checker_for(signer.public_key))
    named = posted(str(did_client_id("did:web:mapo.example")))
    for key_id in ("k1", "k2", "k1"):
        opened = jws.parse(sign_request(named, generate_p256(key_id)))
        assert opened.header["kid"] == f"did:web:mapo.example#{key_id}"
