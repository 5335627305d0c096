"""Every folder of certificates: it parses, its example builds, its texts are complete."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from issuer.sources.median_income import parse_median_income
from issuer.sources.model import Record
from issuer.sources.synthetic.generator import generate
from issuer.sources.synthetic.population import City
from issuer.sources.synthetic.register import SyntheticRegister
from madang.core.catalog.certificate_type import (
    LANGUAGES,
    AuthorityKind,
    CertificateType,
    Disclosure,
    Texts,
    TypeId,
    ValueType,
)
from madang.core.catalog.metadata import type_metadata
from madang.core.catalog.payload import build_payload

FOLDERS = sorted(
    path.name
    for path in (Path(__file__).resolve().parents[3] / "catalog" / "certificates").iterdir()
)
NEEDED = {
    "digital_id",
    "resident_register_abstract",
    "resident_register_copy",
    "household_income",
    "lease",
    "employment_status",
    "housing_support_none",
    "appointment_letter",
}
VCT = "https://id.hanbit.example/hanbit/issuer/vct/x/1"
HANGUL = re.compile(r"[가-힣]")
KANA_OR_KANJI = re.compile(r"[぀-ヿ一-鿿]")
DAY = date(2026, 11, 23)


@pytest.fixture(params=FOLDERS)
def certificate_type(
    request: pytest.FixtureRequest, types: dict[TypeId, CertificateType]
) -> CertificateType:
    return types[request.param]


@pytest.fixture(scope="session")
def records(catalog: Path) -> list[Record]:
    """What the embedded register says of everybody, with the group that the issuer adds."""
    file = catalog / "facts" / "median_income.csv"
    median = parse_median_income(file.read_bytes(), file.name)
    cities = (City("hanbit", "한빛시", "11"), City("saebyeol", "새별시", "41"))
    register = SyntheticRegister(generate(1, DAY, cities, median), median)
    return [
        {**register.record(city.tenant, resident.id, DAY), "attester": {"name": city.name}}
        for city in cities
        for resident in register.residents(city.tenant)
    ]


def texts(certificate_type: CertificateType) -> Iterator[tuple[str, Texts]]:
    yield "names", certificate_type.names
    yield "descriptions", certificate_type.descriptions
    yield "issuing_authority", certificate_type.issuing_authority.names
    for claim in certificate_type.claims:
        yield f"{claim.path}", claim.display
        yield from ((f"{claim.path} {code}", words) for code, words in claim.values.items())


def test_the_main_path_has_its_types(types: dict[TypeId, CertificateType]) -> None:
    assert set(types) >= NEEDED


def test_the_example_builds(certificate_type: CertificateType) -> None:
    payload = build_payload(certificate_type, certificate_type.example.record)
    assert payload.claims == certificate_type.example.payload
    assert payload.sd_paths


def test_the_example_shows_every_claim(certificate_type: CertificateType) -> None:
    _, sd_paths = build_payload(certificate_type, certificate_type.example.record)
    shown = {tuple(None if isinstance(s, int) else s for s in path) for path in sd_paths}
    assert shown == {c.path for c in certificate_type.claims if c.sd is not Disclosure.NEVER}


def test_its_texts_are_complete_and_in_their_language(certificate_type: CertificateType) -> None:
    for place, words in texts(certificate_type):
        assert tuple(words)[: len(LANGUAGES)] == LANGUAGES, place
        assert HANGUL.search(words["ko"]), place
        assert words["en"].isascii(), place
        assert KANA_OR_KANJI.search(words["ja"]), place
        assert not HANGUL.search(words["ja"]), place


def test_everything_but_the_attestation_can_be_kept_back(certificate_type: CertificateType) -> None:
    open_claims = {
        claim.path
        for claim in certificate_type.claims
        if claim.sd is Disclosure.NEVER and claim.value_type is not ValueType.OBJECT
    }
    assert open_claims == {("issuing_authority",), ("attested_by",)}


def test_a_city_does_not_sign_as_a_ministry(certificate_type: CertificateType) -> None:
    payload = certificate_type.example.payload
    assert certificate_type.attested_by is AuthorityKind.MUNICIPALITY
    assert payload["attested_by"] == "한빛시"
    own = certificate_type.issuing_authority.kind is AuthorityKind.MUNICIPALITY
    assert (payload["issuing_authority"] == "한빛시") is own


def test_one_type_alone_is_issued_without_a_digital_id(
    types: dict[TypeId, CertificateType],
) -> None:
    assert [t.id for t in types.values() if not t.requires_digital_id] == ["digital_id"]


def test_its_metadata_covers_its_claims(certificate_type: CertificateType) -> None:
    document = type_metadata(certificate_type, VCT)
    assert [entry["locale"] for entry in document["display"]] == list(certificate_type.names)
    for entry, claim in zip(document["claims"], certificate_type.claims, strict=True):
        assert (entry["path"], entry["sd"]) == (list(claim.path), claim.sd)
        assert {label["locale"] for label in entry["display"]} >= set(LANGUAGES)


def test_the_register_can_fill_it(certificate_type: CertificateType, records: list[Record]) -> None:
    """Whoever has the register groups that a type draws on can have the certificate."""
    sources = {claim.source for claim in certificate_type.claims if claim.source}
    groups = {source.split(".")[0] for source in sources} - {"type"}
    able = [record for record in records if groups <= record.keys()]
    assert len(able) >= 5
    for record in able:
        payload = build_payload(certificate_type, record)
        assert payload.claims["attested_by"] in ("한빛시", "새별시")


def test_every_optional_claim_is_there_for_some_and_absent_for_others(
    certificate_type: CertificateType, records: list[Record]
) -> None:
    sources = {claim.source for claim in certificate_type.claims if claim.source}
    groups = {source.split(".")[0] for source in sources} - {"type"}
    able = [record for record in records if groups <= record.keys()]
    built = [build_payload(certificate_type, record).claims for record in able]
    for claim in certificate_type.claims:
        if not claim.mandatory and len(claim.path) == 1 and claim.value_type is not ValueType.ARRAY:
            present = sum(claim.path[0] in claims for claims in built)
            assert 0 < present < len(built), claim.path


def test_the_certificate_of_no_support_is_honest(
    types: dict[TypeId, CertificateType], records: list[Record]
) -> None:
    """It is issued either way: with "none" to one holder and with "present" to another."""
    certificate_type = types[TypeId("housing_support_none")]
    built = [build_payload(certificate_type, record).claims for record in records]
    for claim in (
        "housing_benefit",
        "home_ownership",
        "national_rent_support",
        "earlier_rent_support",
    ):
        assert {claims[claim] for claims in built} == {"none", "present"}
        assert all(claims["as_of"] == DAY.isoformat() for claims in built)


def test_predicates_agree_with_what_they_stand_for(
    types: dict[TypeId, CertificateType], records: list[Record]
) -> None:
    for record in records:
        identity = build_payload(types[TypeId("digital_id")], record).claims
        birth = date.fromisoformat(identity["birthdate"])
        for age, reached in identity["age_equal_or_over"].items():
            years = DAY.year - birth.year - ((DAY.month, DAY.day) < (birth.month, birth.day))
            assert reached is (years >= int(age))
        income = build_payload(types[TypeId("household_income")], record).claims
        within = list(income["median_income_at_or_below"].values())
        assert within == sorted(within)
