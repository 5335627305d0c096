"""Korean names in Latin letters, syllable by syllable (Revised Romanization of Korean, 2000)."""

INITIALS = (
    *("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s"),
    *("ss", "", "j", "jj", "ch", "k", "t", "p", "h"),
)
VOWELS = (
    *("a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae"),
    *("oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"),
)
FINALS = (
    *("", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l"),
    *("p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k", "t", "p", "t"),
)
FIRST = 0xAC00
"""Hangul syllables are ordered by initial, vowel and final from here on (Unicode 3.12)."""


def romanised(name: str) -> str:
    """Return a name in Latin letters; sounds do not change one another, as names are written.

    Raises:
        ValueError: another character than a Hangul syllable.
    """
    return "".join(map(_syllable, name)).capitalize()


def _syllable(character: str) -> str:
    initial, rest = divmod(ord(character) - FIRST, len(VOWELS) * len(FINALS))
    if not 0 <= initial < len(INITIALS):
        raise ValueError("a Hangul syllable was expected")
    vowel, final = divmod(rest, len(FINALS))
    return INITIALS[initial] + VOWELS[vowel] + FINALS[final]
