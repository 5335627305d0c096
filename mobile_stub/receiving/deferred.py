"""Fetch what issuers promised (OpenID4VCI 1.0 section 9), also after a restart."""

import asyncio
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from madang.core.protocol.oid4vci.credential import CredentialResponse
from madang.core.protocol.oid4vci.errors import CredentialCode, CredentialError
from mobile_stub.errors import WalletError
from mobile_stub.receiving.access import Access, Accesses
from mobile_stub.receiving.credentials import Asked, answer, refused
from mobile_stub.receiving.deliveries import Deliveries, Told, named, next_at
from mobile_stub.receiving.encryption import envelope
from mobile_stub.receiving.model import WAITING, Keeper, Waiting
from mobile_stub.receiving.wanted import configuration_of

_LAST_WORDS: Final = frozenset(
    {CredentialCode.INVALID_TRANSACTION_ID, CredentialCode.DENIED, "token_over", "unknown_grant"}
)
_LOST: Final = frozenset(
    {"no_answer", "answer_too_large", "answer_unreadable", "unexpected_answer"}
)
"""After these the certificate may have been on its way."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """What was promised and has not come.

    Attributes:
        vault: keeps it.
        accesses: opens what it is fetched with.
        deliveries: takes it in.
        turn: of who fetches by what was granted, one after another. A second one would drop a
            promise that was just renewed, or use a refresh token twice, and that ends the grant.
    """

    vault: Keeper
    accesses: Accesses
    deliveries: Deliveries
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fetch(self, now: int, *, early: bool = False) -> list[Told]:
        """Ask for everything that is due.

        Args:
            now: seconds since the epoch.
            early: ask for what is not due yet too; issuers may refuse that.

        Returns:
            What the person is told of each: copies, that it still waits, or why it never comes.
        """
        told = []
        async with self.turn:
            for name, kept in self.vault.papers(WAITING).items():
                waits = Waiting(**kept)
                due = early or waits.next_at <= now
                told.append(await self._told(name, waits, now) if due else _still(waits))
        return told

    async def _told(self, name: str, waits: Waiting, now: int) -> Told:
        try:
            return await self._fetch(name, waits, now)
        except WalletError as error:
            over = error.code in _LAST_WORDS
            if over:
                self.vault.drop_paper(WAITING, name)
            elif error.code not in _LOST:
                self.vault.keep_paper(WAITING, name, asdict(waits))
            what = {"error": error.code, "detail": error.detail}
            return {**named(waits), "waiting": not over, **what}

    async def _fetch(self, name: str, waits: Waiting, now: int) -> Told:
        access = await self.accesses.again(waits.grant, now)
        signers = self.deliveries.vault.signers(waits.keys)
        # Whoever is cut off after this does not know whether an answer was on its way.
        self.vault.keep_paper(WAITING, name, asdict(replace(waits, lost=True)))
        try:
            response = await self._ask(access, waits, now)
        except WalletError as error:
            if not waits.lost or error.code != CredentialCode.INVALID_TRANSACTION_ID:
                raise
            # It was fetched, and the answer was lost: the same keys may have it again.
            credentials, asked = self.deliveries.credentials, _asked(access, waits)
            signers = credentials.signers(access.metadata, asked)
            response = await credentials.ask(access, asked, now)
        if response.transaction_id is not None:
            later = replace(
                waits,
                transaction_id=response.transaction_id,
                keys=len(signers),
                next_at=next_at(response, now),
                lost=False,
            )
            self.vault.keep_paper(WAITING, name, asdict(later))
            return _still(later)

        def done(_told: Told) -> None:
            self.vault.drop_paper(WAITING, name)

        asked = _asked(access, waits)
        return await self.deliveries.take(response, access, asked, signers, done, now)

    async def _ask(self, access: Access, waits: Waiting, now: int) -> CredentialResponse:
        address = access.metadata.deferred_credential_endpoint
        if address is None:
            raise WalletError("invalid_metadata", "the issuer has no deferred endpoint any more")
        way = envelope(access.metadata)
        body: dict[str, Any] = {"transaction_id": waits.transaction_id}
        reply = await access.call(address, *way.sealed(body), now)
        try:
            return answer(reply, way.opened)
        except CredentialError as error:
            raise refused(error) from error


def _asked(access: Access, waits: Waiting) -> Asked:
    configuration = configuration_of(access.metadata, waits.configuration)
    return Asked(waits.configuration, configuration, waits.identifier)


def _still(waits: Waiting) -> Told:
    return {**named(waits), "waiting": True, "next_at": waits.next_at}
