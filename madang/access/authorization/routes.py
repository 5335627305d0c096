"""The authorization server's endpoints, below the identifier of the service that it belongs to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from madang.access.authorization.errors import Area, told_at
from madang.access.authorization.exchanging import Exchange
from madang.access.authorization.model import (
    GrantRefused,
    NotOpened,
    browser_cookie,
)
from madang.access.authorization.proving import checked_proof
from madang.access.authorization.requests import Pushed
from madang.access.authorization.server import AuthorizationServer
from madang.access.marks import protocol, public
from madang.core.encoding import strict_json
from madang.core.protocol.form import parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.oauth.authorization import PushedResponse
from madang.core.protocol.oauth.dpop import DpopProof
from madang.core.protocol.oauth.errors import OAuthError, invalid_request
from madang.core.protocol.oauth.metadata import (
    AuthorizationServerMetadata,
    ServerFeatures,
    server_metadata,
)
from madang.core.protocol.oauth.names import (
    CLIENT_ATTESTATION_CHALLENGE,
    DPOP,
    DPOP_NONCE,
)
from madang.core.protocol.oauth.token import TokenResponse, read_token_request
from madang.core.protocol.urls import WellKnown
from madang.infra.web.errors import NO_STORE
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, Fields, describe

_FORM = "application/x-www-form-urlencoded"
_COOKIE_CHARS = 22
_CLIENT = ("client_id", "client_assertion", "client_assertion_type")
_PUSHED = Fields(
    ("response_type", "code_challenge", "code_challenge_method"),
    optional=(*_CLIENT, "redirect_uri", "scope", "state", "authorization_details", "issuer_state"),
)
_EXCHANGED = Fields(
    ("grant_type",),
    optional=(
        *(*_CLIENT, "pre-authorized_code", "tx_code", "code", "code_verifier", "redirect_uri"),
        *("refresh_token", "authorization_details"),
    ),
)


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """The endpoints' work, between a request and the answer."""

    server: AuthorizationServer

    def fresh(self, tenant: str, now: int, *, attested: bool) -> dict[str, str]:
        """Return headers with a new nonce, and a new challenge for whom it concerns."""
        ground = self.server.ground
        headers = {**NO_STORE, DPOP_NONCE: ground.dpop_nonces(tenant).make(now)}
        if attested:
            headers[CLIENT_ATTESTATION_CHALLENGE] = ground.challenges(tenant).make(now)
        return headers

    def proof(self, request: Request, tenant: str, path: str, now: int) -> DpopProof | None:
        ground = self.server.ground
        url = f"{ground.identifier(tenant)}/{path}"
        sent = request.headers.getlist(DPOP)
        return checked_proof(ground, tenant, sent, method="POST", url=url, now=now)

    async def push(self, request: Request, tenant: str) -> Response:
        server, now = self.server, self.server.ground.clock.now()
        headers = self.fresh(tenant, now, attested=bool(server.ground.anchors))
        with told_at(Area.AUTHORIZATION, headers):
            form = await _form(request)
            caller = await server.callers.authenticate(tenant, form, request.headers)
            pushed = Pushed(caller, form, self.proof(request, tenant, "par", now))
            with server.ground.database.transaction() as session:
                answer = server.requests.push(session, tenant, pushed, now=now)
        return JSONResponse(answer.to_json(), 201, headers)

    async def exchange(self, request: Request, tenant: str) -> Response:
        server, now = self.server, self.server.ground.clock.now()
        headers = self.fresh(tenant, now, attested=bool(server.ground.anchors))
        with told_at(Area.TOKEN, headers):
            form = await _form(request)
            asked = read_token_request(form)
            caller = await server.callers.authenticate(tenant, form, request.headers)
            proof = self.proof(request, tenant, "token", now)
            exchange = Exchange(tenant, caller, asked, proof, now)
            server.exchanger.check(exchange)
            with server.ground.database.transaction() as session:
                outcome = server.exchanger.exchange(session, exchange)
            if isinstance(outcome, GrantRefused):
                raise outcome
        return JSONResponse(outcome.to_json(), headers=headers)

    def open(self, request: Request, tenant: str) -> Response:
        """Send the browser to the log-in page; it must be the same one there."""
        ground = self.server.ground
        client_id, request_uri = _pushed(request.url.query)
        issuer = ground.identifier(tenant)
        cookie = browser_cookie(issuer)
        known = request.cookies.get(cookie, "")
        browser = known if len(known) == _COOKIE_CHARS else ground.ids.token()
        with ground.database.transaction() as session:
            pending = self.server.requests.open(session, tenant, client_id, request_uri, browser)
        answer = RedirectResponse(f"{issuer}/sign-in/{pending}", 303, NO_STORE)
        answer.set_cookie(
            cookie,
            browser,
            max_age=ground.policy.pending_seconds,
            secure=issuer.startswith("https:"),
            httponly=True,
            samesite="lax",
        )
        return answer

    def challenge(self, tenant: str) -> Response:
        ground, now = self.server.ground, self.server.ground.clock.now()
        headers = self.fresh(tenant, now, attested=False)
        told = {"attestation_challenge": ground.challenges(tenant).make(now)}
        return JSONResponse(told, headers=headers)


