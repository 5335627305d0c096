"""Element values as JSON, for queries and for whoever reads a result (RFC 8949 section 6.1)."""

import math
from typing import Any, Final

from madang.core.encoding import base64url
from madang.core.encoding.cbor import Tag

_BASE16: Final = 23
_NEGATIVE_NUMBER: Final = 3


def as_json(value: Any) -> Any:  # noqa: ANN401 - any CBOR value gives any JSON value
    """Return a CBOR value as JSON.

    Bytes become base64url text (hexadecimal under tag 23, with a tilde under tag 3); of other tags
    the content stays; names become text; what JSON has no word for becomes null.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {_name(name): as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return _scalar(value)


def _name(name: str | int | bytes) -> str:
    return base64url.encode(name) if isinstance(name, bytes) else str(name)


def _scalar(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, bytes):
        return base64url.encode(value)
    if isinstance(value, Tag):
        return _tagged(value)
    return value if isinstance(value, float) and math.isfinite(value) else None


def _tagged(value: Tag) -> Any:  # noqa: ANN401 - any JSON value
    content = value.value
    if isinstance(content, bytes) and value.tag == _BASE16:
        return content.hex()
    if isinstance(content, bytes) and value.tag == _NEGATIVE_NUMBER:
        return f"~{base64url.encode(content)}"
    return as_json(content)
