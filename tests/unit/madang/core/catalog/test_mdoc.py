"""A type's claims as elements of an mdoc, and back."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, MdocNames
from madang.core.catalog.errors import CatalogError
from madang.core.catalog.parser import parse_type
from madang.core.catalog.payload import build_payload
from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.formats.mdoc.as_json import as_json
from madang.core.formats.mdoc.errors import MdocError

DOMAIN = "example.city.id"
OWN = f"{DOMAIN}.permit.3"
Documents = dict[str, dict[str, Any]]
Encode = Callable[[Mapping[str, Any]], dict[str, bytes]]
NAMES = {"doc_type": "org.iso.x.1", "name_space": "org.iso.x", "own": ["attested_by", "over"]}


@pytest.fixture
def pictured(permit: Documents) -> Documents:
    """The made-up type with a picture, and days inside an array."""
    claims = permit["claims.json"]["claims"]
    more = {"sd": "always", "mandatory": True, "display": claims[0]["display"]}
    claims.append({**more, "path": ["seal"], "source": "permit.seal", "value_type": "bytes"})
    day = {"path": ["sites", None, "seen"], "source": "permit.sites[].seen", "value_type": "date"}
    claims.append({**more, **day, "mandatory": False})
    example = permit["example.json"]
    example["record"]["permit"]["seal"] = example["payload"]["seal"] = "_9j_4A"
    example["record"]["permit"]["sites"][1]["seen"] = "2024-02-29"
    example["payload"]["sites"][1]["seen"] = "2024-02-29"
    permit["type.json"]["formats"] = ["dc+sd-jwt", "mso_mdoc"]
    return permit


@pytest.fixture
def parsed(pictured: Documents, encode: Encode) -> CertificateType:
    return parse_type(encode(pictured), "permit")


@pytest.mark.parametrize(
    ("paths", "identifiers"),
    [
        ([("name",)], ["name"]),
        ([("over",)], ["over.18", "over.40"]),
        ([("over", "40"), ("name",), ("over", "40")], ["name", "over.40"]),
        ([("tags",)], ["tags"]),
        ([("sites", None, "town")], []),
        ([("nothing",)], []),
        ([], []),
    ],
)
def test_paths_become_elements(
    parsed: CertificateType, paths: list[tuple[str | None, ...]], identifiers: list[str]
) -> None:
    found = mdoc.element_paths(DOMAIN, parsed, paths)
    assert found == tuple((OWN, each) for each in identifiers)


def test_claims_become_elements(parsed: CertificateType) -> None:
    assert mdoc.elements(DOMAIN, parsed, parsed.example.payload) == {
        OWN: {
            "issuing_authority": "부처",
            "attested_by": "한빛시",
            "name": "한도윤",
            "fee_krw": 12_000,
            "granted": "yes",
            "since": Tag(1004, "2025-02-28"),
            "over.18": True,
            "over.40": False,
            "sites": [
                {"town": "가람"},
                {"town": "나루", "note": "by the river", "seen": Tag(1004, "2024-02-29")},
            ],
            "tags": ["a", "b"],
            "seal": bytes.fromhex("ffd8ffe0"),
        }
    }


def test_elements_become_claims(parsed: CertificateType) -> None:
    elements = mdoc.elements(DOMAIN, parsed, parsed.example.payload)
    assert mdoc.payload(DOMAIN, parsed, elements) == parsed.example.payload
    some = {OWN: {"over.40": False, "unknown": 1}, "elsewhere": {"name": "x"}}
    assert mdoc.payload(DOMAIN, parsed, some) == {"over": {"40": False}}
    assert mdoc.payload(DOMAIN, parsed, {}) == {}


def test_what_the_record_lacks_is_no_element(parsed: CertificateType) -> None:
    record = {**parsed.example.record}
    record["permit"] = {k: v for k, v in record["permit"].items() if k not in ("since", "tags")}
    claims = build_payload(parsed, record).claims
    elements = mdoc.elements(DOMAIN, parsed, claims)
    assert {"since", "tags"}.isdisjoint(elements[OWN])
    assert mdoc.payload(DOMAIN, parsed, elements) == claims


@pytest.mark.parametrize(
    "element",
    [
        {"since": "2025-02-28"},
        {"since": Tag(0, "2025-02-28T00:00:00Z")},
        {"since": Tag(1004, "2025-02-30")},
        {"seal": "_9j_4A"},
        {"name": b"bytes"},
        {"name": Tag(1004, "2025-02-28")},
        {"sites": [{"seen": "2024-02-29"}]},
        {"sites": [{"town": b"bytes"}]},
        {"name": cbor.loads(b"\xf7")},
        {"fee_krw": cbor.loads(b"\xe5")},
        {"fee_krw": float("nan")},
        {"tags": ["a", cbor.loads(b"\xf8\xff")]},
    ],
)
def test_an_element_of_another_form(element: dict[str, Any], parsed: CertificateType) -> None:
    with pytest.raises(MdocError) as refused:
        mdoc.payload(DOMAIN, parsed, {OWN: element})
    assert refused.value.code in ("malformed_element", "malformed_date")


def test_where_a_claim_stands(parsed: CertificateType) -> None:
    for path, identifier in (
        (("name",), "name"),
        (("over", "18"), "over.18"),
        (("sites", None, "town"), "sites"),
        (("sites",), "sites"),
    ):
        assert mdoc.element_name(DOMAIN, parsed, path) == (OWN, identifier)


def test_a_standard_has_its_own_names(pictured: Documents, encode: Encode) -> None:
    pictured["type.json"]["mdoc"] = NAMES
    parsed = parse_type(encode(pictured), "permit")
    assert parsed.mdoc == MdocNames("org.iso.x.1", "org.iso.x", ("attested_by", "over"))
    assert mdoc.doc_type(DOMAIN, parsed) == "org.iso.x.1"
    elements = mdoc.elements(DOMAIN, parsed, parsed.example.payload)
    assert {*elements} == {OWN, "org.iso.x"}
    assert {*elements[OWN]} == {"attested_by", "over.18", "over.40"}
    assert mdoc.payload(DOMAIN, parsed, elements) == parsed.example.payload


def test_a_type_without_a_standard(parsed: CertificateType) -> None:
    assert parsed.mdoc is None
    assert mdoc.doc_type(DOMAIN, parsed) == OWN


@pytest.mark.parametrize(
    "bent",
    [
        {"doc_type": "permit"},
        {"doc_type": "org..iso"},
        {"doc_type": "https://iso.example/x"},
        {"name_space": ""},
        {"own": ["nowhere"]},
        {"own": []},
        {"more": 1},
    ],
)
def test_bent_names_are_refused(bent: dict[str, Any], pictured: Documents, encode: Encode) -> None:
    pictured["type.json"]["mdoc"] = {**NAMES, **bent}
    with pytest.raises(CatalogError) as refused:
        parse_type(encode(pictured), "permit")
    assert refused.value.key.startswith("mdoc")


def test_names_of_a_format_that_is_not_allowed(pictured: Documents, encode: Encode) -> None:
    pictured["type.json"] |= {"mdoc": NAMES, "formats": ["dc+sd-jwt"]}
    with pytest.raises(CatalogError, match="mso_mdoc"):
        parse_type(encode(pictured), "permit")


def test_bytes_are_base64url(pictured: Documents, encode: Encode) -> None:
    for wrong in ("/9j/4A", "_9j_4A==", "x", ""):
        pictured["example.json"]["record"]["permit"]["seal"] = wrong
        with pytest.raises(CatalogError) as refused:
            parse_type(encode(pictured), "permit")
        assert refused.value.expected == "bytes in base64url"


def test_a_domain_in_reverse() -> None:
    assert mdoc.reverse_domain("id.hanbit.example") == "example.hanbit.id"


def test_released_elements_become_the_same_claims(parsed: CertificateType) -> None:
    elements = mdoc.elements(DOMAIN, parsed, parsed.example.payload)
    released = {name: as_json(members) for name, members in elements.items()}
    assert mdoc.released(DOMAIN, parsed, released) == parsed.example.payload
    assert mdoc.released(DOMAIN, parsed, {OWN: {"over.40": False, "x": 1}, "y": {}}) == {
        "over": {"40": False}
    }
