"""Certificates, chains, and the registry of accreditations."""

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.protocol.dcql.authority import chain_authorities
from madang.core.protocol.message import read
from madang.core.protocol.oid4vp.errors import VpError, refusing
from madang.core.protocol.oid4vp.verifier_info import Attestation, registration_of
from madang.core.trust import snapshot_check, x509
from madang.core.trust.accreditation import AccreditationError, encode_document, parse_document
from madang.core.trust.changes import Change, ChangeError, replay
from madang.core.trust.place import PlaceError, parse_place
from madang.core.trust.registry import TrustError
from madang.core.trust.snapshot import TYPE, SnapshotError, open_snapshot
from madang.core.trust.snapshot_check import Expectation
from madang.core.trust.trusted_list import TrustedListError
from madang.core.trust.trusted_list import parse as parse_trusted_list
from madang.core.trust.x509 import ChainError
from tests.accreditations import PLACE, attesting
from tests.fuzz.harness import chunks, harness, require
from tests.fuzz.world import ATTESTER, CHAIN, ISSUER, NOW, ROOT_DER, SIGNER, TRUST, VCT

REGISTRY = attesting({VCT: (ATTESTER,)})
EXPECTED = Expectation((ROOT_DER,), PLACE, (ISSUER,))


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
    require(chain_authorities(list(chunks(data))))


@harness(TrustError)
def trust_chain(data: bytes) -> None:
    TRUST.issuer_key(VCT, ISSUER, list(chunks(data)), at=NOW, now=NOW)


@harness(AccreditationError)
def accreditation_document(data: bytes) -> None:
    assert encode_document(parse_document(data)) == data


@harness(ChangeError)
def registry_changes(data: bytes) -> None:
    """Changes that lead anywhere, each with the document that the good ones have."""
    changes = [Change.decode(piece) for piece in chunks(data)]
    assert all(Change.decode(change.encoded) == change for change in changes)
    replay(changes, REGISTRY.documents)


@harness(PlaceError)
def registry_place(data: bytes) -> None:
    parse_place(data)


@harness(SnapshotError)
def snapshot_signed(data: bytes) -> None:
    """Claims under a good signature: the checks lie behind it."""
    compact = jws.sign(data, {"typ": TYPE, **CHAIN}, SIGNER)
    snapshot_check.verify(compact, EXPECTED, now=NOW).relied()


@harness(SnapshotError)
def snapshot(data: bytes) -> None:
    open_snapshot(data)


@harness(VpError)
def registered_use(data: bytes) -> None:
    try:
        value = strict_json.loads(data)
    except EncodingError:
        return
    if isinstance(value, list):
        refuse = refusing("request_members", "5")
        registration_of(tuple(read(Attestation, each, refuse) for each in value))


@harness(TrustedListError)
def trusted_list(data: bytes) -> None:
    found = parse_trusted_list(data, max_bytes=100_000)
    assert all(each.type is not None for each in found.services)
