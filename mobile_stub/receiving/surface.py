"""What the wallet's HTTP surface has for receiving, beside taking an offer."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from mobile_stub.adapters import system
from mobile_stub.adapters.browser import DeviceBrowser
from mobile_stub.errors import WalletError
from mobile_stub.receiving.receiver import Receiver, wish

CALLBACK: Final = "/callback"
_BACK: Final = "<!doctype html><title>Wallet</title><p>✓"
"""What the browser shows when it came back; the wallet says the rest."""
_NOBODY: Final = "<!doctype html><title>Wallet</title><p>✗"
_GONE: Final = 410


def add_receiving(app: FastAPI, receiver: Receiver) -> None:
    """Put the endpoints into the wallet's application."""
    _log_in(app, receiver)
    _fetch(app, receiver)


def _log_in(app: FastAPI, receiver: Receiver) -> None:
    @app.get(CALLBACK)
    async def callback(request: Request) -> HTMLResponse:
        """Take the browser back from an issuer's log-in."""
        browser = receiver.browser
        address = f"{getattr(browser, 'redirect_uri', '')}?{request.url.query}"
        if isinstance(browser, DeviceBrowser) and browser.came_back(address):
            return HTMLResponse(_BACK)
        return HTMLResponse(_NOBODY, _GONE)

    @app.get("/log-in")
    async def log_in() -> Any:  # noqa: ANN401 - FastAPI's response
        """Return the address at which the person has to log in now, null when at none."""
        browser = receiver.browser
        return {"url": browser.opened if isinstance(browser, DeviceBrowser) else None}


def _fetch(app: FastAPI, receiver: Receiver) -> None:
    @app.post("/waiting")
    async def waiting() -> Any:  # noqa: ANN401 - FastAPI's response
        """Fetch what issuers promised, as far as it is due."""
        return {"credentials": await receiver.waiting(system.now())}

    @app.post("/credentials/{digest}/renew")
    async def renew(digest: str) -> Any:  # noqa: ANN401 - FastAPI's response
        """Fetch a certificate again."""
        return await receiver.renew(digest, system.now())

    @app.post("/wishes")
    async def wishes(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        """Return the link of an offer that the wallet makes to itself."""
        try:
            asked = strict_json.loads(await request.body())
            issuer, names = asked["issuer"], asked["configurations"]
            known = isinstance(issuer, str) and isinstance(names, list) and bool(names)
        except (EncodingError, KeyError, TypeError):
            known = False
        if not known or not all(isinstance(name, str) for name in names):
            raise WalletError("invalid_request", "issuer and an array configurations are needed")
        return {"link": wish(issuer, names)}
