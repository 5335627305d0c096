"""One good input for each harness, made from code, so that none goes stale."""

import json
from itertools import count

from madang.core.encoding import base64url, canonical_json, cbor, strict_json
from madang.core.envelope import cose, cwt, jwe, jws, second_signature
from madang.core.evidence.receipt import Receipt
from madang.core.formats.mdoc import engagement, reader_auth, request, session
from madang.core.formats.mdoc import present as mdoc_present
from madang.core.formats.mdoc.device_auth import by_signature
from madang.core.formats.mdoc.issue import Copy, draft
from madang.core.formats.mdoc.issue import issue as issue_mdoc
from madang.core.formats.mdoc.mdl import DOC_TYPE, NAME_SPACE
from madang.core.formats.mdoc.model import DeviceResponse, encode_response, parse_issuer_signed
from madang.core.formats.mdoc.mso import StatusReference, ValidityInfo
from madang.core.formats.mdoc.times import tdate
from madang.core.formats.sd_jwt import present, vc
from madang.core.formats.sd_jwt.issue import SdFrame, issue
from madang.core.formats.sd_jwt.json_form import to_json
from madang.core.formats.sd_jwt.type_metadata import integrity
from madang.core.keys import akp, cose_key
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.keys.ring import Ring
from madang.core.keys.split import Passphrases, seal
from madang.core.merkle import checkpoint, cosignature
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.tiles import encode_bundle
from madang.core.merkle.tree import Tree, leaf_hash
from madang.core.merkle.witness import AddCheckpoint
from madang.core.protocol.oauth.names import PreAuthorizedCode
from madang.core.protocol.oauth.token import TokenRequest
from madang.core.protocol.oid4vci.offer import pre_authorized_offer
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.core.protocol.wallet_provider import INSTANCE_PROOF, make_proof
from madang.core.rules.document import decision_document
from madang.core.rules.evaluate import decide
from madang.core.rules.parser import parse_rule
from madang.core.status import identifier_list, token_cwt, token_jwt
from madang.core.status.bitstring import Bitstring
from madang.core.status.bitstring_credential import BitstringCredential
from madang.core.status.bitstring_credential import sign as sign_bitstring
from madang.core.status.identifier_list import IdentifierList, IdentifierListToken
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import StatusList
from madang.core.trust.did import jwk as did_jwk
from madang.core.trust.did import key as did_key
from madang.core.trust.did import multikey, web
from madang.core.trust.snapshot import sign as sign_snapshot
from tests.accreditations import PLACE, attesting
from tests.fuzz import catalogue
from tests.fuzz.authorizing_seeds import authorizing
from tests.fuzz.credential_seeds import credentials
from tests.fuzz.evidence_seeds import evidences
from tests.fuzz.harness import dumped, joined, payload_of
from tests.fuzz.logging_in_seeds import logging_in
from tests.fuzz.parsers.envelopes import DOCUMENT
from tests.fuzz.parsers.formats import PARENT, disclosure_digest
from tests.fuzz.parsers.key_lives import CONTEXT, COST
from tests.fuzz.parsers.mdocs import TRANSCRIPT
from tests.fuzz.presenting_seeds import presenting
from tests.fuzz.wallet_seeds import wallet_requests
from tests.fuzz.world import (
    ATTESTER,
    CHAIN,
    CLIENT_ID,
    COSIGNER_KEY,
    DID,
    ENCRYPTION_JWK,
    ETHR_ADDRESS,
    ETHR_DID,
    HEAD,
    HOLDER,
    ISSUER,
    LEAF_DER,
    LIST,
    LOG_KEY,
    ML_DSA,
    ML_DSA_KEY,
    NONCE,
    NOW,
    ORIGIN,
    PROOF,
    RECORD,
    ROOT_DER,
    SIGNER,
    VCT,
    VERIFIER,
    WITNESS_KEY,
    WITNESS_NAME,
)

Seeds = dict[str, tuple[bytes, ...]]


