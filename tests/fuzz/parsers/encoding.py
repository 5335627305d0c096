"""Text and bytes."""

from madang.core.encoding import base64url, canonical_json, cbor, strict_json
from madang.core.encoding.errors import EncodingError
from tests.fuzz.harness import harness, text


@harness(EncodingError)
def json_strict(data: bytes) -> None:
    value = strict_json.loads(data)
    assert strict_json.loads(strict_json.dumps(value)) == value


@harness(EncodingError)
def json_canonical(data: bytes) -> None:
    value = strict_json.loads(data)
    encoded = canonical_json.encode(value)
    assert strict_json.loads(encoded) == value
    assert canonical_json.encode(strict_json.loads(encoded)) == encoded


@harness(EncodingError)
def base64url_text(data: bytes) -> None:
    assert base64url.encode(base64url.decode(text(data))) == text(data)


@harness(EncodingError)
def cbor_item(data: bytes) -> None:
    value = cbor.loads(data)
    encoded = cbor.dumps(value)
    assert cbor.dumps(cbor.loads(encoded)) == encoded
    assert cbor.loads(encoded) == value
