"""SD-JWT VC Type Metadata, and the integrity of its documents (SD-JWT VC, W3C SRI).

The document is read, not fetched; `type_extension` merges in what the extended types say.
"""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final

from pydantic import Field, StrictInt, StrictStr, ValidationError, model_validator

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.formats.sd_jwt.display import ClaimDisplay, Part, TypeDisplay
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import Path

MAX_BYTES: Final = 256_000
MAX_CLAIMS: Final = 500
_HASHES: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


class Sd(StrEnum):
    """Whether a claim is selectively disclosable (Claim Selective Disclosure Metadata)."""

    ALWAYS = "always"
    ALLOWED = "allowed"
    NEVER = "never"


class ClaimMetadata(Part):
    """One claim, or every claim at a path with None in it (Claim Metadata)."""

    path: Annotated[
        tuple[StrictStr | Annotated[StrictInt, Field(ge=0)] | None, ...], Field(min_length=1)
    ]
    display: tuple[ClaimDisplay, ...] = ()
    mandatory: Annotated[bool, Field(strict=True)] = False
    sd: Sd = Sd.ALLOWED
    svg_id: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None


class TypeMetadata(Part):
    """A Type Metadata document (Type Metadata Format)."""

    vct: StrictStr
    name: StrictStr | None = None
    description: StrictStr | None = None
    extends: StrictStr | None = None
    extends_integrity: StrictStr | None = Field(default=None, alias="extends#integrity")
    display: tuple[TypeDisplay, ...] = ()
    claims: Annotated[tuple[ClaimMetadata, ...], Field(max_length=MAX_CLAIMS)] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> "TypeMetadata":
        paths = [claim.path for claim in self.claims]
        ids = [claim.svg_id for claim in self.claims if claim.svg_id is not None]
        if len({*paths}) < len(paths):
            raise ValueError("two claims have one path")
        if len({*ids}) < len(ids):
            raise ValueError("two claims have one svg_id")
        return self

    @cached_property
    def optional(self) -> frozenset[Path]:
        """The paths of claims that need not be there."""
        return frozenset(claim.path for claim in self.claims if not claim.mandatory)


def read(
    document: bytes, *, vct: str, expected: str | None = None, max_bytes: int = MAX_BYTES
) -> TypeMetadata:
    """Return the metadata in a document that was retrieved for a type.

    Args:
        document: as it came, to the byte.
        vct: the type it was retrieved for.
        expected: `vct#integrity` (or `extends#integrity`), None when there is none.
        max_bytes: the longest document accepted.

    Raises:
        SdJwtError: not the document that `expected` was made for, not of the format, or about
            another type.
    """
    if expected is not None and not matches(document, expected):
        raise SdJwtError(
            "type_metadata_integrity",
            "SD-JWT VC Document Integrity",
            "the document is not the one whose hash was given",
        )
    try:
        value = strict_json.loads(document, max_bytes=max_bytes)
        found = TypeMetadata.model_validate(value, by_alias=True, by_name=False)
    except (EncodingError, ValidationError) as error:
        raise _refusal("malformed_type_metadata", _told(error)) from error
    if found.vct != vct:
        raise _refusal("type_metadata_vct", "the document is about another type")
    return found


def integrity(document: bytes) -> str:
    """Return the value of `vct#integrity` for a document as it is served: "sha256-…"."""
    return "sha256-" + base64.b64encode(hashlib.sha256(document).digest()).decode("ascii")


def matches(document: bytes, expected: str) -> bool:
    """Tell whether a document is the one that `expected` was made for.

    Of several hashes the strongest decides (W3C Subresource Integrity section 3.3.4); a value
    without any known hash matches nothing.
    """
    by_strength: dict[str, list[str]] = {}
    for part in expected.split():
        name, _, value = part.partition("-")
        if name in _HASHES:
            by_strength.setdefault(name, []).append(value)
    if not by_strength:
        return False
    strongest = max(by_strength)
    digest = _HASHES[strongest](document).digest()
    return any(hmac.compare_digest(digest, _decoded(value)) for value in by_strength[strongest])


def _decoded(value: str) -> bytes:
    # Options after "?" are reserved by W3C SRI section 3.5 and mean nothing yet.
    try:
        return base64.b64decode(value.partition("?")[0], validate=True)
    except (binascii.Error, ValueError):
        return b""


def _told(error: EncodingError | ValidationError) -> str:
    if isinstance(error, EncodingError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'document'}: {first['msg']}"


def _refusal(code: str, detail: str) -> SdJwtError:
    return SdJwtError(code, "SD-JWT VC Type Metadata Format", detail)
