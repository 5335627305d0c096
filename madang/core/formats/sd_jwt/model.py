"""The parts of an SD-JWT: issuer-signed JWT, disclosures, key binding JWT (RFC 9901 section 4)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.formats.sd_jwt.errors import SdJwtError

Path: TypeAlias = tuple[str | int | None, ...]
"""Member names, array indexes, or None for every element of an array (as in DCQL)."""

MAX_BYTES: Final = 512_000
MAX_DISCLOSURES: Final = 1_000
HASHES: Final = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
    "sha3-256": hashlib.sha3_256,
    "sha3-384": hashlib.sha3_384,
    "sha3-512": hashlib.sha3_512,
}
"""By their names in the IANA registry "Named Information Hash Algorithm"; none is shortened."""
DEFAULT_HASH: Final = "sha-256"
SD: Final = "_sd"
SD_ALG: Final = "_sd_alg"
ELLIPSIS: Final = "..."
RESERVED: Final = frozenset({SD, ELLIPSIS})
"""Names that stand for digests; no claim and no disclosure has them."""
NEVER_DISCLOSABLE: Final = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
"""Claims on which validity rests: in clear or not at all (SD-JWT VC section 3.2.2.2)."""

_OF_MEMBER: Final = 3
_OF_ELEMENT: Final = 2


def digest_of(text: str, hash_name: str) -> str:
    """Return the digest of a disclosure or of an SD-JWT (sections 4.2.3, 4.3.1), base64url."""
    return base64url.encode(HASHES[hash_name](text.encode("ascii")).digest())


def digests_of(texts: Iterable[bytes], hash_name: str) -> list[str]:
    """Return the digest of each text, which is given in ASCII."""
    new = HASHES[hash_name]
    return base64url.encode_all([new(text).digest() for text in texts])


class Disclosure(NamedTuple):
    """One disclosure (RFC 9901 section 4.2).

    Attributes:
        encoded: the base64url text as received or made.
        salt: text that keeps the value from being guessed.
        name: member name, or None for an array element.
        value: a JSON value, which may hold digests itself.
    """

    encoded: str
    salt: str
    name: str | None
    value: Any


_disclosure = partial(tuple.__new__, Disclosure)
"""Makes one of a tuple."""


@dataclass(frozen=True, slots=True)
class SdJwt:
    """A parsed SD-JWT, nothing checked but its form.

    Attributes:
        issuer_compact: the issuer-signed JWT as received.
        issuer_jws: the same, taken apart.
        payload: what the issuer signed.
        disclosures: in the order received.
        key_binding: compact key binding JWT, or None.
        bound_part: everything up to and including the last "~": what `sd_hash` covers.
    """

    issuer_compact: str
    issuer_jws: Jws
    payload: dict[str, Any]
    disclosures: tuple[Disclosure, ...]
    key_binding: str | None
    bound_part: str

    @property
    def hash_name(self) -> str:
        """Return the name of the digests' hash (section 4.1.1); SdJwtError for others."""
        name = self.payload.get(SD_ALG, DEFAULT_HASH)
        if not isinstance(name, str) or name not in HASHES:
            raise SdJwtError(
                "unknown_sd_alg",
                "RFC 9901 4.1.1",
                f"_sd_alg {name!r}; one of {', '.join(HASHES)} was expected",
            )
        return name

    @property
    def issuer_digest(self) -> bytes:
        """Return SHA-256 of the issuer-signed JWT: the same in every presentation."""
        return hashlib.sha256(self.issuer_compact.encode("ascii")).digest()


def parse(
    text: str, *, max_bytes: int = MAX_BYTES, max_disclosures: int = MAX_DISCLOSURES
) -> SdJwt:
    """Take a compact SD-JWT or SD-JWT+KB apart (RFC 9901 section 4).

    Raises:
        SdJwtError: too long, too many disclosures, or a part that is not what it should be.
    """
    if len(text) > max_bytes:
        raise _malformed(f"{len(text)} characters, at most {max_bytes} are accepted")
    if "~" not in text:
        raise _malformed("no '~' after the issuer-signed JWT")
    issuer, *encoded, last = text.split("~")
    if len(encoded) > max_disclosures:
        raise SdJwtError(
            "too_many_disclosures",
            "RFC 9901 7.1",
            f"{len(encoded)} disclosures, at most {max_disclosures} are accepted",
        )
    try:
        issuer_jws = jws.parse(issuer, max_bytes=max_bytes)
    except EnvelopeError as error:
        raise _malformed(f"issuer-signed JWT: {error}") from error
    try:
        payload = jws.claims(issuer_jws)
    except EnvelopeError as error:
        raise SdJwtError("malformed_payload", "RFC 9901 4.1", str(error)) from error
    disclosures = parse_disclosures(encoded)
    bound = text[: len(text) - len(last)]
    return SdJwt(issuer, issuer_jws, payload, disclosures, last or None, bound)


def parse_disclosure(encoded: str) -> Disclosure:
    """Decode one disclosure (RFC 9901 sections 4.2.1, 4.2.2); SdJwtError if it is none."""
    return parse_disclosures([encoded])[0]


def parse_disclosures(encoded: Sequence[str]) -> tuple[Disclosure, ...]:
    """Decode disclosures; SdJwtError if any is none."""
    try:
        values = strict_json.loads_all(base64url.decode_all(encoded))
    except EncodingError as error:
        raise _malformed(f"disclosure: {error}") from error
    found = []
    for text, value in zip(encoded, values, strict=True):
        parts = len(value) if type(value) is list else 0
        if parts == _OF_MEMBER:
            salt, name, content = value
            if type(salt) is str and type(name) is str and name not in RESERVED:
                found.append(_disclosure((text, salt, name, content)))
                continue
        elif parts == _OF_ELEMENT and type(value[0]) is str:
            found.append(Disclosure(text, value[0], None, value[1]))
            continue
        raise _malformed("a disclosure is [salt, name, value] or [salt, value], salt and name text")
    return tuple(found)


def _malformed(detail: str) -> SdJwtError:
    return SdJwtError("malformed_sd_jwt", "RFC 9901 4", detail)
