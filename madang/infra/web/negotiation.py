"""Which form and which coding of an answer a reader takes (RFC 9110 section 12.5)."""

from collections.abc import Iterator, Sequence


def preferred(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the media type that an Accept header likes best; None if it takes none of them.

    Args:
        accept: the header, None when there is none.
        offered: media types; the first is for readers who name none, and goes before its equals.
    """
    if accept is None or not accept.strip():
        return offered[0]
    wanted = dict(_weights(accept))
    quality = {kind: _quality(kind, wanted) for kind in offered}
    best = max(offered, key=lambda kind: quality[kind])
    return best if quality[best] > 0 else None


def takes(accept_encoding: str | None, coding: str) -> bool:
    """Tell whether an Accept-Encoding header takes a content coding."""
    wanted = dict(_weights(accept_encoding or ""))
    return wanted.get(coding, wanted.get("*", 0.0)) > 0


def _quality(kind: str, wanted: dict[str, float]) -> float:
    """Return the weight of the most specific range that a media type falls into."""
    ranges = (kind, kind.partition("/")[0] + "/*", "*/*")
    return next((wanted[each] for each in ranges if each in wanted), 0.0)


def _weights(header: str) -> Iterator[tuple[str, float]]:
    for element in header.split(","):
        name, *parameters = (part.strip().lower() for part in element.split(";"))
        weights = [part[2:] for part in parameters if part.startswith("q=")]
        yield name, _number(weights[0]) if weights else 1.0


def _number(text: str) -> float:
    digits = text.replace(".", "", 1)
    return float(text) if digits.isascii() and digits.isdecimal() else 0.0
