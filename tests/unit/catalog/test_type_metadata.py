"""What the catalogue serves at a type's address is Type Metadata as a wallet reads it."""

from collections.abc import Mapping
from typing import Any

import pytest

from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.metadata import encode
from madang.core.catalog.payload import ATTESTER_GROUP, build_payload
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.type_metadata import Sd, integrity, read
from madang.core.formats.sd_jwt.type_rules import check_issue


@pytest.fixture(scope="session")
def vct() -> str:
    return "https://city.example/lead/issuer/vct/sample/1"


def test_every_type_is_read_back(types: dict[TypeId, CertificateType], vct: str) -> None:
    assert types
    for certificate_type in types.values():
        document = encode(certificate_type, vct)
        found = read(document, vct=vct, expected=integrity(document))
        assert [claim.path for claim in found.claims] == [c.path for c in certificate_type.claims]
        assert [claim.sd for claim in found.claims] == [
            Sd(claim.sd.value) for claim in certificate_type.claims
        ]
        assert {shown.locale: shown.name for shown in found.display} == certificate_type.names


def test_what_is_made_of_every_example_obeys_the_rules_of_its_type(
    types: dict[TypeId, CertificateType], vct: str
) -> None:
    for certificate_type in types.values():
        record = {ATTESTER_GROUP: {"name": "a city"}, **certificate_type.example.record}
        payload = build_payload(certificate_type, record)
        metadata = read(encode(certificate_type, vct), vct=vct)
        check_issue(metadata, payload.claims, SdFrame.of(payload.sd_paths))


def lacking(value: Any, segments: list[str]) -> Any:
    """Return a record without what a claim's source names, in every element of an array."""
    if isinstance(value, list):
        return [lacking(each, segments) for each in value]
    key = segments[0].removesuffix("[]")
    if not isinstance(value, Mapping) or key not in value:
        return value
    rest = {name: member for name, member in value.items() if name != key}
    return {**rest, key: lacking(value[key], segments[1:])} if segments[1:] else rest


def test_what_is_made_of_records_that_lack_optional_claims_obeys_too(
    types: dict[TypeId, CertificateType], vct: str
) -> None:
    for certificate_type in types.values():
        metadata = read(encode(certificate_type, vct), vct=vct)
        record: Any = {ATTESTER_GROUP: {"name": "a city"}, **certificate_type.example.record}
        optional = [c.source for c in certificate_type.claims if c.source and not c.mandatory]
        for source in optional:
            one = build_payload(certificate_type, lacking(record, source.split(".")))
            check_issue(metadata, one.claims, SdFrame.of(one.sd_paths))
        for source in optional:
            record = lacking(record, source.split("."))
        least = build_payload(certificate_type, record)
        check_issue(metadata, least.claims, SdFrame.of(least.sd_paths))