STATUSES = StatusList(2, bytearray(b"\x1b\xe4")).pack("https://a.example/lists")
STATUS_TOKEN = StatusListToken(LIST, NOW, NOW + 600, 300, STATUSES)
BITS = Bitstring(1, bytearray(b"\x10\x00\x01"))
BITSTRING = BitstringCredential(
    LIST, ISSUER, ("revocation",), BITS.encode(), NOW, NOW + 600, 1000, 1, {0: "no", 1: "yes"}
)
ENVELOPE = jws.sign(b'{"a":[1,"b"]}', {"typ": "x", "x5c": jws.encode_chain([LEAF_DER])}, SIGNER)
CLAIMS = {
    **RECORD,
    "iss": ISSUER,
    "vct": VCT,
    "iat": NOW,
    "exp": NOW + 600,
    "cnf": {"jwk": HOLDER.public_key.to_jwk()},
    "status": {"status_list": {"idx": 3, "uri": LIST}},
}
BINDING = {"aud": str(CLIENT_ID), "nonce": NONCE, "iat": NOW, "sd_hash": "$"}


def encodings() -> Seeds:
    values = [None, True, -1, 10**12, 1.5, "a\\u00e9\\ud83d\\ude00", {"b": [], "a": {}}]
    plain = {0: [b"\x01", "a", -5], "a": {}, 2: cbor.Tag(24, b"\x01"), 3: None}
    return {
        "json_strict": (dumped(values), b' {"a" : "\\ud83d\\ude00" , "b":-1e3}'),
        "json_strict_all": (joined(b'["s","a",1]', b'["s",{"b":null}]', b' "\\u00e9"'),),
        "json_canonical": (dumped([v for v in values if not isinstance(v, float)]),),
        "base64url_text": (b"AAECAwQ", b"_-8"),
        "cbor_item": (cbor.dumps(plain),),
        "cbor_items": (joined(cbor.dumps(plain), b"\x01", b"\xf9\x7e\x00"),),
    }


def envelopes() -> Seeds:
    key = SIGNER.public_key
    sealed = jwe.encrypt(b"{}", ENCRYPTION_JWK, enc="A128GCM").encode()
    again = second_signature.make(
        DOCUMENT, kind="status_list", address=LIST, issued_at=NOW, signer=ML_DSA
    )
    message = cose.sign1(b"p", {cose.X5CHAIN: LEAF_DER}, SIGNER, unprotected={9: "x"})
    return {
        "jwk": tuple(dumped(k) for k in (key.to_jwk(), ENCRYPTION_JWK)),
        "akp_private_jwk": (dumped(akp.to_private_jwk(ML_DSA_KEY)),),
        "second_signature_compact": (again.encode(),),
        "second_signature_signed": (payload_of(again),),
        "cose_key_map": (cbor.dumps(cose_key.to_cose(key)),),
        "certificate_key": (LEAF_DER,),
        "jws_compact": (ENVELOPE.encode(),),
        "jwe_compact": (sealed,),
        "jwe_with_a_key": (sealed,),
        "cose_sign1": (cose.encode(message),),
        "cose_mac0": (cose.encode(cose.mac0(b"p", b"k" * 32)),),
        "cwt_token": (cwt.encode({cwt.ISS: ISSUER, cwt.IAT: NOW}, SIGNER, typ="x"),),
    }


def key_lives() -> Seeds:
    ring = Ring().announce("k1", now=NOW - 900, cache=60, longest=300)
    ring = ring.announce("k2", now=NOW - 600, cache=60, longest=300).compromise(1, now=NOW - 90)
    words = "a first passphrase", "다른 사람이 고른 두 번째 암호문"
    sealed = seal(b"x" * 32, Passphrases(*words), chance=bytes(44), context=CONTEXT, n=COST)
    return {
        "key_ring": (dumped(ring.to_json()),),
        "sealed_secret": (joined(*(each.encode() for each in words), sealed),),
    }