def router(
    server: AuthorizationServer, status_lists: Callable[[str], str | None], document_seconds: int
) -> APIRouter:
    """Return the routes.

    Args:
        server: what answers.
        status_lists: where the addresses of all status lists of an issuer are, by its identifier.
        document_seconds: how long the metadata may be kept.
    """
    service = server.ground.service
    routes = APIRouter()
    endpoints, below = _Endpoints(server), f"/{{tenant}}/{service}"
    kept: Mapping[str, str] = {"cache-control": f"public, max-age={document_seconds}"}

    @cache
    def document(tenant: str) -> bytes:
        issuer = server.ground.identifier(tenant)
        features = ServerFeatures(
            scopes=tuple(server.offering.scopes(tenant)),
            attestation=bool(server.ground.anchors),
            anonymous=True,
            status_lists=status_lists(issuer),
        )
        return strict_json.dumps(server_metadata(issuer, features).to_json()).encode()

    @routes.get(f"/.well-known/{WellKnown.AUTHORIZATION_SERVER}/{{tenant}}/{service}")
    @public("clients find their way by it", Form.PROBLEM)
    @describe(gives={200: AuthorizationServerMetadata})
    async def metadata(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return Response(document(tenant), media_type="application/json", headers=kept)

    @routes.post(f"{below}/par")
    @protocol("the client authenticates; what it asks for is granted by the person alone")
    @describe(_PUSHED, gives={201: PushedResponse})
    async def par(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return await endpoints.push(request, tenant)

    @routes.get(f"{below}/authorize")
    @public("a browser is sent on to the log-in page with a request that a client pushed")
    @describe(gives={302: None, 303: None}, query=("client_id", "request_uri"))
    async def authorize(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return endpoints.open(request, tenant)

    @routes.post(f"{below}/token")
    @protocol("codes, keys and clients are checked")
    @describe(_EXCHANGED, gives={200: TokenResponse})
    async def token(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return await endpoints.exchange(request, tenant)

    @routes.post(f"{below}/challenge")
    @protocol("a challenge opens nothing by itself")
    @describe(gives={200: OBJECT})
    async def challenge(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return endpoints.challenge(tenant)

    return routes


async def _form(request: Request) -> dict[str, str]:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != _FORM:
        raise invalid_request(f"the body should be {_FORM}")
    return parse_form(await request.body(), limits=DEFAULT_LIMITS, refuse=invalid_request)


def _pushed(query: str) -> tuple[str, str]:
    """Return client_id and request_uri; nothing else in the address counts (RFC 9126)."""
    try:
        form = parse_form(query, limits=DEFAULT_LIMITS, refuse=invalid_request) if query else {}
    except OAuthError:
        raise NotOpened("not_pushed") from None
    client_id, request_uri = form.get("client_id"), form.get("request_uri")
    if client_id is None or request_uri is None:
        raise NotOpened("not_pushed")
    return client_id, request_uri
