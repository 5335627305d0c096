"""One person's wallet: what the HTTP surface and the command do with it."""

from dataclasses import dataclass
from typing import Any

from madang.core.protocol.oid4vp.request_link import SCHEMES
from mobile_stub.accreditations import Accreditations
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Network
from mobile_stub.adapters.vault import Vault, open_vault
from mobile_stub.errors import WalletError
from mobile_stub.held import shown
from mobile_stub.model import Scan
from mobile_stub.presenting.federation import Places, authorities_of
from mobile_stub.presenting.model import Choices, Consent
from mobile_stub.presenting.policy import trust_of
from mobile_stub.presenting.presenter import NOTHING_CHOSEN, Opened, Presenter
from mobile_stub.presenting.requests import Requests
from mobile_stub.receipts import ReceiptFetcher
from mobile_stub.receiving.authorization import Browser
from mobile_stub.receiving.build import receiver as build_receiver
from mobile_stub.receiving.receiver import Receiver
from mobile_stub.settings import Settings

OFFER_SCHEMES = ("openid-credential-offer:", "haip-vci:")
_SHOWN = 30
_OFFER, _REQUEST = "offer", "presentation"
_KNOWN = (*OFFER_SCHEMES, *(f"{scheme}:" for scheme in SCHEMES))


@dataclass(frozen=True, slots=True)
class Wallet:
    """One person's wallet."""

    settings: Settings
    network: Network
    vault: Vault
    receiver: Receiver
    presenter: Presenter
    receipts: ReceiptFetcher

    async def open(self, link: str) -> Scan:
        """Find out what a link is about; one that was begun and cut off goes on.

        Raises:
            WalletError: not_a_known_link, or what is wrong with that which it leads to.
        """
        known = link.lower()  # a scheme in capitals is the same (RFC 3986 section 3.1)
        if not known.startswith(_KNOWN):
            raise WalletError(
                "not_a_known_link",
                f"it begins with {link[:_SHOWN]!r}; expected is an offer, openid-credential-offer://"
                " or haip-vci://, or a request, openid4vp:// or haip-vp://; copy the whole link",
            )
        if known.startswith(OFFER_SCHEMES):
            preview = await self.receiver.preview(link, system.now())
            for scan in self.vault.scans():
                if (scan.link, scan.preview) == (link, preview) and self.receiver.begun(scan):
                    return scan
            return self._kept(Scan(system.token(), _OFFER, link, preview))
        return self._asked(link, await self.presenter.open_link(link, system.now()))

    async def open_page(self, origin: str, asked: object) -> Scan:
        """Find out what a page asks by the Digital Credentials API."""
        return self._asked("", await self.presenter.open_page(origin, asked, system.now()))

    async def accept(
        self, scan: Scan, tx_code: str | None, browser: Browser | None = None
    ) -> dict[str, Any]:
        """Fetch what was offered; the person logs in at `browser`, None for the usual one."""
        if scan.kind != _OFFER:
            raise WalletError("not_an_offer", "this link asks for something; use `present`")
        done = await self.receiver.accept(scan, tx_code, system.now(), browser)
        return {"credentials": done}

    async def consent(
        self, scan: Scan, *, agree: bool, choices: Choices = NOTHING_CHOSEN
    ) -> dict[str, Any]:
        """Answer a request, or tell that the person does not agree."""
        _must_ask(scan)
        if agree:
            return await self.presenter.answer(scan, system.now(), choices)
        return await self.presenter.decline(scan, system.now())

    async def present(self, link: str, ask: Consent) -> dict[str, Any]:
        """Answer the request behind a link as the person decides.

        Args:
            link: of the request.
            ask: asks the person.

        Returns:
            As of `Presenter.answer`; where it has a `redirect_uri`, that is to be opened in the
            person's browser.
        """
        return await self._decided(await self.open(link), ask)

    async def present_to_page(self, origin: str, asked: object, ask: Consent) -> dict[str, Any]:
        """Answer a page's request by the Digital Credentials API as the person decides."""
        return await self._decided(await self.open_page(origin, asked), ask)

    async def _decided(self, scan: Scan, ask: Consent) -> dict[str, Any]:
        _must_ask(scan)
        decision = await ask(scan.preview)
        return await self.consent(scan, agree=decision.agree, choices=decision.choices)

    async def delete(self, digest: str) -> None:
        """Delete a copy for good and tell its issuer; WalletError if there is none."""
        with self.vault.together():
            self.vault.delete(digest)
            self.receiver.notifier.deleted([digest])
        await self.receiver.notifier.tell(system.now())

    def show(self, digest: str) -> dict[str, Any]:
        """Return everything that a copy says; WalletError if there is none of that digest."""
        return shown(self.vault.copies(), digest)

    def receipt(self, digest: str) -> dict[str, Any]:
        """Return the receipt of a copy; WalletError if there is none yet."""
        for copy in self.vault.copies():
            if copy.digest == digest and copy.receipt is not None:
                return copy.receipt
        raise WalletError("no_receipt", "there is no receipt of this copy yet")

    def _asked(self, link: str, opened: Opened) -> Scan:
        progress = {"received": opened.received.as_json()}
        return self._kept(Scan(system.token(), _REQUEST, link, opened.preview, progress))

    def _kept(self, scan: Scan) -> Scan:
        self.vault.keep_scan(scan)
        return scan


def _must_ask(scan: Scan) -> None:
    if scan.kind != _REQUEST:
        raise WalletError("not_a_request", "this link offers something; use `accept`")


def open_wallet(settings: Settings, network: Network) -> Wallet:
    """Open the wallet in its folder.

    Raises:
        WalletError: the passphrase is another, or a file that the settings name cannot be used.
    """
    return wallet_over(open_vault(settings), settings, network)


def wallet_over(vault: Vault, settings: Settings, network: Network) -> Wallet:
    """Return the wallet of a vault that is open; errors as above but of the passphrase."""
    trust = trust_of(settings)
    accreditations = Accreditations(
        network=network,
        vault=vault,
        source=settings.accreditations,
        roots=[path.read_bytes() for path in sorted(settings.anchors.glob("**/*.der"))],
        record=settings.record,
        max_age=settings.accreditation_max_age,
        refresh=settings.accreditation_refresh_seconds,
    )
    allow = settings.allow_loopback_http
    receiver = build_receiver(settings, network, vault, accreditations)
    followed = accreditations if settings.accreditations else None
    requests = Requests(network, followed, trust, allow)
    places = Places(network, authorities_of(settings))
    presenter = Presenter(network, vault, requests, trust, settings.copies, places)
    fetcher = ReceiptFetcher(network, vault, receiver)
    return Wallet(settings, network, vault, receiver, presenter, fetcher)
