"""Certificates and status lists."""

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.keys.signing import checker_for
from madang.core.protocol.dcql.authority import chain_authorities
from madang.core.protocol.oid4vp.status_check import read_status_list
from madang.core.protocol.oid4vp.verdict import StatusSource
from madang.core.status import token_status_list
from madang.core.status.token_status_list import StatusError, StatusList
from madang.core.trust import x509
from madang.core.trust.model import TrustError
from madang.core.trust.x509 import ChainError
from tests.fuzz.harness import chunks, harness, require, text
from tests.fuzz.world import ISSUER, LIST, NOW, ROOT_DER, SIGNER, TRUST, VCT

MAX_UNPACKED = 100_000
CHECKER = checker_for(SIGNER.public_key)


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


@harness(EncodingError, StatusError)
def status_list(data: bytes) -> None:
    statuses = StatusList.decode(strict_json.loads(data), max_bytes=MAX_UNPACKED)
    again = StatusList.decode(statuses.encode())
    assert (again.bits, again.values) == (statuses.bits, statuses.values)
    if len(statuses):
        assert 0 <= statuses.get(len(statuses) - 1) < 1 << statuses.bits


@harness(StatusError)
def status_token(data: bytes) -> None:
    parsed = token_status_list.parse_token(text(data))
    token_status_list.verify_token(
        parsed, uri=LIST, checker=CHECKER, now=NOW, max_bytes=MAX_UNPACKED
    )


@harness(StatusError)
def status_token_signed(data: bytes) -> None:
    parsed = token_status_list.parse_token(jws.sign(data, {"typ": token_status_list.TYPE}, SIGNER))
    token_status_list.verify_token(
        parsed, uri=LIST, checker=CHECKER, now=NOW, max_bytes=MAX_UNPACKED
    )


@harness()
def status_token_of_issuer(data: bytes) -> None:
    source = StatusSource(LIST, VCT, ISSUER)
    found = read_status_list(text(data), source, trust=TRUST, now=NOW, max_bytes=MAX_UNPACKED)
    require(isinstance(found, StatusList))


@harness(EncodingError, StatusError)
def status_reference(data: bytes) -> None:
    value = strict_json.loads(data)
    if isinstance(value, dict):
        token_status_list.reference(value)
