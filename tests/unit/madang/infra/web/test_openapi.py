"""The document says what the endpoints carry, and nothing that they do not."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Path, Request

from madang.core.protocol.message import Array, Message
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import Texts
from madang.infra.web.marks import Access, Caller, Form, mark
from madang.infra.web.openapi import Content, Fields, describe, document
from madang.infra.web.pages import Pages
from tests.unit.issuer.world import Client


class Part(Message):
    name: str


class Wish(Message):
    parts: Array[Part]
    note: str | None = None


class Granted(Message):
    number: int


def marked(caller: Caller, form: Form, *roles: str) -> Access:
    return Access(caller, frozenset(roles), form, "for the test")


async def nobody_is_kept_out(_: Request) -> None:
    return


@pytest.fixture(scope="module")
def client() -> Client:
    router = APIRouter(prefix="/{tenant}/shop")

    @router.post("/wishes/{number}")
    @mark(marked(Caller.SERVICE, Form.PROBLEM, "clerk"))
    @describe(Wish, Content("application/jwt"), gives={201: Granted, 204: None}, query=("lang",))
    async def wish(tenant: str, number: Annotated[int, Path(ge=1)]) -> Any: ...

    @router.post("/order")
    @mark(marked(Caller.STAFF, Form.PAGE, "clerk"))
    @describe(Fields(("what",), optional=("why",), files=("picture",)), gives={303: None})
    async def order(tenant: str) -> Any: ...

    @router.api_route("/tile/{path:path}", methods=["GET", "HEAD"])
    @mark(marked(Caller.PROTOCOL, Form.OAUTH))
    @describe(gives={200: Content("application/octet-stream"), 409: Content("text/plain")})
    async def tile(tenant: str, path: str) -> Any: ...

    @router.get("/")
    @mark(marked(Caller.ANYBODY, Form.PAGE))
    async def page(tenant: str) -> Any: ...

    database = Database()
    pages = Pages(Texts({}), (), service="shop", tenants=[])
    refuser = Refuser(database, FixedClock(0), pages)
    return Client(create_app(Parts("Shop", nobody_is_kept_out, refuser, {}, [router], 1000)))


@pytest.fixture(scope="module")
def paths(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = document(client.app)["paths"]
    return found


def test_it_is_served_as_it_is_made_and_may_be_kept(client: Client) -> None:
    answer = client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.json() == document(client.app)
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.json()["info"]["title"] == "Shop"


def test_every_path_has_its_methods(paths: dict[str, Any]) -> None:
    assert {path: set(item) for path, item in paths.items()} == {
        "/openapi.json": {"get"},
        "/health": {"get"},
        "/style.css": {"get"},
        "/{tenant}/shop/wishes/{number}": {"post"},
        "/{tenant}/shop/order": {"post"},
        "/{tenant}/shop/tile/{path}": {"get", "head"},
        "/{tenant}/shop/": {"get"},
    }


def test_bodies_come_from_the_messages(client: Client, paths: dict[str, Any]) -> None:
    wish = paths["/{tenant}/shop/wishes/{number}"]["post"]
    assert wish["requestBody"] == {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Wish"}},
            "application/jwt": {"schema": {"type": "string"}},
        },
    }
    granted = {"application/json": {"schema": {"$ref": "#/components/schemas/Granted"}}}
    assert wish["responses"]["201"] == {"description": "Created", "content": granted}
    assert wish["responses"]["204"] == {"description": "No Content"}
    schemas = document(client.app)["components"]["schemas"]
    assert set(schemas) == {"ErrorBody", "Granted", "Part", "Problem", "Wish"}
    assert schemas["Wish"]["properties"]["parts"]["items"] == {"$ref": "#/components/schemas/Part"}
    assert schemas["Wish"]["required"] == ["parts"]


def test_places_and_queries_are_parameters(paths: dict[str, Any]) -> None:
    found = paths["/{tenant}/shop/wishes/{number}"]["post"]["parameters"]
    assert [(each["name"], each["in"], each["required"]) for each in found] == [
        ("tenant", "path", True),
        ("number", "path", True),
        ("lang", "query", False),
    ]
    assert found[1]["schema"] == {"type": "integer", "minimum": 1}


def test_who_may_call_follows_from_the_mark(client: Client, paths: dict[str, Any]) -> None:
    assert paths["/{tenant}/shop/wishes/{number}"]["post"]["security"] == [{"service": []}]
    assert paths["/{tenant}/shop/order"]["post"]["security"] == [{"session": []}]
    assert "security" not in paths["/{tenant}/shop/"]["get"]
    assert paths["/{tenant}/shop/"]["get"]["description"] == "Open: for the test."
    schemes = document(client.app)["components"]["securitySchemes"]
    assert schemes["session"]["name"] == "madang_shop"


@pytest.mark.parametrize(
    ("path", "method", "media_type", "schema"),
    [
        ("wishes/{number}", "post", "application/problem+json", "#/components/schemas/Problem"),
        ("tile/{path}", "get", "application/json", "#/components/schemas/ErrorBody"),
        ("", "get", "text/html", None),
    ],
    ids=["problem", "oauth", "page"],
)
def test_how_it_refuses_follows_from_the_mark(
    paths: dict[str, Any], path: str, method: str, media_type: str, schema: str | None
) -> None:
    responses = paths[f"/{{tenant}}/shop/{path}"][method]["responses"]
    for status in ("4XX", "503"):
        content = responses[status]["content"]
        assert list(content) == [media_type]
        assert content[media_type]["schema"] == ({"$ref": schema} if schema else {"type": "string"})


def test_a_refusal_that_has_a_form_of_its_own_may_have_the_common_one_too(
    paths: dict[str, Any],
) -> None:
    content = paths["/{tenant}/shop/tile/{path}"]["get"]["responses"]["409"]["content"]
    assert set(content) == {"text/plain", "application/json"}


def test_a_form_of_staff_has_its_token_and_a_file_makes_it_one_of_parts(
    paths: dict[str, Any],
) -> None:
    content = paths["/{tenant}/shop/order"]["post"]["requestBody"]["content"]
    schema = content["multipart/form-data"]["schema"]
    assert schema["required"] == ["csrf", "what", "picture"]
    assert schema["properties"]["picture"] == {"type": "string", "format": "binary"}
    assert schema["properties"]["why"] == {"type": "string"}


def test_a_head_has_no_body_and_a_page_is_one_without_being_told(paths: dict[str, Any]) -> None:
    tile = paths["/{tenant}/shop/tile/{path}"]
    assert "content" in tile["get"]["responses"]["200"]
    assert "content" not in tile["head"]["responses"]["200"]
    assert list(paths["/{tenant}/shop/"]["get"]["responses"]["200"]["content"]) == ["text/html"]
