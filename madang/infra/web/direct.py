"""The straight way from a request to a plain endpoint (ADR 0046).

The framework asks every route in turn and passes each message through nine layers. A plain
endpoint needs none of it: its path is looked up once, and what the layers around it do (headers,
longest body, errors) is done here, by the same functions. Whatever is not plain, or finds no
endpoint, goes the framework's way.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import Receive, Scope, Send

from madang.infra.web.limits import SecurityHeaders, add_missing, counted
from madang.infra.web.route import GuardedRoute

ROUTE: Final = "madang.route"
_WILD: Final = "{"


@dataclass(slots=True)
class _Branch:
    """Paths that begin alike.

    Attributes:
        named: what comes next by its name.
        wild: what comes next whatever its name; None for nothing.
        parts: whether a parameter may stand for a part of what comes next.
        routes: that end here, by method; None for one that is not plain.
    """

    named: dict[str, "_Branch"] = field(default_factory=dict)
    wild: "_Branch | None" = None
    parts: bool = False
    routes: dict[str, tuple[GuardedRoute, tuple[str, ...]] | None] = field(default_factory=dict)

    def next(self, segment: str) -> "_Branch":
        """Return the branch of a segment of a route's path, which is made if need be."""
        if not segment.startswith(_WILD):
            return self.named.setdefault(segment, _Branch())
        if self.wild is None:
            self.wild = _Branch()
        return self.wild


class Paths:
    """Finds plain routes by method and path.

    Args:
        routes: of the application, in their order; those that are not plain, or whose paths are
            more than names and texts or may be an earlier one's, are found by nobody here.
    """

    def __init__(self, routes: Iterable[GuardedRoute]) -> None:
        self._root = _Branch()
        earlier: list[str] = []
        for route in routes:
            hidden = any(_hides(path, route.path) for path in earlier)
            self._enter(route, plain=route.plain and not hidden)
            earlier.append(route.path)

    def _enter(self, route: GuardedRoute, *, plain: bool) -> None:
        branch, names = self._root, []
        for segment in _segments(route.path):
            if not _is_simple(segment):
                branch.parts = True
                return
            branch = branch.next(segment)
            if segment.startswith(_WILD):
                names.append(segment[1:-1])
        entered = (route, tuple(names)) if plain else None
        for method in route.methods or ():
            # As in the framework, the first of two that would both do.
            branch.routes.setdefault(method, entered)

    def find(self, method: str, path: str) -> tuple[GuardedRoute, dict[str, str]] | None:
        """Return a route and what stands for the parameters of its path.

        None where more than one way may lead on: the framework knows which comes first.
        """
        branch, values = self._root, []
        for segment in _segments(path):
            named = branch.named.get(segment)
            if named is None:
                if branch.wild is None or branch.parts or not segment:
                    return None
                named = branch.wild
                values.append(segment)
            branch = named
        found = branch.routes.get(method)
        if found is None:
            return None
        route, names = found
        return route, dict(zip(names, values, strict=True))


def _segments(path: str) -> list[str]:
    return path[1:].split("/")


def _hides(earlier: str, later: str) -> bool:
    """Tell whether a path may be an earlier one's, with names where that has parameters."""
    first, second = _segments(earlier), _segments(later)
    if len(first) != len(second) and ":path}" not in earlier:
        return False
    others = [(one, other) for one, other in zip(first, second, strict=False) if one != other]
    names = any(_WILD in one and _WILD not in other for one, other in others)
    return names and all(_WILD in one or _WILD in other for one, other in others)


def _is_simple(segment: str) -> bool:
    """Tell whether a segment is a name or stands for a text as a whole."""
    return not re.search(r"[{}:]", segment) or re.fullmatch(r"\{\w+\}", segment) is not None


class DirectApp(FastAPI):
    """An application whose plain endpoints are called straight; give it its routes by `direct`."""

    def direct(self, routes: Iterable[GuardedRoute], max_body_bytes: int) -> None:
        """Take the routes, after the handlers of errors.

        Args:
            routes: behind the guard; those that are not plain go the framework's way.
            max_body_bytes: longest body.
        """
        self.router.routes.extend(routes)
        self._paths = Paths(routes)
        self._max_body_bytes = max_body_bytes
        self._told = tuple(kind for kind in self.exception_handlers if _is_told(kind))
        mistakes: Any = self.exception_handlers[Exception]
        self._straight = ServerErrorMiddleware(self._answer, mistakes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle what comes from the server."""
        found = None
        if scope["type"] == "http":
            found = self._paths.find(scope["method"], scope["path"])
        if found is None:
            await super().__call__(scope, receive, send)
            return
        route, values = found
        scope.update({"app": self, "endpoint": route.endpoint, "path_params": values, ROUTE: route})
        await self._straight(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        route: GuardedRoute = scope[ROUTE]
        request = Request(scope, counted(scope, receive, self._max_body_bytes), send)
        try:
            response = await route.answer(request)
        except self._told as error:
            response = await self._handler(type(error))(request, error)
        if type(response).__call__ is Response.__call__:
            add_missing(response.raw_headers)
            await response(scope, receive, send)
        else:  # a file, say, whose headers are not decided yet
            await SecurityHeaders(response)(scope, receive, send)

    def _handler(self, kind: type[BaseException]) -> Any:  # noqa: ANN401 - as the framework has it
        handlers = self.exception_handlers
        return next(handlers[each] for each in kind.__mro__ if each in handlers)


def _is_told(kind: object) -> bool:
    """Tell whether errors of a kind are refusals; mistakes are answered around everything."""
    return isinstance(kind, type) and issubclass(kind, Exception) and kind is not Exception
