import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.protocol.dcql.authority import chain_authorities
from madang.core.trust.x509 import MAX_CHAIN

DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def certificate(authority_key_id: bytes | None) -> bytes:
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


def test_every_certificate_of_the_chain_contributes_its_authority() -> None:
    found = chain_authorities([certificate(b"one"), certificate(None), certificate(b"two")])
    assert found == {("aki", base64url.encode(b"one")), ("aki", base64url.encode(b"two"))}


def test_no_more_certificates_are_read_than_a_chain_can_have() -> None:
    assert chain_authorities([b""] * (MAX_CHAIN - 1) + [certificate(b"one")])
    assert not chain_authorities([b""] * MAX_CHAIN + [certificate(b"one")])


@given(junk=st.binary(max_size=60))
def test_what_is_no_certificate_contributes_nothing(junk: bytes) -> None:
    assert chain_authorities([junk]) == frozenset()
