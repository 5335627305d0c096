"""Mobile documents beside `openssl speed`: issue, and verify with the device's signature."""

import os
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bench.credentials import Beside
from bench.measure import Row, row
from madang.core.formats.mdoc.device_auth import by_signature
from madang.core.formats.mdoc.issue import (
    ORDER_BYTES,
    SALT_BYTES,
    Copy,
    Issued,
    draft,
    issue,
    salts_from,
    shuffled,
)
from madang.core.formats.mdoc.model import DeviceResponse, encode_response, parse_issuer_signed
from madang.core.formats.mdoc.mso import StatusReference, ValidityInfo
from madang.core.formats.mdoc.present import present
from madang.core.formats.mdoc.transcript import openid4vp
from madang.core.formats.mdoc.verify import Expectation, TrustedKey, verify_response
from madang.core.keys.software import SoftwareSigner, generate_p256

ELEMENTS = 12
NOW = 1_800_000_000
DOC_TYPE = "example.issuer.sample.1"


def mdoc_rows() -> list[Row]:
    """Measure issuing and verifying."""
    beside = Beside()
    issuer, holder = _issuer(), generate_p256("holder")
    names = [f"element_{number}" for number in range(ELEMENTS)]
    blank = draft(DOC_TYPE, {DOC_TYPE: {name: f"value of {name}" for name in names}})
    validity = ValidityInfo(NOW, NOW, NOW + 1000)
    status = StatusReference("https://issuer.example/status/1", 1)

    def issued() -> Issued:
        chance = os.urandom((SALT_BYTES + ORDER_BYTES) * ELEMENTS)
        salts = salts_from(chance[: SALT_BYTES * ELEMENTS])
        order = shuffled(ELEMENTS, chance[SALT_BYTES * ELEMENTS :])
        copy = Copy(holder.public_key, validity, salts, order, status)
        return issue(blank, copy, issuer)

    transcript = openid4vp(
        client_id="x509_hash:sample",
        nonce="nonce",
        jwk_thumbprint=bytes(32),
        response_uri="https://verifier.example/response",
    )
    document = present(
        parse_issuer_signed(issued().encoded),
        [(DOC_TYPE, name) for name in names],
        transcript=transcript,
        authenticate=by_signature(holder),
    )
    shown = encode_response(DeviceResponse((document,)))
    expected = Expectation(transcript, {DOC_TYPE})
    trusted = TrustedKey(issuer.public_key, NOW, NOW + 1000)

    def verified() -> None:
        if not verify_response(shown, expected, trust=lambda _type, _chain: trusted, now=NOW).ok:
            raise RuntimeError("the sample does not verify")

    made, checked = beside.rates(issued), beside.rates(verified)
    what = f"mdoc verify with device signature, {ELEMENTS} elements"
    return [
        row(f"mdoc issue, {ELEMENTS} elements", made, "/s", beside.sign(), "0.20"),
        row(what, checked, "/s", beside.verify(), "0.45"),
    ]


def _issuer() -> SoftwareSigner:
    """Return a signer with one certificate, as `x5chain` needs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "document signer")])
    start = datetime.fromtimestamp(NOW, UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    certificate = (
        builder.public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return SoftwareSigner(key, "issuer", (certificate.public_bytes(Encoding.DER),))
