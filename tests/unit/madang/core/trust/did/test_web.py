"""did:web: where a document is, and the document that an issuer publishes there."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.keys.software import generate_ml_dsa_44, generate_p256
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.model import Purpose
from madang.core.trust.did.resolution import key_for, resolve
from madang.core.trust.did.web import identifier, issuer_document, location

ISSUER = "https://id.hanbit.example/hanbit/issuer"
DID = "did:web:id.hanbit.example:hanbit:issuer"
# The first three pairs are the examples of the method specification.
PLACES = {
    "did:web:w3c-ccg.github.io": "https://w3c-ccg.github.io/.well-known/did.json",
    "did:web:w3c-ccg.github.io:user:alice": "https://w3c-ccg.github.io/user/alice/did.json",
    "did:web:example.com%3A3000": "https://example.com:3000/.well-known/did.json",
    "did:web:example.com%3a3000:user:alice": "https://example.com:3000/user/alice/did.json",
    "did:web:Example.COM:User": "https://example.com/User/did.json",
    "did:web:a.b:..c:d.:-:_": "https://a.b/..c/d./-/_/did.json",
    "did:web:xn--9t4b11yi5a.example": "https://xn--9t4b11yi5a.example/.well-known/did.json",
    DID: f"{ISSUER}/did.json",
}


@pytest.mark.parametrize("did", PLACES)
def test_where_a_document_is(did: str) -> None:
    assert location(did) == PLACES[did]


@pytest.mark.parametrize(
    ("specific", "code"),
    [
        ("localhost", "did_web_host"),
        ("localhost%3A8401", "did_web_host"),
        ("127.0.0.1", "did_web_host"),
        ("10.0.0.1", "did_web_host"),
        ("a.1", "did_web_host"),
        ("0x7f.1", "did_web_host"),
        ("127.0.0.0x1", "did_web_host"),
        ("127.0.0.0X1", "did_web_host"),
        ("10.0.0.0x", "did_web_host"),
        ("city.1x", "did_web_host"),
        ("intranet", "did_web_host"),
        (".example", "did_web_host"),
        ("a..example", "did_web_host"),
        ("-a.example", "did_web_host"),
        ("a_b.example", "did_web_host"),
        ("a.example.", "did_web_host"),
        ("a" * 64 + ".example", "did_web_host"),
        ("a." * 126 + "example", "did_web_host"),
        ("user%40a.example", "did_web_host"),
        ("a.example%2Fb", "did_web_host"),
        ("a.example%23b", "did_web_host"),
        ("a.example%3A", "did_web_host"),
        ("a.example%3A0", "did_web_host"),
        ("a.example%3A08", "did_web_host"),
        ("a.example%3A65536", "did_web_host"),
        ("a.example%3Aabc", "did_web_host"),
        ("a.example%3A1%3A2", "did_web_host"),
        ("a.example:.", "did_web_path"),
        ("a.example:..", "did_web_path"),
        ("a.example:%2E%2E", "did_web_path"),
        ("a.example:b%2Fc", "did_web_path"),
        ("a.example::b", "did_web_path"),
        ("a.example:b%3A3", "did_web_path"),
        ("a.example/b", "did_malformed"),
        ("a.example#b", "did_malformed"),
        ("a.example?b", "did_malformed"),
        ("user@a.example", "did_malformed"),
        ("a.example:", "did_malformed"),
        ("[::1]", "did_malformed"),
        ("", "did_malformed"),
    ],
)
def test_no_other_place_is_named(specific: str, code: str) -> None:
    with pytest.raises(DidError) as refused:
        location(f"did:web:{specific}")
    assert refused.value.code == code


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_machine_alone_is_asked_without_tls_and_by_argument_alone(host: str) -> None:
    did = f"did:web:{host}%3A8401:hanbit:issuer"
    place = f"http://{host}:8401/hanbit/issuer/did.json"
    assert location(did, allow_loopback_http=True) == place
    assert location("did:web:a.example", allow_loopback_http=True).startswith("https://")
    with pytest.raises(DidError):
        location("did:web:10.0.0.1", allow_loopback_http=True)


@given(st.text("ab.:%3A2F@/#?-_\\ é", max_size=30))
def test_any_did_names_an_https_document_or_nothing(specific: str) -> None:
    try:
        url = location(f"did:web:{specific}")
    except DidError:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.query, parts.fragment, parts.username) == ("https", "", "", None)
    assert parts.path.endswith("/did.json")
    assert not {"..", ".", ""} & set(parts.path[1:].split("/"))


@pytest.mark.parametrize(
    ("url", "did"),
    [
        (ISSUER, DID),
        ("https://a.example", "did:web:a.example"),
        ("https://a.example/", "did:web:a.example"),
        ("https://a.example:8443/b/", "did:web:a.example%3A8443:b"),
    ],
)
def test_an_issuers_address_is_a_did(url: str, did: str) -> None:
    assert identifier(url) == did
    assert location(did).startswith(url.removesuffix("/"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "http://a.example",
        "http://localhost:8401/b",
        "https://a.example/b?c",
        "https://a.example/b?",
        "https://a.example/b#",
        "https://u@a.example/b",
        "https://a.example/b/../c",
        "https://a.example//b",
        "https://a.\texample/b",
        "https://a.example/b%2Fc",
        "https://10.0.0.1/b",
        "https://[::1]/b",
        "ftp://a.example/b",
        "https://a.example:0/b",
    ],
)
def test_another_address_is_no_did(url: str) -> None:
    with pytest.raises(DidError):
        identifier(url)


def test_an_address_on_this_machine_is_a_did_by_argument() -> None:
    url = "http://127.0.0.1:8401/hanbit/issuer"
    did = identifier(url, allow_loopback_http=True)
    assert did == "did:web:127.0.0.1%3A8401:hanbit:issuer"
    assert location(did, allow_loopback_http=True) == f"{url}/did.json"
    with pytest.raises(DidError):
        identifier(url.replace("http", "https"), allow_loopback_http=True)


@given(st.text(max_size=40) | st.text("htps:/a.b@?#%", max_size=40).map("https://".__add__))
def test_any_address_is_one_that_the_did_leads_back_to_or_refused(url: str) -> None:
    try:
        did = identifier(url)
    except DidError:
        return
    place = location(did).removesuffix("/did.json").removesuffix("/.well-known")
    assert place.lower() == url.removesuffix("/").lower()


def test_an_issuers_document_tells_its_keys_and_what_they_are_for() -> None:
    keys = [(s.key_id, s.public_key) for s in (generate_p256("2026"), generate_ml_dsa_44("pq-1"))]
    document = issuer_document(DID, keys)
    published = strict_json.dumps(document.to_json()).encode()
    assert resolve(DID, published) == document
    for name, public in keys:
        assert key_for(document, f"{DID}#{name}", Purpose.ASSERTION_METHOD) == public
        with pytest.raises(DidError, match="not listed"):
            key_for(document, name, Purpose.AUTHENTICATION)
    first = document.to_json()["verificationMethod"][0]
    assert first["publicKeyJwk"] == {**keys[0][1].to_jwk(), "kid": "2026"}


def test_an_issuer_without_keys_has_a_document_without_keys() -> None:
    document = issuer_document(DID, [])
    assert document.to_json()["verificationMethod"] == []
    assert resolve(DID, strict_json.dumps(document.to_json()).encode()) == document


@pytest.mark.parametrize("names", [("a", "a"), ("",), ("a b",), ("a#b",), ("é",), ("a/b",)])
def test_each_key_has_a_name_that_can_be_a_fragment(names: tuple[str, ...]) -> None:
    public = generate_p256("k").public_key
    with pytest.raises(DidError) as refused:
        issuer_document(DID, [(name, public) for name in names])
    assert refused.value.code == "key_name"


def test_another_method_has_no_such_document() -> None:
    with pytest.raises(DidError) as refused:
        issuer_document("did:key:z", [])
    assert refused.value.code == "did_method"
