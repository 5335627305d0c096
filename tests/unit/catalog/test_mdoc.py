"""Every type that allows it becomes an mdoc from its example: issued, presented, verified."""

import json
from pathlib import Path
from typing import Any

import pytest

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.formats.mdoc import mdl
from madang.core.formats.mdoc.device_auth import by_signature
from madang.core.formats.mdoc.issue import Copy, draft, issue, salts_from, shuffled
from madang.core.formats.mdoc.model import (
    DeviceResponse,
    IssuerSigned,
    encode_response,
    parse_issuer_signed,
)
from madang.core.formats.mdoc.mso import ValidityInfo
from madang.core.formats.mdoc.present import present
from madang.core.formats.mdoc.verdict import Verdict
from madang.core.formats.mdoc.verify import Expectation, TrustedKey, verify_response
from madang.core.keys.software import SoftwareSigner
from tests.unit.madang.core.formats.mdoc.sample import DAY, NOW, signer

CERTIFICATES = Path(__file__).resolve().parents[3] / "catalog" / "certificates"
FOLDERS = sorted(
    path.parent.name
    for path in CERTIFICATES.glob("*/type.json")
    if "mso_mdoc" in json.loads(path.read_bytes())["formats"]
)
DOMAIN = "example.hanbit.id"
ISSUER, HOLDER = signer(31), signer(32)
TRANSCRIPT = b"\x83\xf6\xf6\xf6"


@pytest.fixture(params=FOLDERS)
def certificate_type(
    request: pytest.FixtureRequest, types: dict[TypeId, CertificateType]
) -> CertificateType:
    return types[request.param]


def issued(certificate_type: CertificateType, issuer: SoftwareSigner = ISSUER) -> IssuerSigned:
    elements = mdoc.elements(DOMAIN, certificate_type, certificate_type.example.payload)
    blank = draft(mdoc.doc_type(DOMAIN, certificate_type), elements)
    count = len(blank.elements)
    chance = b"".join(n.to_bytes(16, "big") for n in range(1, count + 1))
    copy = Copy(
        device_key=HOLDER.public_key,
        validity=ValidityInfo(NOW, NOW, NOW + DAY),
        salts=salts_from(chance),
        order=shuffled(count, chance[::-1]),
    )
    return parse_issuer_signed(issue(blank, copy, issuer).encoded)


def shown(document: IssuerSigned, chosen: list[tuple[str, str]]) -> Verdict:
    made = present(document, chosen, transcript=TRANSCRIPT, authenticate=by_signature(HOLDER))
    verdict = verify_response(
        encode_response(DeviceResponse((made,))),
        Expectation(TRANSCRIPT, {document.mso.doc_type}),
        trust=lambda _type, _chain: TrustedKey(ISSUER.public_key),
        now=NOW,
    )
    assert verdict.ok, verdict
    return verdict.documents[0]


def names(document: IssuerSigned) -> list[tuple[str, str]]:
    return [
        (name_space, item.element_identifier)
        for name_space, items in document.name_spaces.items()
        for item in items
    ]


def test_the_types_that_the_federation_wants_as_mdocs() -> None:
    assert {"digital_id", "resident_register_abstract", "mobile_driving_licence"} <= {*FOLDERS}


def test_all_of_it_can_be_shown(certificate_type: CertificateType) -> None:
    document = issued(certificate_type)
    verdict = shown(document, names(document))
    claims = mdoc.payload(DOMAIN, certificate_type, verdict.elements)
    assert claims == certificate_type.example.payload


def test_each_element_can_be_shown_alone(certificate_type: CertificateType) -> None:
    document = issued(certificate_type)
    for name_space, identifier in names(document):
        verdict = shown(document, [(name_space, identifier)])
        assert {name: [*each] for name, each in verdict.elements.items()} == {
            name_space: [identifier]
        }
        claims: Any = mdoc.payload(DOMAIN, certificate_type, verdict.elements)
        expected: Any = certificate_type.example.payload
        for step in identifier.split("."):
            assert [*claims] == [step]
            claims, expected = claims[step], expected[step]
        assert claims == expected


def test_names_are_those_of_a_standard_or_our_own(certificate_type: CertificateType) -> None:
    document = issued(certificate_type)
    own = f"{DOMAIN}.{certificate_type.id}.{certificate_type.version}"
    if certificate_type.mdoc is None:
        assert document.mso.doc_type == own
        assert {*document.name_spaces} == {own}
    else:
        assert document.mso.doc_type == certificate_type.mdoc.doc_type
        assert {*document.name_spaces} == {certificate_type.mdoc.name_space, own}


def test_the_driving_licence_is_whole(types: dict[TypeId, CertificateType]) -> None:
    licence = types[TypeId("mobile_driving_licence")]
    document = issued(licence)
    assert document.mso.doc_type == mdl.DOC_TYPE
    verdict = shown(document, names(document))
    elements = verdict.elements[mdl.NAME_SPACE]
    assert not [*mdl.failures(elements)]
    known = {*mdl.ELEMENTS, "age_over_18", "age_over_19", "age_over_65"}
    assert {*elements} <= known
    assert mdl.nearest_age(elements, 16) == "age_over_18"
    assert {*verdict.elements} - {mdl.NAME_SPACE} == {f"{DOMAIN}.mobile_driving_licence.1"}


def test_an_age_is_shown_without_the_others(types: dict[TypeId, CertificateType]) -> None:
    """A rule asks for one predicate; the date of birth and the other ages stay with the holder."""
    identity = types[TypeId("digital_id")]
    name = mdoc.element_name(DOMAIN, identity, ("age_equal_or_over", "19"))
    verdict = shown(issued(identity), [name])
    claims = mdoc.payload(DOMAIN, identity, verdict.elements)
    assert claims == {"age_equal_or_over": {"19": True}}
