"""Types that extend others: the chain of documents, and what comes of it (SD-JWT VC).

A child adds claims and replaces what its parent says of a claim, but it may only tighten: what a
parent makes `always` or `never` disclosable or `mandatory` stays so. What a child does not say of
`sd` and `mandatory` it inherits, so that a claim with a new label does not lose its rules.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from pydantic import ValidationError

from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.type_metadata import (
    MAX_BYTES,
    ClaimMetadata,
    Sd,
    TypeMetadata,
    read,
)

MAX_EXTENDS: Final = 8
"""How many types may stand above one; further ones are refused."""

Lookup: TypeAlias = Callable[[str], bytes | None]
"""Returns the document of a type as it came, to the byte; None if there is none."""

_CHAIN: Final = "SD-JWT VC Extending Type Metadata"
_CLAIMS: Final = "SD-JWT VC Extending Claim Metadata"


def resolve(
    vct: str,
    lookup: Lookup,
    *,
    expected: str | None = None,
    max_extends: int = MAX_EXTENDS,
    max_bytes: int = MAX_BYTES,
) -> TypeMetadata:
    """Return the metadata of a type with all that it inherits.

    Args:
        vct: the type.
        lookup: gives the documents; it is asked for each type once.
        expected: `vct#integrity` of the credential, None when there is none.
        max_extends: how many types may stand above this one.
        max_bytes: the longest document accepted.

    Raises:
        SdJwtError: a document is missing, not the one whose hash was given, malformed or about
            another type; types extend one another in a circle or too far; a child loosens.
    """
    chain: list[TypeMetadata] = []
    wanted: str | None = vct
    while wanted is not None:
        if any(wanted == above.vct for above in chain):
            raise SdJwtError("type_metadata_cycle", _CHAIN, "types extend one another in a circle")
        if len(chain) > max_extends:
            told = f"more than {max_extends} types above one another"
            raise SdJwtError("type_metadata_depth", _CHAIN, told)
        document = lookup(wanted)
        if document is None:
            raise SdJwtError("type_metadata_missing", _CHAIN, "there is no document of a type")
        chain.append(read(document, vct=wanted, expected=expected, max_bytes=max_bytes))
        wanted, expected = chain[-1].extends, chain[-1].extends_integrity
    merged = chain.pop()
    while chain:
        merged = extend(merged, chain.pop())
    return merged


def extend(parent: TypeMetadata, child: TypeMetadata) -> TypeMetadata:
    """Return the child with what it inherits of its parent, itself merged already.

    Claims of the parent come first, in its order. A child that has a display of its own replaces
    the parent's; texts for developers are the child's alone.

    Raises:
        SdJwtError: type_metadata_sd, type_metadata_mandatory: the child loosens a rule;
            malformed_type_metadata: two claims have one `svg_id` now, or there are too many.
    """
    claims = {claim.path: claim for claim in parent.claims}
    for claim in child.claims:
        above = claims.get(claim.path)
        claims[claim.path] = claim if above is None else _tightened(above, claim)
    members = {
        **{name: getattr(child, name) for name in TypeMetadata.model_fields},
        "display": child.display if "display" in child.model_fields_set else parent.display,
        "claims": tuple(claims.values()),
    }
    try:
        return TypeMetadata(**members)
    except ValidationError as error:
        told = str(error.errors(include_url=False, include_input=False)[0]["msg"])
        raise SdJwtError("malformed_type_metadata", _CLAIMS, told) from error


def _tightened(above: ClaimMetadata, claim: ClaimMetadata) -> ClaimMetadata:
    said = claim.model_fields_set
    if "sd" in said and above.sd is not Sd.ALLOWED and claim.sd is not above.sd:
        told = f"{list(claim.path)}: {claim.sd} where the extended type says {above.sd}"
        raise SdJwtError("type_metadata_sd", _CLAIMS, told)
    if "mandatory" in said and above.mandatory and not claim.mandatory:
        told = f"{list(claim.path)}: not mandatory, though it is in the extended type"
        raise SdJwtError("type_metadata_mandatory", _CLAIMS, told)
    inherited = {
        "sd": claim.sd if "sd" in said else above.sd,
        "mandatory": claim.mandatory or above.mandatory,
    }
    return claim.model_copy(update=inherited)
