"""pymdoccbor verifies what ours issues and presents, and ours what it issues.

It looks at the issuer's signature, the digests and the chain; it does not know the device's part.
"""

from datetime import UTC, date, datetime
from typing import Any

import cbor2
import pytest
from cryptography import x509  # before pymdoccbor, which uses it without importing it
from cryptography.hazmat.primitives.serialization import Encoding
from pymdoccbor.mdoc.issuer import MdocCborIssuer
from pymdoccbor.mdoc.verifier import MdocCbor

from madang.core.encoding import cbor
from madang.core.envelope import cose
from madang.core.formats.mdoc.device_auth import by_signature
from madang.core.formats.mdoc.issue import Copy, draft, issue, shuffled
from madang.core.formats.mdoc.mdl import DOC_TYPE, NAME_SPACE
from madang.core.formats.mdoc.model import (
    DeviceResponse,
    IssuerSigned,
    encode_response,
    parse_issuer_signed,
)
from madang.core.formats.mdoc.mso import StatusReference, ValidityInfo
from madang.core.formats.mdoc.present import present
from madang.core.formats.mdoc.times import day_of
from madang.core.formats.mdoc.verify import TrustedKey, verify_issued
from madang.core.keys.cose_key import to_cose
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.trust.mdoc_certificates import trust_document_signers
from madang.infra.clock import SystemClock
from tests.unit.madang.core.trust.authorities import KEYS, ROOT_NAME, made, signer

NOW = SystemClock().now() - 3600
"""When ours was issued. What is foreign reads the clock, so it is verified at the clock's time; an
hour tells the two apart in every run and not in a slow one alone."""
DAY = 86_400
ROOT = made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=0, start=NOW - DAY)
SIGNER = SoftwareSigner(KEYS["signer"], "signer", (signer(start=NOW - DAY),))
HOLDER = generate_p256("holder")
ELEMENTS = {
    NAME_SPACE: {
        "family_name": "Han",
        "given_name": "Doyun",
        "birth_date": cbor.Tag(1004, "1997-04-12"),
        "age_over_19": True,
        "driving_privileges": [{"vehicle_category_code": "B"}],
    },
    "example.hanbit.id.mobile_driving_licence.1": {"attested_by": "한빛시"},
}


@pytest.fixture(scope="module")
def issued() -> IssuerSigned:
    blank = draft(DOC_TYPE, ELEMENTS)
    copy = Copy(
        device_key=HOLDER.public_key,
        validity=ValidityInfo(NOW, NOW, NOW + DAY),
        salts=[bytes([number]) * 16 for number in range(6)],
        order=shuffled(6, bytes(range(48))),
        status=StatusReference("https://id.hanbit.example/status/1", 3),
    )
    return parse_issuer_signed(issue(blank, copy, SIGNER).encoded)


def shown(issued: IssuerSigned, *identifiers: str) -> bytes:
    document = present(
        issued,
        [(NAME_SPACE, each) for each in identifiers],
        transcript=b"\x83\xf6\xf6\xf6",
        authenticate=by_signature(HOLDER),
    )
    return encode_response(DeviceResponse((document,)))


def theirs(data: bytes, root: bytes = ROOT) -> MdocCbor:
    found = MdocCbor()
    found.loads(data)
    found.verify(trusted_root_certs=[x509.load_der_x509_certificate(root)])
    return found


def test_it_verifies_ours(issued: IssuerSigned) -> None:
    found = theirs(shown(issued, "family_name", "birth_date", "driving_privileges"))
    assert (len(found.documents), found.documents_invalid) == (1, [])
    assert found.documents[0].hash_verification["verified"] == 3
    assert found.disclosure_map[NAME_SPACE] == {
        "family_name": "Han",
        "birth_date": date(1997, 4, 12),
        "driving_privileges": [{"vehicle_category_code": "B"}],
    }


