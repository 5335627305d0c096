"""Signed lists: what their forms share (draft-ietf-oauth-status-list, 5 and 8.3)."""

from dataclasses import dataclass, field
from typing import Final

from madang.core.status.errors import StatusError
from madang.core.status.token_status_list import PackedList, malformed

MAX_SKEW = 60
TTL_CLAIM: Final = 65534
LIST_CLAIM: Final = 65533
"""Keys of the claims `ttl` and `status_list` in a CWT (section 5.2)."""


@dataclass(frozen=True, slots=True)
class ListClaims:
    """What a signed list says around the list itself.

    Attributes:
        uri: where it is published; the `sub` that tokens refer to.
        issued_at: seconds since the epoch.
        expires_at: seconds since the epoch, None when it does not say.
        ttl: seconds that a copy may be used before a fresh one is fetched, None as above.
        not_before: seconds since the epoch, None as above; never written here.
    """

    uri: str
    issued_at: int
    expires_at: int | None
    ttl: int | None
    not_before: int | None = field(default=None, kw_only=True)

    def check(self, uri: str, now: int, max_skew: int) -> None:
        """Hold the claims against the place that names the list and the time (8.3, step 4).

        Raises:
            StatusError: status_list_subject, status_list_not_yet_valid or status_list_expired.
        """
        if self.uri != uri:
            raise StatusError("status_list_subject", "sub is not the address the credential names")
        if max(self.issued_at, self.not_before or 0) > now + max_skew:
            raise StatusError("status_list_not_yet_valid", "iat or nbf lies ahead")
        if self.expires_at is not None and now >= self.expires_at:
            raise StatusError("status_list_expired", "the list has expired")


@dataclass(frozen=True, slots=True)
class StatusListToken(ListClaims):
    """A Status List Token's claims.

    Attributes:
        packed: the compressed list.
    """

    packed: PackedList


@dataclass(frozen=True, slots=True)
class Times:
    """`iat`, `exp`, `ttl` and `nbf` as they came."""

    iat: object
    exp: object
    ttl: object
    nbf: object


def token_of(uri: object, times: Times, packed: PackedList) -> StatusListToken:
    """Return the token when its claims are of the right kinds (sections 5.1 and 5.2).

    Raises:
        StatusError: status_list_malformed.
    """
    said = claims_of(uri, times)
    return StatusListToken(
        said.uri, said.issued_at, said.expires_at, said.ttl, packed, not_before=said.not_before
    )


def claims_of(uri: object, times: Times) -> ListClaims:
    """Return what stands around a list, when it is of the right kinds; errors as of `token_of`."""
    if not isinstance(uri, str):
        raise malformed("sub is missing or not text")
    issued_at, ttl = _whole("iat", times.iat), _whole("ttl", times.ttl)
    if issued_at is None:
        raise malformed("iat is missing")
    if ttl is not None and ttl <= 0:
        raise malformed("ttl is not positive")
    expires_at, not_before = _whole("exp", times.exp), _whole("nbf", times.nbf)
    return ListClaims(uri, issued_at, expires_at, ttl, not_before=not_before)


def _whole(name: str, value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise malformed(f"{name} is not a whole number")
    return value
