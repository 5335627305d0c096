"""A municipality's logo for wallets: drawn here, and carried in the metadata themselves.

As a `data:` URI (OpenID4VCI 1.0 section 12.2.4) no wallet's look at it is seen by anybody.
"""

import base64
import colorsys
import hashlib
from typing import Final
from xml.sax.saxutils import escape

_LIGHTNESS, _SATURATION = 0.3, 0.55
"""Dark enough for white letters of contrast 4.5 to 1 in every hue."""
_DRAWN: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
    '<rect width="64" height="64" rx="14" fill="{colour}"/>'
    '<text x="32" y="44" font-family="sans-serif" font-size="36" font-weight="bold"'
    ' text-anchor="middle" fill="#fff">{letter}</text></svg>'
)


def logo_uri(tenant: str, name: str) -> str:
    """Return a picture with the first letter of a name, in a colour that is the municipality's.

    Args:
        tenant: the municipality.
        name: in any language, at least one letter.
    """
    hue = hashlib.sha256(tenant.encode()).digest()[0] / 256
    parts = colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION)
    colour = "#" + "".join(f"{round(part * 255):02x}" for part in parts)
    drawn = _DRAWN.format(colour=colour, letter=escape(name[:1]))
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"
