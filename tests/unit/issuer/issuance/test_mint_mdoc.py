"""Copies of a certificate as mdocs: certified, bound, with a status, and nothing in common."""

from collections.abc import Sequence

import pytest

from issuer.issuance.mint import DAY_SECONDS, lifetime
from issuer.issuance.mint_mdoc import MdocStamp, MintedMdoc, blank_of, mint_mdoc
from issuer.status.model import Place
from issuer.status.usecases import list_uri
from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.payload import build_payload
from madang.core.encoding import base64url
from madang.core.envelope import cose
from madang.core.formats.mdoc.model import IssuerSigned, parse_issuer_signed
from madang.core.formats.mdoc.mso import KeyAuthorizations, StatusReference
from madang.core.formats.mdoc.verify import TrustedKey, verify_issued
from madang.core.keys.signing import Signer
from madang.core.trust.mdoc_certificates import attester_of
from madang.core.trust.model import Attester
from tests.unit.issuer.world import DAY, TENANT, World

MAY_SIGN = KeyAuthorizations(data_elements={"example.payment": ("hashes",)})
KINDS = ["digital_id", "resident_register_abstract", "mobile_driving_licence"]


@pytest.fixture(params=KINDS)
def certificate_type(request: pytest.FixtureRequest, world: World) -> CertificateType:
    return world.deps.catalogue.types[TypeId(request.param)]


@pytest.fixture
def claims(world: World, certificate_type: CertificateType) -> dict[str, object]:
    groups = {str(c.source).partition(".")[0] for c in certificate_type.claims if c.source}
    person = world.people(*(groups - {"type", "attester"}))[0]
    record = {**world.register.record(TENANT, person, DAY), "attester": {"name": "한빛시"}}
    return build_payload(certificate_type, record).claims


@pytest.fixture
def stamp(world: World, certificate_type: CertificateType, claims: dict[str, object]) -> MdocStamp:
    issued_at, expires_at = lifetime(certificate_type, world.clock.now())
    return MdocStamp(
        issuer=world.identifier(),
        signer=world.authorities.signer(TENANT, "issuer"),
        blank=blank_of(world.deps.catalogue.domain, certificate_type, claims, MAY_SIGN),
        issued_at=issued_at,
        expires_at=expires_at,
    )


@pytest.fixture
def copies(world: World, stamp: MdocStamp, holder_keys: Sequence[Signer]) -> list[MintedMdoc]:
    return [
        mint_mdoc(stamp, key.public_key, Place(1, 100 - at), world.ids.bytes)
        for at, key in enumerate(holder_keys)
    ]


def opened(copy: MintedMdoc) -> IssuerSigned:
    return parse_issuer_signed(base64url.decode(copy.compact))


def trusted(world: World, copy: IssuerSigned) -> TrustedKey:
    attester = Attester(world.identifier(), TENANT, tuple(world.authorities.anchors(TENANT)))
    chain = cose.x5chain(copy.issuer_auth)
    return attester_of((attester,), chain, now=world.clock.now())[1]


def test_a_wallet_accepts_each(
    world: World,
    certificate_type: CertificateType,
    claims: dict[str, object],
    copies: list[MintedMdoc],
    holder_keys: Sequence[Signer],
) -> None:
    domain = world.deps.catalogue.domain
    for at, (copy, key) in enumerate(zip(copies, holder_keys, strict=True)):
        parsed = opened(copy)
        verdict = verify_issued(parsed, issuer=trusted(world, parsed), now=world.clock.now())
        assert verdict.failures == ()
        assert verdict.doc_type == world.deps.catalogue.doc_type(certificate_type.id)
        assert verdict.device_key == key.public_key
        assert mdoc.payload(domain, certificate_type, verdict.elements) == claims
        place = StatusReference(list_uri(world.identifier(), 1), 100 - at)
        assert verdict.status == place
        assert parsed.mso.key_authorizations == MAY_SIGN


def test_times_are_rounded_and_as_long_as_the_type_says(
    world: World, certificate_type: CertificateType, copies: list[MintedMdoc]
) -> None:
    times = {opened(copy).mso.validity for copy in copies}
    assert len(times) == 1
    (validity,) = times
    assert validity.signed == validity.valid_from == world.clock.now() // 3600 * 3600
    days = certificate_type.validity_days
    assert validity.valid_until - validity.signed == days * DAY_SECONDS


def test_copies_have_nothing_secret_in_common(copies: list[MintedMdoc]) -> None:
    parsed = [opened(copy) for copy in copies]
    items = [item for each in parsed for items in each.name_spaces.values() for item in items]
    assert len({item.random for item in items}) == len(items)
    digests = {d for each in parsed for ds in each.mso.value_digests.values() for d in ds.values()}
    assert len(digests) == len(items)
    assert len({copy.issuer_digest for copy in copies}) == len(copies)
    orders = {
        tuple(item.element_identifier for items in each.name_spaces.values() for item in items)
        for each in parsed
    }
    assert len(orders) > 1


def test_the_digest_is_that_of_every_presentation(copies: list[MintedMdoc]) -> None:
    for copy in copies:
        assert opened(copy).issuer_digest == copy.issuer_digest


def test_document_types_stand_under_the_lead_s_domain(world: World) -> None:
    catalogue = world.deps.catalogue
    assert catalogue.domain == "example.hanbit.id"
    assert catalogue.doc_type("digital_id") == "example.hanbit.id.digital_id.1"
    assert catalogue.doc_type("mobile_driving_licence") == "org.iso.18013.5.1.mDL"
    types = [catalogue.doc_type(type_id) for type_id in catalogue.types]
    assert len(set(types)) == len(types)
