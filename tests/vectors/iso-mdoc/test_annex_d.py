"""ISO/IEC 18013-5 Annex D: engagement, session, request, response, each value by its name."""

from collections.abc import Mapping, Sequence

import pytest
from cryptography import x509

from madang.core.encoding import base64url, cbor
from madang.core.envelope import cose
from madang.core.formats.mdoc import device_auth, engagement, present, reader_auth, session
from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.mdl import DOC_TYPE, NAME_SPACE, malformed
from madang.core.formats.mdoc.model import DeviceResponse, encode_response, parse_response
from madang.core.formats.mdoc.mso import ValidityInfo
from madang.core.formats.mdoc.request import encode_request, parse_items, parse_request
from madang.core.formats.mdoc.transcript import NfcHandover, proximity
from madang.core.formats.mdoc.verdict import Failure
from madang.core.formats.mdoc.verify import Expectation, TrustedKey, verify_response
from madang.core.keys.cose_key import to_cose
from madang.core.keys.jwk import PublicKey

Values = Mapping[str, bytes]
KEYS = ("EPHEMERAL_READER_KEY", "EPHEMERAL_DEVICE_KEY", "STATIC_DEVICE_KEY")
USED = {
    "DEVICE_ENGAGEMENT",
    "E_DEVICE_KEY_BYTES",
    "DEVICE_RESPONSE",
    "DEVICE_RESPONSE_PORTRAIT_DATA",
    "DS_CERT",
    "SESSION_TRANSCRIPT_BYTES",
    "DEVICE_REQUEST",
    "ITEMS_REQUEST",
    "READER_CERT",
    "READER_AUTH",
    "SESSION_ESTABLISHMENT",
    "SESSION_DATA",
    "SESSION_TERMINATION",
    *(f"{key}_{part}" for key in KEYS for part in "XYD"),
}
SIGNED = 1_601_559_002
IN_TIME = SIGNED + 86_400


def test_no_value_is_left_out(annex_d: Values) -> None:
    assert set(annex_d) == USED
    assert len(annex_d) == 22


@pytest.mark.parametrize("name", KEYS)
def test_keys(annex_d: Values, name: str, request: pytest.FixtureRequest) -> None:
    fixtures = dict(zip(KEYS, ("reader", "device", "holder"), strict=True))
    key = request.getfixturevalue(fixtures[name]).public_key
    assert base64url.decode(key.x) == annex_d[f"{name}_X"]
    assert base64url.decode(key.y) == annex_d[f"{name}_Y"]


def test_device_engagement(annex_d: Values, device: SoftwareAgreement) -> None:
    parsed = engagement.parse(annex_d["DEVICE_ENGAGEMENT"])
    assert parsed.version == "1.0"
    assert parsed.e_device_key == device.public_key
    assert cbor.dumps(cbor.Tag(24, parsed.e_device_key_encoded)) == annex_d["E_DEVICE_KEY_BYTES"]
    assert [(m.kind, m.version, set(m.options)) for m in parsed.retrieval_methods] == [
        (2, 1, {0, 1, 11})
    ]
    methods = parsed.retrieval_methods
    assert engagement.encode(device.public_key, methods) == annex_d["DEVICE_ENGAGEMENT"]


def test_session_transcript(annex_d: Values, transcript: bytes, device: SoftwareAgreement) -> None:
    """Made from the pieces that both sides have, byte for byte."""
    established = session.parse_establishment(annex_d["SESSION_ESTABLISHMENT"])
    engaged, _, (select, request) = cbor.loads(transcript)
    # NFC began this session: its engagement has no retrieval methods, unlike that of the QR code.
    assert engagement.encode(device.public_key) == engaged.value
    began = NfcHandover(select, request)
    made = proximity(engaged.value, established.e_reader_key_encoded, began)
    assert made == transcript
    assert cbor.dumps(cbor.Tag(24, made)) == annex_d["SESSION_TRANSCRIPT_BYTES"]


def test_session_both_ways(
    annex_d: Values, transcript: bytes, reader: SoftwareAgreement, device: SoftwareAgreement
) -> None:
    established = session.parse_establishment(annex_d["SESSION_ESTABLISHMENT"])
    assert established.e_reader_key == reader.public_key
    on_device = session.begin(device, established.e_reader_key, transcript)
    on_reader = session.begin(reader, device.public_key, transcript)
    assert on_device == on_reader

    request, after = on_device.reader.open(established.data)
    assert request == annex_d["DEVICE_REQUEST"]
    assert after.counter == 2
    sealed, _ = on_reader.reader.seal(annex_d["DEVICE_REQUEST"])
    again = session.encode_establishment(reader.public_key, sealed)
    assert session.parse_establishment(again) == established

    answer = session.parse_data(annex_d["SESSION_DATA"])
    assert answer.data is not None
    response, _ = on_reader.device.open(answer.data)
    assert response == annex_d["DEVICE_RESPONSE"]
    sealed, _ = on_device.device.seal(annex_d["DEVICE_RESPONSE"])
    assert session.encode_data(session.SessionData(sealed)) == annex_d["SESSION_DATA"]


def test_session_termination(annex_d: Values) -> None:
    message = session.SessionData(status=session.TERMINATION)
    assert session.parse_data(annex_d["SESSION_TERMINATION"]) == message
    assert session.encode_data(message) == annex_d["SESSION_TERMINATION"]


