"""Take what was offered: from the preview to the kept copies, across any cut."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from madang.core.protocol.oid4vci.metadata import IssuerMetadata
from madang.core.protocol.oid4vci.offer import CredentialOffer
from mobile_stub.accreditations import Accreditations
from mobile_stub.errors import WalletError
from mobile_stub.model import Scan
from mobile_stub.receiving.acceptance import names_of, type_of
from mobile_stub.receiving.access import Access, Accesses
from mobile_stub.receiving.authorization import Browser, Code, asks, authorized
from mobile_stub.receiving.credentials import Asked, Credentials
from mobile_stub.receiving.deferred import Deferred
from mobile_stub.receiving.deliveries import Deliveries, Told
from mobile_stub.receiving.discovery import Discovery
from mobile_stub.receiving.grants import Choice, choose
from mobile_stub.receiving.model import DELIVERED, GRANTED, Delivery, Granted, Keeper
from mobile_stub.receiving.notification import Notifier
from mobile_stub.receiving.tokens import Tokens
from mobile_stub.receiving.trust import Issuers, IssuerTrust
from mobile_stub.receiving.wanted import Wanted, configuration_of, wanted

_CODE, _PARTS, _DONE = "code", "parts", "done"
"""What has been done of a scan: the authorization code that came, certificates of configurations of
which more are granted, and configurations."""
MAX_IDENTIFIERS: Final = 32
"""Certificates of one configuration that are fetched with one grant."""
_CODE_REFUSED: Final = "invalid_grant"
_GRANT_OVER: Final = frozenset({"not_authorized", "invalid_token", "token_over"})


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known before anything is asked for."""

    offer: CredentialOffer
    metadata: IssuerMetadata
    wanted: Wanted
    trust: IssuerTrust
    choice: Choice


