"""Messages of DCQL and OpenID4VP, and the verification of a whole answer."""

import json

from madang.core.encoding import base64url, cbor, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jwe, jws
from madang.core.formats.mdoc.as_json import as_json
from madang.core.formats.mdoc.mdl import DOC_TYPE, NAME_SPACE
from madang.core.protocol.dcql.check import check_answer
from madang.core.protocol.dcql.credential import Credential, fit
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.match import HeldCredential, match
from madang.core.protocol.dcql.model import SD_JWT_VC, parse_query
from madang.core.protocol.dcql.path import locate, restrict
from madang.core.protocol.oid4vp import transaction_data as transactions
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.client_id import check_certificate, parse_client_id
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.presented import Policy
from madang.core.protocol.oid4vp.request import REQUEST_TYP
from madang.core.protocol.oid4vp.request_check import verify_request
from madang.core.protocol.oid4vp.request_link import (
    RequestLink,
    parse_request_link,
    parse_wallet_post,
)
from madang.core.protocol.oid4vp.response import (
    Answer,
    PostedAnswer,
    answer_form,
    open_answer,
    parse_handed_over,
    parse_posted,
)
from madang.core.protocol.oid4vp.result import RESULT_TYP, check_result
from madang.core.protocol.oid4vp.transaction_type import TransactionType, check_transactions
from madang.core.protocol.oid4vp.verification import conclude, examine
from madang.core.protocol.oid4vp.verifier_attestation import ATTESTATION_TYP, check_attestation
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.protocol.typed_jwt import Window
from madang.core.status.token_status_list import StatusList
from madang.core.trust.model import TrustList
from tests.accreditations import trust_of
from tests.fuzz.harness import chunks, harness, require, text
from tests.fuzz.world import (
    ATTESTER,
    CHAIN,
    CLIENT_ID,
    DECRYPTION_JWKS,
    ENCRYPTION_JWK,
    ISSUER,
    LEAF_DER,
    NONCE,
    NOW,
    QUERY,
    RECORD,
    ROOT_DER,
    SIGNER,
    STATE,
    TRUST,
    VCT,
    VERIFIER,
    presented,
)

WALLET = WalletPolicy((ROOT_DER,), NOW)
ASKED = Asked(QUERY, str(CLIENT_ID), NONCE, STATE)
ASKED_MDOC = Asked(
    parse_query(
        {
            "credentials": [
                {
                    "id": "lic",
                    "format": "mso_mdoc",
                    "meta": {"doctype_value": DOC_TYPE},
                    "claims": [{"path": [NAME_SPACE, "age_over_19"]}],
                }
            ]
        }
    ),
    str(CLIENT_ID),
    NONCE,
    STATE,
    "direct_post",
    VERIFIER,
)
TRUST_MDOC = trust_of({DOC_TYPE: (ATTESTER,)}, {DOC_TYPE: "licence"})
TYPES = {"transfer": TransactionType("transfer", {"amount": str})}
HELD = Credential(SD_JWT_VC, frozenset({VCT}), RECORD, holder_bound=True)


@harness(EncodingError, DcqlError)
def dcql_query(data: bytes) -> None:
    query = parse_query(strict_json.loads(data))
    assert parse_query(query.to_json()) == query
    chosen = match(query, [HeldCredential("h", HELD)]).answer()
    fits = {asked.id: (fit(asked, HELD),) for asked in query.credentials if asked.id in chosen}
    require(not check_answer(query, fits))


@harness(EncodingError)
def claims_path(data: bytes) -> None:
    document, *paths = [strict_json.loads(piece) for piece in chunks(data)] or [{}]
    if not isinstance(document, dict) or not all(isinstance(path, list) for path in paths):
        return
    steps = [
        tuple(
            s for s in path if s is None or (isinstance(s, str | int) and not isinstance(s, bool))
        )
        for path in paths
    ]
    kept = restrict(document, steps)
    for path in steps:
        assert len(locate(document, path)) >= len(locate(kept, path))


