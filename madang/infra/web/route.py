"""Routes of a service: behind the guard, and without machinery that our endpoints do not need.

An endpoint that is a coroutine of the request and of texts in the path is called as it is; any
other one the way FastAPI calls it, the guard before everything else.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

Guard: TypeAlias = Callable[[Request], Awaitable[None]]
_REQUEST: Final = "request"


class GuardedRoute(APIRoute):
    """One route.

    Args:
        route: what a feature's router has; its description is kept.
        guard: lets a request through or raises.

    Attributes:
        plain: whether the endpoint can be called as it is.
    """

    def __init__(self, route: APIRoute, guard: Guard) -> None:
        self._guard = guard
        self.plain, self._asks_request = _reading(route)
        super().__init__(
            route.path,
            route.endpoint,
            methods=list(route.methods or ()),
            name=route.name,
            status_code=route.status_code,
            openapi_extra=route.openapi_extra,
            responses=route.responses,
            tags=route.tags,
            summary=route.summary,
            description=route.description,
            include_in_schema=route.include_in_schema,
            response_class=route.response_class,
            dependencies=[Depends(guard), *route.dependencies],
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; errors go on to whoever answers them."""
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(405, headers={"allow": _allowed(scope)})
        if not self.plain:
            await super().handle(scope, receive, send)
            return
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Return a plain endpoint's answer, if the guard lets the request through."""
        await self._guard(request)
        given: dict[str, Any] = request.scope["path_params"]
        if self._asks_request:
            given = {**given, _REQUEST: request}
        response: Response = await self.endpoint(**given)
        return response


def _allowed(scope: Scope) -> str:
    """Return the methods of all routes that an address has (RFC 9110 section 15.5.6)."""
    routes = (each for each in scope["app"].routes if isinstance(each, APIRoute))
    there = (each for each in routes if each.matches(scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for each in there for method in each.methods or ()}))


def _reading(route: APIRoute) -> tuple[bool, bool]:
    """Tell whether an endpoint can be called as it is, and whether it asks for the request."""
    parameters = inspect.signature(route.endpoint).parameters
    asks = _REQUEST in parameters and parameters[_REQUEST].annotation is Request
    others = {name: each.annotation for name, each in parameters.items() if name != _REQUEST}
    texts = {name for name in others if route.param_convertors.keys() >= {name}}
    plain = (
        inspect.iscoroutinefunction(route.endpoint)
        and texts == others.keys() == route.param_convertors.keys()
        and all(annotation is str for annotation in others.values())
        and not route.dependencies
        and (asks or _REQUEST not in parameters)
    )
    return plain, asks
