"""Identifier lists: which mobile documents are revoked (ISO/IEC 18013-5, 12.3.6.3 and 12.3.6.4).

The envelope is that of a Status List Token in CWT format; a list names the identifiers that its
issuer revoked, and says nothing of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from madang.core.envelope import cose, cwt
from madang.core.envelope.cwt import Cwt
from madang.core.keys.signing import SignatureChecker, Signer
from madang.core.status.errors import StatusError
from madang.core.status.token import (
    LIST_CLAIM,
    MAX_SKEW,
    TTL_CLAIM,
    ListClaims,
    Times,
    claims_of,
)
from madang.core.status.token_status_list import INVALID, VALID, malformed

MEDIA_TYPE: Final = "application/identifierlist+cwt"
"""Also the type in the protected header."""
IDENTIFIERS_CLAIM: Final = 65530
"""Key of the claim in a CWT (12.3.6.4)."""
_COST: Final = 100
"""Bytes that an identifier takes besides its own."""


class IdentifierList:
    """The identifiers of revoked documents.

    Args:
        identifiers: as documents name them.
    """

    def __init__(self, identifiers: frozenset[bytes]) -> None:
        self.identifiers = identifiers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentifierList) and self.identifiers == other.identifiers

    def __hash__(self) -> int:
        return hash(self.identifiers)

    def get(self, identifier: bytes) -> int:
        """Return the status of a document: INVALID when the list names it, else VALID."""
        return INVALID if identifier in self.identifiers else VALID

    @property
    def size(self) -> int:
        """Return how many bytes it takes, about."""
        return sum(len(each) + _COST for each in self.identifiers)


@dataclass(frozen=True, slots=True)
class IdentifierListToken(ListClaims):
    """An identifier list and the claims around it; it always says when it expires."""

    listed: IdentifierList


def encode(token: IdentifierListToken, signer: Signer) -> bytes:
    """Return the CWT as a tagged COSE_Sign1; arguments as of `token_jwt.encode`."""
    info: Mapping[bytes, Any] = {each: {} for each in sorted(token.listed.identifiers)}
    claims: dict[int, Any] = {
        cwt.SUB: token.uri,
        cwt.IAT: token.issued_at,
        cwt.EXP: token.expires_at,
        TTL_CLAIM: token.ttl,
        IDENTIFIERS_CLAIM: {"identifiers": info},
    }
    said = {key: value for key, value in claims.items() if value is not None}
    return cwt.encode(said, signer, typ=MEDIA_TYPE)


def read(parsed: Cwt) -> IdentifierListToken:
    """Return the claims of a token whose signature somebody else has checked or will check.

    Raises:
        StatusError: status_list_type or status_list_malformed.
    """
    kind = parsed.message.header.get(cose.TYP)
    if kind != MEDIA_TYPE:
        raise StatusError("status_list_type", f"type {kind!r}, not {MEDIA_TYPE}")
    claims = parsed.claims
    if LIST_CLAIM in claims:
        raise malformed("an identifier list holds no status list")
    times = Times(*(claims.get(key) for key in (cwt.IAT, cwt.EXP, TTL_CLAIM, cwt.NBF)))
    said = claims_of(claims.get(cwt.SUB), times)
    if said.expires_at is None:
        raise malformed("exp is missing")
    listed = _listed(claims.get(IDENTIFIERS_CLAIM))
    return IdentifierListToken(
        said.uri, said.issued_at, said.expires_at, said.ttl, listed, not_before=said.not_before
    )


def _listed(value: object) -> IdentifierList:
    identifiers = value.get("identifiers") if isinstance(value, dict) else None
    if not isinstance(identifiers, dict):
        raise malformed("a map with identifiers was expected")
    for identifier, info in identifiers.items():
        if not isinstance(identifier, bytes) or not isinstance(info, dict):
            raise malformed("identifiers are bytes, each with a map")
    return IdentifierList(frozenset(identifiers))


def verify(
    parsed: Cwt, *, uri: str, checker: SignatureChecker, now: int, max_skew: int = MAX_SKEW
) -> IdentifierListToken:
    """Return the claims of a token that can be relied upon now; as `token_jwt.verify`."""
    if parsed.message.header.get(cose.TYP) == MEDIA_TYPE and not cwt.verify(parsed, checker):
        raise StatusError("status_list_signature", "not signed by the issuer's key")
    token = read(parsed)
    token.check(uri, now, max_skew)
    return token
