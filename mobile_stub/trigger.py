"""Where test tools and other programs start the wallet.

It is an authorization endpoint, the place that offers lead to, and what a platform hands the
requests of the Digital Credentials API to. With `WALLET_AUTO_CONSENT` the wallet agrees to all that
is possible; otherwise the answer is what the person is to decide on, at `/scans/{id}`.
"""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from mobile_stub.body import json_object
from mobile_stub.errors import RequestRefusedError, WalletError
from mobile_stub.model import Scan
from mobile_stub.presenting.model import willing
from mobile_stub.wallet import Wallet

WAITING: Final = 202
_SEE_OTHER: Final = 303


def add_trigger(app: FastAPI, wallet: Wallet) -> None:
    """Put the endpoints into the wallet's application."""

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        """Take an authorization request as its parameters stand in the address."""
        scan = await wallet.open(f"openid4vp://?{request.url.query}")
        return await _presented(wallet, scan)

    @app.get("/offer")
    async def offer(request: Request) -> Response:
        """Take a credential offer, by value or by reference; `tx_code` may stand beside it."""
        scan = await wallet.open(f"openid-credential-offer://?{_without_code(request)}")
        if not wallet.settings.auto_consent:
            return waiting(scan)
        return JSONResponse(await wallet.accept(scan, request.query_params.get("tx_code")))

    @app.post("/dc-api")
    async def dc_api(request: Request) -> Response:
        """Take what a page gave the API, with the page's origin as the platform knows it."""
        body = await json_object(request)
        origin, asked = body.get("origin"), body.get("request")
        if not isinstance(origin, str) or not origin:
            raise WalletError("invalid_request", "origin was expected, as the platform says it")
        try:
            return await _presented(wallet, await wallet.open_page(origin, asked))
        except RequestRefusedError as error:
            if error.told is None:
                raise
            return JSONResponse({"status": "refused", "data": {"error": error.told}})


async def _presented(wallet: Wallet, scan: Scan) -> Response:
    if not wallet.settings.auto_consent:
        return waiting(scan)
    decision = await willing(scan.preview)
    done = await wallet.consent(scan, agree=decision.agree, choices=decision.choices)
    if "redirect_uri" in done:
        return RedirectResponse(done["redirect_uri"], _SEE_OTHER)
    return JSONResponse(done)


def waiting(scan: Scan) -> Response:
    """Return what the person is to decide on."""
    return JSONResponse(shown(scan), WAITING)


def shown(scan: Scan) -> dict[str, Any]:
    """Return a scan as the person's own program sees it."""
    return {"id": scan.id, "kind": scan.kind, "preview": scan.preview}


def _without_code(request: Request) -> str:
    pairs = request.url.query.split("&")
    return "&".join(pair for pair in pairs if not pair.startswith("tx_code="))
