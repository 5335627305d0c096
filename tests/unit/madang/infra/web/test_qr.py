import io

import pytest
import zxingcpp
from PIL import Image

from madang.infra.web.qr import MODULE_PIXELS, QUIET_MODULES, png


@pytest.mark.parametrize(
    "text", ["haip-vp://?a=b", "openid-credential-offer://?" + "x" * 900, "가"]
)
def test_a_reader_finds_the_text(text: str) -> None:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png(text))))
    assert found.text == text
    assert found.format is zxingcpp.BarcodeFormat.QRCode
    assert found.ec_level == "M"


def test_there_is_a_quiet_zone_around_it() -> None:
    picture = Image.open(io.BytesIO(png("moon"))).convert("L")
    quiet = QUIET_MODULES * MODULE_PIXELS
    assert picture.crop((0, 0, picture.width, quiet)).getextrema() == (255, 255)
    assert picture.getpixel((quiet, quiet)) == 0


def test_the_same_text_gives_the_same_picture() -> None:
    assert png("moon") == png("moon")
    assert png("moon") != png("sun")
