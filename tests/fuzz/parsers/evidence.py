"""Evidence files and what they are made of: CBOR, RLP, tries, ICS 23, headers; and trust files."""

from madang.core.encoding import strict_json
from madang.core.evidence import bundle, trust_file
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality import cometbft, ethereum
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.heads import verify_head
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.finality.qbft import SealedHeader, parse_extra
from madang.core.evidence.storage import ics23, mpt, protobuf, rlp
from madang.core.evidence.storage.ics23 import IavlState
from madang.core.evidence.storage.mpt import TrieState
from madang.core.evidence.thing import digest_of
from madang.core.evidence.verify import verify_evidence
from madang.core.merkle.entry import EntryKind
from madang.infra.primitives import PRIMITIVES
from tests.fuzz.harness import chunks, harness, require
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.world import ORIGIN


@harness(EvidenceError)
def evidence_file(data: bytes) -> None:
    found = bundle.parse(data)
    assert found.encode() == data
    require(verify_evidence(found, sample(Engine.COMETBFT).trust, PRIMITIVES).ok)


@harness(EvidenceError)
def evidence_file_qbft(data: bytes) -> None:
    found = bundle.parse(data)
    require(verify_evidence(found, sample(Engine.QBFT).trust, PRIMITIVES).ok)


@harness(EvidenceError)
def evidence_trust(data: bytes) -> None:
    trust = trust_file.parse(data)
    assert trust_file.parse(strict_json.dumps(trust.to_json())) == trust


@harness(EvidenceError)
def evidence_rlp(data: bytes) -> None:
    assert rlp.encode(rlp.decode(data)) == data


@harness(EvidenceError)
def evidence_protobuf(data: bytes) -> None:
    protobuf.fields(data)


@harness(EvidenceError)
def evidence_trie(data: bytes) -> None:
    nodes = tuple(chunks(data))
    known = sample(Engine.QBFT)
    place = known.trust.place(known.trust.logs[ORIGIN], PRIMITIVES)
    root = PRIMITIVES.keccak(nodes[0]) if nodes else bytes(32)
    mpt.read_state(TrieState(nodes), root, place, PRIMITIVES)


@harness(EvidenceError)
def evidence_iavl(data: bytes) -> None:
    assert len(ics23.parse_iavl(data).root()) == len(bytes(32))


@harness(EvidenceError)
def evidence_stores(data: bytes) -> None:
    assert len(ics23.parse_store(data).root()) == len(bytes(32))


@harness(EvidenceError)
def evidence_ics23(data: bytes) -> None:
    parts = [*chunks(data), *[b""] * 4][:4]
    known = sample(Engine.COMETBFT)
    place = known.trust.place(known.trust.logs[ORIGIN], PRIMITIVES)
    root = ics23.parse_store(parts[3]).root()
    ics23.read_state(IavlState(*parts), root, place, PRIMITIVES)


@harness(EvidenceError)
def evidence_comet_header(data: bytes) -> None:
    cometbft.parse_header([*chunks(data)])


@harness(EvidenceError)
def evidence_header(data: bytes) -> None:
    ethereum.parse_header(data)


@harness(EvidenceError)
def evidence_extra_data(data: bytes) -> None:
    parse_extra(data)


@harness()
def evidence_sealed_header(data: bytes) -> None:
    chain = sample(Engine.QBFT).trust.chain
    require(not verify_head(SealedHeader(data), chain, PRIMITIVES).failures)


@harness()
def evidence_plain_header(data: bytes) -> None:
    chain = sample(Engine.DEVELOPMENT).trust.chain
    hashed = PlainHeader(data, PRIMITIVES.keccak(data))
    require(not verify_head(hashed, chain, PRIMITIVES).failures)


@harness(EvidenceError)
def evidence_thing(data: bytes) -> None:
    assert len(digest_of(EntryKind.CREDENTIAL, data)) == len(bytes(32))


@harness(EvidenceError)
def evidence_document(data: bytes) -> None:
    assert len(digest_of(EntryKind.DECISION, data)) == len(bytes(32))
