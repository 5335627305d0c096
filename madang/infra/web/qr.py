"""QR pictures that a phone reads from a screen."""

import io
from typing import Final

import qrcode
from qrcode.image.pil import PilImage

QUIET_MODULES: Final = 4
MODULE_PIXELS: Final = 6


def png(text: str) -> bytes:
    """Return a QR picture of a text in PNG.

    A quarter of the size that a phone needs is lost to a quiet zone and to error correction M
    (15 percent), which is what screens with scratches and reflections ask for.
    """
    code = qrcode.QRCode(
        error_correction=qrcode.ERROR_CORRECT_M,
        box_size=MODULE_PIXELS,
        border=QUIET_MODULES,
        image_factory=PilImage,
    )
    code.add_data(text)
    code.make(fit=True)
    content = io.BytesIO()
    code.make_image().save(content, "PNG")
    return content.getvalue()
