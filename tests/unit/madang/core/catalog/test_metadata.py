"""Type Metadata says what the type says, in bytes that are equal wherever they are made."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from madang.core.catalog import metadata
from madang.core.catalog.certificate_type import CertificateType
from madang.core.catalog.metadata import type_metadata
from madang.core.catalog.parser import parse_type

VCT = "https://id.city.example/city/issuer/vct/permit/3"
Documents = dict[str, dict[str, Any]]
Encode = Callable[[Mapping[str, Any]], dict[str, bytes]]


@pytest.fixture
def permit_type(permit: Documents, encode: Encode) -> CertificateType:
    return parse_type(encode(permit), "permit")


def test_it_names_the_type_in_every_language(permit_type: CertificateType) -> None:
    document = type_metadata(permit_type, VCT)
    assert document["vct"] == VCT
    assert document["name"] == "permit text"
    assert document["display"] == [
        {"locale": "ko", "name": "permit 글", "description": "about permits 글"},
        {"locale": "en", "name": "permit text", "description": "about permits text"},
        {"locale": "ja", "name": "permit 文", "description": "about permits 文"},
    ]


def test_it_describes_every_claim(permit_type: CertificateType) -> None:
    document = type_metadata(permit_type, VCT)
    assert [c["path"] for c in document["claims"]] == [list(c.path) for c in permit_type.claims]
    assert document["claims"][11] == {
        "path": ["sites", None, "note"],
        "display": [
            {"locale": "ko", "label": "note 글"},
            {"locale": "en", "label": "note text"},
            {"locale": "ja", "label": "note 文"},
        ],
        "mandatory": False,
        "sd": "always",
    }


def test_sources_stay_inside(permit_type: CertificateType) -> None:
    assert b"permit.fee_krw" not in metadata.encode(permit_type, VCT)


def test_a_name_in_a_further_language_needs_no_description(
    permit: Documents, encode: Encode
) -> None:
    permit["type.json"]["names"]["vi"] = "giấy phép"
    document = type_metadata(parse_type(encode(permit), "permit"), VCT)
    assert document["display"][-1] == {"locale": "vi", "name": "giấy phép"}


def test_its_bytes_do_not_depend_on_the_order_of_the_file(
    permit: Documents, permit_type: CertificateType, encode: Encode
) -> None:
    shuffled = {k: dict(reversed(v.items())) for k, v in permit.items()}
    again = parse_type(encode(shuffled), "permit")
    assert metadata.encode(again, VCT) == metadata.encode(permit_type, VCT)
    assert json.loads(metadata.encode(again, VCT)) == type_metadata(permit_type, VCT)
