"""A document type that the verifier knows: what its issuer always includes has to be signed."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.formats.mdoc.issue import Copy, draft, issue, salts_from
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.mdoc.mso import MobileSecurityObject, ValidityInfo
from madang.core.protocol.oid4vp.type_check import KnownDocument, document_failures
from madang.infra.catalogue import load_catalogue
from tests.unit.madang.core.formats.mdoc.sample import signer

CATALOG = Path(__file__).resolve().parents[6] / "catalog"
DOMAIN = "example.hanbit"
LICENCE, ABSTRACT = TypeId("mobile_driving_licence"), TypeId("resident_register_abstract")


@pytest.fixture(scope="module")
def types() -> Any:
    return load_catalogue(CATALOG).types


def signed(kind: CertificateType, without: Collection[str]) -> MobileSecurityObject:
    payload = {k: v for k, v in kind.example.payload.items() if k not in without}
    blank = draft(mdoc.doc_type(DOMAIN, kind), mdoc.elements(DOMAIN, kind, payload))
    count, key = len(blank.elements), signer(31)
    salts = salts_from(hashlib.shake_256(b"").digest(16 * count))
    copy = Copy(key.public_key, ValidityInfo(1, 1, 2), salts, range(count))
    return parse_issuer_signed(issue(blank, copy, key).encoded).mso


def found(
    kind: CertificateType, shown: dict[str, dict[str, Any]], without: Collection[str] = ()
) -> list[str]:
    mso = signed(kind, without)
    return [each.code for each in document_failures(mso, shown, KnownDocument.of(DOMAIN, kind))]


def everything(kind: CertificateType, **changes: Any) -> dict[str, dict[str, Any]]:
    """Return all elements that a holder can show, as JSON."""
    shown: dict[str, dict[str, Any]] = {}
    for claim in mdoc.elementary(kind):
        value: Any = kind.example.payload | changes
        for step in claim.path:
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            name_space, name = mdoc.element_name(DOMAIN, kind, claim.path)
            shown.setdefault(name_space, {})[name] = value
    return shown


def of_format(types: dict[TypeId, CertificateType]) -> list[CertificateType]:
    return [each for each in types.values() if "mso_mdoc" in each.formats]


def test_what_the_catalogue_issues_breaks_no_rule_however_little_is_shown(types: Any) -> None:
    kinds = of_format(types)
    assert kinds
    for kind in kinds:
        assert found(kind, {}) == []
        assert found(kind, everything(kind)) == []


def test_every_element_that_is_lacking_shows_though_nothing_else_is_shown(types: Any) -> None:
    for kind in of_format(types):
        # One that may be there could be the digest that is left.
        optional = [str(claim.path[0]) for claim in kind.claims if not claim.mandatory]
        for claim in mdoc.elementary(kind):
            lacking = found(kind, {}, without=[str(claim.path[0]), *optional])
            assert lacking == (["claim_mandatory"] if claim.mandatory else []), claim.path


def test_each_namespace_is_counted_by_itself(types: Any) -> None:
    licence = types[LICENCE]
    assert found(licence, {}, without=["attested_by"]) == ["claim_mandatory"]
    assert found(licence, everything(licence, attested_by=None), ["attested_by"]) == [
        "claim_mandatory"
    ]


def test_an_element_that_the_type_lacks_stands_for_none_that_it_demands(types: Any) -> None:
    abstract = types[ABSTRACT]
    (name_space,) = everything(abstract)
    # An optional one is left out, so that only what is shown beyond tells of a digest too few.
    assert found(abstract, {}, ["address_history"]) == []
    assert found(abstract, {name_space: {"more": 1}}, ["address_history"]) == ["claim_mandatory"]


@pytest.mark.parametrize(
    ("history", "codes"),
    [
        ([{"address": "a", "from": "2020-01-01"}], []),
        ([], []),
        ([{"address": "a"}], ["claim_mandatory"]),
        ("none", ["claim_path"] * 3),
        (["a"], ["claim_path"] * 3),
    ],
    ids=["good", "empty", "lacking", "text", "of texts"],
)
def test_an_array_is_whole_so_its_members_are_judged(
    types: Any, history: Any, codes: list[str]
) -> None:
    abstract = types[ABSTRACT]
    assert found(abstract, everything(abstract, address_history=history)) == codes
