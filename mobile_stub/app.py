"""The wallet's process: a small HTTP surface on loopback for its person and for test tools."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse, JSONResponse

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from mobile_stub.accreditations import Accreditations
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Network
from mobile_stub.adapters.picture import read_qr
from mobile_stub.adapters.vault import Vault
from mobile_stub.errors import WalletError
from mobile_stub.held import expires_at
from mobile_stub.home import home_page
from mobile_stub.model import HeldCopy, Scan
from mobile_stub.present import Presenter
from mobile_stub.receipts import ReceiptFetcher
from mobile_stub.receiving.build import receiver as build_receiver
from mobile_stub.receiving.receiver import Receiver
from mobile_stub.receiving.surface import add_receiving
from mobile_stub.settings import Settings

_OFFER_SCHEMES = ("openid-credential-offer:", "haip-vci:")
_OWN_NAMES = ("127.0.0.1", "localhost")
"""A page from elsewhere whose name is made to lead to this machine still calls it by that name."""
_BAD_REQUEST = 400


@dataclass(frozen=True, slots=True)
class Wallet:
    """One person's wallet."""

    settings: Settings
    network: Network
    vault: Vault
    receiver: Receiver
    presenter: Presenter
    receipts: ReceiptFetcher

    async def scan(self, picture: bytes) -> Scan:
        """Read a QR picture and find out what it is about; nothing is decided yet."""
        if len(picture) > self.settings.max_picture_bytes:
            raise WalletError("picture_too_large", "take a smaller picture")
        return await self.open(read_qr(picture))

    async def open(self, link: str) -> Scan:
        """Find out what a link is about."""
        if link.startswith(_OFFER_SCHEMES):
            kind, preview = "offer", await self.receiver.preview(link, system.now())
        else:
            kind, preview = "presentation", await self.presenter.preview(link, system.now())
        scan = Scan(system.token(), kind, link, preview)
        self.vault.keep_scan(scan)
        return scan

    def receipt(self, digest: str) -> dict[str, Any]:
        """Return the receipt of a copy; WalletError if there is none yet."""
        for copy in self.vault.copies():
            if copy.digest == digest and copy.receipt is not None:
                return copy.receipt
        raise WalletError("no_receipt", "there is no receipt of this copy yet")


def open_wallet(settings: Settings, network: Network) -> Wallet:
    """Open the wallet in its folder; WalletError if the passphrase is another."""
    vault = Vault(settings.folder, settings.passphrase.get_secret_value())
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
    presenter = Presenter(network, vault, accreditations, settings.copies, allow)
    fetcher = ReceiptFetcher(network, vault, receiver)
    return Wallet(settings, network, vault, receiver, presenter, fetcher)


def build(wallet: Wallet) -> FastAPI:
    """Return the wallet's application."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await wallet.network.close()
        wallet.vault.close()

    app = FastAPI(title="Madang wallet", openapi_url=None, lifespan=lifespan)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_OWN_NAMES, www_redirect=False)
    _scanning(app, wallet)
    _showing(app, wallet)
    add_receiving(app, wallet.receiver)

    @app.exception_handler(WalletError)
    async def refuse(_request: Request, error: WalletError) -> JSONResponse:
        return JSONResponse({"error": error.code, "detail": error.detail}, _BAD_REQUEST)

    return app


def _scanning(app: FastAPI, wallet: Wallet) -> None:
    @app.post("/scan")
    async def scan(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        found = await wallet.scan(await request.body())
        return {"id": found.id, "kind": found.kind, "preview": found.preview}

    @app.post("/open")
    async def open_link(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        link = (await _object(request)).get("link")
        found = await wallet.open(link if isinstance(link, str) else "")
        return {"id": found.id, "kind": found.kind, "preview": found.preview}

    @app.post("/scans/{scan_id}/accept")
    async def accept(request: Request, scan_id: str) -> Any:  # noqa: ANN401 - FastAPI's response
        code = (await _object(request)).get("tx_code")
        tx_code = code if isinstance(code, str) else None
        scan = wallet.vault.scan(scan_id)
        return {"credentials": await wallet.receiver.accept(scan, tx_code, system.now())}

    @app.post("/scans/{scan_id}/consent")
    async def consent(request: Request, scan_id: str) -> Any:  # noqa: ANN401 - FastAPI's response
        agreed = (await _object(request)).get("agree")
        scan = wallet.vault.scan(scan_id)
        if agreed is not True:
            return await wallet.presenter.decline(scan, system.now())
        return await wallet.presenter.answer(scan, system.now())


def _showing(app: FastAPI, wallet: Wallet) -> None:
    @app.get("/health")
    async def health() -> Any:  # noqa: ANN401 - FastAPI's response
        return {"status": "up"}

    @app.get("/")
    async def home(request: Request) -> HTMLResponse:
        language = request.query_params.get("lang", "ko")
        return HTMLResponse(home_page(wallet.vault.copies(), wallet.vault.history(), language))

    @app.get("/credentials")
    async def credentials() -> Any:  # noqa: ANN401 - FastAPI's response
        return {"credentials": [_listed(copy) for copy in wallet.vault.copies()]}

    @app.post("/receipts")
    async def receipts() -> Any:  # noqa: ANN401 - FastAPI's response
        return await wallet.receipts.fetch(system.now())

    @app.get("/credentials/{digest}/receipt")
    async def receipt(digest: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return wallet.receipt(digest)

    @app.get("/history")
    async def history() -> Any:  # noqa: ANN401 - FastAPI's response
        return {"history": wallet.vault.history()}


def _listed(copy: HeldCopy) -> dict[str, Any]:
    return {
        "digest": copy.digest,
        "issuer": copy.issuer,
        "format": copy.format,
        "type": copy.type,
        "set": copy.number,
        "expires_at": expires_at(copy),
        "has_receipt": copy.receipt is not None,
    }


async def _object(request: Request) -> dict[str, Any]:
    try:
        value = strict_json.loads(await request.body() or b"{}")
    except EncodingError as error:
        raise WalletError("invalid_request", str(error)) from error
    if not isinstance(value, dict):
        raise WalletError("invalid_request", "a JSON object was expected")
    return value


def main() -> None:
    """Open the wallet named by the environment and serve it on loopback."""
    settings = Settings()
    Path(settings.folder).mkdir(parents=True, exist_ok=True)
    app = build(open_wallet(settings, Network(settings)))
    uvicorn.run(app, host="127.0.0.1", port=settings.port, access_log=False, server_header=False)


if __name__ == "__main__":
    main()