def test_device_request(annex_d: Values) -> None:
    request = parse_request(annex_d["DEVICE_REQUEST"])
    (asked,) = request.doc_requests
    assert asked.encoded == annex_d["ITEMS_REQUEST"]
    assert asked.items_request == parse_items(annex_d["ITEMS_REQUEST"])
    assert asked.items_request.doc_type == DOC_TYPE
    assert asked.items_request.name_spaces == {
        NAME_SPACE: {
            "family_name": True,
            "document_number": True,
            "driving_privileges": True,
            "issue_date": True,
            "expiry_date": True,
            "portrait": False,
        }
    }
    # The example does not write its maps in the deterministic order; what it says is the same.
    assert cbor.loads(encode_request(request)) == cbor.loads(annex_d["DEVICE_REQUEST"])


def test_reader_authentication(annex_d: Values, transcript: bytes) -> None:
    (asked,) = parse_request(annex_d["DEVICE_REQUEST"]).doc_requests
    assert asked.reader_auth == cose.parse_sign1(annex_d["READER_AUTH"])
    assert cose.x5chain(asked.reader_auth) == (annex_d["READER_CERT"],)
    key = PublicKey.from_certificate(annex_d["READER_CERT"])
    assert not [*reader_auth.failures(asked, transcript, reader_key=key)]
    altered = transcript[:-1] + bytes([transcript[-1] ^ 1])
    (failure,) = reader_auth.failures(asked, altered, reader_key=key)
    assert failure.code == "reader_signature"


def trust(annex_d: Values) -> TrustedKey:
    certificate = x509.load_der_x509_certificate(annex_d["DS_CERT"])
    return TrustedKey(
        PublicKey.from_certificate(annex_d["DS_CERT"]),
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


def test_the_response_verifies(
    annex_d: Values, transcript: bytes, reader: SoftwareAgreement, holder: SoftwareAgreement
) -> None:
    """Issuer signature, six digests, type, times, and the MAC of the device."""
    chains: list[Sequence[bytes]] = []

    def trusted(doc_type: str, chain: Sequence[bytes]) -> TrustedKey | Failure:
        assert doc_type == DOC_TYPE
        chains.append(chain)
        return trust(annex_d)

    expected = Expectation(transcript, doc_types={DOC_TYPE}, reader=reader)
    verdict = verify_response(annex_d["DEVICE_RESPONSE"], expected, trust=trusted, now=IN_TIME)
    assert verdict.failures == ()
    (document,) = verdict.documents
    assert document.failures == ()
    assert chains == [(annex_d["DS_CERT"],)]
    assert document.device_key == holder.public_key
    assert document.status is None
    elements = document.elements[NAME_SPACE]
    assert set(elements) == {
        *("family_name", "issue_date", "expiry_date", "document_number", "portrait"),
        "driving_privileges",
    }
    assert elements["portrait"] == annex_d["DEVICE_RESPONSE_PORTRAIT_DATA"]
    assert elements["family_name"] == "Doe"
    assert not [*malformed(elements)]


@pytest.mark.parametrize(
    ("now", "codes"),
    [(SIGNED - 61, ["not_yet_valid"]), (SIGNED + 365 * 86_400 + 61, ["expired"])],
    ids=["early", "late"],
)
def test_the_response_out_of_its_time(
    annex_d: Values, transcript: bytes, reader: SoftwareAgreement, now: int, codes: list[str]
) -> None:
    verdict = verify_response(
        annex_d["DEVICE_RESPONSE"],
        Expectation(transcript, reader=reader),
        trust=lambda _type, _chain: trust(annex_d),
        now=now,
    )
    (document,) = verdict.documents
    assert [failure.code for failure in document.failures] == codes


def test_the_security_object(annex_d: Values, holder: SoftwareAgreement) -> None:
    (document,) = parse_response(annex_d["DEVICE_RESPONSE"]).documents
    mso = document.issuer_signed.mso
    assert (mso.version, mso.digest_algorithm, mso.doc_type) == ("1.0", "SHA-256", DOC_TYPE)
    assert {name: len(each) for name, each in mso.value_digests.items()} == {
        "org.iso.18013.5.1": 13,
        "org.iso.18013.5.1.US": 4,
    }
    assert mso.device_key == to_cose(holder.public_key)
    assert mso.validity == ValidityInfo(SIGNED, SIGNED, SIGNED + 365 * 86_400)


def test_the_response_is_written_again(annex_d: Values) -> None:
    """What is signed keeps its bytes: only the order of names around it is ours."""
    response = parse_response(annex_d["DEVICE_RESPONSE"])
    again = encode_response(response)
    assert cbor.loads(again) == cbor.loads(annex_d["DEVICE_RESPONSE"])
    assert parse_response(again) == response


def test_the_mac_is_made_again(
    annex_d: Values, transcript: bytes, reader: SoftwareAgreement, holder: SoftwareAgreement
) -> None:
    (document,) = parse_response(annex_d["DEVICE_RESPONSE"]).documents
    authenticate = device_auth.by_mac(holder, reader.public_key, transcript)
    chosen = [
        (NAME_SPACE, i.element_identifier) for i in document.issuer_signed.name_spaces[NAME_SPACE]
    ]
    made = present.present(
        document.issuer_signed, chosen, transcript=transcript, authenticate=authenticate
    )
    assert made == document
    assert parse_response(annex_d["DEVICE_RESPONSE"]) == DeviceResponse((made,))
