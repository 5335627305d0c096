import base64
import io

from PIL import Image

from issuer.issuance.logo import logo_uri

START = "data:image/png;base64,"
WHITE = (255, 255, 255)


def drawn(uri: str) -> Image.Image:
    """Return the picture in a URI."""
    assert uri.startswith(START)
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(START)))).convert("RGBA")


def colours(uri: str) -> dict[tuple[int, ...], int]:
    """Return how many pixels have each colour, those that cannot be seen left out."""
    counted = drawn(uri).getcolors() or []
    found: dict[tuple[int, ...], int] = {}
    for count, (*colour, alpha) in counted:
        if alpha:
            found[tuple(colour)] = found.get(tuple(colour), 0) + count
    return found


def ground(uri: str) -> tuple[int, ...]:
    """Return the colour behind the letter."""
    [colour] = colours(uri).keys() - {WHITE}
    return colour


def test_it_shows_the_first_letter_alone() -> None:
    h, i = logo_uri("hanbit", "Hanbit"), logo_uri("hanbit", "I")
    assert h == logo_uri("hanbit", "H")
    assert colours(h)[WHITE] > colours(i)[WHITE] > 0


def test_its_corners_are_clear_and_it_is_small() -> None:
    uri = logo_uri("hanbit", "H")
    assert drawn(uri).getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert len(uri) < 1_000


def test_each_municipality_has_its_colour_and_keeps_it() -> None:
    assert ground(logo_uri("hanbit", "H")) != ground(logo_uri("saebyeol", "H"))
    assert logo_uri("hanbit", "H") == logo_uri("hanbit", "H")


def contrast(colour: tuple[int, ...]) -> float:
    """Return the contrast of white on a colour (WCAG 2.2)."""
    parts = [each / 255 for each in colour]
    lit = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (
        sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), lit, strict=True)) + 0.05
    )


def test_the_letter_can_be_read_in_every_colour() -> None:
    seen = {ground(logo_uri(str(number), "H")) for number in range(600)}
    assert len(seen) > 200
    assert min(map(contrast, seen)) >= 4.5
