"""The text of a QR code, read from the pixels of a picture."""

import io

import zxingcpp
from PIL import Image, UnidentifiedImageError

from mobile_stub.errors import WalletError

MAX_PIXELS = 40_000_000
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def read_qr(picture: bytes) -> str:
    """Return the text of the one QR code in a PNG or JPEG picture.

    Raises:
        WalletError: not a picture, too many pixels, or not exactly one QR code in it.
    """
    try:
        image = Image.open(io.BytesIO(picture), formats=("PNG", "JPEG"))
        if image.width * image.height > MAX_PIXELS:
            raise WalletError("picture_too_large", f"at most {MAX_PIXELS} pixels are read")
        codes = zxingcpp.read_barcodes(
            image.convert("L"), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise WalletError("not_a_picture", "a PNG or JPEG picture was expected") from error
    if len(codes) != 1:
        raise WalletError("no_single_qr_code", f"{len(codes)} QR codes found, one was expected")
    return str(codes[0].text)
