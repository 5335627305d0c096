"""A municipality's logo for wallets: drawn here, and carried in the metadata themselves.

As a `data:` URI (OpenID4VCI 1.0 section 12.2.4) no wallet's look at it is seen by anybody.
"""

import base64
import colorsys
import hashlib
import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_LIGHTNESS, _SATURATION = 0.3, 0.55
"""Dark enough for white letters of contrast 4.5 to 1 in every hue."""
_SIZE: Final = 96
_ROUNDING, _LETTER = _SIZE // 5, _SIZE * 5 // 8


def logo_uri(tenant: str, name: str) -> str:
    """Return a picture with the first letter of a name, in a colour that is the municipality's.

    A PNG: npm @openid4vc/utils 0.4.6 takes no `+` in a media type, as SVG has it.

    Args:
        tenant: the municipality.
        name: at least one letter, a Latin one.
    """
    hue = hashlib.sha256(tenant.encode()).digest()[0] / 256
    colour = tuple(round(p * 255) for p in colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION))
    picture = Image.new("P", (_SIZE, _SIZE))
    picture.putpalette([0, 0, 0, *colour, 255, 255, 255])
    canvas = ImageDraw.Draw(picture)
    canvas.fontmode = "1"  # three colours and no shades of them: a picture of few bytes
    canvas.rounded_rectangle((0, 0, _SIZE - 1, _SIZE - 1), _ROUNDING, fill=1)
    middle = (_SIZE / 2, _SIZE / 2)
    font = ImageFont.load_default(_LETTER)
    canvas.text(middle, name[:1], fill=2, font=font, anchor="mm")
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True, transparency=0)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