def test_it_refuses_ours_when_altered_or_of_another_root(issued: IssuerSigned) -> None:
    data = shown(issued, "family_name")
    for bent in (data.replace(b"Han", b"Kim"), data.replace(b"SHA-256", b"SHA-255")):
        assert not theirs(bent).documents
    other = made(ROOT_NAME, ROOT_NAME, "other", "other", ca_path=0, start=NOW - DAY)
    assert not theirs(data, other).documents


@pytest.fixture(scope="module")
def foreign() -> dict[str, Any]:
    """An mdoc that pymdoccbor issues with our document signer's key and certificate."""
    number = KEYS["signer"].private_numbers().private_value
    issuer = MdocCborIssuer(
        private_key={
            "KTY": "EC2",
            "CURVE": "P_256",
            "ALG": "ES256",
            "D": number.to_bytes(32, "big"),
            "KID": b"signer",
        },
        alg="ES256",
    )
    today = datetime.fromtimestamp(NOW, UTC).date()
    members = to_cose(HOLDER.public_key)
    signed: dict[str, Any] = issuer.new(
        doctype=DOC_TYPE,
        data={
            NAME_SPACE: {
                "family_name": "Han",
                "birth_date": "1997-04-12",
                "driving_privileges": [{"vehicle_category_code": "B", "issue_date": "2021-05-10"}],
            }
        },
        validity={
            "issuance_date": today.isoformat(),
            "expiry_date": today.replace(year=today.year + 1, day=1).isoformat(),
        },
        devicekeyinfo={"KTY": "EC2", "CURVE": "P_256", "X": members[-2], "Y": members[-3]},
        x509_chain=[x509.load_der_x509_certificate(SIGNER.certificate_chain[0])],
        revocation={"status_list": {"idx": 5, "uri": "https://id.hanbit.example/status/1"}},
    )
    return signed


def received(foreign: dict[str, Any]) -> IssuerSigned:
    return parse_issuer_signed(cbor2.dumps(foreign["documents"][0]["issuerSigned"]))


def trusted(issued: IssuerSigned) -> TrustedKey:
    trust = trust_document_signers({DOC_TYPE: (ROOT,)}, now=NOW)
    key = trust(DOC_TYPE, cose.x5chain(issued.issuer_auth))
    assert isinstance(key, TrustedKey)
    return key


def test_ours_verifies_it(foreign: dict[str, Any]) -> None:
    issued = received(foreign)
    verdict = verify_issued(issued, issuer=trusted(issued), now=SystemClock().now())
    assert verdict.failures == ()
    assert verdict.doc_type == DOC_TYPE
    assert verdict.device_key == HOLDER.public_key
    assert verdict.status == StatusReference("https://id.hanbit.example/status/1", 5)
    elements = verdict.elements[NAME_SPACE]
    assert elements["family_name"] == "Han"
    assert day_of(elements["birth_date"]).isoformat() == "1997-04-12"
    assert day_of(elements["driving_privileges"][0]["issue_date"]).year == 2021


def test_ours_presents_it_and_it_verifies_that(foreign: dict[str, Any]) -> None:
    data = shown(received(foreign), "family_name")
    found = theirs(data)
    assert (len(found.documents), found.documents_invalid) == (1, [])
    assert found.disclosure_map == {NAME_SPACE: {"family_name": "Han"}}


def test_ours_refuses_it_when_altered(foreign: dict[str, Any]) -> None:
    value = foreign["documents"][0]["issuerSigned"]
    bent = cbor2.dumps(value).replace(b"Han", b"Kim")
    issued = parse_issuer_signed(bent)
    verdict = verify_issued(issued, issuer=trusted(issued), now=SystemClock().now())
    assert [failure.code for failure in verdict.failures] == ["digest"]


def test_the_certificate_that_it_carries_is_ours(foreign: dict[str, Any]) -> None:
    (leaf,) = cose.x5chain(received(foreign).issuer_auth)
    assert leaf == SIGNER.certificate_chain[0]
    assert x509.load_der_x509_certificate(leaf).public_bytes(Encoding.DER) == leaf
