"""Rules, texts, certificate types, the federation, records, decisions."""

from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.errors import CatalogError, RecordError
from madang.core.catalog.federation import parse_federation
from madang.core.catalog.parser import FILES, parse_type
from madang.core.catalog.payload import build_payload
from madang.core.encoding import canonical_json, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.rules import texts
from madang.core.rules.document import recompute
from madang.core.rules.errors import RuleError
from madang.core.rules.evaluate import decide
from madang.core.rules.parser import parse_rule
from madang.core.rules.query import derive_query
from tests.fuzz.catalogue import FOLDER, TENANTS, TYPE_FILES
from tests.fuzz.harness import chunks, harness, require

TYPE: CertificateType = parse_type(TYPE_FILES, FOLDER)


@harness(EncodingError, RuleError)
def rule(data: bytes) -> None:
    value = strict_json.loads(data)
    parsed = parse_rule(value)
    assert parsed.digest == canonical_json.digest(value)
    decide(parsed, (), day=parsed.effective_from)
    derive_query(parsed, day=parsed.effective_from, vct_of=str)


@harness(EncodingError, RuleError)
def rule_texts(data: bytes) -> None:
    texts.parse_texts(strict_json.loads(data))


@harness(EncodingError)
def decision_document(data: bytes) -> None:
    document, rule_json, *_ = [*map(strict_json.loads, chunks(data)), None, None]
    require(recompute(document, rule_json).follows)


@harness(CatalogError)
def certificate_type(data: bytes) -> None:
    parse_type(dict(zip(FILES, chunks(data), strict=False)), FOLDER)


@harness(CatalogError)
def federation(data: bytes) -> None:
    parse_federation(data, {TypeId(FOLDER): TYPE}, TENANTS)


@harness(EncodingError, RecordError)
def register_record(data: bytes) -> None:
    value = strict_json.loads(data)
    if isinstance(value, dict):
        built = build_payload(TYPE, value)
        assert strict_json.loads(strict_json.dumps(built.claims)) == built.claims
