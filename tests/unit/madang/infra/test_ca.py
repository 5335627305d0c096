"""The development authority's chains hold, and say who certified whom."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url
from madang.core.protocol.dcql.authority import chain_authorities
from madang.core.trust.x509 import san_uris, validate_chain
from madang.infra import ca

NOW = 1_800_000_000
URI = "https://id.a.example/a/issuer"


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_a_chain_leads_to_its_root_and_names_its_authorities() -> None:
    root = ca.root(key(), "root", now=NOW)
    below = ca.intermediate(root, key(), "below", now=NOW)
    leaf = ca.leaf(below, key().public_key(), "leaf", uri=URI, dns="id.a.example", now=NOW)
    chain = (leaf, below.der)
    assert validate_chain(chain, [root.der], now=NOW)
    assert URI in san_uris(leaf)
    expected = {
        base64url.encode(x509.SubjectKeyIdentifier.from_public_key(each).digest)
        for each in (root.key.public_key(), below.key.public_key())
    }
    assert chain_authorities(chain) == expected
