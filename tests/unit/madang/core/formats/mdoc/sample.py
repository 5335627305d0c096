"""The made-up document of these tests, and keys for it."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.keys.software import SoftwareSigner

NOW = 1_800_000_000
DAY = 86_400
DOC_TYPE = "example.hanbit.id.sample.1"
OWN = "example.hanbit.device"
ELEMENTS = {
    DOC_TYPE: {"name": "한도윤", "birth_year": 1997, "adult": True},
    "example.hanbit.more": {"pages": [{"number": 1}, {"number": 2}]},
}
COUNT = 4


def certificate(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.fromtimestamp(NOW - DAY, UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    made = (
        builder.public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


def signer(number: int) -> SoftwareSigner:
    key = ec.derive_private_key(number, ec.SECP256R1())
    return SoftwareSigner(key, f"key-{number}", (certificate(key, f"signer {number}"),))


def agreement(number: int) -> SoftwareAgreement:
    return SoftwareAgreement(ec.derive_private_key(number, ec.SECP256R1()))