def formats() -> Seeds:
    frame = SdFrame.of([("name",), ("languages",), ("languages", 0)])
    salts = (f"salt{number:018}" for number in count())
    header = {"typ": vc.TYPE, **CHAIN}
    issued = issue(CLAIMS, frame, signer=SIGNER, header=header, salts=salts)
    every = [(name,) for name in RECORD]
    shown = present.present(
        issued.compact, every, holder=HOLDER, audience=str(CLIENT_ID), nonce=NONCE, issued_at=NOW
    )
    member, element = dumped(["salt", "given", [1, "x"]]), dumped(["salt", {"a": None}])
    hidden = {
        **CLAIMS,
        "_sd_alg": "sha-256",
        "_sd": [disclosure_digest(member)],
        "list": [{"...": disclosure_digest(element)}],
    }
    signed = joined(dumped(hidden), dumped(BINDING), member, element)
    metadata = {
        "vct": VCT,
        "name": "ID",
        "display": [{"locale": "en", "name": "ID"}],
        "claims": [{"path": ["languages", None], "sd": "always", "svg_id": "a"}],
    }
    parent = {"vct": PARENT, "claims": [{"path": ["name"], "mandatory": True, "sd": "allowed"}]}
    child = {
        "vct": VCT,
        "extends": PARENT,
        "claims": [{"path": ["languages", None], "sd": "never"}, {"path": ["name"]}],
    }
    return {
        "sd_jwt_type_rules": (joined(dumped(RECORD), dumped(child), dumped(parent)),),
        "sd_jwt": (shown.encode(), issued.compact.encode()),
        "sd_jwt_disclosure": (
            base64url.encode(member).encode(),
            base64url.encode(element).encode(),
        ),
        "sd_jwt_json": (dumped(to_json(shown)),),
        "sd_jwt_type_metadata": (dumped(metadata),),
        "sd_jwt_integrity": (f"sha999-AA== sha256-AA== {integrity(b'')}?x".encode(),),
        "sd_jwt_vc": (shown.encode(), dumped(to_json(shown))),
        "sd_jwt_vc_signed": (signed,),
        "presentation": (shown.encode(),),
        "presentation_signed": (signed, joined(dumped(CLAIMS), dumped(BINDING))),
    }


def mdocs() -> Seeds:
    blank = draft(DOC_TYPE, {NAME_SPACE: {"family_name": "Kim", "age_over_19": True}})
    copy = Copy(
        HOLDER.public_key,
        ValidityInfo(NOW, NOW, NOW + 86_400),
        (b"\x01" * 32, b"\x02" * 32),
        (1, 0),
        StatusReference(LIST, 3),
    )
    issued = issue_mdoc(blank, copy, SIGNER).encoded
    parsed = parse_issuer_signed(issued)
    shown = mdoc_present.present(
        parsed,
        [(NAME_SPACE, "age_over_19")],
        transcript=TRANSCRIPT,
        authenticate=by_signature(HOLDER),
    )
    mso = cbor.loads(parsed.issuer_auth.payload or b"").value
    items = [item.encoded for item in parsed.name_spaces[NAME_SPACE]]
    asked = request.ItemsRequest(DOC_TYPE, {NAME_SPACE: {"age_over_19": False}})
    signed = reader_auth.sign(asked, TRANSCRIPT, SIGNER)
    key = PublicKey.from_jwk(ENCRYPTION_JWK, use=ENCRYPTION)
    sealed, _ = session.Stream(bytes(32), bytes(8)).seal(b"plain")
    method = engagement.RetrievalMethod(2, 1, {0: False, 11: b"\x01"})
    listed = {
        "version": "1.0",
        "vicalProvider": "a",
        "date": tdate(NOW),
        "certificateInfos": [{"certificate": ROOT_DER, "ski": b"s", "docType": [DOC_TYPE]}],
    }
    response = encode_response(DeviceResponse((shown,)))
    return {
        "mdoc_issued": (issued,),
        "mdoc_issued_signed": (joined(mso, *items),),
        "mdoc_response": (response,),
        "mdoc_response_verified": (response,),
        "presentation_mdoc": (response,),
        "mdoc_request": (request.encode_request(request.DeviceRequest((signed,))),),
        "mdoc_engagement": (engagement.encode(key, (method,)),),
        "mdoc_session_establishment": (session.encode_establishment(key, b"x"),),
        "mdoc_session_data": (session.encode_data(session.SessionData(sealed, 20)),),
        "mdoc_vical": (cose.encode(cose.sign1(cbor.dumps(listed), {}, SIGNER)),),
        "mdoc_chain": (joined(LEAF_DER),),
    }


