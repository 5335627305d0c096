"""One document, issued and presented, that each test bends in its own way."""

import pytest

from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.issue import Copy, Draft, draft, issue
from madang.core.formats.mdoc.model import IssuerSigned, parse_issuer_signed
from madang.core.formats.mdoc.mso import KeyAuthorizations, StatusReference, ValidityInfo
from madang.core.formats.mdoc.transcript import openid4vp
from madang.core.keys.software import SoftwareSigner
from tests.unit.madang.core.formats.mdoc.sample import (
    COUNT,
    DAY,
    DOC_TYPE,
    ELEMENTS,
    NOW,
    OWN,
    agreement,
    signer,
)


@pytest.fixture(scope="session")
def issuer() -> SoftwareSigner:
    return signer(5)


@pytest.fixture(scope="session")
def holder() -> SoftwareSigner:
    return signer(7)


@pytest.fixture(scope="session")
def reader() -> SoftwareAgreement:
    return agreement(11)


@pytest.fixture(scope="session")
def blank() -> Draft:
    allowed = KeyAuthorizations((OWN,), {"example.hanbit.one": ("seen",)})
    return draft(DOC_TYPE, ELEMENTS, authorizations=allowed)


@pytest.fixture(scope="session")
def copy(holder: SoftwareSigner) -> Copy:
    return Copy(
        device_key=holder.public_key,
        validity=ValidityInfo(NOW, NOW, NOW + DAY),
        salts=tuple(bytes([number]) * 16 for number in range(COUNT)),
        order=(2, 0, 3, 1),
        status=StatusReference("https://id.hanbit.example/hanbit/issuer/status/1", 17),
    )


@pytest.fixture(scope="session")
def issued(blank: Draft, copy: Copy, issuer: SoftwareSigner) -> IssuerSigned:
    return parse_issuer_signed(issue(blank, copy, issuer).encoded)


@pytest.fixture(scope="session")
def transcript() -> bytes:
    return openid4vp(
        client_id="x509_san_dns:verifier.example",
        nonce="n-1",
        jwk_thumbprint=bytes(32),
        response_uri="https://verifier.example/response",
    )
