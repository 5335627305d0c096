"""Made-up personal values, and each form in which one may stand somewhere, made by other means."""

import base64
import hashlib
import json
import unicodedata
from collections.abc import Callable
from urllib.parse import quote_from_bytes, quote_plus

NAME = "남궁민서"
BORN = "1987-03-21"
NUMBER = "M-8731-4450"
ROMAN = "NAMGUNG MINSEO"
VALUES = [NAME, BORN, NUMBER, ROMAN]


def decomposed(value: str) -> bytes:
    return unicodedata.normalize("NFD", value).encode()


def bare(value: str) -> bytes:
    return value.replace("-", "").replace(" ", "").encode()


def hashed(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


FORMS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "NFD": decomposed,
    "without separators": bare,
    "utf-16-le": lambda value: value.encode("utf-16-le"),
    "utf-16-be": lambda value: value.encode("utf-16-be"),
    "euc-kr": lambda value: value.encode("euc-kr"),
    "lower case": lambda value: value.lower().encode(),
    "title case": lambda value: value.title().encode(),
    "hex": lambda value: value.encode().hex().encode(),
    "HEX": lambda value: value.encode().hex().upper().encode(),
    "NFD in hex": lambda value: decomposed(value).hex().encode(),
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64, one behind": lambda value: base64.b64encode(b"x" + value.encode() + b"y"),
    "base64, two behind": lambda value: base64.b64encode(b"xy" + value.encode() + b"zz"),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).rstrip(b"="),
    "base64url, one behind": lambda value: base64.urlsafe_b64encode(b"?" + value.encode()),
    "base64url, two behind": lambda value: base64.urlsafe_b64encode(b"??" + value.encode()),
    "base64 without separators": lambda value: base64.b64encode(b"no" + bare(value)),
    "base64 of utf-16": lambda value: base64.b64encode(value.encode("utf-16-le")),
    "percent-encoding": lambda value: quote_from_bytes(value.encode()).encode(),
    "percent-encoding of a form": lambda value: quote_plus(value.encode()).encode(),
    "percent-encoding of all": lambda value: b"".join(b"%%%02x" % b for b in value.encode()),
    "escapes of JSON": lambda value: json.dumps(value)[1:-1].encode(),
    "escapes of all": lambda value: "".join(f"\\u{ord(c):04X}" for c in value).encode(),
    "SHA-256": hashed,
    "SHA-256 in hex": lambda value: hashed(value).hex().encode(),
    "SHA-256 in base64url": lambda value: base64.urlsafe_b64encode(hashed(value)).rstrip(b"="),
    "SHA-256 in base64": lambda value: base64.b64encode(hashed(value)),
    "SHA-256 without separators": lambda value: hashlib.sha256(bare(value)).hexdigest().encode(),
}
