"""Words for people: one flat file of texts a language and area, all languages complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import Request

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError

LANGUAGES: Final = ("ko", "en", "ja")
DEFAULT: Final = "ko"
COOKIE: Final = "madang_language"


class TextError(RuntimeError):
    """A text is missing or malformed; the message names the file or the key."""


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts, by language and key."""

    by_language: Mapping[str, Mapping[str, str]]

    def text(self, language: str, key: str, **values: object) -> str:
        """Return a text with its values filled in; TextError if there is none."""
        try:
            return self.by_language[language][key].format(**values)
        except (KeyError, IndexError) as error:
            raise TextError(f"no text {key!r} in {language!r}, or a value is missing") from error

    def has(self, language: str, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self.by_language[language]


def load_texts(folder: Path) -> Texts:
    """Read `<folder>/<language>/*.json`, each an object from key to text.

    Raises:
        TextError: a language or key is missing somewhere, a key twice, or a file is no such
            object; names the place.
    """
    by_language = {language: _language(folder / language) for language in LANGUAGES}
    every = set().union(*by_language.values())
    for language, texts in by_language.items():
        missing = sorted(every - texts.keys())
        if missing:
            raise TextError(f"{folder / language} lacks {', '.join(missing[:5])}")
    return Texts(by_language)


def _language(folder: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            found = strict_json.loads(path.read_bytes())
        except EncodingError as error:
            raise TextError(f"{path}: {error}") from error
        if not isinstance(found, dict) or not all(isinstance(t, str) for t in found.values()):
            raise TextError(f"{path}: an object from key to text was expected")
        twice = texts.keys() & found.keys()
        if twice:
            raise TextError(f"{path}: {min(twice)!r} is in another file already")
        texts.update(found)
    return texts


def language_of(request: Request) -> str:
    """Return the reader's language: `?lang=`, then the cookie, then Accept-Language, else ko."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    for part in request.headers.get("accept-language", "").split(","):
        wish = part.partition(";")[0].strip().partition("-")[0].lower()
        if wish in LANGUAGES:
            return wish
    return DEFAULT
