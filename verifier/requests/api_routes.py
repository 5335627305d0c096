"""The API by which agencies' programs ask, and are told."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from madang.access.marks import protocol
from madang.core.protocol.message import read_json
from madang.infra.web.errors import NO_STORE
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, describe
from verifier.presentations.events import EVENTS, changes, event_stream
from verifier.presentations.routes import BodyError, opened_body
from verifier.presentations.same_device import RESPONSE_CODE
from verifier.requests.asking import Asking, told
from verifier.requests.callers import Callers
from verifier.requests.model import Wish


def api_router(asking: Asking, callers: Callers) -> APIRouter:
    """Return the routes `…/api/requests`; the keys of callers are checked behind the door."""
    router = APIRouter(prefix="/{tenant}/verifier/api/requests")
    desk = asking.desk

    @router.post("", status_code=201)
    @protocol("an agency's key or a service's token is checked behind the door", Form.PROBLEM)
    @describe(Wish, gives={201: OBJECT})
    async def ask(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        asker = await callers.asker(request, tenant)
        wish = read_json(Wish, await request.body(), desk.limits, BodyError)
        opened = asking.open(tenant, wish, asker)
        body = {"request_id": opened.terms.id, **opened_body(desk, opened)}
        del body["presentation_id"]
        return JSONResponse(body, 201, NO_STORE)

    @router.get("/{presentation}")
    @protocol("as above; what another asked is as if it were not there", Form.PROBLEM)
    @describe(gives={200: OBJECT}, query=(RESPONSE_CODE,))
    async def state(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        asker = await callers.asker(request, tenant)
        code = request.query_params.get(RESPONSE_CODE)
        found = asking.result(tenant, presentation, asker.name, code)
        return JSONResponse(told(found), headers=NO_STORE)

    @router.get("/{presentation}/events")
    @protocol("as above, as server-sent events without the result", Form.PROBLEM)
    @describe(gives={200: EVENTS})
    async def events(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        asker = await callers.asker(request, tenant)
        asking.find(tenant, presentation, asker.name)
        return event_stream(changes(desk, tenant, presentation))

    return router
