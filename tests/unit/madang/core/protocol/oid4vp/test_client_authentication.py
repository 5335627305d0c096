"""Who asks, for each client identifier prefix."""

import dataclasses
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from madang.core.protocol.oid4vp.client_authentication import Standing, did_location
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpError
from madang.core.protocol.oid4vp.known_clients import KnownClient, KnownClients, keys_of
from madang.core.protocol.oid4vp.request import ClientMetadata, Jwks
from madang.core.protocol.oid4vp.request_check import VerifiedRequest, verify_plain, verify_request
from madang.core.protocol.oid4vp.verifier_attestation import VerifierAttestation, make_attestation
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.trust.did import jwk, key
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VERIFIER, City, query_for

RESPONSE_URI = f"{VERIFIER}/response/1"
CLIENT, OTHER, ATTESTER = (generate_p256(name) for name in ("client", "other", "attester"))
ISS = "https://register.example"
NONE = base64url.encode(b'{"alg":"none"}')
P384 = SoftwareSigner(ec.generate_private_key(ec.SECP384R1()), "big")


def claims(client_id: str, **changes: Any) -> dict[str, Any]:
    members = {
        "client_id": client_id,
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": RESPONSE_URI,
        "nonce": "n-1",
        "state": "s-1",
        "aud": "https://self-issued.me/v2",
        "dcql_query": query_for("id", "name").to_json(),
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


def signed(client_id: str, by: Signer, header: dict[str, Any], **changes: Any) -> str:
    payload = json.dumps(claims(client_id, **changes)).encode()
    return jws.sign(payload, {"typ": "oauth-authz-req+jwt", **header}, by)


def unsigned(client_id: str, **changes: Any) -> str:
    payload = json.dumps(claims(client_id, **changes)).encode()
    return f"{NONE}.{base64url.encode(payload)}."


def verify(compact: str, client_id: str, **policy: Any) -> VerifiedRequest:
    held = dataclasses.replace(WalletPolicy((), NOW), **policy)
    return verify_request(compact, client_id=client_id, policy=held)


def refusal(compact: str, client_id: str, **policy: Any) -> VpError:
    with pytest.raises(VpError) as refused:
        verify(compact, client_id, **policy)
    return refused.value


def jwks(*signers: Signer) -> Jwks:
    keys = tuple({**each.public_key.to_jwk(), "kid": each.key_id} for each in signers)
    return Jwks(keys=keys)


def knowing(*clients: KnownClient) -> KnownClients:
    return KnownClients({each.client_id: each for each in clients}, {ISS: ATTESTER.public_key})


# --- decentralized_identifier

DID_KEY = key.identifier(CLIENT.public_key)
DIDS = {
    "did:key": (DID_KEY, f"{DID_KEY}#{DID_KEY.removeprefix('did:key:')}"),
    "did:jwk": (jwk.identifier(CLIENT.public_key), f"{jwk.identifier(CLIENT.public_key)}#0"),
}
WEB = "did:web:verifier.example:city"
AT = "https://verifier.example/city/did.json"


def web_document(purpose: str = "authentication", did: str = WEB) -> bytes:
    method = {
        "id": f"{did}#k1",
        "type": "JsonWebKey2020",
        "controller": did,
        "publicKeyJwk": CLIENT.public_key.to_jwk(),
    }
    document = {"id": did, "verificationMethod": [method], purpose: [f"{did}#k1"]}
    return json.dumps(document).encode()


@pytest.mark.parametrize("method", DIDS)
def test_a_did_that_is_its_own_key_is_known_by_it(method: str) -> None:
    did, kid = DIDS[method]
    client_id = f"decentralized_identifier:{did}"
    compact = signed(client_id, CLIENT, {"kid": kid})
    found = verify(compact, client_id, named=True)
    assert (found.client.standing, found.client_id) == (Standing.NAMED, client_id)
    assert did_location(client_id) is None
    assert refusal(compact, client_id).reason == "client_unknown"
    listed = knowing(KnownClient(client_id=client_id, client_name="x"))
    assert verify(compact, client_id, clients=listed).client.standing is Standing.LISTED


@pytest.mark.parametrize("purpose", ["authentication", "assertionMethod"])
def test_a_did_web_is_known_by_the_document_that_was_fetched(purpose: str) -> None:
    client_id = f"decentralized_identifier:{WEB}"
    compact = signed(client_id, CLIENT, {"kid": f"{WEB}#k1"})
    assert did_location(client_id) == AT
    assert verify(compact, client_id, named=True, did_documents={AT: web_document(purpose)})


@pytest.mark.parametrize(
    ("by", "header", "documents", "reason"),
    [
        (OTHER, {"kid": f"{WEB}#k1"}, {AT: web_document()}, "request_signature"),
        (CLIENT, {"kid": f"{WEB}#k2"}, {AT: web_document()}, "client_did"),
        (CLIENT, {"kid": "did:web:else.example#k1"}, {AT: web_document()}, "client_did"),
        (CLIENT, {}, {AT: web_document()}, "client_did"),
        (CLIENT, {"kid": f"{WEB}#k1"}, {}, "client_did"),
        (CLIENT, {"kid": f"{WEB}#k1"}, {AT: b"{}"}, "client_did"),
        (CLIENT, {"kid": f"{WEB}#k1"}, {AT: web_document("keyAgreement")}, "client_did"),
        (CLIENT, {"kid": f"{WEB}#k1"}, {AT: web_document(did="did:web:x.example")}, "client_did"),
    ],
    ids=range(8),
)
def test_a_did_that_is_not_proved_is_nobody(
    by: Signer, header: dict[str, Any], documents: dict[str, bytes], reason: str
) -> None:
    client_id = f"decentralized_identifier:{WEB}"
    error = refusal(signed(client_id, by, header), client_id, named=True, did_documents=documents)
    assert (error.reason, error.reply_to) == (reason, None)


def test_a_did_web_that_names_no_place_is_not_fetched() -> None:
    with pytest.raises(VpError, match="client_did"):
        did_location("decentralized_identifier:did:web:127.0.0.1")
    with pytest.raises(VpError, match="client_did"):
        did_location("decentralized_identifier:did:web:x.example:..")
    assert did_location("x509_hash:abc") is None


# --- verifier_attestation


def attested(subject: str = "library", by: Signer = ATTESTER) -> dict[str, Any]:
    attestation = VerifierAttestation(ISS, subject, CLIENT.public_key, NOW + 60)
    return {"jwt": make_attestation(attestation, by, issued_at=NOW)}


def test_an_attested_client_is_known_by_the_attested_key() -> None:
    client_id = "verifier_attestation:library"
    found = verify(signed(client_id, CLIENT, attested()), client_id, clients=knowing())
    assert (found.client.standing, found.audience) == (Standing.ATTESTED, client_id)
    for compact, reason in (
        (signed(client_id, OTHER, attested()), "request_signature"),
        (signed(client_id, CLIENT, attested("else")), "verifier_attestation"),
        (signed(client_id, CLIENT, attested(by=OTHER)), "verifier_attestation"),
        (signed(client_id, CLIENT, {}), "verifier_attestation"),
    ):
        error = refusal(compact, client_id, clients=knowing())
        assert (error.reason, error.reply_to) == (reason, None)


def test_an_attestation_says_where_answers_may_go() -> None:
    client_id = "verifier_attestation:library"
    made = VerifierAttestation(ISS, "library", CLIENT.public_key, NOW + 60, (RESPONSE_URI,))
    header = {"jwt": make_attestation(made, ATTESTER, issued_at=NOW)}
    assert verify(signed(client_id, CLIENT, header), client_id, clients=knowing())
    elsewhere = signed(client_id, CLIENT, header, response_uri="https://else.example/")
    error = refusal(elsewhere, client_id, clients=knowing())
    assert (error.reason, error.reply_to) == ("response_uri_host", None)


# --- pre-registered


@pytest.mark.parametrize("client_id", ["library", "https://library.example"])
def test_a_pre_registered_client_is_known_by_its_keys(client_id: str) -> None:
    listed = knowing(KnownClient(client_id=client_id, jwks=jwks(CLIENT, OTHER)))
    found = verify(signed(client_id, CLIENT, {"kid": "client"}), client_id, clients=listed)
    assert found.client.standing is Standing.LISTED
    for header in ({}, {"kid": "other"}, {"kid": "unknown"}):
        error = refusal(signed(client_id, CLIENT, header), client_id, clients=listed)
        assert (error.reason, error.reply_to) == ("request_signature", None)
    alone = knowing(KnownClient(client_id=client_id, jwks=jwks(CLIENT)))
    assert verify(signed(client_id, CLIENT, {}), client_id, clients=alone)


@pytest.mark.parametrize("by", [generate_ed25519("edwards"), P384], ids=["EdDSA", "ES384"])
def test_other_algorithms_of_known_keys_are_taken(by: Signer) -> None:
    listed = knowing(KnownClient(client_id="library", jwks=jwks(by)))
    assert verify(signed("library", by, {}), "library", clients=listed)


def test_what_is_known_beforehand_must_not_be_sent_again() -> None:
    metadata = ClientMetadata(vp_formats_supported={"dc+sd-jwt": {}})
    known = KnownClient(client_id="library", jwks=jwks(CLIENT), client_metadata=metadata)
    listed = knowing(known)
    assert keys_of(known.jwks) == (CLIENT.public_key,)
    found = verify(signed("library", CLIENT, {}), "library", clients=listed)
    assert found.request.client_metadata == metadata
    error = refusal(signed("library", CLIENT, {}, client_metadata={}), "library", clients=listed)
    assert (error.code, error.reply_to) == ("invalid_client", ReplyAddress(RESPONSE_URI, "s-1"))


def test_a_pre_registered_client_is_answered_where_it_is_registered() -> None:
    known = KnownClient(client_id="library", jwks=jwks(CLIENT), redirect_uris=(RESPONSE_URI,))
    elsewhere = signed("library", CLIENT, {}, response_uri="https://else.example/")
    assert verify(signed("library", CLIENT, {}), "library", clients=knowing(known))
    assert refusal(elsewhere, "library", clients=knowing(known)).reason == "response_uri_host"


# --- what nobody signed


def test_an_unsigned_request_is_answered_by_policy_alone_and_at_its_own_address() -> None:
    client_id = f"redirect_uri:{RESPONSE_URI}"
    for uri in (RESPONSE_URI, None):
        compact = unsigned(client_id, response_uri=uri, aud=None)
        found = verify(compact, client_id, unsigned=True)
        assert found.client.standing is Standing.UNSIGNED
        assert found.request.answer_to == RESPONSE_URI
        error = refusal(compact, client_id)
        assert (error.reason, error.reply_to) == ("request_unsigned", None)
        plain = claims(client_id, response_uri=uri)
        assert verify_plain(plain, policy=WalletPolicy((), NOW, unsigned=True))
    for uri in ("https://else.example/", "http://127.0.0.1/"):
        error = refusal(unsigned(client_id, response_uri=uri), client_id, unsigned=True)
        assert error.reply_to is None


@pytest.mark.parametrize(
    "changes", [{"nonce": None}, {"redirect_uri": "https://x.example"}, {"transaction_data": ["e"]}]
)
def test_who_signs_nothing_is_told_nothing(changes: dict[str, Any]) -> None:
    client_id = f"redirect_uri:{RESPONSE_URI}"
    assert refusal(unsigned(client_id, **changes), client_id, unsigned=True).reply_to is None


def test_who_can_sign_must(city: City) -> None:
    for client_id in (
        str(city.client_id),
        f"decentralized_identifier:{DID_KEY}",
        "verifier_attestation:library",
    ):
        error = refusal(unsigned(client_id), client_id, unsigned=True)
        assert (error.reason, error.reply_to) == ("request_unsigned", None)
    known = knowing(KnownClient(client_id="library", jwks=jwks(CLIENT)))
    error = refusal(unsigned("library"), "library", unsigned=True, clients=known)
    assert error.reason == "request_unsigned"
    bare = knowing(KnownClient(client_id="library", redirect_uris=(RESPONSE_URI,)))
    assert verify(unsigned("library"), "library", unsigned=True, clients=bare)
    assert refusal(unsigned("library"), "library", clients=bare).reason == "request_unsigned"


def test_a_signature_cannot_hide_behind_alg_none() -> None:
    _, body, signature = signed("library", CLIENT, {}).split(".")
    none = base64url.encode(b'{"alg":"none","typ":"oauth-authz-req+jwt"}')
    error = refusal(f"{none}.{body}.{signature}", "library", unsigned=True)
    assert error.reason == "request_form"
