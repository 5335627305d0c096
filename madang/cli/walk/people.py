"""The people of the main path: a clerk, an agency's officer, residents with their wallets."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from madang.cli.walk.browser import Browser, Page, PageError

WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.2
Found = TypeVar("Found")


class WalkError(RuntimeError):
    """A step of the main path did not end as it must."""


async def until(what: str, look: Callable[[], Awaitable[Found | None]]) -> Found:
    """Look again until there is something; WalkError after WAIT_SECONDS."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS
    while loop.time() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(_POLL_SECONDS)
    raise WalkError(f"{what}: nothing after {WAIT_SECONDS:g} s")


class Staff:
    """A member of staff at a browser.

    Args:
        client: this person's own HTTP client.
        base: address of the service's pages for one municipality.
    """

    def __init__(self, client: httpx.AsyncClient, base: str) -> None:
        self.browser = Browser(client)
        self.base = base

    async def sign_in(self, name: str, passphrase: str) -> Page:
        """Sign in; PageError if that fails."""
        page = await self.browser.open(f"{self.base}/sign-in")
        return await self.browser.send(page, "/sign-in", name=name, passphrase=passphrase)

    async def open(self, path: str) -> Page:
        """Open one of the service's pages."""
        return await self.browser.open(f"{self.base}{path}")


@dataclass(frozen=True, slots=True)
class Resident:
    """A resident and the wallet on this person's device.

    Attributes:
        name: as on the document.
        birthdate: YYYY-MM-DD.
        document_number: of the document shown at the counter.
        wallet: the wallet's HTTP surface.
        address: where it is.
    """

    name: str
    birthdate: str
    document_number: str
    wallet: httpx.AsyncClient
    address: str

    async def scan(self, picture: bytes) -> dict[str, Any]:
        """Hold the camera on a picture; return what the wallet says it is."""
        return await self._ask("POST", "/scan", content=picture)

    async def accept(self, scan_id: str, tx_code: str) -> list[dict[str, Any]]:
        """Type the code and accept the certificates."""
        answer = await self._ask("POST", f"/scans/{scan_id}/accept", json={"tx_code": tx_code})
        found: list[dict[str, Any]] = answer["credentials"]
        return found

    async def agree(self, scan_id: str) -> dict[str, Any]:
        """Agree to show what the wallet has listed."""
        return await self._ask("POST", f"/scans/{scan_id}/consent", json={"agree": True})

    async def receipts(self) -> dict[str, Any] | None:
        """Fetch receipts; None while some are not there yet."""
        found = await self._ask("POST", "/receipts")
        return None if found["waiting"] else found

    async def held(self) -> list[dict[str, Any]]:
        """Return what the wallet holds."""
        found: list[dict[str, Any]] = (await self._ask("GET", "/credentials"))["credentials"]
        return found

    async def receipt(self, digest: str) -> dict[str, Any]:
        """Return the receipt of one copy."""
        return await self._ask("GET", f"/credentials/{digest}/receipt")

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        answer = await self.wallet.request(method, self.address + path, **more)
        body: dict[str, Any] = answer.json()
        if answer.status_code != httpx.codes.OK:
            raise WalkError(f"the wallet says {body.get('error')}: {body.get('detail')}")
        return body


class Counter:
    """One case at a counter."""

    def __init__(self, clerk: Staff) -> None:
        self._clerk = clerk
        self.page: Page | None = None

    @property
    def _now(self) -> Page:
        if self.page is None:
            raise PageError("no case is open")
        return self.page

    async def open_case(self) -> None:
        """Open a new case."""
        start = await self._clerk.open("/")
        self.page = await self._clerk.browser.send(start, "/cases")

    async def prove_identity(self, resident: Resident) -> tuple[bytes, str]:
        """Look the resident up by the shown document; return the Digital ID's QR and code."""
        self.page = await self._clerk.browser.send(
            self._now,
            "/identity",
            name=resident.name,
            birthdate=resident.birthdate,
            document_number=resident.document_number,
            evidence="resident_card",
        )
        return await self._offer()

    async def ask_for_digital_id(self) -> bytes:
        """Begin a presentation; return its QR."""
        self.page = await self._clerk.browser.send(self._now, "/presentation")
        return await self._clerk.browser.bytes(self.page.image("presentation-qr"))

    async def wait_for_digital_id(self) -> None:
        """Look at the case until the Digital ID was accepted."""

        async def look() -> Page | None:
            page = await self._clerk.browser.open(self._now.url)
            forms = [form.action for form in page.forms]
            return page if any(action.endswith("/certificates") for action in forms) else None

        self.page = await until("the Digital ID at the counter", look)

    async def issue(self, types: list[str]) -> tuple[bytes, str]:
        """Offer certificates to the person who presented; return the QR and the code."""
        self.page = await self._clerk.browser.send(self._now, "/certificates", type=types)
        return await self._offer()

    async def renew(self) -> tuple[bytes, str]:
        """Offer again what somebody else's wallet has used the code of."""
        self.page = await self._clerk.browser.open(self._now.url)
        self.page = await self._clerk.browser.send(self._now, "/renew")
        return await self._offer()

    async def _offer(self) -> tuple[bytes, str]:
        picture = await self._clerk.browser.bytes(self._now.image("offer-qr"))
        return picture, self._now.text("tx-code")
