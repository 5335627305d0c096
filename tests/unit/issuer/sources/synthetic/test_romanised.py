"""Names in Latin letters, as the official table of 2000 writes its own examples."""

import pytest

from issuer.sources.synthetic.romanised import romanised
from issuer.sources.synthetic.words import GIVEN_FIRST, GIVEN_LAST, SURNAMES


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("한", "Han"),
        ("도윤", "Doyun"),
        ("민용하", "Minyongha"),
        ("홍빛나", "Hongbitna"),
        ("복남", "Boknam"),
        ("구미", "Gumi"),
        ("괴산", "Goesan"),
    ],
)
def test_examples(name: str, written: str) -> None:
    assert romanised(name) == written


def test_every_syllable_of_our_names() -> None:
    for syllable in SURNAMES + GIVEN_FIRST + GIVEN_LAST:
        assert romanised(syllable).isalpha()
        assert romanised(syllable).isascii()


@pytest.mark.parametrize("other", ["Han", "漢", "ㅎ", "하n"])
def test_other_letters_are_refused(other: str) -> None:
    with pytest.raises(ValueError, match="Hangul"):
        romanised(other)
