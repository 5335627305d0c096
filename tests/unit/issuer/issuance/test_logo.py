import base64
import io
from xml.etree import ElementTree as ET

import pytest

from issuer.issuance.logo import logo_uri

START = "data:image/svg+xml;base64,"


def drawn(uri: str) -> list[ET.Element]:
    """Return the elements of a picture in a URI."""
    assert uri.startswith(START)
    return [*ET.parse(io.BytesIO(base64.b64decode(uri.removeprefix(START)))).getroot()]  # noqa: S314 - ours


@pytest.mark.parametrize(("name", "letter"), [("Hanbit", "H"), ("한빛시", "한"), ("<b>", "<")])
def test_it_shows_the_first_letter(name: str, letter: str) -> None:
    assert drawn(logo_uri("hanbit", name))[1].text == letter


def test_each_municipality_has_its_colour_and_keeps_it() -> None:
    first, second = (drawn(logo_uri(each, "H"))[0].get("fill") for each in ("hanbit", "saebyeol"))
    assert first != second
    assert logo_uri("hanbit", "H") == logo_uri("hanbit", "H")


def contrast(colour: str) -> float:
    """Return the contrast of white on a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    lit = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (
        sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), lit, strict=True)) + 0.05
    )


def test_the_letter_can_be_read_in_every_colour() -> None:
    colours = {drawn(logo_uri(str(number), "H"))[0].get("fill") for number in range(2_000)}
    assert len(colours) > 200
    assert min(contrast(str(each)) for each in colours) >= 4.5
