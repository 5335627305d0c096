"""The text of a DID (DID 1.0 section 3.1)."""

import re
from typing import Final, NamedTuple

from madang.core.trust.did.errors import DidError

MAX_DID: Final = 4_096
"""Longest DID, in characters; a did:jwk of an ML-DSA-65 key has some 3,500."""

_DID = re.compile(
    r"did:(?P<method>[a-z0-9]+):(?P<specific>(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})*"
    r"(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2}))"
)


class Did(NamedTuple):
    """The parts of a DID: its method, and what the method says."""

    method: str
    specific: str


def split(did: str, *, max_chars: int = MAX_DID) -> Did:
    """Return the parts of a DID without path, query or fragment.

    Raises:
        DidError: did_malformed.
    """
    found = _DID.fullmatch(did) if len(did) <= max_chars else None
    if found is None:
        raise DidError("did_malformed", f"{did[:80]!r} is no DID of at most {max_chars} characters")
    return Did(found["method"], found["specific"])


def specific(did: str, method: str) -> str:
    """Return what a DID of this method says; DidError as of `split`, or did_method for another."""
    parts = split(did)
    if parts.method != method:
        raise DidError("did_method", f"a did:{method} was expected, {did[:80]!r} came")
    return parts.specific
