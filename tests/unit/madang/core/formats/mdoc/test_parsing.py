"""Parsing: any bytes give a value or the one error, within bounds, and nothing gets lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.formats.mdoc import engagement, mso, request, session
from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.device_auth import by_mac, by_signature
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import (
    DeviceResponse,
    IssuerSigned,
    encode_issuer_signed,
    encode_response,
    parse_issuer_signed,
    parse_response,
)
from madang.core.formats.mdoc.present import present
from madang.core.formats.mdoc.reading import Limits
from madang.core.formats.mdoc.verdict import Failure
from madang.core.formats.mdoc.verify import Expectation, verify_response
from madang.core.keys.software import SoftwareSigner
from tests.unit.madang.core.formats.mdoc.sample import DOC_TYPE, NOW, agreement

PARSERS: dict[str, Callable[[bytes], object]] = {
    "issuer_signed": parse_issuer_signed,
    "response": parse_response,
    "mso": mso.parse,
    "request": request.parse_request,
    "items": request.parse_items,
    "engagement": engagement.parse,
    "establishment": session.parse_establishment,
    "data": session.parse_data,
}
NAMES = (
    *("version", "documents", "docType", "issuerSigned", "deviceSigned", "nameSpaces", "status"),
    *("issuerAuth", "deviceAuth", "deviceMac", "deviceSignature", "digestID", "random", "errors"),
    *("elementIdentifier", "elementValue", "docRequests", "itemsRequest", "readerAuth", "data"),
    *("eReaderKey", "documentErrors", "requestInfo", "digestAlgorithm", "valueDigests"),
    *("deviceKeyInfo", "deviceKey", "validityInfo", "signed", "validFrom", "validUntil"),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 40), st.text(max_size=4), st.binary(max_size=6)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*NAMES, 0, 1, 2, 33]), inner, max_size=6),
        inner.map(cbor.encoded),
        inner.map(lambda value: cbor.Tag(0, value)),
    ),
    max_leaves=25,
)
"""Values with the names that the structures have, in places where they may not belong."""


@pytest.fixture(scope="session")
def response(issued: IssuerSigned, transcript: bytes, holder: SoftwareSigner) -> bytes:
    chosen = [(DOC_TYPE, "name"), (DOC_TYPE, "adult")]
    shown = present(issued, chosen, transcript=transcript, authenticate=by_signature(holder))
    errors = {DOC_TYPE: {"height": 0}}
    return encode_response(DeviceResponse((replace(shown, errors=errors),), ({"other": 0},)))


def clause(parser: str, data: bytes) -> str:
    """Return where the one error comes from, or that there was none; others fail the test."""
    try:
        PARSERS[parser](data)
    except MdocError as error:
        return error.clause
    return "ISO 18013-5 is kept"


@pytest.mark.parametrize("parser", PARSERS)
@given(data=st.binary(max_size=200))
def test_any_bytes(parser: str, data: bytes) -> None:
    assert clause(parser, data).startswith("ISO 18013-5 ")


@pytest.mark.parametrize("parser", PARSERS)
@given(value=VALUES)
def test_any_cbor(parser: str, value: Any) -> None:
    assert clause(parser, cbor.dumps(value)).startswith("ISO 18013-5 ")


@given(data=st.data())
def test_a_response_with_some_bytes_changed(
    data: st.DataObject, response: bytes, transcript: bytes
) -> None:
    """Whatever a holder sends, the verifier has a verdict; and it is a good one for no change."""
    changed = bytearray(response)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    verdict = verify_response(
        bytes(changed),
        Expectation(transcript),
        trust=lambda _type, _chain: Failure("issuer_key", "ISO 18013-5 9.3.3", "none"),
        now=NOW,
    )
    assert not verdict.ok


@given(st.integers(0, 4000))
def test_a_response_cut_short(response: bytes, length: int) -> None:
    if length < len(response):
        with pytest.raises(MdocError):
            parse_response(response[:length])


def test_all_of_it_is_read_and_written_again(response: bytes, issued: IssuerSigned) -> None:
    parsed = parse_response(response)
    assert encode_response(parsed) == response
    (document,) = parsed.documents
    assert document.errors == {DOC_TYPE: {"height": 0}}
    assert parsed.document_errors == ({"other": 0},)
    assert (parsed.status, parsed.version) == (0, "1.0")
    assert parse_issuer_signed(encode_issuer_signed(issued)) == issued


def edited(data: bytes, edit: Callable[[dict[str, Any]], object]) -> bytes:
    value = cbor.loads(data)
    edit(value)
    return cbor.dumps(value)


def first(value: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = value["documents"][0]
    return document


BENT: dict[str, Callable[[dict[str, Any]], object]] = {
    "no version": lambda v: v.pop("version"),
    "status of text": lambda v: v.update(status="0"),
    "status of truth": lambda v: v.update(status=False),
    "documents of a map": lambda v: v.update(documents={}),
    "errors of text": lambda v: v.update(documentErrors=[{"other": "0"}]),
    "document of text": lambda v: v.update(documents=["text"]),
    "no docType": lambda v: first(v).pop("docType"),
    "no issuerSigned": lambda v: first(v).pop("issuerSigned"),
    "no deviceSigned": lambda v: first(v).pop("deviceSigned"),
    "no issuerAuth": lambda v: first(v)["issuerSigned"].pop("issuerAuth"),
    "items without tag": lambda v: first(v)["issuerSigned"].update(nameSpaces={"a": [b"\xa0"]}),
    "items of a map": lambda v: first(v)["issuerSigned"].update(nameSpaces={"a": {}}),
    "namespace of a number": lambda v: first(v)["issuerSigned"].update(nameSpaces={1: []}),
    "item of nothing": lambda v: first(v)["issuerSigned"].update(
        nameSpaces={"a": [cbor.encoded({})]}
    ),
    "item of a list": lambda v: first(v)["issuerSigned"].update(
        nameSpaces={"a": [cbor.encoded([1])]}
    ),
    "digestID below zero": lambda v: first(v)["issuerSigned"].update(
        nameSpaces={"a": [item(digestID=-1)]}
    ),
    "digestID of truth": lambda v: first(v)["issuerSigned"].update(
        nameSpaces={"a": [item(digestID=True)]}
    ),
    "random of text": lambda v: first(v)["issuerSigned"].update(
        nameSpaces={"a": [item(random="salt")]}
    ),
    "identifier of bytes": lambda v: first(v)["issuerSigned"].update(
        nameSpaces={"a": [item(elementIdentifier=b"x")]}
    ),
    "item with bytes behind": lambda v: first(v)["issuerSigned"].update(
        nameSpaces={"a": [cbor.Tag(24, item().value + b"\x00")]}
    ),
    "no nameSpaces of the device": lambda v: first(v)["deviceSigned"].pop("nameSpaces"),
    "device elements of a list": lambda v: first(v)["deviceSigned"].update(
        nameSpaces=cbor.encoded({"a": [1]})
    ),
    "device element by number": lambda v: first(v)["deviceSigned"].update(
        nameSpaces=cbor.encoded({"a": {1: 1}})
    ),
    "no device authentication": lambda v: first(v)["deviceSigned"].update(deviceAuth={}),
    "both authentications": lambda v: first(v)["deviceSigned"]["deviceAuth"].update(deviceMac=[]),
    "a signature of three": lambda v: first(v)["deviceSigned"].update(
        deviceAuth={"deviceSignature": [b"", {}, None]}
    ),
}


def item(**members: object) -> cbor.Tag:
    whole = {"digestID": 1, "random": b"r" * 16, "elementIdentifier": "x", "elementValue": 1}
    return cbor.encoded({**whole, **members})


@pytest.mark.parametrize("name", BENT)
def test_bent_responses_are_refused(name: str, response: bytes) -> None:
    with pytest.raises(MdocError) as refused:
        parse_response(edited(response, BENT[name]))
    assert refused.value.code == "malformed_mdoc"


def test_unknown_members_are_accepted(response: bytes) -> None:
    def edit(value: dict[str, Any]) -> None:
        value["later"] = first(value)["later"] = first(value)["deviceSigned"]["later"] = 1
        first(value)["issuerSigned"]["later"] = {"x": [1]}

    assert parse_response(edited(response, edit)) == parse_response(response)


def test_an_item_keeps_members_that_are_not_known(response: bytes) -> None:
    """They are under the digest, so the bytes stay."""
    more = item(later=5)

    def edit(value: dict[str, Any]) -> None:
        first(value)["issuerSigned"]["nameSpaces"] = {"a": [more]}

    (document,) = parse_response(edited(response, edit)).documents
    assert document.issuer_signed.name_spaces["a"][0].encoded == more.value


def test_size_depth_and_numbers_are_bounded(response: bytes, issued: IssuerSigned) -> None:
    limits = Limits()
    size = len(response)
    assert parse_response(response, limits._replace(max_bytes=size))
    for smaller, code in (
        (limits._replace(max_bytes=size - 1), "malformed_mdoc"),
        (limits._replace(max_depth=3), "malformed_mdoc"),
        (limits._replace(max_documents=0), "too_many_documents"),
        (limits._replace(max_elements=1), "too_many_elements"),
        # Two are shown, but the security object has the digests of four.
        (limits._replace(max_elements=3), "too_many_elements"),
    ):
        with pytest.raises(MdocError) as refused:
            parse_response(response, smaller)
        assert refused.value.code == code
    deep: Any = 1
    for _ in range(30):
        deep = [deep]
    hidden = cbor.dumps(issued.value | {"nameSpaces": {"a": [item(elementValue=deep)]}})
    with pytest.raises(MdocError) as refused:
        parse_issuer_signed(hidden)
    assert refused.value.code == "malformed_mdoc"


@pytest.mark.parametrize(
    "edit",
    [
        lambda v: first(v)["issuerSigned"].update(nameSpaces={str(n): [] for n in range(5)}),
        lambda v: first(v)["deviceSigned"].update(
            nameSpaces=cbor.encoded({str(n): {} for n in range(5)})
        ),
        lambda v: first(v).update(errors={str(n): {} for n in range(5)}),
        lambda v: v.update(documentErrors=[{}] * 5),
    ],
    ids=["issuer", "device", "errors", "documentErrors"],
)
def test_names_with_nothing_in_them_are_bounded_too(
    edit: Callable[[dict[str, Any]], object], response: bytes
) -> None:
    bent = edited(response, edit)
    assert parse_response(bent, Limits(max_elements=5))
    with pytest.raises(MdocError) as refused:
        parse_response(bent, Limits(max_elements=4))
    assert refused.value.code == "too_many_elements"


@pytest.mark.parametrize(
    "members",
    [
        {"version": 1},
        {"digestAlgorithm": None},
        {"valueDigests": {"a": {}}},
        {"valueDigests": {"a": {"1": b""}}},
        {"valueDigests": {"a": {-1: b""}}},
        {"valueDigests": {"a": {1: "digest"}}},
        {"valueDigests": {1: {1: b""}}},
        {"deviceKeyInfo": {}},
        {"deviceKeyInfo": {"deviceKey": {}, "keyAuthorizations": []}},
        {"deviceKeyInfo": {"deviceKey": {}, "keyAuthorizations": {"nameSpaces": [1]}}},
        {"deviceKeyInfo": {"deviceKey": {}, "keyAuthorizations": {"dataElements": {"a": "b"}}}},
        {"docType": b"bytes"},
        {"status": []},
        {"status": {"status_list": {"idx": "1", "uri": "u"}}},
        {"status": {"status_list": {"idx": -1, "uri": "u"}}},
        {"status": {"status_list": {"idx": True, "uri": "u"}}},
        {"status": {"status_list": {"idx": 1}}},
        {"validityInfo": {}},
    ],
)
def test_bent_security_objects_are_refused(members: dict[str, Any], issued: IssuerSigned) -> None:
    assert mso.parse(cbor.dumps(cbor.encoded(dict(issued.mso.members)))) == issued.mso
    bent = cbor.dumps(cbor.encoded({**issued.mso.members, **members}))
    with pytest.raises(MdocError) as refused:
        mso.parse(bent)
    assert refused.value.code in ("malformed_mdoc", "malformed_time")


def test_a_security_object_stands_in_tag_24(issued: IssuerSigned) -> None:
    for payload in (None, b"", cbor.dumps(dict(issued.mso.members)), cbor.dumps(b"bytes")):
        with pytest.raises(MdocError) as refused:
            mso.parse(payload)
        assert refused.value.code == "malformed_mdoc"


def test_mac_documents_are_read_and_written_again(
    issued: IssuerSigned, transcript: bytes, reader: SoftwareAgreement
) -> None:
    authenticate = by_mac(agreement(7), reader.public_key, transcript)
    shown = present(issued, (), transcript=transcript, authenticate=authenticate)
    data = encode_response(DeviceResponse((shown,)))
    assert parse_response(data).documents == (shown,)