def logs() -> Seeds:
    digest, salt = b"\x05" * 32, b"\x06" * 16
    entry = Entry(2, EntryKind.CREDENTIAL, NOW - NOW % 3600, ISSUER, commitment(salt, digest))
    leaves = [leaf_hash(bytes([n])) for n in range(2)] + [leaf_hash(entry.encode())]
    tree = Tree(leaves)
    newest = Checkpoint(ORIGIN, 3, tree.root())
    published = checkpoint.sign(newest, SIGNER).encode()
    cosigned = published + cosignature.cosign(newest, ORIGIN, ML_DSA, NOW).line().encode()
    line = cosignature.cosign(newest, WITNESS_NAME, HOLDER, NOW).line()
    witnessed = published + line.encode()
    requested = AddCheckpoint(2, PROOF, HEAD).serialize()
    answered = cosignature.cosign(HEAD.checkpoint, WITNESS_NAME, HOLDER, NOW).line().encode()
    proof = tuple(tree.inclusion_proof(2, 3))
    receipt = Receipt(
        ORIGIN, EntryKind.CREDENTIAL, 2, entry, salt, digest, proof, published.decode()
    )
    numbers = b"".join(n.to_bytes(8) for n in (2, 3, 3))
    hidden = f'"digest":"{base64url.encode(digest)}","salt":"{base64url.encode(salt)}"'
    row = f'{{"kind":"credential",{hidden},"index":2,"reference":"4f1c"}}'
    first = Entry(0, EntryKind.KEY, 0, ISSUER, digest).encode()
    head = checkpoint.sign(Checkpoint(ORIGIN, 1, Tree([leaf_hash(first)]).root()), SIGNER)
    return {
        "note": (published,),
        "note_text": (published,),
        "note_key": (LOG_KEY.encode().encode(),),
        "checkpoint": (published,),
        "cosigner_key": (COSIGNER_KEY.encode().encode(), WITNESS_KEY.encode().encode()),
        "cosigned_checkpoint": (cosigned,),
        "witnessed_checkpoint": (witnessed,),
        "witness_request": (requested,),
        "witness_answer": (answered,),
        "witness_size": (b"0\n", b"20852163\n"),
        "tile_path": (b"tile/0/x001/067.p/8", b"tile/entries/000"),
        "tile": (b"\x02" + b"".join(leaves),),
        "tile_bundle": (b"\x01" + encode_bundle([b"a", b"bcd"]),),
        "tile_tree": (b"\x00\x00\x03" + joined(b"".join(leaves)),),
        "log_entry": (entry.encode(),),
        "database_row": (row.encode(), row.replace(":2,", ": null,").encode()),
        "merkle_proofs": (numbers + leaves[2] + tree.root() + b"".join(proof),),
        "receipt": (receipt.encode(),),
        "log_audit": (joined(head.encode(), first),),
    }


def trusts() -> Seeds:
    return {
        "x509_chain": (joined(LEAF_DER),),
        "x509_anchor": (ROOT_DER,),
        "x509_names": (LEAF_DER,),
        "x509_authorities": (joined(LEAF_DER, ROOT_DER),),
        "trust_chain": (joined(LEAF_DER),),
        "trusted_list": (TRUSTED_LIST,),
        **accreditations(),
    }


