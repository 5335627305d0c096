"""Keep what an issuer delivered, or what it promised, so that nothing is lost between the two."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.credential import CredentialResponse
from madang.core.protocol.oid4vci.notification import Event
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy
from mobile_stub.receiving.acceptance import Offered, names_of, type_of
from mobile_stub.receiving.access import Access
from mobile_stub.receiving.credentials import Asked, Credentials
from mobile_stub.receiving.model import DELIVERED, WAITING, Delivery, Keeper, Waiting
from mobile_stub.receiving.notification import Notifier
from mobile_stub.receiving.trust import Issuers

MAX_INTERVAL_SECONDS: Final = 86_400
"""Longest that an issuer can keep the wallet from asking again."""
UNTOLD_INTERVAL_SECONDS: Final = 5
"""Where it does not say when to ask again (as RFC 8628 section 3.2 has it for such polls)."""
Told = dict[str, Any]
"""What the person is told of one certificate."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Takes the answers of issuers in.

    Attributes:
        vault: keeps all of it.
        issuers: judges issuers.
        credentials: checks copies.
        notifier: keeps what the issuer is to be told.
    """

    vault: Keeper
    issuers: Issuers
    credentials: Credentials
    notifier: Notifier

    async def take(
        self,
        response: CredentialResponse,
        access: Access,
        asked: Asked,
        signers: Sequence[Signer],
        done: Callable[[Told], None],
        now: int,
    ) -> Told:
        """Keep the copies in an answer, or its promise.

        Args:
            response: the issuer's answer.
            access: what it was asked with.
            asked: what was asked for.
            signers: the holder keys that were proved.
            done: keeps what else changes with it, in the same transaction.
            now: seconds since the epoch.

        Returns:
            What the person is told.

        Raises:
            WalletError: a copy does not hold; the issuer is to be told so.
        """
        if response.transaction_id is not None:
            return self._promised(response, access, asked, len(signers), done, now)
        delivery = Delivery(access.name, asked.name, response.notification_id, asked.identifier)
        try:
            copies = await self._checked(response, access, asked, signers, now)
        except WalletError:
            self.notifier.happened(delivery, Event.FAILURE)
            raise
        told = _told(asked, copies)
        with self.vault.together():
            self.vault.keep(copies)
            for copy in copies:
                self.vault.keep_paper(DELIVERED, copy.digest, asdict(delivery))
            self.notifier.happened(delivery, Event.ACCEPTED)
            done(told)
        return told

    async def _checked(
        self,
        response: CredentialResponse,
        access: Access,
        asked: Asked,
        signers: Sequence[Signer],
        now: int,
    ) -> list[HeldCopy]:
        issuer, of_type = access.metadata.credential_issuer, type_of(asked.configuration)
        trust = await self.issuers.trust(issuer, (of_type,), now)
        names = names_of(asked.configuration)
        offered = Offered(asked.configuration, trust, names, now, asked.identifier)
        return await self.credentials.checked(response, signers, offered)

    def _promised(
        self,
        response: CredentialResponse,
        access: Access,
        asked: Asked,
        keys: int,
        done: Callable[[Told], None],
        now: int,
    ) -> Told:
        if access.metadata.deferred_credential_endpoint is None:
            raise WalletError(
                "invalid_response", "the issuer promises a certificate and names no place to get it"
            )
        transaction = str(response.transaction_id)
        due = next_at(response, now)
        waits = Waiting(access.name, asked.name, transaction, keys, due, asked.identifier)
        told = {**named(waits), "waiting": True, "next_at": waits.next_at}
        with self.vault.together():
            self.vault.keep_paper(WAITING, _paper(waits), asdict(waits))
            done(told)
        return told


def next_at(response: CredentialResponse, now: int) -> int:
    """Return when to ask again for what an answer promises."""
    return now + min(response.interval or UNTOLD_INTERVAL_SECONDS, MAX_INTERVAL_SECONDS)


def _paper(waits: Waiting) -> str:
    """Return under which name a promise is kept: a promise of the same thing takes its place."""
    which = (waits.identifier,) if waits.identifier else ()
    return " ".join((waits.grant, waits.configuration, *which))


def named(waits: Waiting) -> Told:
    """Return what the person is told a promise is of."""
    which = {"identifier": waits.identifier} if waits.identifier else {}
    return {"type": waits.configuration, **which}


def _told(asked: Asked, copies: Sequence[HeldCopy]) -> Told:
    which = {"identifier": asked.identifier} if asked.identifier else {}
    return {
        "type": asked.name,
        **which,
        "format": asked.configuration.format,
        "vct": type_of(asked.configuration),
        "copies": len(copies),
        "digests": [copy.digest for copy in copies],
    }
