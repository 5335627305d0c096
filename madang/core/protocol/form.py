"""Form bodies and query strings: each parameter at most once (RFC 6749 sections 3.1 and 3.2)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from madang.core.protocol.limits import Limits
from madang.core.protocol.message import Refusal

_WRITTEN: Final = {code: quote_plus(chr(code)) for code in range(128)}
"""How each character of ASCII is written (WHATWG URL section 5.2)."""


def parse_form(body: bytes | str, *, limits: Limits, refuse: Refusal) -> dict[str, str]:
    """Read ``application/x-www-form-urlencoded`` parameters.

    Args:
        body: the request body, or the query part of a link.
        limits: bounds on size and number of parameters.
        refuse: makes the error to raise out of a reason.

    Returns:
        The parameters; one without a value counts as left out.
    """
    if len(body) > limits.body_bytes:
        raise refuse(f"the form has {len(body)} bytes; at most {limits.body_bytes} are accepted")
    pairs = _pairs(body, limits, refuse)
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise refuse(f"the parameter {name[:40]!r} came more than once; send it once")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def _pairs(body: bytes | str, limits: Limits, refuse: Refusal) -> list[tuple[str, str]]:
    most = limits.form_parameters
    told = f"the form cannot be read; expected at most {most} parameters name=value in UTF-8"
    try:
        # Text may hold a lone surrogate, which has no UTF-8 form and could not be written again.
        raw = body if isinstance(body, bytes) else body.encode("utf-8")
        parts = raw.decode("utf-8").split("&", most) if raw else []
        named = [part.split("=", 1) for part in parts]
        pairs = [(_plain(name), _plain(value)) for name, value in named]
    except ValueError:
        raise refuse(f"{told}, joined by &") from None
    if len(pairs) > most:
        raise refuse(f"{told}, joined by &")
    return pairs


def _plain(text: str) -> str:
    """Return what a name or value stands for (WHATWG URL section 5.1)."""
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def encode_form(parameters: Mapping[str, str | None]) -> str:
    """Write parameters as a form body or query string; those without a value are left out."""
    return "&".join(
        [
            f"{_written(name)}={_written(value)}"
            for name, value in parameters.items()
            if value is not None
        ]
    )


def _written(text: str) -> str:
    return text.translate(_WRITTEN) if text.isascii() else quote_plus(text)
