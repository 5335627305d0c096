"""Hold a presented credential against its type, where the verifier knows the type itself.

The rules are the verifier's own and not those of a document that was fetched, so nothing hangs on
`vct#integrity` while they hold: a corrected text changes the hash and no rule. Where one is broken,
it tells whether the credential was issued under the same document.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from madang.core.formats.sd_jwt import type_rules
from madang.core.formats.sd_jwt.type_extension import resolve
from madang.core.formats.sd_jwt.type_metadata import TypeMetadata, matches
from madang.core.formats.sd_jwt.type_rules import Seen
from madang.core.formats.sd_jwt.verdict import Failure
from madang.core.formats.sd_jwt.verify import Unfolded

_CLAUSE = "SD-JWT VC Document Integrity"


@dataclass(frozen=True, slots=True)
class KnownType:
    """A type that a verifier knows.

    Attributes:
        document: its Type Metadata as served, to the byte.
        metadata: the same, read once and for all answers.
    """

    document: bytes
    metadata: TypeMetadata

    @classmethod
    def of(cls, document: bytes, vct: str) -> "KnownType":
        """Read the document of a type that extends no other; SdJwtError if it is not."""
        return cls(document, resolve(vct, {vct: document}.get))


def type_failures(
    payload: Mapping[str, Any], unfolded: Unfolded, known: KnownType
) -> Iterator[Failure]:
    """Yield every broken rule (SD-JWT VC Claim Metadata).

    Codes: malformed_integrity (`vct#integrity` is not text), those of ``type_rules.failures``, and
    before them type_metadata_integrity, where the credential was issued under another document.

    Args:
        payload: what the issuer signed.
        unfolded: the same with its disclosures in their places.
        known: its type.
    """
    integrity = payload.get("vct#integrity")
    if integrity is not None and not isinstance(integrity, str):
        yield Failure("malformed_integrity", _CLAUSE, "vct#integrity is not text")
    broken = tuple(type_rules.failures(known.metadata, Seen.of(unfolded)))
    if broken and isinstance(integrity, str) and not matches(known.document, integrity):
        told = "issued under another document of the type than the one in force"
        yield Failure("type_metadata_integrity", _CLAUSE, told)
    yield from broken