@dataclass(frozen=True, slots=True)
class Receiver:
    """Fetches what was offered, or what the person wants.

    Attributes:
        vault: keys, certificates and what is under way.
        accreditations: the registry, for whoever else asks it.
        discovery: finds out about issuers.
        issuers: judges them.
        accesses: opens ways and grants.
        credentials: the credential endpoint.
        deliveries: takes answers in.
        deferred: fetches what was promised.
        notifier: tells issuers what became of it.
        browser: where the person logs in unless another is given; None where nobody can.
    """

    vault: Keeper
    accreditations: Accreditations
    discovery: Discovery
    issuers: Issuers
    accesses: Accesses
    credentials: Credentials
    deliveries: Deliveries
    deferred: Deferred
    notifier: Notifier
    browser: Browser | None = None

    async def preview(self, link: str, now: int) -> dict[str, Any]:
        """Return what an offer is about, from the issuer's own metadata.

        Raises:
            WalletError: the offer or the metadata cannot be used, or the issuer does not count.
        """
        facts = await self._facts(link, now)
        code = facts.choice.pre_authorized
        return {
            "issuer": facts.offer.credential_issuer,
            "accredited": facts.trust.registry is not None,
            "certificates": {name: names_of(each) for name, each in facts.wanted.items()},
            "needs_code": code is not None and code.tx_code is not None,
            "needs_browser": code is None,
        }

    def begun(self, scan: Scan) -> bool:
        """Tell whether something was got for an offer, and not all that it holds."""
        got = self.vault.paper(GRANTED, scan.id) is not None or _CODE in scan.progress
        done: dict[str, Any] = scan.progress.get(_DONE, {})
        return got and not done.keys() >= _shown(scan.preview)[1]

    async def accept(
        self, scan: Scan, tx_code: str | None, now: int, browser: Browser | None = None
    ) -> list[Told]:
        """Fetch everything that was offered; goes on where an earlier try was cut off.

        Args:
            scan: what was scanned and shown.
            tx_code: what the person typed.
            now: seconds since the epoch.
            browser: where the person logs in; None for the usual one.

        Raises:
            WalletError: the issuer refused, or what came is not what was offered.
        """
        facts = await self._facts(scan.link, now)
        if (facts.offer.credential_issuer, {*facts.wanted}) != _shown(scan.preview):
            raise WalletError("offer_changed", "the offer is not the one that was shown")
        progress = _Progress(self.vault, scan)
        try:
            earlier = progress.done()
            if earlier.keys() >= facts.wanted.keys():
                return [told for name in facts.wanted for told in earlier[name]]
            access = await self._access(progress, facts, tx_code, browser or self.browser, now)
            return await self._everything(progress, access, facts.wanted, now)
        except WalletError as error:
            if error.code in _GRANT_OVER:
                self.vault.drop_paper(GRANTED, scan.id)
            raise
        finally:
            await self.notifier.tell(now)

    async def renew(self, digest: str, now: int) -> Told:
        """Fetch a certificate again with what was granted, to the same holder keys.

        Raises:
            WalletError: unknown_copy, or the permission is over.
        """
        async with self.deferred.turn:
            told = await self._renew(digest, now)
        await self.notifier.tell(now)
        return told

    async def _renew(self, digest: str, now: int) -> Told:
        kept = self.vault.paper(DELIVERED, digest)
        if kept is None:
            raise WalletError("unknown_copy", "nothing is known of how this copy came")
        delivery = Delivery(**kept)
        access = await self.accesses.again(delivery.grant, now)
        configuration = configuration_of(access.metadata, delivery.configuration)
        asked = Asked(delivery.configuration, configuration, delivery.identifier)
        issuer = access.metadata.credential_issuer
        await self.issuers.trust(issuer, (type_of(configuration),), now)
        if access.granted.refresh_token is not None:
            await access.renew(now)
        response = await self.credentials.ask(access, asked, now)
        signers = self.credentials.signers(access.metadata, asked)
        return await self.deliveries.take(response, access, asked, signers, lambda _told: None, now)

    async def waiting(self, now: int, *, early: bool = False) -> list[Told]:
        """Fetch what issuers promised, as far as it is due; tell them what is untold."""
        told = await self.deferred.fetch(now, early=early)
        await self.notifier.tell(now)
        return told

    async def nonce(self, metadata: IssuerMetadata) -> str | None:
        """Return a fresh nonce of the issuer, None where it has no nonce endpoint."""
        return await self.credentials.nonce(metadata)

    async def metadata(self, issuer: str, now: int) -> IssuerMetadata:
        """Return an issuer's metadata."""
        return await self.discovery.issuer(issuer, now)

    async def _facts(self, link: str, now: int) -> _Facts:
        offer = await self.discovery.offer(link)
        metadata = await self.discovery.issuer(offer.credential_issuer, now)
        found = wanted(metadata, offer.credential_configuration_ids)
        types = {type_of(each) for each in found.values()}
        trust = await self.issuers.trust(offer.credential_issuer, types, now)
        choice = await choose(offer, metadata, self.discovery)
        return _Facts(offer, metadata, found, trust, choice)

    async def _access(
        self,
        progress: "_Progress",
        facts: _Facts,
        tx_code: str | None,
        browser: Browser | None,
        now: int,
    ) -> Access:
        """Return the access that an earlier try got, or a new one."""
        name, code = progress.scan.id, facts.choice.pre_authorized
        channel = await self.accesses.channel(
            facts.choice.server, anonymous=code is not None, now=now
        )
        kept = self.vault.paper(GRANTED, name)
        if kept is not None and kept["server"] == facts.choice.server.issuer:
            granted = Granted(**kept)
            if granted.refresh_token is not None or not granted.over(now):
                return Access(name, self.vault, facts.metadata, channel, granted)
        tokens = Tokens(channel, facts.metadata.credential_issuer)
        if code is None:
            granted = await _by_code(progress, facts, tokens, browser, now)
        else:
            granted = await tokens.for_pre_authorized(code.pre_authorized_code, tx_code, now)
        access = Access(name, self.vault, facts.metadata, channel, granted)
        access.keep()
        return access

    async def _everything(
        self, progress: "_Progress", access: Access, found: Wanted, now: int
    ) -> list[Told]:
        granted = access.granted.identifiers
        if granted and not granted.keys() & found.keys():
            raise WalletError("not_granted", "the authorization server granted nothing of this")
        told: list[Told] = []
        for name, configuration in found.items():
            if granted and name not in granted:
                told.append({"type": name, "error": "not_granted"})
            else:
                told += await self._whole(progress, access, Asked(name, configuration), now)
        return told

    async def _whole(
        self, progress: "_Progress", access: Access, asked: Asked, now: int
    ) -> list[Told]:
        """Fetch all that was granted of a configuration (section 6.2)."""
        earlier = progress.done().get(asked.name)
        if earlier is not None:
            return earlier
        which = _identifiers(access, asked.name)
        return [
            await self._part(progress, access, replace(asked, identifier=each), which, now)
            for each in which
        ]

    async def _part(
        self,
        progress: "_Progress",
        access: Access,
        asked: Asked,
        which: Sequence[str],
        now: int,
    ) -> Told:
        earlier: Told | None = progress.parts(asked.name).get(asked.identifier)
        if earlier is not None:
            return earlier
        response = await self.credentials.ask(access, asked, now)
        signers = self.credentials.signers(access.metadata, asked)

        def done(told: Told) -> None:
            progress.came(asked, told, which)

        return await self.deliveries.take(response, access, asked, signers, done, now)


