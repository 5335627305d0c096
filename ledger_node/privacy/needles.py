"""Personal values in every form in which bytes may hold them.

A name may stand somewhere as it is, in another normal form of Unicode, without its separators, in
another character set, and each of these once more in base64, hex, percent-encoding, escapes of
JSON, or hashed without salt, which is as good as the value to whoever can guess it.
"""

import base64
import hashlib
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus

from ledger_node.privacy.model import PrivacyInputError

MIN_NEEDLE: Final = 6
"""Shorter sequences of bytes come about by chance in what is random."""
MAX_VALUES: Final = 10_000
MAX_VALUE: Final = 400
_GRAM: Final = 4
_STEP: Final = 2
_NORMAL: Final = ("NFC", "NFD")
_CHARSETS: Final = ("utf-8", "utf-16-le", "utf-16-be", "cp949", "shift_jis")
_PERCENT: Final = re.compile("%..")
_PERCENT_FORM: Final = " in percent-encoding"
_SEPARATORS: Final = re.compile(r"[\s\-./_:,()\u00b7\u30fb\u3000]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A value that was seen.

    Attributes:
        value: its number in the list, from 1; the value itself is not told.
        form: how it stood there.
        at: offset of the first byte.
    """

    value: int
    form: str
    at: int


class Needles:
    """What is searched for.

    Args:
        values: personal values, such as names, dates of birth and numbers of documents.

    Raises:
        PrivacyInputError: a value is too short to be told from chance, or too long.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._named: dict[bytes, tuple[int, str]] = {}
        for number, value in enumerate(values, 1):
            if number > MAX_VALUES or len(value) > MAX_VALUE:
                raise PrivacyInputError(
                    f"value {number}: at most {MAX_VALUES} of {MAX_VALUE} characters are searched"
                )
            if len(value.encode("utf-8", "surrogatepass")) < MIN_NEEDLE:
                raise PrivacyInputError(
                    f"value {number} has less than {MIN_NEEDLE} bytes: it would be seen by chance"
                )
            for needle, form in forms(value):
                if len(needle) >= MIN_NEEDLE:
                    self._named.setdefault(needle, (number, form))
        self._grams: dict[int, list[tuple[bytes, int]]] = {}
        for needle in self._named:
            for back in range(_STEP):
                gram = int.from_bytes(needle[back : back + _GRAM], sys.byteorder)
                self._grams.setdefault(gram, []).append((needle, back))

    def __len__(self) -> int:
        """Return how many sequences of bytes are searched for."""
        return len(self._named)

    @property
    def longest(self) -> int:
        """The length of the longest."""
        return max(map(len, self._named), default=0)

    def search(self, data: bytes) -> Iterator[Hit]:
        """Yield what stands in the data, each value once in the first form that is seen."""
        seen = set()
        for needle, at in self._candidates(data):
            number, form = self._named[needle]
            if number not in seen and data.startswith(needle, at):
                seen.add(number)
                yield Hit(number, form, at)

    def _candidates(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield needles whose first bytes may stand at a place.

        Four bytes are looked at from every second place on: a needle of five or more covers one of
        these places within its first two.
        """
        whole = memoryview(data)
        for first in range(0, _GRAM, _STEP):
            words = whole[first : first + max(len(data) - first, 0) // _GRAM * _GRAM].cast("I")
            for number, word in enumerate(words):
                if word in self._grams:
                    for needle, back in self._grams[word]:
                        at = first + number * _GRAM - back
                        if at >= 0:
                            yield needle, at


def forms(value: str) -> Iterator[tuple[bytes, str]]:
    """Yield each sequence of bytes that stands for a value, with the form's name."""
    for text, spelling in _spellings(value):
        for escaped, form in _escapes(text):
            yield escaped, f"{spelling}{form}"
        for charset in _CHARSETS:
            try:
                raw = text.encode(charset)
            except UnicodeEncodeError:
                continue
            for needle, form in _encodings(raw):
                yield needle, f"{spelling}{charset}{form}"


def _spellings(value: str) -> Iterator[tuple[str, str]]:
    """Yield the value as it is and in both normal forms, without separators, and in each case.

    A Chinese character that Korean has twice, as in the names Lee and Kim, is one in both forms.
    """
    seen = set()
    bare = _SEPARATORS.sub("", value)
    for text, name in ((value, ""), (bare, "without separators, ")):
        for made, normal in ((text, ""), *((unicodedata.normalize(n, text), n) for n in _NORMAL)):
            for cased in (made, made.lower(), made.upper(), made.title()):
                if cased not in seen:
                    seen.add(cased)
                    told = "" if made == cased else "in another case, "
                    yield cased, f"{name}{'' if made == text else normal + ', '}{told}"


def _escapes(text: str) -> Iterator[tuple[bytes, str]]:
    for cased in (str.lower, str.upper):
        every = ["".join(f"\\u{cased(unit)}" for unit in _units(char)) for char in text]
        needed = [char if char.isascii() else each for char, each in zip(text, every, strict=True)]
        yield "".join(every).encode(), "escapes of JSON"
        yield "".join(needed).encode(), "escapes of JSON"


def _units(char: str) -> list[str]:
    raw = char.encode("utf-16-be", "surrogatepass")
    return [raw[at : at + 2].hex() for at in range(0, len(raw), 2)]


def _encodings(raw: bytes) -> Iterator[tuple[bytes, str]]:
    digest = hashlib.sha256(raw).digest()
    yield raw, ""
    yield raw.hex().encode(), " in hex"
    yield raw.hex().upper().encode(), " in hex"
    every = "".join(f"%{byte:02x}" for byte in raw)
    for quoted in (quote(raw, safe=""), quote_plus(raw), every):
        yield quoted.encode(), _PERCENT_FORM
        yield _PERCENT.sub(lambda match: match[0].swapcase(), quoted).encode(), _PERCENT_FORM
    for shift in range(3):
        inside = _aligned(raw, shift)
        yield inside, " in base64"
        yield inside.replace(b"+", b"-").replace(b"/", b"_"), " in base64url"
    yield digest, ", SHA-256"
    yield digest.hex().encode(), ", SHA-256 in hex"
    yield digest.hex().upper().encode(), ", SHA-256 in hex"
    encoded = base64.b64encode(digest).rstrip(b"=")
    yield encoded, ", SHA-256 in base64"
    yield encoded.replace(b"+", b"-").replace(b"/", b"_"), ", SHA-256 in base64url"


def _aligned(raw: bytes, shift: int) -> bytes:
    """Return the characters of base64 that the bytes decide alone, `shift` bytes behind a group."""
    encoded = base64.b64encode(bytes(shift) + raw)
    return encoded[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