@harness(VpError)
def request_link(data: bytes) -> None:
    link = parse_request_link(text(data))
    if isinstance(link, RequestLink):
        assert parse_request_link(link.to_uri()) == link


@harness(VpError)
def wallet_post(data: bytes) -> None:
    parse_wallet_post(data)


@harness(VpError)
def client_id(data: bytes) -> None:
    parsed = parse_client_id(text(data))
    assert str(parsed) == text(data)
    check_certificate(parsed, LEAF_DER)


@harness(VpError)
def request_object(data: bytes) -> None:
    verify_request(text(data), client_id=str(CLIENT_ID), policy=WALLET)


@harness(VpError)
def request_object_signed(data: bytes) -> None:
    compact = jws.sign(data, {"typ": REQUEST_TYP, **CHAIN}, SIGNER)
    checked = verify_request(compact, client_id=str(CLIENT_ID), policy=WALLET)
    answer_form(checked.request, {"id": ["x"]})


@harness(VpError)
def posted_answer(data: bytes) -> None:
    parse_posted(data)


@harness(VpError)
def posted_answer_clear(data: bytes) -> None:
    came = parse_posted(data, "direct_post")
    require(isinstance(came, Answer))


@harness(EncodingError, VpError)
def handed_over_answer(data: bytes) -> None:
    value = strict_json.loads(data)
    came = parse_handed_over(value, "dc_api.jwt" if b"response" in data else "dc_api")
    require(isinstance(came, Answer | PostedAnswer))


@harness(VpError)
def transaction_data(data: bytes) -> None:
    found = transactions.parse(text(data))
    assert found.encoded == text(data)
    check_transactions([found.encoded], QUERY, TYPES)


@harness(VpError)
def verifier_attestation(data: bytes) -> None:
    check_attestation(text(data), issuers={ISSUER: SIGNER.public_key}, now=NOW)


@harness(VpError)
def verifier_attestation_signed(data: bytes) -> None:
    compact = jws.sign(data, {"typ": ATTESTATION_TYP}, SIGNER)
    check_attestation(compact, issuers={ISSUER: SIGNER.public_key}, now=NOW)


@harness(VpError)
def answer_encrypted(data: bytes) -> None:
    sealed = jwe.encrypt(data, ENCRYPTION_JWK, enc="A256GCM")
    open_answer(PostedAnswer(sealed), DECRYPTION_JWKS)


def _concluded(compact: str, asked: Asked = ASKED, trust: TrustList = TRUST) -> None:
    query_id = asked.query.credentials[0].id
    examined = examine(Answer({query_id: (compact,)}, STATE), asked, Policy(trust, NOW))
    lists = {source: StatusList.of_size(64) for source in examined.status_sources}
    verdict = conclude(examined, lists)
    assert verdict.ok == bool(verdict.credentials)
    require(verdict.ok)


@harness()
def presentation(data: bytes) -> None:
    _concluded(text(data))


@harness()
def presentation_signed(data: bytes) -> None:
    _concluded(presented(data))


@harness()
def presentation_mdoc(data: bytes) -> None:
    _concluded(base64url.encode(data), ASKED_MDOC, TRUST_MDOC)


@harness(EncodingError)
def cbor_as_json(data: bytes) -> None:
    json.dumps(as_json(cbor.loads(data)), allow_nan=False)


@harness(VpError)
def result(data: bytes) -> None:
    check_result(
        text(data),
        verifier=VERIFIER,
        issuer=ISSUER,
        anchors=(ROOT_DER,),
        window=Window(NOW, 60, 60),
    )


@harness(VpError)
def result_signed(data: bytes) -> None:
    compact = jws.sign(data, {"typ": RESULT_TYP, **CHAIN}, SIGNER)
    check_result(
        compact, verifier=VERIFIER, issuer=ISSUER, anchors=(ROOT_DER,), window=Window(NOW, 60, 60)
    )