TRUSTED_LIST = (
    b"<TrustServiceStatusList xmlns='http://uri.etsi.org/02231/v2#'><SchemeInformation>"
    b"<ListIssueDateTime>2026-02-02T00:00:00Z</ListIssueDateTime><NextUpdate><dateTime>"
    b"2026-08-02T00:00:00Z</dateTime></NextUpdate></SchemeInformation><TrustServiceProviderList>"
    b"<TrustServiceProvider><TSPServices><TSPService><ServiceInformation>"
    b"<ServiceTypeIdentifier>urn:x</ServiceTypeIdentifier><ServiceDigitalIdentity><DigitalId>"
    b"<X509Certificate>AAEC</X509Certificate></DigitalId></ServiceDigitalIdentity>"
    b"<ServiceStatus>urn:y</ServiceStatus></ServiceInformation></TSPService></TSPServices>"
    b"</TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>"
)


def statuses() -> Seeds:
    jwt, cwt = token_jwt.encode(STATUS_TOKEN, SIGNER), token_cwt.encode(STATUS_TOKEN, SIGNER)
    claims = token_cwt.parse(cwt).message.payload or b""
    listed_names = IdentifierList(frozenset({b"\x01\x02"}))
    names = identifier_list.encode(
        IdentifierListToken(LIST, NOW, NOW + 600, 300, listed_names), SIGNER
    )
    place = {"status_list": {"idx": 3, "uri": LIST}}
    listed = sign_bitstring(BITSTRING, SIGNER)
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "message",
        "statusListIndex": "3",
        "statusListCredential": LIST,
        "statusSize": 1,
        "statusMessage": BITSTRING.to_json()["credentialSubject"]["statusMessages"],
    }
    return {
        "status_list": (dumped(STATUSES.to_json()),),
        "status_list_cbor": (cbor.dumps(STATUSES.to_cbor()),),
        "status_token": (jwt.encode(),),
        "status_token_signed": (payload_of(jwt),),
        "status_token_cwt": (cwt,),
        "status_token_cwt_signed": (claims,),
        "identifier_list_signed": (token_cwt.parse(names).message.payload or b"",),
        "status_token_of_issuer": (b"\x00" + jwt.encode(), b"\x01" + cwt, b"\x02" + names),
        "status_reference": (dumped(CLAIMS),),
        "status_reference_cwt": (cbor.dumps({65535: place}), cbor.dumps({"status": place})),
        "status_aggregation": (dumped({"status_lists": [LIST]}),),
        "bitstring_list": (BITS.encode().encode(),),
        "bitstring_entries": (dumped(entry), dumped([entry])),
        "bitstring_credential": (dumped(BITSTRING.to_json()),),
        "bitstring_credential_signed": (payload_of(listed),),
        "bitstring_credential_text": (listed.encode(),),
    }


def dids() -> Seeds:
    key = SIGNER.public_key
    document = strict_json.dumps(web.issuer_document(DID, [("k1", key)]).to_json())
    name = b"did/pub/Ed25519/veriKey/hex".ljust(32, b"\0")
    events = (
        b"\x02\x00\xff" + name + b"\x05" * 32,
        b"\x01\x01\xff" + b"sigAuth".ljust(32, b"\0") + ETHR_ADDRESS.encode(),
        b"\x00\x02\x00" + bytes(32) + ETHR_ADDRESS.encode(),
        b"\x02\x03\xff" + b"did/svc/Hub".ljust(32, b"\0") + b"https://a.example",
    )
    return {
        "base58_text": (b"6MkvRhLp", b"111z"),
        "did": tuple(
            each.encode() for each in (did_key.identifier(key), did_jwk.identifier(key), ETHR_DID)
        ),
        "did_web": (DID.encode(), b"did:web:localhost%3A8401:a"),
        "did_web_of_url": (ISSUER.encode(), b"http://127.0.0.1:8401/a"),
        "did_multikey": (multikey.encode(key).encode(),),
        "did_document": (document.encode(),),
        "did_ethr_history": (joined(*events),),
    }


