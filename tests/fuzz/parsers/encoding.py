"""Text and bytes."""

from collections.abc import Callable

from madang.core.encoding import base64url, canonical_json, cbor, strict_json
from madang.core.encoding.errors import EncodingError
from tests.fuzz.harness import chunks, harness, require, text


def outcome(read: Callable[[], object]) -> str | None:
    """Return what was read, in a form that tells NaN from nothing; None where it is refused."""
    try:
        return repr(read())
    except EncodingError:
        return None


@harness(EncodingError)
def json_strict(data: bytes) -> None:
    value = strict_json.loads(data)
    assert strict_json.loads(strict_json.dumps(value)) == value


@harness()
def json_strict_all(data: bytes) -> None:
    """Several at once are what each is alone."""
    items = list(chunks(data))
    together = outcome(lambda: strict_json.loads_all(items))
    assert together == outcome(lambda: [strict_json.loads(item) for item in items])
    require(together)


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


@harness()
def cbor_items(data: bytes) -> None:
    """Several at once are what each is alone."""
    items = list(chunks(data))
    together = outcome(lambda: cbor.loads_each(items))
    assert together == outcome(lambda: [cbor.loads(item) for item in items])
    require(together)
