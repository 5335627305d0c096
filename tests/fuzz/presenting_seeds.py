"""Good inputs of the harnesses of presentations."""

from madang.core.protocol.form import encode_form
from madang.core.protocol.oid4vp.client_id import redirect_uri_client_id
from madang.core.protocol.oid4vp.request import Delivery, Session, build_request
from madang.core.protocol.oid4vp.request_link import RequestLink, to_parameters
from madang.core.protocol.oid4vp.request_signing import sign_request
from madang.core.protocol.oid4vp.result import PresentationResult, sign_result
from madang.core.protocol.oid4vp.transaction_data import encode
from madang.core.protocol.oid4vp.verifier_attestation import VerifierAttestation, make_attestation
from madang.core.protocol.oid4vp.verifier_info import Registration
from tests.fuzz.harness import dumped, joined, payload_of
from tests.fuzz.world import (
    CLIENT_ID,
    ENCRYPTION_JWK,
    HOLDER,
    ISSUER,
    NONCE,
    NOW,
    QUERY,
    QUERY_JSON,
    RECORD,
    SIGNER,
    STATE,
    VERIFIER,
)

Seeds = dict[str, tuple[bytes, ...]]


def presenting() -> Seeds:
    session = Session(NONCE, STATE, ENCRYPTION_JWK, NOW, NOW + 600)
    delivery = Delivery("direct_post.jwt", f"{VERIFIER}/answer")
    use = Registration(VERIFIER, "why", {"ko": "왜"})
    asked = build_request(CLIENT_ID, QUERY, session, delivery, registration=use)
    signed = sign_request(asked, SIGNER)
    by_address = build_request(
        redirect_uri_client_id(f"{VERIFIER}/answer"), QUERY, session, delivery
    )
    attested = make_attestation(
        VerifierAttestation(ISSUER, "mapo", HOLDER.public_key, NOW + 60), SIGNER, issued_at=NOW
    )
    link = RequestLink(str(CLIENT_ID), f"{VERIFIER}/request/1", "post").to_uri()
    result = sign_result(
        PresentationResult(VERIFIER, ISSUER, "p1", "id", b"\x07" * 32, "jkt", NOW, NOW + 60), SIGNER
    )
    return {
        "dcql_query": (dumped(QUERY_JSON),),
        "claims_path": (joined(dumped(RECORD), b'["languages",null]', b'["languages",1]'),),
        "request_link": (
            link.encode(),
            f"openid4vp://?{encode_form(to_parameters(by_address))}".encode(),
        ),
        "wallet_post": (b"wallet_nonce=abc",),
        "client_id": (str(CLIENT_ID).encode(), b"x509_san_dns:mapo.example"),
        "request_object": (signed.encode(),),
        "request_object_signed": (payload_of(signed),),
        "posted_answer": (b"response=a.b.c.d.e", b"error=access_denied&state=s"),
        "posted_answer_clear": (b"vp_token=%7B%22id%22%3A%5B%22a~%22%5D%7D&state=s",),
        "handed_over_answer": (dumped({"vp_token": {"id": ["a~"]}}), dumped({"response": "a.b"})),
        "transaction_data": (encode("transfer", ["id"], {"amount": "1"}).encode(),),
        "verifier_attestation": (attested.encode(),),
        "verifier_attestation_signed": (payload_of(attested),),
        "cbor_as_json": (b"\xa1aa\xd9\x03\xecj2026-01-01",),
        "answer_encrypted": (dumped({"vp_token": {"id": ["a~"]}, "state": STATE}),),
        "result": (result.encode(),),
        "result_signed": (payload_of(result),),
    }
