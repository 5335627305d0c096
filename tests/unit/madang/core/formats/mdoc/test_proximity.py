"""A session in proximity from engagement to answer, and the reader that says who it is."""

from dataclasses import replace

import pytest

from madang.core.encoding import cbor
from madang.core.formats.mdoc import engagement, reader_auth, request, session
from madang.core.formats.mdoc.engagement import RetrievalMethod
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.request import DeviceRequest, DocRequest, ItemsRequest
from madang.core.formats.mdoc.session import SessionData
from madang.core.formats.mdoc.transcript import proximity
from madang.core.keys.cose_key import to_cose
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from tests.unit.madang.core.formats.mdoc.sample import DOC_TYPE, agreement

DEVICE, READER = agreement(21), agreement(22)
BLE = RetrievalMethod(2, 1, {0: False, 1: True})
ASKED = ItemsRequest(DOC_TYPE, {DOC_TYPE: {"name": False, "adult": True}}, {"purpose": "rent"})
KEY = to_cose(DEVICE.public_key)


def test_engagement() -> None:
    engaged = engagement.parse(engagement.encode(DEVICE.public_key, (BLE,)))
    assert engaged.e_device_key == DEVICE.public_key
    assert cbor.loads(engaged.e_device_key_encoded) == KEY
    assert engaged.retrieval_methods == (BLE,)
    later = {0: "1.1", 1: [1, cbor.encoded(KEY), "more"], 7: "unknown"}
    assert engagement.parse(cbor.dumps(later)).version == "1.1"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({0: "1.0"}, "malformed_mdoc"),
        ({0: "1.0", 1: []}, "cipher_suite"),
        ({0: "1.0", 1: [2, cbor.encoded(KEY)]}, "cipher_suite"),
        ({0: "1.0", 1: [1, KEY]}, "malformed_mdoc"),
        ({0: "1.0", 1: [1, cbor.encoded({1: 2})]}, "malformed_mdoc"),
        ({0: "1.0", 1: [1, cbor.encoded(KEY)], 2: [[2, 1]]}, "malformed_mdoc"),
        ({0: "1.0", 1: [1, cbor.encoded(KEY)], 2: "ble"}, "malformed_mdoc"),
        ({0: 1, 1: [1, cbor.encoded(KEY)]}, "malformed_mdoc"),
    ],
)
def test_bent_engagements_are_refused(members: dict[int, object], code: str) -> None:
    with pytest.raises(MdocError) as refused:
        engagement.parse(cbor.dumps(members))
    assert refused.value.code == code


@pytest.fixture
def began() -> bytes:
    """The transcript on which both sides agree."""
    engaged = engagement.encode(DEVICE.public_key, (BLE,))
    return proximity(engaged, cbor.dumps(to_cose(READER.public_key)))


def test_a_session(began: bytes) -> None:
    asking = session.begin(READER, DEVICE.public_key, began)
    sealed, sending = asking.reader.seal(b"request")
    first = session.parse_establishment(session.encode_establishment(READER.public_key, sealed))
    answering = session.begin(DEVICE, first.e_reader_key, began)
    plain, receiving = answering.reader.open(first.data)
    assert plain == b"request"
    sealed, _ = sending.seal(b"second")
    assert receiving.open(sealed)[0] == b"second"
    sealed, _ = answering.device.seal(b"answer")
    assert asking.device.open(sealed)[0] == b"answer"


def test_no_message_out_of_its_turn(began: bytes) -> None:
    stream = session.begin(READER, DEVICE.public_key, began).reader
    one, after = stream.seal(b"one")
    two, _ = after.seal(b"two")
    other_way = session.begin(READER, DEVICE.public_key, began).device
    other_session = session.begin(READER, DEVICE.public_key, began + b"\x00").reader
    altered = bytes([one[0] ^ 1]) + one[1:]
    for opener, sealed in (
        (stream, two),
        (after, one),
        (other_way, one),
        (other_session, one),
        (stream, altered),
        (stream, b""),
    ):
        with pytest.raises(MdocError) as refused:
            opener.open(sealed)
        assert refused.value.code == "session_encryption"


def test_a_counter_does_not_come_round(began: bytes) -> None:
    stream = session.begin(READER, DEVICE.public_key, began).reader
    sealed, spent = replace(stream, counter=2**32 - 1).seal(b"last")
    assert replace(stream, counter=2**32 - 1).open(sealed)[0] == b"last"
    for use in (spent.seal, spent.open):
        with pytest.raises(MdocError) as refused:
            use(b"one more")
        assert refused.value.code == "session_counter"


