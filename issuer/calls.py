"""Reads the bodies of the counter's calls, strictly and without leaking library text."""

from typing import TypeVar

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import Message, read_json

Call = TypeVar("Call", bound=Message)
_DIGEST_BYTES = 32


class MalformedCall(ValueError):  # noqa: N818 - a state of the call
    """A call's body is not what it has to be; the text names place and expectation."""


def read_call(model: type[Call], body: bytes) -> Call:
    """Return a body as its message; MalformedCall if it is none."""
    return read_json(model, body, DEFAULT_LIMITS, MalformedCall)


def read_digest(text: str) -> bytes:
    """Return a digest of 32 bytes from base64url; MalformedCall if it is none."""
    try:
        digest = base64url.decode(text)
    except EncodingError as error:
        raise MalformedCall(f"a digest is base64url: {error}") from error
    if len(digest) != _DIGEST_BYTES:
        raise MalformedCall(f"a digest has {_DIGEST_BYTES} bytes, {len(digest)} came")
    return digest
