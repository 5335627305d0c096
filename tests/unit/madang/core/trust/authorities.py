"""Certificates by the profile of ISO/IEC 18013-5 annex B, or with one defect each."""

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from madang.core.trust.mdoc_certificates import DOCUMENT_SIGNER

NOW = 1_800_000_000
DAY = 86_400
UNBOUNDED = -1
"""A path length that an authority does not have."""
KEYS = {n: ec.generate_private_key(ec.SECP256R1()) for n in ("root", "ca", "signer", "other")}


def name(**members: str) -> x509.Name:
    oids = {
        "c": NameOID.COUNTRY_NAME,
        "s": NameOID.STATE_OR_PROVINCE_NAME,
        "cn": NameOID.COMMON_NAME,
    }
    return x509.Name([x509.NameAttribute(oids[each], value) for each, value in members.items()])


def usage(*, signs: bool) -> x509.KeyUsage:
    flags = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    more = {"encipher_only": False, "decipher_only": False}
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, **flags, **more
    )


def made(  # noqa: PLR0913 - each defect is one argument
    subject: x509.Name,
    issuer: x509.Name,
    key: str,
    signed_by: str,
    *,
    ca_path: int | None = None,
    days: int = 457,
    purpose: str | None = None,
    critical: bool = True,
    start: int = NOW - DAY,
    names: x509.SubjectAlternativeName | None = None,
) -> bytes:
    authority, length = ca_path is not None, None if ca_path == UNBOUNDED else ca_path
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(KEYS[key].public_key())
        .serial_number(1)
        .not_valid_before(datetime.fromtimestamp(start, UTC))
        .not_valid_after(datetime.fromtimestamp(start + days * DAY, UTC))
        .add_extension(x509.BasicConstraints(authority, length), critical=True)
        .add_extension(usage(signs=authority), critical=critical)
    )
    if purpose is not None:
        named = x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)])
        builder = builder.add_extension(named, critical=critical)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(KEYS[signed_by], hashes.SHA256()).public_bytes(Encoding.DER)


ROOT_NAME, SIGNER_NAME = name(c="KR", cn="root"), name(c="KR", cn="signer")
ROOT = made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=0)


def signer(subject: x509.Name = SIGNER_NAME, **more: Any) -> bytes:
    return made(subject, ROOT_NAME, "signer", "root", **{"purpose": DOCUMENT_SIGNER, **more})
