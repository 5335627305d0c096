"""One QR code is read from the pixels of a picture; anything else is refused."""

import io
from contextlib import suppress

import pytest
import zxingcpp
from PIL import Image

from mobile_stub.adapters import picture
from mobile_stub.adapters.picture import read_qr
from mobile_stub.errors import WalletError


def code_image(text: str) -> Image.Image:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    return Image.fromarray(code.to_image(scale=4))


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("text", ["haip-vp://?client_id=x", "마당", "a" * 1500])
def test_the_text_of_a_code_is_read(kind: str, text: str) -> None:
    assert read_qr(saved(code_image(text), kind)) == text


def test_a_coloured_and_turned_picture_is_read() -> None:
    turned = code_image("turned").convert("RGB").rotate(90, expand=True)
    assert read_qr(saved(turned)) == "turned"


def beside(*images: Image.Image) -> Image.Image:
    wide = Image.new("L", (sum(each.width for each in images) + 80, 400), 255)
    at = 20
    for each in images:
        wide.paste(each, (at, 20))
        at += each.width + 40
    return wide


@pytest.mark.parametrize(
    "image", [Image.new("L", (200, 200), 255), beside(code_image("one"), code_image("two"))]
)
def test_none_or_two_codes_are_not_one(image: Image.Image) -> None:
    with pytest.raises(WalletError) as refused:
        read_qr(saved(image))
    assert refused.value.code == "no_single_qr_code"


@pytest.mark.parametrize("content", [b"", b"x", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"GIF89a"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(WalletError) as refused:
        read_qr(content)
    assert refused.value.code == "not_a_picture"


def test_a_picture_cut_short_is_read_right_or_refused() -> None:
    whole = saved(code_image("cut"))
    for end in range(8, len(whole), 7):
        with suppress(WalletError):
            assert read_qr(whole[:end]) == "cut"
    with pytest.raises(WalletError):
        read_qr(whole[: len(whole) // 2])


def test_another_kind_of_picture_is_refused() -> None:
    with pytest.raises(WalletError) as refused:
        read_qr(saved(code_image("gif"), "GIF"))
    assert refused.value.code == "not_a_picture"


def test_too_many_pixels_are_not_unpacked() -> None:
    side = int(picture.MAX_PIXELS**0.5) + 1
    with pytest.raises(WalletError) as refused:
        read_qr(saved(Image.new("1", (side, side))))
    assert refused.value.code == "picture_too_large"
