"""The JSON error answer that OAuth 2.0 and OpenID4VCI share (RFC 6749 section 5.2)."""

from typing import Final

from madang.core.protocol.message import Message

UNTOLD: Final = "no reason was given"
"""In place of an ``error_description`` that did not come: it is optional."""
_PRINTABLE = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}


class ErrorBody(Message):
    """``error`` and what may stand beside it."""

    error: str
    error_description: str | None = None


def printable(description: str) -> str:
    """Replace what an ``error_description`` must not hold (only %x20-21 / %x23-5B / %x5D-7E)."""
    quoted = description.replace('"', "'")
    return "".join(character if character in _PRINTABLE else "?" for character in quoted)


def error_json(code: str, description: str) -> dict[str, str]:
    """Return the members of an error answer."""
    return {"error": code, "error_description": printable(description)}
