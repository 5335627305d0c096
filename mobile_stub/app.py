"""The wallet's process: a small HTTP surface on loopback for its person and for test tools."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response

from mobile_stub.adapters import system
from mobile_stub.adapters.picture import read_qr
from mobile_stub.body import json_object
from mobile_stub.errors import WalletError
from mobile_stub.held import listed
from mobile_stub.home import home_page
from mobile_stub.presenting.model import Choices
from mobile_stub.receiving.surface import add_receiving
from mobile_stub.trigger import add_trigger, shown
from mobile_stub.wallet import Wallet

_OWN_NAMES: Final = ("127.0.0.1", "localhost")
"""A page from elsewhere whose name is made to lead to this machine still calls it by that name."""
_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
_NO_CONTENT: Final = 204


def build(wallet: Wallet) -> FastAPI:
    """Return the wallet's application."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await wallet.network.close()
        wallet.vault.close()

    app = FastAPI(title="Madang wallet", openapi_url=None, lifespan=lifespan)
    app.middleware("http")(_refuse_pages)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_OWN_NAMES, www_redirect=False)
    _scanning(app, wallet)
    _holding(app, wallet)
    _showing(app, wallet)
    add_receiving(app, wallet.receiver)
    add_trigger(app, wallet)

    @app.exception_handler(WalletError)
    async def refuse(_request: Request, error: WalletError) -> JSONResponse:
        return JSONResponse({"error": error.code, "detail": error.detail}, _BAD_REQUEST)

    return app


async def _refuse_pages(
    request: Request, forward: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Let no page of the web act here: its scripts and forms say whose they are (Fetch 3.2)."""
    if request.headers.get("origin") is not None and request.method != "GET":
        told = {"error": "page", "detail": "a web page may not act in the wallet"}
        return JSONResponse(told, _FORBIDDEN)
    return await forward(request)


def _scanning(app: FastAPI, wallet: Wallet) -> None:
    @app.post("/scan")
    async def scan(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        """Read a QR picture and find out what it is about; nothing is decided yet."""
        picture = await request.body()
        if len(picture) > wallet.settings.max_picture_bytes:
            raise WalletError("picture_too_large", "take a smaller picture")
        return shown(await wallet.open(read_qr(picture)))

    @app.post("/open")
    async def open_link(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        link = (await json_object(request)).get("link")
        return shown(await wallet.open(link if isinstance(link, str) else ""))

    @app.post("/scans/{scan_id}/accept")
    async def accept(request: Request, scan_id: str) -> Any:  # noqa: ANN401 - FastAPI's response
        code = (await json_object(request)).get("tx_code")
        tx_code = code if isinstance(code, str) else None
        return await wallet.accept(wallet.vault.scan(scan_id), tx_code)

    @app.post("/scans/{scan_id}/consent")
    async def consent(request: Request, scan_id: str) -> Any:  # noqa: ANN401 - FastAPI's response
        body = await json_object(request)
        scan, agree = wallet.vault.scan(scan_id), body.get("agree") is True
        return await wallet.consent(scan, agree=agree, choices=_choices(body.get("choices")))


def _choices(value: object) -> Choices:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        isinstance(each, list) and all(isinstance(digest, str) for digest in each)
        for each in value.values()
    ):
        raise WalletError("invalid_request", "choices: arrays of digests by query were expected")
    return value


def _showing(app: FastAPI, wallet: Wallet) -> None:
    @app.get("/health")
    async def health() -> Any:  # noqa: ANN401 - FastAPI's response
        return {"status": "up"}

    @app.get("/")
    async def home(request: Request) -> HTMLResponse:
        language = request.query_params.get("lang", "ko")
        return HTMLResponse(home_page(wallet.vault.copies(), wallet.vault.history(), language))

    @app.get("/history")
    async def history() -> Any:  # noqa: ANN401 - FastAPI's response
        return {"history": wallet.vault.history()}


def _holding(app: FastAPI, wallet: Wallet) -> None:
    @app.get("/credentials")
    async def credentials() -> Any:  # noqa: ANN401 - FastAPI's response
        return {"credentials": [listed(copy) for copy in wallet.vault.copies()]}

    @app.get("/credentials/{digest}")
    async def credential(digest: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return wallet.show(digest)

    @app.delete("/credentials/{digest}", status_code=_NO_CONTENT)
    async def delete(digest: str) -> None:
        await wallet.delete(digest)

    @app.post("/receipts")
    async def receipts() -> Any:  # noqa: ANN401 - FastAPI's response
        return await wallet.receipts.fetch(system.now())

    @app.get("/credentials/{digest}/receipt")
    async def receipt(digest: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return wallet.receipt(digest)
