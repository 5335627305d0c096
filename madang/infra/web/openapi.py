"""OpenAPI 3.1 documents, made of what the endpoints carry: their marks, and the messages they name.

An endpoint says by `describe` which messages it reads and answers with; their schemas come from the
classes that the endpoint itself reads and writes with. What follows from its mark (who may call,
how it refuses) is said nowhere else.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from madang.core.protocol.error_body import ErrorBody
from madang.infra.web.errors import Problem
from madang.infra.web.marks import Access, Caller, Endpoint, Form, access_of

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
PARTS: Final = "multipart/form-data"
HTML: Final = "text/html"
_ATTRIBUTE: Final = "__described__"
_REF: Final = "#/components/schemas/{model}"
_BODILESS: Final = frozenset({"get", "head", "delete"})


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is no JSON message.

    Attributes:
        media_type: of the body.
        schema: of it, as far as there is one; text when there is none.
    """

    media_type: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Fields:
    """A form.

    Attributes:
        names: of fields that have to be there.
        optional: of those that need not.
        files: of those that hold a file, which makes it a form of parts (RFC 7578).
    """

    names: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


Body: TypeAlias = type[BaseModel] | Content | Fields
Answers: TypeAlias = Mapping[int, Body | tuple[Body, ...] | None]
PAGE: Final = Content(HTML)
PICTURE: Final = Content("image/png", {"type": "string", "format": "binary"})
OBJECT: Final = Content(JSON, {"type": "object"})
PROBLEM: Final = Content("application/problem+json", {"type": "object"})


@dataclass(frozen=True, slots=True)
class Described:
    """What an endpoint reads and answers with; a page needs no words of its own.

    Attributes:
        takes: forms of the request's body; none for no body.
        gives: the answer's body by status, in one form or several; None for no body.
        query: names of the parameters in the address's query.
    """

    takes: tuple[Body, ...] = ()
    gives: Answers = field(default_factory=lambda: MappingProxyType({}))
    query: tuple[str, ...] = ()


def describe(
    *takes: Body, gives: Answers, query: Iterable[str] = ()
) -> Callable[[Endpoint], Endpoint]:
    """Return a decorator that says what an endpoint reads and answers with when it does its part.

    Args:
        takes: forms of the request's body.
        gives: the answer's body by status; refusals follow from the endpoint's mark.
        query: names of parameters.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, Described(takes, gives, tuple(query)))
        return endpoint

    return decorate


def described(endpoint: object) -> Described | None:
    """Return what an endpoint says of itself, None if it says nothing."""
    found = getattr(endpoint, _ATTRIBUTE, None)
    return found if isinstance(found, Described) else None


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a service."""
    writer = _Writer()
    paths: dict[str, dict[str, Any]] = {}
    for route in app.routes:
        if isinstance(route, APIRoute):
            item = paths.setdefault(_address(route), {})
            for method in sorted(route.methods or ()):
                item[method.lower()] = writer.operation(route, method.lower())
    return {
        "openapi": "3.1.0",
        "info": {"title": app.title, "version": app.version},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(writer.schemas.items())),
            "securitySchemes": _security_schemes(paths),
        },
    }


def _security_schemes(paths: Iterable[str]) -> dict[str, Any]:
    own = next((path.split("/")[2] for path in paths if path.startswith("/{tenant}/")), "")
    return {
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": f"madang_{own}",
            "description": "Session of staff; a change needs the field csrf of its page too.",
        },
        "service": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "madang-service+jwt",
            "description": "Token of another service, for one request and one minute.",
        },
    }


_SECURITY: Final = MappingProxyType({Caller.STAFF: "session", Caller.SERVICE: "service"})
_SIGNED_IN: Final = frozenset({Caller.STAFF, Caller.RESIDENT})
_REFUSALS: Final[Mapping[Form, tuple[str, type[BaseModel] | None]]] = MappingProxyType(
    {
        Form.OAUTH: (JSON, ErrorBody),
        Form.PROBLEM: ("application/problem+json", Problem),
        Form.PAGE: (HTML, None),
    }
)