@dataclass(slots=True)
class _Progress:
    """What has been done of a scan, kept after every step."""

    vault: Keeper
    scan: Scan

    def get(self, step: str) -> dict[str, Any]:
        found: dict[str, Any] = self.scan.progress.get(step, {})
        return found

    def done(self) -> dict[str, list[Told]]:
        """Return what came of each configuration; older files hold what came of it, not a list."""
        found = self.get(_DONE).items()
        return {name: [told] if isinstance(told, dict) else told for name, told in found}

    def parts(self, name: str) -> dict[str, Told]:
        """Return what came of a configuration of which not everything has, by identifier."""
        found: dict[str, Told] = self.get(_PARTS).get(name, {})
        return found

    def came(self, asked: Asked, told: Told, which: Sequence[str]) -> None:
        """Keep that one of `which` came, and when it was the last, that the configuration did."""
        parts = {**self.parts(asked.name), asked.identifier: told}
        if parts.keys() >= {*which}:
            self.put(_DONE, {**self.done(), asked.name: [parts[each] for each in which]})
        else:
            self.put(_PARTS, {**self.get(_PARTS), asked.name: parts})

    def put(self, step: str, what: Mapping[str, Any]) -> None:
        self.scan = replace(self.scan, progress={**self.scan.progress, step: dict(what)})
        self.vault.keep_scan(self.scan)


def wish(issuer: str, configurations: Sequence[str]) -> str:
    """Return the link of an offer that the wallet makes to itself: nobody has to begin but it."""
    offer = CredentialOffer(
        credential_issuer=issuer, credential_configuration_ids=tuple(configurations)
    )
    return offer.to_uri()


async def _by_code(
    progress: _Progress, facts: _Facts, tokens: Tokens, browser: Browser | None, now: int
) -> Granted:
    """Return what a log-in grants; a code that came before a cut is tried first."""
    kept, names = progress.get(_CODE), tuple(facts.wanted)
    if kept:
        try:
            return await tokens.for_code(Code(**kept), names, now)
        except WalletError as error:
            if error.code != _CODE_REFUSED:
                raise
    if browser is None:
        raise WalletError(
            "browser_needed", "the person has to log in at the issuer; open a browser"
        )
    asked = asks(facts.metadata, facts.choice.server, facts.wanted)
    code = await authorized(tokens.channel, asked, facts.choice.issuer_state, browser, now)
    progress.put(_CODE, asdict(code))
    return await tokens.for_code(code, names, now)


def _identifiers(access: Access, name: str) -> Sequence[str]:
    """Return what tells the certificates of a configuration apart: nothing where there is one."""
    found = tuple(dict.fromkeys(access.granted.identifiers.get(name, ())))
    if len(found) > MAX_IDENTIFIERS:
        raise WalletError(
            "too_many_identifiers", f"{len(found)} of {name} at once; {MAX_IDENTIFIERS} are taken"
        )
    return found if len(found) > 1 else ("",)


def _shown(preview: Mapping[str, Any]) -> tuple[str, set[str]]:
    """Return what a preview said of an offer, which may have been fetched again since."""
    return preview["issuer"], set(preview["certificates"])
