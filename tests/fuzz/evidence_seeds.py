"""Good inputs of the harnesses of evidence files."""

from madang.core.encoding import strict_json
from madang.core.evidence.finality.cometbft import Commit
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.ethereum import EXTRA_DATA, parse_header
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.finality.qbft import SealedHeader
from madang.core.evidence.storage.ics23 import IavlState
from madang.core.evidence.storage.mpt import TrieState
from tests.fuzz.harness import joined
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.test_thing import ISSUED, MDOC

Seeds = dict[str, tuple[bytes, ...]]


def evidences() -> Seeds:
    comet, sealed, plain = (sample(engine) for engine in Engine)
    trusts = tuple(
        strict_json.dumps(known.trust.to_json()).encode() for known in (comet, sealed, plain)
    )
    state, trie, commit = comet.evidence.state, sealed.evidence.state, comet.evidence.head
    header, bare = sealed.evidence.head, plain.evidence.head
    assert isinstance(state, IavlState)
    assert isinstance(trie, TrieState)
    assert isinstance(commit, Commit)
    assert isinstance(header, SealedHeader)
    assert isinstance(bare, PlainHeader)
    extra = parse_header(header.header).items[EXTRA_DATA]
    return {
        "evidence_file": (comet.evidence.encode(),),
        "evidence_file_qbft": (sealed.evidence.encode(),),
        "evidence_trust": trusts,
        "evidence_rlp": (bare.header, *trie.nodes),
        "evidence_protobuf": (state.root, state.store),
        "evidence_trie": (joined(*trie.nodes),),
        "evidence_iavl": (state.root, state.packed, state.code),
        "evidence_stores": (state.store,),
        "evidence_ics23": (joined(state.root, state.packed, state.code, state.store),),
        "evidence_comet_header": (joined(*commit.header),),
        "evidence_header": (header.header, bare.header),
        "evidence_extra_data": (extra,),
        "evidence_sealed_header": (header.header,),
        "evidence_plain_header": (bare.header,),
        "evidence_thing": (ISSUED.compact.encode(), MDOC.encoded),
        "evidence_document": (b'{"format": "madang-decision-1"}',),
    }