class _Writer:
    """Writes operations, and gathers the schemas that they name."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}

    def operation(self, route: APIRoute, method: str) -> dict[str, Any]:
        access = access_of(route.endpoint)
        said = described(route.endpoint) or Described()
        written: dict[str, Any] = {
            "operationId": _identifier(method, route.path),
            "parameters": [*_in_path(route), *map(_in_query, said.query)],
            "responses": self._responses(said, access, method),
        }
        if access is not None and access.reason:
            written["description"] = f"Open: {access.reason}."
        if access is not None and access.caller in _SECURITY:
            written["security"] = [{_SECURITY[access.caller]: []}]
        takes = said.takes or _form_of(access, method)
        if takes and method not in _BODILESS:
            content = dict(self._content(each, access, "validation") for each in takes)
            written["requestBody"] = {"content": content, "required": True}
        return written

    def _responses(self, said: Described, access: Access | None, method: str) -> dict[str, Any]:
        responses: dict[str, Any] = {}
        gives = said.gives or ({200: PAGE} if access and access.form is Form.PAGE else {})
        for status, body in gives.items():
            answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
            if body is not None and method != "head":
                forms = body if isinstance(body, tuple) else (body,)
                answer["content"] = dict(
                    self._content(each, None, "serialization") for each in forms
                )
            responses[str(status)] = answer
        if access is not None:
            refusals = self._refusals(access)
            for code, answered in responses.items():
                if code.startswith("4") and "content" in answered:
                    answered["content"] |= refusals["4XX"]["content"]
            responses |= refusals
        return responses

    def _refusals(self, access: Access) -> dict[str, Any]:
        media_type, model = _REFUSALS[access.form]
        schema = {"type": "string"} if model is None else self._schema(model, "serialization")
        content = {media_type: {"schema": schema}}
        found = {"4XX": {"description": "Refused", "content": content}}
        found["503"] = {"description": "Not now", "content": content}
        if access.caller in _SIGNED_IN and access.form is Form.PAGE:
            found["303"] = {"description": "Sign in first, or see the page after the change"}
        return found

    def _content(
        self, body: Body, access: Access | None, mode: JsonSchemaMode
    ) -> tuple[str, dict[str, Any]]:
        if isinstance(body, Content):
            return body.media_type, {"schema": dict(body.schema)}
        if isinstance(body, Fields):
            return PARTS if body.files else FORM, {"schema": _fields(body, access)}
        return JSON, {"schema": self._schema(body, mode)}

    def _schema(self, model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, str]:
        found = model.model_json_schema(ref_template=_REF, mode=mode)
        self.schemas |= found.pop("$defs", {})
        self.schemas[model.__name__] = found
        return {"$ref": _REF.format(model=model.__name__)}


def _form_of(access: Access | None, method: str) -> tuple[Body, ...]:
    """Return what a change by staff takes when it says nothing: the token of the page's form."""
    changes = method not in _BODILESS
    return (Fields(),) if access and access.caller is Caller.STAFF and changes else ()


def _fields(body: Fields, access: Access | None) -> dict[str, Any]:
    token = ("csrf",) if access is not None and access.caller is Caller.STAFF else ()
    names = (*token, *body.names, *body.files)
    properties: dict[str, Any] = {name: {"type": "string"} for name in (*names, *body.optional)}
    properties |= {name: {"type": "string", "format": "binary"} for name in body.files}
    return {"type": "object", "properties": properties, "required": list(names)}


def _address(route: APIRoute) -> str:
    """Return the path as OpenAPI has it: without the kinds of its places."""
    return route.path_format


def _in_path(route: APIRoute) -> list[dict[str, Any]]:
    kinds = inspect.signature(route.endpoint).parameters
    return [
        {"name": name, "in": "path", "required": True, "schema": _kind(kinds, name)}
        for name in route.param_convertors
    ]


def _kind(kinds: Mapping[str, inspect.Parameter], name: str) -> dict[str, Any]:
    annotation: Any = kinds[name].annotation if name in kinds else str
    return TypeAdapter(annotation).json_schema()


def _in_query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}


def _identifier(method: str, path: str) -> str:
    words = [word.strip("{}").replace(":path", "") for word in path.split("/") if word]
    return "_".join([method, *words]).replace("-", "_").replace(".", "_")
