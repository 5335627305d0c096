"""Answers that everybody may read, browsers of other origins too: kept for ever, or asked anew."""

import gzip
from hashlib import sha256
from typing import Final

from fastapi import Request, Response

from madang.infra.web.negotiation import takes

READING: Final = ("GET", "HEAD")
OPEN: Final = {"access-control-allow-origin": "*", "access-control-expose-headers": "etag"}
FOR_EVER: Final = {**OPEN, "cache-control": "public, max-age=31536000, immutable"}
NOT_LONG: Final = {**OPEN, "cache-control": "no-cache"}
_GZIP: Final = "gzip"


def changing(request: Request, content: str | bytes, media_type: str) -> Response:
    """Return what is there now under its ETag, or 304 for whoever has it (RFC 9110 section 13)."""
    raw = content.encode() if isinstance(content, str) else content
    tag = f'"{sha256(raw).hexdigest()[:32]}"'
    headers = {**NOT_LONG, "etag": tag}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(raw, media_type=media_type, headers=headers)


def lasting(request: Request, content: bytes, media_type: str, *, packed: bool = False) -> Response:
    """Return what never changes, in gzip where that is worth it and the reader takes it.

    Args:
        request: tells what the reader takes.
        content: the whole of it.
        media_type: of the content.
        packed: whether gzip makes it smaller.
    """
    if not packed:
        return Response(content, media_type=media_type, headers=FOR_EVER)
    headers = {**FOR_EVER, "vary": "accept-encoding"}
    if takes(request.headers.get("accept-encoding"), _GZIP):
        headers["content-encoding"] = _GZIP
        content = gzip.compress(content, mtime=0)
    return Response(content, media_type=media_type, headers=headers)


def _has(sent: str, tag: str) -> bool:
    """Tell whether the tag is among those that were sent; weak ones count alike for reading."""
    known = [each.strip().removeprefix("W/") for each in sent.split(",")]
    return sent.strip() == "*" or tag in known