def issuing() -> Seeds:
    code = PreAuthorizedCode("code")
    made = pre_authorized_offer(ISSUER, ("id", "lease"), code)
    request = TokenRequest(code, "1234", "wallet").to_form()
    details = [{"type": "openid_credential", "credential_configuration_id": "id"}]
    token = {"access_token": "t", "expires_in": 60, "authorization_details": details}
    proof = make_proof_jwt(HOLDER, ISSUER, NONCE, NOW)
    configuration = {
        "format": "dc+sd-jwt",
        "vct": VCT,
        "cryptographic_binding_methods_supported": ["jwk"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
        "credential_metadata": {"claims": [{"path": ["a", None], "display": [{"name": "A"}]}]},
    }
    metadata = {
        "credential_issuer": ISSUER,
        "credential_endpoint": f"{ISSUER}/credential",
        "credential_configurations_supported": {"id": configuration},
        "batch_credential_issuance": {"batch_size": 8},
    }
    server = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token", "grant_types_supported": ["a"]}
    error = dumped({"error": "invalid_proof", "error_description": "no"})
    return {
        "form": (b"a=%EB%B9%84&b=&c=d+e",),
        "form_query": (b"a=b&c=%20",),
        "url": (b"https://mapo.example:8443/a/b?c=d", b"http://[::1]:80/"),
        "token_request": (f"{request}&authorization_details={json.dumps(details)}".encode(),),
        "token_response": (dumped(token),),
        "oauth_error": (error,),
        "server_metadata": (dumped(server),),
        "issuer_metadata": (dumped(metadata),),
        "offer": (dumped(made.to_json()),),
        "offer_uri": (
            made.to_uri().encode(),
            b"openid-credential-offer://?credential_offer_uri=https://a.example/o",
        ),
        "credential_request": (
            dumped({"credential_configuration_id": "id", "proofs": {"jwt": [proof]}}),
        ),
        "credential_response": (
            dumped({"credentials": [{"credential": "x"}]}),
            dumped({"transaction_id": "t", "interval": 5}),
        ),
        "nonce_response": (dumped({"c_nonce": NONCE}),),
        "credential_error": (error,),
        "key_proof": (proof.encode(),),
        "key_proof_signed": (payload_of(proof),),
        "receipt_request_signed": (payload_of(proof),),
    }


def providing() -> Seeds:
    made = {"endpoint": ISSUER, "nonce": NONCE, "issued_at": NOW}
    proof = make_proof(HOLDER, INSTANCE_PROOF, **made)
    return {"wallet_proof": (proof.encode(),), "wallet_proof_signed": (payload_of(proof),)}


def accreditations() -> Seeds:
    twin = attesting({VCT: (ATTESTER,)})
    snapshot = twin.snapshot(ISSUER, NOW)
    place = {
        "chain_id": 1,
        "genesis_hash": PLACE.genesis_hash,
        "contracts": {"Accreditation": {"address": PLACE.contract, "code_hash": PLACE.code_hash}},
    }
    use = Registration(VERIFIER, "why", {"ko": "왜"}).attestation()
    return {
        "accreditation_document": tuple(twin.documents.values()),
        "registry_changes": (joined(*(each.encoded for each in twin.changes)),),
        "registry_place": (json.dumps(place).encode(),),
        "snapshot_signed": (payload_of(sign_snapshot(snapshot, SIGNER)),),
        "snapshot": (sign_snapshot(snapshot, SIGNER).encode(),),
        "registered_use": (json.dumps([use.to_json()]).encode(),),
    }


def laws() -> Seeds:
    rule_json = strict_json.loads(catalogue.RULE)
    parsed = parse_rule(rule_json)
    document = decision_document(decide(parsed, (), day=parsed.effective_from))
    return {
        "rule": (catalogue.RULE,),
        "rule_texts": (catalogue.TEXTS,),
        "decision_document": (joined(canonical_json.encode(document), catalogue.RULE),),
        "certificate_type": (joined(*catalogue.TYPE_FILES.values()),),
        "federation": (catalogue.FEDERATION,),
        "register_record": (catalogue.RECORD,),
    }


def every() -> Seeds:
    """Return the seeds of every harness."""
    made = (
        *(encodings, key_lives, envelopes, formats, mdocs, logs, trusts, statuses, dids),
        *(issuing, authorizing, logging_in, providing, presenting, wallet_requests, laws),
        *(evidences, credentials),
    )
    return {name: seeds for make in made for name, seeds in make().items()}