def test_session_data() -> None:
    for message in (SessionData(b"x"), SessionData(b"x", 20), SessionData(status=10)):
        assert session.parse_data(session.encode_data(message)) == message
    for bent in ({}, {"data": "text"}, {"status": True}, {"later": 1}):
        with pytest.raises(MdocError):
            session.parse_data(cbor.dumps(bent))


def test_a_request_is_read_and_written_again(began: bytes, issuer: SoftwareSigner) -> None:
    plain = DocRequest(request.encode_items(ASKED), ASKED)
    signed = reader_auth.sign(ASKED, began, issuer)
    asked = DeviceRequest((plain, signed))
    assert request.parse_request(request.encode_request(asked)) == asked


def asking(items: object) -> dict[str, object]:
    return {"version": "1.0", "docRequests": [{"itemsRequest": cbor.encoded(items)}]}


@pytest.mark.parametrize(
    "value",
    [
        {"version": "1.0"},
        {"version": "1.0", "docRequests": {}},
        {"version": "1.0", "docRequests": ["text"]},
        {"version": "1.0", "docRequests": [{"itemsRequest": b"x"}]},
        {"docRequests": []},
        asking({"docType": "a"}),
        asking({"docType": "a", "nameSpaces": {"b": 1}}),
        asking({"docType": "a", "nameSpaces": {"b": {"c": 1}}}),
        asking({"docType": "a", "nameSpaces": {"b": {1: True}}}),
        asking({"nameSpaces": {"b": {"c": True}}}),
    ],
)
def test_bent_requests_are_refused(value: dict[str, object]) -> None:
    with pytest.raises(MdocError) as refused:
        request.parse_request(cbor.dumps(value))
    assert refused.value.code == "malformed_mdoc"


def test_requests_are_bounded() -> None:
    many = DeviceRequest((DocRequest(request.encode_items(ASKED), ASKED),) * 3)
    data = request.encode_request(many)
    limits = request.DEFAULT_LIMITS
    for smaller in (limits._replace(max_documents=2), limits._replace(max_elements=1)):
        with pytest.raises(MdocError, match="at most"):
            request.parse_request(data, smaller)


def test_name_spaces_with_nothing_in_them_are_bounded_too() -> None:
    items = cbor.dumps({"docType": "a", "nameSpaces": {str(n): {} for n in range(5)}})
    limits = request.DEFAULT_LIMITS
    assert request.parse_items(items, limits._replace(max_elements=5))
    with pytest.raises(MdocError, match="at most 4"):
        request.parse_items(items, limits._replace(max_elements=4))


def test_the_reader_says_who_it_is(began: bytes, issuer: SoftwareSigner) -> None:
    signed = reader_auth.sign(ASKED, began, issuer)
    (asked,) = request.parse_request(request.encode_request(DeviceRequest((signed,)))).doc_requests
    assert not [*reader_auth.failures(asked, began, reader_key=issuer.public_key)]


def test_what_a_reader_s_signature_covers(began: bytes, issuer: SoftwareSigner) -> None:
    signed = reader_auth.sign(ASKED, began, issuer)
    more = ItemsRequest(DOC_TYPE, {DOC_TYPE: {"name": False, "birth_year": False}})
    swapped = replace(signed, encoded=request.encode_items(more), items_request=more)
    stranger, other = generate_p256("s").public_key, generate_ed25519("s").public_key
    cases = [
        (signed, began, stranger, "reader_signature"),
        (signed, began + b"\x00", issuer.public_key, "reader_signature"),
        (swapped, began, issuer.public_key, "reader_signature"),
        (signed, began, other, "reader_alg"),
        (signed, began, None, "reader_key"),
        (replace(signed, reader_auth=None), began, issuer.public_key, "reader_auth_missing"),
    ]
    for asked, transcript, key, code in cases:
        (failure,) = reader_auth.failures(asked, transcript, reader_key=key)
        assert failure.code == code


def test_a_reader_without_a_certificate_does_not_sign(began: bytes) -> None:
    with pytest.raises(MdocError) as refused:
        reader_auth.sign(ASKED, began, generate_p256("bare"))
    assert refused.value.code == "no_certificate"
