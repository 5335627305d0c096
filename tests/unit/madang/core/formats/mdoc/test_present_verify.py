"""Presenting and verifying: what was chosen is shown, and every wrong step is told by name."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import cbor
from madang.core.envelope import cose
from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.device_auth import by_mac, by_signature, mac_key
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.issue import Copy, Draft, issue
from madang.core.formats.mdoc.model import (
    DeviceResponse,
    DeviceSigned,
    Document,
    IssuerSigned,
    encode_response,
    parse_issuer_signed,
    parse_response,
)
from madang.core.formats.mdoc.mso import IdentifierReference, StatusReference
from madang.core.formats.mdoc.present import present, select
from madang.core.formats.mdoc.times import tdate
from madang.core.formats.mdoc.verdict import Failure, ResponseVerdict, Verdict
from madang.core.formats.mdoc.verify import (
    Expectation,
    TrustedKey,
    verify_document,
    verify_issued,
    verify_response,
)
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from tests.unit.madang.core.formats.mdoc.changing import mso_with
from tests.unit.madang.core.formats.mdoc.sample import (
    DAY,
    DOC_TYPE,
    ELEMENTS,
    NOW,
    OWN,
    agreement,
    certificate,
)

ALL = [(name, identifier) for name, each in ELEMENTS.items() for identifier in each]
NAME = [(DOC_TYPE, "name")]


@pytest.fixture
def document(issued: IssuerSigned, transcript: bytes, holder: SoftwareSigner) -> Document:
    return present(issued, ALL, transcript=transcript, authenticate=by_signature(holder))


@pytest.fixture
def trusted(issuer: SoftwareSigner) -> TrustedKey:
    return TrustedKey(issuer.public_key, NOW - DAY, NOW + 29 * DAY)


@pytest.fixture
def judged(transcript: bytes, trusted: TrustedKey) -> Callable[..., Verdict]:
    """Verify a document; all that is expected can be told otherwise."""

    def verify(document: Document, *, now: int = NOW, **other: object) -> Verdict:
        expected = Expectation(transcript, {DOC_TYPE})
        issuer = other.pop("issuer", trusted)
        expected = replace(expected, **other)  # type: ignore[arg-type]
        return verify_document(document, expected, issuer=issuer, now=now)  # type: ignore[arg-type]

    return verify


def codes(verdict: Verdict) -> list[str]:
    return [failure.code for failure in verdict.failures]


def test_a_good_document(
    document: Document, judged: Callable[..., Verdict], holder: SoftwareSigner
) -> None:
    verdict = judged(document)
    assert verdict.ok
    assert verdict.failures == ()
    assert verdict.doc_type == DOC_TYPE
    assert verdict.elements == ELEMENTS
    assert verdict.device_elements == {}
    assert verdict.device_key == holder.public_key
    assert verdict.status == StatusReference("https://id.hanbit.example/hanbit/issuer/status/1", 17)


def test_only_the_chosen_elements_are_shown(
    issued: IssuerSigned, transcript: bytes, holder: SoftwareSigner, judged: Callable[..., Verdict]
) -> None:
    shown = present(issued, NAME, transcript=transcript, authenticate=by_signature(holder))
    sent = encode_response(DeviceResponse((shown,)))
    assert judged(shown).elements == {DOC_TYPE: {"name": "한도윤"}}
    for kept_back in ("birth_year", "adult", "pages", "example.hanbit.more.pages"):
        assert kept_back.encode() not in sent
    assert select(issued, ()).name_spaces == {}
    with pytest.raises(MdocError) as refused:
        select(issued, [(DOC_TYPE, "pages")])
    assert refused.value.code == "element_absent"


def test_nothing_chosen_still_proves_the_holder(
    issued: IssuerSigned, transcript: bytes, holder: SoftwareSigner, judged: Callable[..., Verdict]
) -> None:
    shown = present(issued, (), transcript=transcript, authenticate=by_signature(holder))
    (again,) = parse_response(encode_response(DeviceResponse((shown,)))).documents
    assert again == shown
    verdict = judged(again)
    assert verdict.ok
    assert verdict.elements == {}


def test_a_mac_is_for_one_reader(
    issued: IssuerSigned,
    transcript: bytes,
    reader: SoftwareAgreement,
    judged: Callable[..., Verdict],
) -> None:
    device = agreement(7)
    authenticate = by_mac(device, reader.public_key, transcript)
    shown = present(issued, NAME, transcript=transcript, authenticate=authenticate)
    assert judged(shown, reader=reader).ok
    assert codes(judged(shown)) == ["device_mac_unexpected"]
    assert codes(judged(shown, reader=agreement(12))) == ["device_mac"]
    assert mac_key(device, reader.public_key, transcript) == mac_key(
        reader, device.public_key, transcript
    )


def test_a_mac_needs_keys_of_one_curve(reader: SoftwareAgreement, transcript: bytes) -> None:
    with pytest.raises(MdocError) as refused:
        mac_key(reader, generate_ed25519("e").public_key, transcript)
    assert refused.value.code == "key_agreement"


def test_a_mac_of_a_key_that_cannot_agree(
    blank: Draft,
    copy: Copy,
    issuer: SoftwareSigner,
    transcript: bytes,
    reader: SoftwareAgreement,
    judged: Callable[..., Verdict],
) -> None:
    bound = replace(copy, device_key=generate_ed25519("e").public_key)
    issued = parse_issuer_signed(issue(blank, bound, issuer).encoded)
    authenticate = by_mac(agreement(7), reader.public_key, transcript)
    shown = present(issued, NAME, transcript=transcript, authenticate=authenticate)
    assert codes(judged(shown, reader=reader)) == ["device_key"]


def test_the_session_counts(
    document: Document, judged: Callable[..., Verdict], transcript: bytes
) -> None:
    other = transcript[:-1] + bytes([transcript[-1] ^ 1])
    assert codes(judged(document, transcript=other)) == ["device_signature"]


def test_another_key_does_not_present(
    issued: IssuerSigned, transcript: bytes, judged: Callable[..., Verdict]
) -> None:
    for thief, code in (
        (generate_p256("thief"), "device_signature"),
        (generate_ed25519("thief"), "device_alg"),
    ):
        shown = present(issued, ALL, transcript=transcript, authenticate=by_signature(thief))
        assert codes(judged(shown)) == [code]


def test_the_issuer_s_key_and_its_lack(document: Document, judged: Callable[..., Verdict]) -> None:
    stranger = TrustedKey(generate_p256("stranger").public_key)
    assert codes(judged(document, issuer=stranger)) == ["issuer_signature"]
    other = TrustedKey(generate_ed25519("stranger").public_key)
    assert codes(judged(document, issuer=other)) == ["issuer_alg"]
    none = Failure("issuer_not_accredited", "ISO 18013-5 9.3.3", "nobody knows it")
    verdict = judged(document, issuer=none)
    assert verdict.failures == (none,)
    assert not verdict.ok


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_issuers_and_devices_on_larger_curves(
    curve: ec.EllipticCurve,
    blank: Draft,
    copy: Copy,
    transcript: bytes,
    judged: Callable[..., Verdict],
) -> None:
    keys = [ec.derive_private_key(number, curve) for number in (5, 7, 11)]
    issuer, holder = (SoftwareSigner(key, "", (certificate(key, "large"),)) for key in keys[:2])
    made = issue(blank, replace(copy, device_key=holder.public_key), issuer)
    issued = parse_issuer_signed(made.encoded)
    shown = present(issued, ALL, transcript=transcript, authenticate=by_signature(holder))
    trusted = TrustedKey(issuer.public_key)
    assert judged(shown, issuer=trusted).ok
    assert codes(judged(altered(shown, elementValue=1), issuer=trusted)) == ["digest"]
    assert codes(judged(shown, issuer=TrustedKey(holder.public_key))) == ["issuer_signature"]
    thief = present(issued, ALL, transcript=transcript, authenticate=by_signature(issuer))
    assert codes(judged(thief, issuer=trusted)) == ["device_signature"]
    device, reader = (SoftwareAgreement(key) for key in keys[1:])
    authenticate = by_mac(device, reader.public_key, transcript)
    sealed = present(issued, ALL, transcript=transcript, authenticate=authenticate)
    assert judged(sealed, issuer=trusted, reader=reader).ok
    assert codes(judged(sealed, issuer=trusted, reader=agreement(11))) == ["device_key"]


def altered(document: Document, **items: object) -> Document:
    """Return the document with its first item changed and encoded anew."""
    name_spaces = {**document.issuer_signed.name_spaces}
    first, *others = name_spaces[DOC_TYPE]
    members = {**cbor.loads(first.encoded), **items}
    changed = first._replace(
        encoded=cbor.dumps(members), digest_id=members["digestID"], element_value="?"
    )
    name_spaces[DOC_TYPE] = (changed, *others)
    return replace(document, issuer_signed=replace(document.issuer_signed, name_spaces=name_spaces))


def test_an_altered_element_is_left_out(document: Document, judged: Callable[..., Verdict]) -> None:
    verdict = judged(altered(document, elementValue="김도윤"))
    assert codes(verdict) == ["digest"]
    first = document.issuer_signed.name_spaces[DOC_TYPE][0].element_identifier
    assert first not in verdict.elements[DOC_TYPE]
    assert len(verdict.elements[DOC_TYPE]) == 2
    assert codes(judged(altered(document, digestID=9))) == ["digest"]
    assert codes(judged(altered(document, random=bytes(16)))) == ["digest"]


def test_an_element_of_another_name_space(
    document: Document, judged: Callable[..., Verdict]
) -> None:
    items = document.issuer_signed.name_spaces[DOC_TYPE]
    moved = replace(document.issuer_signed, name_spaces={"elsewhere": items})
    assert codes(judged(replace(document, issuer_signed=moved))) == ["digest"] * 3


def test_an_element_twice(document: Document, judged: Callable[..., Verdict]) -> None:
    items = document.issuer_signed.name_spaces[DOC_TYPE]
    twice = replace(document.issuer_signed, name_spaces={DOC_TYPE: (*items, items[0])})
    assert codes(judged(replace(document, issuer_signed=twice))) == ["element_twice"]


def test_two_elements_of_one_name(issued: IssuerSigned, issuer: SoftwareSigner) -> None:
    """Both digests agree, so the issuer itself would have to have said two things."""
    first = issued.name_spaces[DOC_TYPE][0]
    members = {**cbor.loads(first.encoded), "digestID": 9, "elementValue": "another"}
    second = first._replace(encoded=cbor.dumps(members), digest_id=9, element_value="another")
    digests = {**issued.mso.value_digests}
    digests[DOC_TYPE] = {**digests[DOC_TYPE], 9: second.digest("SHA-256")}
    signed = mso_with(issued, issuer, valueDigests=digests)
    both = replace(signed, name_spaces={DOC_TYPE: (first, second)})
    verdict = verify_issued(both, issuer=TrustedKey(issuer.public_key), now=NOW)
    assert codes(verdict) == ["element_twice"]
    assert verdict.elements == {DOC_TYPE: {first.element_identifier: first.element_value}}


def test_the_type(document: Document, judged: Callable[..., Verdict]) -> None:
    assert codes(judged(document, doc_types={"another"})) == ["doc_type_unexpected"]
    assert judged(document, doc_types=None).ok
    # The device signed for its own type, so that one is wrong too.
    renamed = replace(document, doc_type="another")
    assert codes(judged(renamed, doc_types=None)) == ["doc_type", "device_signature"]


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (NOW - 61, ["not_yet_valid"]),
        (NOW - 60, []),
        (NOW + DAY + 60, []),
        (NOW + DAY + 61, ["expired"]),
    ],
)
def test_times(
    now: int, wanted: list[str], document: Document, judged: Callable[..., Verdict]
) -> None:
    assert codes(judged(document, now=now)) == wanted


def test_signed_while_not_certified(
    document: Document, judged: Callable[..., Verdict], issuer: SoftwareSigner
) -> None:
    for start, end in ((NOW + 1, NOW + DAY), (NOW - DAY, NOW - 1)):
        key = TrustedKey(issuer.public_key, start, end)
        assert codes(judged(document, issuer=key)) == ["signed_outside_certificate"]
    assert judged(document, issuer=TrustedKey(issuer.public_key)).ok


PLACE: dict[str, Any] = {"uri": "https://x.example", "idx": 1}
NAMED: dict[str, Any] = {"uri": "https://x.example", "id": b"\x01\x02"}


def times(signed: int, valid_from: int) -> dict[str, cbor.Tag]:
    moments = {"signed": signed, "validFrom": valid_from, "validUntil": NOW + DAY}
    return {name: tdate(moment) for name, moment in moments.items()}


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({"digestAlgorithm": "SHA-1"}, ["digest_algorithm"]),
        ({"version": "2.0"}, ["mso_version"]),
        ({"version": "1.1"}, []),
        ({"status": {"later": {"uri": "https://x.example"}}}, ["status_mechanism"]),
        ({"status": {"status_list": PLACE, "identifier_list": NAMED}}, ["status_mechanism"]),
        ({"status": {"identifier_list": NAMED}}, []),
        ({"status": None}, []),
        ({"later": {"unknown": 1}}, []),
        ({"validityInfo": times(NOW + 60, NOW + 60)}, []),
        ({"validityInfo": times(NOW + 61, NOW)}, ["not_yet_valid"]),
        ({"validityInfo": times(NOW, NOW + 61)}, ["not_yet_valid"]),
        ({"deviceKeyInfo": {"deviceKey": {1: 2, -1: 8}}}, ["device_key"]),
    ],
)
def test_other_security_objects(
    members: dict[str, object],
    wanted: list[str],
    issued: IssuerSigned,
    issuer: SoftwareSigner,
    holder: SoftwareSigner,
    transcript: bytes,
    trusted: TrustedKey,
) -> None:
    signed = mso_with(issued, issuer, **members)
    shown = present(signed, NAME, transcript=transcript, authenticate=by_signature(holder))
    expected = Expectation(transcript)
    assert codes(verify_document(shown, expected, issuer=trusted, now=NOW)) == wanted
    assert codes(verify_issued(signed, issuer=trusted, now=NOW)) == wanted


@pytest.mark.parametrize("certificate", [None, b"der"])
def test_where_a_status_stands(
    issued: IssuerSigned, issuer: SoftwareSigner, certificate: bytes | None
) -> None:
    more = {} if certificate is None else {"certificate": certificate}
    for member, place, wanted in (
        ("status_list", PLACE, StatusReference(PLACE["uri"], 1, certificate)),
        ("identifier_list", NAMED, IdentifierReference(NAMED["uri"], b"\x01\x02", certificate)),
    ):
        assert mso_with(issued, issuer, status={member: {**place, **more}}).mso.status == wanted


@pytest.mark.parametrize(
    "status",
    [
        {"status_list": {**PLACE, "idx": -1}},
        {"status_list": {**PLACE, "certificate": "text"}},
        {"identifier_list": {"uri": "https://x.example"}},
        {"identifier_list": {**NAMED, "id": "text"}},
        {"identifier_list": {"id": b"\x01"}},
        {"identifier_list": []},
    ],
)
def test_a_status_of_another_shape_is_no_document(
    issued: IssuerSigned, issuer: SoftwareSigner, status: object
) -> None:
    with pytest.raises(MdocError):
        mso_with(issued, issuer, status=status)


def test_the_device_signs_what_it_may(
    issued: IssuerSigned, transcript: bytes, holder: SoftwareSigner, judged: Callable[..., Verdict]
) -> None:
    own = {OWN: {"seen_at": 5}, "example.hanbit.one": {"seen": True, "other": 1}}
    shown = present(
        issued,
        NAME,
        transcript=transcript,
        authenticate=by_signature(holder),
        device_name_spaces=own,
    )
    verdict = judged(shown)
    assert verdict.device_elements == own
    assert [(f.code, f.detail) for f in verdict.failures] == [
        ("device_element", "the device key may not sign other")
    ]
    with pytest.raises(MdocError) as refused:
        present(
            issued,
            NAME,
            transcript=transcript,
            authenticate=by_signature(holder),
            device_name_spaces={OWN: {"share": 0.5}},
        )
    assert refused.value.code == "malformed_element"


def test_device_elements_are_covered(document: Document, judged: Callable[..., Verdict]) -> None:
    more = cbor.dumps({OWN: {"seen_at": 5}})
    signed = DeviceSigned(more, {OWN: {"seen_at": 5}}, document.device_signed.device_auth)
    assert codes(judged(replace(document, device_signed=signed))) == ["device_signature"]


def test_a_payload_inside_the_device_signature_is_refused(
    issued: IssuerSigned, transcript: bytes, holder: SoftwareSigner, judged: Callable[..., Verdict]
) -> None:
    attached = present(
        issued,
        NAME,
        transcript=transcript,
        authenticate=lambda data: cose.sign1(data, {}, holder),
    )
    assert codes(judged(attached)) == ["device_signature"]


def test_every_failure_is_told_in_order(
    document: Document, judged: Callable[..., Verdict], transcript: bytes
) -> None:
    bad = altered(replace(document, doc_type="another"), elementValue="x")
    verdict = judged(
        bad,
        issuer=TrustedKey(generate_p256("stranger").public_key, NOW + 1, NOW + 2),
        now=NOW + 2 * DAY,
        transcript=b"\xf6",
    )
    assert codes(verdict) == [
        *("issuer_signature", "digest", "doc_type", "signed_outside_certificate", "expired"),
        "device_signature",
    ]


def response(
    data: bytes, transcript: bytes, trusted: TrustedKey | Failure
) -> tuple[ResponseVerdict, list[tuple[str, Sequence[bytes]]]]:
    asked: list[tuple[str, Sequence[bytes]]] = []

    def trust(doc_type: str, chain: Sequence[bytes]) -> TrustedKey | Failure:
        asked.append((doc_type, chain))
        return trusted

    return verify_response(data, Expectation(transcript), trust=trust, now=NOW), asked


def test_a_whole_response(
    document: Document, transcript: bytes, trusted: TrustedKey, issuer: SoftwareSigner
) -> None:
    data = encode_response(DeviceResponse((document, document), ({"missing": 0},)))
    verdict, asked = response(data, transcript, trusted)
    assert verdict.ok
    assert [each.elements for each in verdict.documents] == [ELEMENTS] * 2
    assert asked == [(DOC_TYPE, issuer.certificate_chain)] * 2


def test_trust_is_sought_for_the_type_that_the_issuer_signed(
    document: Document, transcript: bytes, trusted: TrustedKey
) -> None:
    data = encode_response(DeviceResponse((replace(document, doc_type="another"),)))
    verdict, asked = response(data, transcript, trusted)
    assert [doc_type for doc_type, _ in asked] == [DOC_TYPE]
    assert codes(verdict.documents[0]) == ["doc_type", "device_signature"]


def test_what_is_wrong_with_the_whole(
    document: Document, transcript: bytes, trusted: TrustedKey
) -> None:
    for sent, code in (
        (DeviceResponse(()), "no_documents"),
        (DeviceResponse((document,), status=10), "response_status"),
        (DeviceResponse((document,), version="2.0"), "version"),
    ):
        verdict, _ = response(encode_response(sent), transcript, trusted)
        assert [failure.code for failure in verdict.failures] == [code]
        assert not verdict.ok
    verdict, asked = response(b"\xff", transcript, trusted)
    assert [failure.code for failure in verdict.failures] == ["malformed_mdoc"]
    assert asked == []


def test_one_bad_document_spoils_the_response(
    document: Document, transcript: bytes, trusted: TrustedKey
) -> None:
    data = encode_response(DeviceResponse((document, altered(document, elementValue=1))))
    verdict, _ = response(data, transcript, trusted)
    assert [each.ok for each in verdict.documents] == [True, False]
    assert not verdict.ok


def test_a_chain_of_another_form(
    document: Document, transcript: bytes, trusted: TrustedKey
) -> None:
    auth = replace(document.issuer_signed.issuer_auth, unprotected={33: "text"})
    bent = replace(document, issuer_signed=replace(document.issuer_signed, issuer_auth=auth))
    verdict, asked = response(encode_response(DeviceResponse((bent,))), transcript, trusted)
    (found,) = verdict.documents
    assert codes(found) == ["issuer_chain"]
    assert asked == []


def test_what_the_wallet_receives(issued: IssuerSigned, trusted: TrustedKey) -> None:
    verdict = verify_issued(issued, issuer=trusted, now=NOW)
    assert verdict.ok
    assert verdict.elements == ELEMENTS
    late = verify_issued(issued, issuer=trusted, now=NOW + 2 * DAY)
    assert codes(late) == ["expired"]
