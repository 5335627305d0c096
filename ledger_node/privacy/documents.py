"""Documents of accreditation records: of bodies, by closed forms, never with free text."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from madang.core.encoding import canonical_json, strict_json
from madang.core.encoding.errors import EncodingError

MAX_BYTES: Final = 16_384
MAX_DEPTH: Final = 8
_IDENTIFIER: Final = re.compile(r"https?://[a-z0-9.:-]{1,255}(?:/[A-Za-z0-9._~-]{1,64}){0,8}")
_NAME: Final = re.compile(r"[a-zA-Z0-9._/:-]{1,128}")
_TENANT: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_KEY: Final = re.compile(r"[a-z0-9.:/-]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40,4096}={0,2}")

Form = Callable[[Any], bool]


def _matches(pattern: re.Pattern[str]) -> Form:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def _each(form: Form) -> Form:
    return lambda value: isinstance(value, list) and all(map(form, value))


def _object(members: Mapping[str, Form]) -> Form:
    return lambda value: (
        isinstance(value, dict)
        and set(value) <= set(members)
        and all(members[name](item) for name, item in value.items())
    )


def _map(names: Form, values: Form) -> Form:
    return lambda value: (
        isinstance(value, dict) and all(names(k) and values(v) for k, v in value.items())
    )


def _time(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is int and 0 <= value < 2**40


_COMMON: Final[Mapping[str, Form]] = {
    "id": _matches(_IDENTIFIER),
    "tenant": _matches(_TENANT),
    "valid_from": _time,
    "valid_until": _time,
}
_PURPOSE: Final = _object(
    {
        "id": _matches(_NAME),
        "texts": _matches(_HASH),
        "asks": _map(
            lambda name: _matches(_NAME)(name) or _matches(_IDENTIFIER)(name),
            _each(_each(lambda step: step is None or _time(step) or _matches(_NAME)(step))),
        ),
    }
)
_MORE: Final[Mapping[str, Mapping[str, Form]]] = {
    "issuer": {
        "types": _each(lambda name: _matches(_NAME)(name) or _matches(_IDENTIFIER)(name)),
        "anchors": _each(_matches(_HASH)),
    },
    "verifier": {"anchors": _each(_matches(_HASH)), "purposes": _each(_PURPOSE)},
    "witness": {"key": _matches(_KEY)},
    "log": {
        "origin": _matches(re.compile(r"[a-z0-9.:/-]{1,255}")),
        "key": _matches(_KEY),
        "second_key": _matches(_KEY),
        "owner": _matches(_ADDRESS),
    },
}


def is_known_document(data: bytes) -> bool:
    """Return whether bytes are a record's document and hold nothing that such a one does not."""
    try:
        value = strict_json.loads(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
        same = canonical_json.encode(value) == data
    except EncodingError:
        return False
    kind = value.get("kind") if isinstance(value, dict) else None
    if not same or not isinstance(kind, str) or kind not in _MORE:
        return False
    return _object({**_COMMON, **_MORE[kind], "kind": lambda name: name == kind})(value)
