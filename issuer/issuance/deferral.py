"""Issues that a clerk has to approve: asked for, decided, fetched (OpenID4VCI 1.0 section 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from issuer.offers.model import OfferId
from issuer.types.model import ConfigurationId
from issuer.work import Work
from madang.core.keys.jwk import PublicKey


class DeferralState(StrEnum):
    """How an issue stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class Deferral:
    """An issue that was put off.

    Attributes:
        id: `transaction_id`.
        offer: what it was asked for under.
        configuration: the certificate type in its format.
        keys: holder keys that were proved.
        state: how it stands.
        asked_at: epoch seconds.
    """

    id: str
    offer: OfferId
    configuration: ConfigurationId
    keys: tuple[PublicKey, ...]
    state: DeferralState
    asked_at: int

    @property
    def holders(self) -> Mapping[str, PublicKey]:
        """Return the keys by their thumbprints, in their order."""
        return {key.thumbprint(): key for key in self.keys}

    def issued(self) -> "Deferral":
        """Return it after the wallet has fetched the copies."""
        return replace(self, state=DeferralState.ISSUED)


class Deferrals(Protocol):
    """Keeps issues that were put off."""

    def keep(self, tenant: str, deferral: Deferral) -> None:
        """Keep a new one, or a known one in its new state."""
        ...

    def get(self, tenant: str, deferral: str) -> Deferral | None:
        """Return one."""
        ...

    def of(self, tenant: str, offer: str, configuration: str) -> Deferral | None:
        """Return that of a configuration under an offer."""
        ...

    def waiting(self, tenant: str, most: int) -> Sequence[Deferral]:
        """Return those that no clerk has decided, oldest first."""
        ...


class NoSuchDeferral(LookupError):  # noqa: N818 - a state of the issuer
    """This municipality has put no such issue off."""


class AlreadyDecided(RuntimeError):  # noqa: N818 - a state of the issue
    """A clerk has decided otherwise before, or the copies were fetched."""


def decide(work: Work, deferrals: Deferrals, deferral: str, *, approved: bool) -> Deferral:
    """Let a clerk decide; the same decision again changes nothing.

    Raises:
        NoSuchDeferral, AlreadyDecided: why not.
    """
    found = deferrals.get(work.tenant, deferral)
    if found is None:
        raise NoSuchDeferral
    wanted = DeferralState.APPROVED if approved else DeferralState.REFUSED
    if found.state is wanted:
        return found
    if found.state is not DeferralState.WAITING:
        raise AlreadyDecided
    decided = replace(found, state=wanted)
    deferrals.keep(work.tenant, decided)
    work.note(f"deferral.{wanted.value}", found.id)
    return decided
