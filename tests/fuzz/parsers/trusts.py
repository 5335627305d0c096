"""Certificates and chains."""

from madang.core.protocol.dcql.authority import chain_authorities
from madang.core.trust import x509
from madang.core.trust.model import TrustError
from madang.core.trust.x509 import ChainError
from tests.fuzz.harness import chunks, harness, require
from tests.fuzz.world import ISSUER, NOW, ROOT_DER, SIGNER, TRUST, VCT


@harness(ChainError)
def x509_chain(data: bytes) -> None:
    x509.validate_chain(list(chunks(data)), (ROOT_DER,), now=NOW)


@harness(ChainError)
def x509_anchor(data: bytes) -> None:
    """A chain that is good, held against an anchor that came from a file."""
    x509.validate_chain(SIGNER.certificate_chain, (data,), now=NOW)


@harness(ChainError)
def x509_names(data: bytes) -> None:
    assert isinstance(x509.san_uris(data), tuple)
    assert isinstance(x509.san_dns(data), tuple)
    x509.authority_key_id(data)


@harness()
def x509_authorities(data: bytes) -> None:
    require(chain_authorities(chunks(data)))


@harness(TrustError)
def trust_chain(data: bytes) -> None:
    TRUST.issuer_key(VCT, ISSUER, list(chunks(data)), now=NOW)
