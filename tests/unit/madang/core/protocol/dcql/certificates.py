"""Certificates that name the key which signed them."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def certificate(authority_key_id: bytes | None) -> bytes:
    """Return a certificate in DER that names the key of its authority, or names none."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "leaf")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=DAY,
        not_valid_after=DAY + dt.timedelta(days=1),
    )
    if authority_key_id is not None:
        extension = x509.AuthorityKeyIdentifier(authority_key_id, None, None)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
