"""A certification authority for development: root, intermediate, leaves (RFC 5280), P-256.

A municipality brings its own authority in production; the services see only chains and anchors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# A leaf signs for a year and outlives what it signed, three years at most; so must what is above.
ROOT_DAYS, INTERMEDIATE_DAYS, LEAF_DAYS = 7300, 3000, 1500
SERVER_DAYS = 397
"""Browsers take no server's certificate that lives longer."""
_BACKDATED = timedelta(hours=1)

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """A key that signs certificates, and its own certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """Return the authority's certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)


def root(key: Key, name: str, *, now: int) -> Authority:
    """Make a self-signed root."""
    builder = _builder(name, name, key.public_key(), ROOT_DAYS, now)
    return Authority(key, _authority(builder, path_length=1).sign(key, hashes.SHA256()))


def intermediate(parent: Authority, key: Key, name: str, *, now: int) -> Authority:
    """Make an authority below `parent` that signs leaves only."""
    builder = _below(parent, name, key.public_key(), INTERMEDIATE_DAYS, now)
    signed = _authority(builder, path_length=0).sign(parent.key, hashes.SHA256())
    return Authority(key, signed)


def leaf(
    parent: Authority, key: ec.EllipticCurvePublicKey, name: str, *, uri: str, dns: str, now: int
) -> bytes:
    """Return a leaf in DER for signatures, naming its service by URI and host.

    Args:
        parent: the intermediate.
        key: the service's key.
        name: common name for people.
        uri: the service's permanent identifier.
        dns: the host in that identifier.
        now: seconds since the epoch.
    """
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri), x509.DNSName(dns)]
    builder = (
        _below(parent, name, key, LEAF_DAYS, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return builder.sign(parent.key, hashes.SHA256()).public_bytes(Encoding.DER)


def server_leaf(
    parent: Authority, key: ec.EllipticCurvePublicKey, hosts: Sequence[str], *, now: int
) -> bytes:
    """Return a TLS server's certificate in DER (RFC 6125, RFC 9525).

    Args:
        parent: the intermediate.
        key: the server's.
        hosts: DNS names and IP addresses under which it is called, at least one.
        now: seconds since the epoch.
    """
    builder = (
        _below(parent, hosts[0], key, SERVER_DAYS, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(each) for each in hosts]), critical=False)
    )
    return builder.sign(parent.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _authority(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return builder.add_extension(constraints, critical=True).add_extension(
        _usage(signs_certificates=True), critical=True
    )


def _below(
    parent: Authority, name: str, key: ec.EllipticCurvePublicKey, days: int, now: int
) -> x509.CertificateBuilder:
    """Begin a certificate that names its authority's key, as `aki` queries go by it."""
    of_parent = x509.AuthorityKeyIdentifier.from_issuer_public_key(parent.key.public_key())
    builder = _builder(name, _name_of(parent), key, days, now)
    return builder.add_extension(of_parent, critical=False)


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePublicKey, days: int, now: int
) -> x509.CertificateBuilder:
    start = datetime.fromtimestamp(now, UTC) - _BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _name_of(authority: Authority) -> str:
    attributes = authority.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attributes[0].value)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
