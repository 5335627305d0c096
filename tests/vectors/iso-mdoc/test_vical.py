"""The list of issuing authorities that AAMVA published on 18 November 2025."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509

from madang.core.formats.mdoc.mdl import DOC_TYPE
from madang.core.formats.mdoc.times import seconds_of
from madang.core.keys.jwk import PublicKey
from madang.core.trust import vical
from madang.core.trust.mdoc_certificates import VICAL_SIGNER, signer_failures
from madang.core.trust.vical import Vical


@pytest.fixture
def published(folder: Path, record_case: Callable[..., None]) -> Vical:
    path = folder / "vical/aamva-vical-2025-11-18-1763491092481.cbor"
    record_case(path)
    return vical.parse(path.read_bytes())


def test_what_it_says(published: Vical) -> None:
    assert (published.provider, published.issue_id) == ("AAMVA", 227_602)
    assert published.date == 1_763_491_092
    assert published.next_update == published.date + 86_400
    assert len(published.roots(DOC_TYPE)) == len(published.certificates) == 14


def test_its_provider_signed_it(published: Vical) -> None:
    """By the chain that it brings: whether that root is AAMVA's is not said in the list."""
    chain = [x509.load_der_x509_certificate(der) for der in published.chain]
    for subject, issuer in pairwise([*chain, chain[-1]]):
        subject.verify_directly_issued_by(issuer)
    purposes = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert VICAL_SIGNER in {each.dotted_string for each in purposes}
    assert vical.verify(published, PublicKey.from_certificate(published.chain[0]))
    assert not vical.verify(published, PublicKey.from_certificate(published.chain[1]))


def test_its_certificates_are_what_it_says_of_them(published: Vical) -> None:
    for each in published.certificates:
        certificate = x509.load_der_x509_certificate(each.certificate)
        key = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        # The provider wraps the identifier into octet strings of DER.
        assert each.ski.endswith(key.digest)
        country = certificate.subject.get_attributes_for_oid(x509.NameOID.COUNTRY_NAME)
        assert each.members["issuingCountry"] == country[0].value == "US"
        start = certificate.not_valid_before_utc.timestamp()
        # The provider writes afternoons with the hours of a clock of twelve.
        assert (seconds_of(each.members["notBefore"]) - start) % 43_200 == 0
        assert PublicKey.from_certificate(each.certificate).algorithm in ("ES256", "ES384")
        assert certificate.subject.public_bytes() == each.members["subject"]


def test_the_document_signer_of_annex_d_keeps_its_profile(annex_d: dict[str, bytes]) -> None:
    assert not [*signer_failures(x509.load_der_x509_certificate(annex_d["DS_CERT"]))]
