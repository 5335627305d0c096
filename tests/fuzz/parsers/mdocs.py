"""Mobile documents: what issuers, devices and readers send, and lists of authorities."""

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose
from madang.core.formats.mdoc import engagement, mdl, reader_auth, request, session, transcript
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.mdl import DOC_TYPE, NAME_SPACE
from madang.core.formats.mdoc.model import (
    encode_issuer_signed,
    encode_response,
    parse_issuer_signed,
    parse_response,
    read_issuer_signed,
)
from madang.core.formats.mdoc.verify import (
    Expectation,
    TrustedKey,
    verify_issued,
    verify_response,
)
from madang.core.trust import vical
from madang.core.trust.mdoc_certificates import trust_attesters, trust_document_signers
from tests.fuzz.harness import chunks, harness, require
from tests.fuzz.world import ATTESTER, CLIENT_ID, LEAF_DER, NONCE, NOW, ROOT_DER, SIGNER, VERIFIER

TRANSCRIPT = transcript.openid4vp(
    client_id=str(CLIENT_ID), nonce=NONCE, jwk_thumbprint=None, response_uri=VERIFIER
)
ISSUER_KEY = TrustedKey(SIGNER.public_key)
TRUST = trust_attesters({DOC_TYPE: (ATTESTER,)}, now=NOW)
SIGNERS = trust_document_signers({DOC_TYPE: (ROOT_DER,)}, now=NOW)


@harness(MdocError, EncodingError)
def mdoc_issued(data: bytes) -> None:
    issued = parse_issuer_signed(data)
    assert parse_issuer_signed(encode_issuer_signed(issued)) == issued
    verdict = verify_issued(issued, issuer=ISSUER_KEY, now=NOW)
    for elements in verdict.elements.values():
        list(mdl.failures(elements))
        mdl.nearest_age(elements, 19)
    require(verdict.ok)


@harness(MdocError)
def mdoc_issued_signed(data: bytes) -> None:
    """Sign a security object and put items beside it."""
    mso, *items = [*chunks(data)] or [b""]
    auth = cose.sign1(cbor.dumps(Tag(24, mso)), {}, SIGNER, unprotected={cose.X5CHAIN: LEAF_DER})
    name_spaces = {NAME_SPACE: [Tag(24, item) for item in items]}
    issued = read_issuer_signed({"issuerAuth": auth.value, "nameSpaces": name_spaces})
    require(verify_issued(issued, issuer=ISSUER_KEY, now=NOW).ok)


@harness(MdocError, EncodingError)
def mdoc_response(data: bytes) -> None:
    response = parse_response(data)
    assert parse_response(encode_response(response)) == response


@harness()
def mdoc_response_verified(data: bytes) -> None:
    expected = Expectation(TRANSCRIPT, doc_types={DOC_TYPE})
    for trust in (SIGNERS, TRUST):
        verdict = verify_response(data, expected, trust=trust, now=NOW)
    require(verdict.ok)


@harness(MdocError, EncodingError)
def mdoc_request(data: bytes) -> None:
    asked = request.parse_request(data)
    assert request.parse_request(request.encode_request(asked)) == asked
    for each in asked.doc_requests:
        found = reader_auth.failures(each, TRANSCRIPT, reader_key=SIGNER.public_key)
        require(not list(found))


@harness(MdocError, EncodingError)
def mdoc_engagement(data: bytes) -> None:
    engaged = engagement.parse(data)
    again = engagement.encode(engaged.e_device_key, engaged.retrieval_methods)
    assert engagement.parse(again).e_device_key == engaged.e_device_key


@harness(MdocError)
def mdoc_session_establishment(data: bytes) -> None:
    message = session.parse_establishment(data)
    again = session.encode_establishment(message.e_reader_key, message.data)
    assert session.parse_establishment(again).data == message.data


@harness(MdocError)
def mdoc_session_data(data: bytes) -> None:
    message = session.parse_data(data)
    assert session.parse_data(session.encode_data(message)) == message
    if message.data is not None:
        session.Stream(bytes(32), bytes(8)).open(message.data)


@harness(MdocError)
def mdoc_vical(data: bytes) -> None:
    published = vical.parse(data)
    assert isinstance(published.chain, tuple)
    published.roots(DOC_TYPE)
    require(vical.verify(published, SIGNER.public_key))


@harness()
def mdoc_chain(data: bytes) -> None:
    chain = list(chunks(data))
    SIGNERS(DOC_TYPE, chain)
    require(isinstance(TRUST(DOC_TYPE, chain), TrustedKey))
