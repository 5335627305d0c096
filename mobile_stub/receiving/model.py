"""What receiving keeps between its steps, so that it goes on after any cut."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from madang.core.keys.signing import Signer
from mobile_stub.model import HeldCopy, Scan

WAITING: Final = "waiting"
"""Kind of the papers about certificates that are promised (deferred issuance)."""
UNTOLD: Final = "untold"
"""Kind of the papers about events that the issuer has yet to be told."""
GRANTED: Final = "granted"
"""Kind of the papers with what was granted, by the scan that it came of."""
DELIVERED: Final = "delivered"
"""Kind of the papers that name the delivery that a copy came in, by its digest."""
MARGIN_SECONDS: Final = 5
"""A token that ends sooner is renewed before it is used."""


class Keeper(Protocol):
    """What receiving needs of the vault."""

    def together(self) -> AbstractContextManager[None]:
        """Keep everything that is kept inside, or nothing of it."""
        ...

    def signers(self, count: int) -> Sequence[Signer]:
        """Return the first `count` holder keys."""
        ...

    def named_signer(self, name: str) -> Signer:
        """Return the key of a name, made when it is first asked for."""
        ...

    def keep(self, copies: list[HeldCopy]) -> None:
        """Keep copies, all or none."""
        ...

    def copies(self) -> list[HeldCopy]:
        """Return every copy."""
        ...

    def keep_scan(self, scan: Scan) -> None:
        """Keep what was scanned until it is done."""
        ...

    def keep_paper(self, kind: str, name: str, content: Mapping[str, Any]) -> None:
        """Keep a paper under its kind and name; an older one goes."""
        ...

    def paper(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return a paper, None if there is none."""
        ...

    def papers(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all papers of a kind by their names."""
        ...

    def drop_paper(self, kind: str, name: str) -> None:
        """Throw a paper away, if it is there."""
        ...


@dataclass(frozen=True, slots=True)
class Granted:
    """What an authorization server gave.

    Attributes:
        issuer: the credential issuer it is for.
        server: the authorization server's identifier.
        access_token: opaque.
        token_type: how it is sent: `Bearer` or `DPoP`.
        expires_at: seconds since the epoch; None where the server did not say.
        refresh_token: for the next one; None where there is none.
        identifiers: `credential_identifiers` by configuration; empty where
            `authorization_details` were not used.
        anonymous: whether the wallet had no name there.
    """

    issuer: str
    server: str
    access_token: str
    token_type: str
    expires_at: int | None
    refresh_token: str | None
    identifiers: dict[str, list[str]]
    anonymous: bool

    def over(self, now: int) -> bool:
        """Tell whether the access token has ended, as far as is known."""
        return self.expires_at is not None and self.expires_at - MARGIN_SECONDS <= now


@dataclass(frozen=True, slots=True)
class Waiting:
    """A certificate that the issuer promised (section 9).

    Attributes:
        grant: name of the paper with what it is fetched with.
        configuration: its `credential_configuration_id`.
        transaction_id: by which it is asked for.
        keys: how many holder keys were proved.
        next_at: when to ask again, seconds since the epoch.
        identifier: which of several that were granted; empty where there is one.
        lost: whether a question is open whose answer may have been the certificate.
    """

    grant: str
    configuration: str
    transaction_id: str
    keys: int
    next_at: int
    identifier: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """The answer of the issuer that a copy came in.

    Attributes:
        grant: name of the paper with what it was fetched with.
        configuration: its `credential_configuration_id`.
        notification_id: by which the issuer is told about it; None where it does not ask.
        identifier: which of several that were granted; empty where there is one.
    """

    grant: str
    configuration: str
    notification_id: str | None
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Untold:
    """An event that the issuer has yet to be told (section 11).

    Attributes:
        grant: name of the paper with what it is told with.
        notification_id: of the delivery.
        event: what became of it.
    """

    grant: str
    notification_id: str
    event: str
