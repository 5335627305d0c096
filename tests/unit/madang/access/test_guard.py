"""The door: closed unless the mark opens it for this caller."""

import asyncio
import tempfile
from dataclasses import replace
from typing import Any

import pytest
from fastapi import APIRouter, Request

from madang.access.marks import protocol, public, service, staff
from madang.access.review import Finding, describe_routes, review
from madang.access.review import House as Reviewed
from madang.access.staff import Role
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import load_texts
from madang.infra.web.pages import Pages
from tests.unit.madang.access.conftest import (
    CATALOG,
    MAX_BODY,
    MAX_UPLOAD,
    NOW,
    OTHER,
    TENANT,
    TENANTS,
    House,
)

BASE = f"/{TENANT}/counter"
CHANGING = ["POST", "PUT", "PATCH", "DELETE"]


class TestMarks:
    def test_a_route_without_a_mark_is_closed_to_everybody(self, house: House) -> None:
        cookies = house.hire(*Role)
        assert house.send("GET", f"{BASE}/unmarked", headers=cookies).status_code == 403
        assert house.journal()[-1] == "access.closed_route"

    @pytest.mark.parametrize(("method", "path"), [("GET", "open"), ("POST", "wallet")])
    def test_an_open_route_lets_anybody_in(self, house: House, method: str, path: str) -> None:
        assert house.send(method, f"{BASE}/{path}").json() == {"actor": None}

    @pytest.mark.parametrize("path", ["open", "clerk", "api/any", "unmarked"])
    def test_nothing_is_there_in_an_unknown_municipality(self, house: House, path: str) -> None:
        status = house.send("GET", f"/nowhere/counter/{path}").status_code
        assert status == (403 if path == "unmarked" else 404)


class TestStaff:
    def test_the_right_role(self, house: House) -> None:
        cookies = house.hire(Role.CLERK)
        answer = house.send("GET", f"{BASE}/clerk", headers=cookies)
        assert answer.status_code == 200
        assert answer.json()["actor"]

    def test_nobody_is_sent_to_sign_in(self, house: House) -> None:
        answer = house.send("GET", f"{BASE}/clerk")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/sign-in")
        assert house.journal() == ["access.no_session"]

    def test_an_api_says_so(self, house: House) -> None:
        answer = house.send("GET", f"{BASE}/api/clerk")
        assert (answer.status_code, answer.json()["title"]) == (401, "sign_in_needed")

    @pytest.mark.parametrize("roles", [[], [Role.AGENCY], [r for r in Role if r != "clerk"]])
    def test_the_wrong_role(self, house: House, roles: list[Role]) -> None:
        cookies = house.hire(*roles)
        assert house.send("GET", f"{BASE}/clerk", headers=cookies).status_code == 403
        assert house.journal()[-1] == "access.wrong_role"

    def test_another_municipality_s_clerk_finds_nothing(self, house: House) -> None:
        cookies = house.hire(Role.CLERK, tenant=OTHER)
        assert house.send("GET", f"{BASE}/clerk", headers=cookies).status_code == 404
        assert house.journal()[-1] == "access.foreign_tenant"

    def test_a_session_that_has_ended(self, house: House) -> None:
        cookies = house.hire(Role.CLERK)
        house.clock.advance(house.staff.settings.session_idle_seconds)
        assert house.send("GET", f"{BASE}/clerk", headers=cookies).status_code == 303

    def test_another_service_s_cookie_opens_nothing(self, house: House) -> None:
        token = house.hire(Role.CLERK)["cookie"].partition("=")[2]
        cookies = {"cookie": f"madang_verifier={token}"}
        assert house.send("GET", f"{BASE}/clerk", headers=cookies).status_code == 303


class TestForms:
    @pytest.mark.parametrize("method", CHANGING)
    def test_a_change_needs_the_token_of_its_page(self, house: House, method: str) -> None:
        cookies = house.hire(Role.CLERK)
        good = {"csrf": house.csrf(cookies)}
        answer = house.send(method, f"{BASE}/clerk", headers=cookies, data=good)
        assert answer.status_code == 200

    @pytest.mark.parametrize("method", CHANGING)
    @pytest.mark.parametrize("form", [{}, {"csrf": ""}, {"csrf": "guessed"}, {"csrf": "가"}])
    def test_a_change_without_it(self, house: House, method: str, form: dict[str, str]) -> None:
        cookies = house.hire(Role.CLERK)
        answer = house.send(method, f"{BASE}/clerk", headers=cookies, data=form)
        assert answer.status_code == 403
        assert house.journal()[-1] == "access.forged_form"

    def test_the_token_of_another_session(self, house: House) -> None:
        mine, other = house.hire(Role.CLERK), house.hire(Role.CLERK, name="other")
        form = {"csrf": house.csrf(other)}
        answer = house.send("POST", f"{BASE}/clerk", headers=mine, data=form)
        assert answer.status_code == 403

    def test_a_file_is_not_even_taken_in(self, house: House) -> None:
        cookies = house.hire(Role.CLERK)
        files = {"csrf": ("csrf", house.csrf(cookies).encode())}
        answer = house.send("POST", f"{BASE}/clerk", headers=cookies, files=files)
        assert answer.status_code == 400


class TestUploads:
    def send(self, house: House, cookies: dict[str, str], size: int, csrf: str = "") -> Any:
        return house.send(
            "POST",
            f"{BASE}/upload",
            headers=cookies,
            data={"csrf": csrf or house.csrf(cookies)},
            files={"kept": ("export", b"x" * size)},
        )

    @pytest.mark.parametrize("size", [0, MAX_BODY + 1, 2_000_000])
    def test_a_file_is_taken_in_and_never_on_a_disk(
        self, house: House, size: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "TemporaryFile", None)
        answer = self.send(house, house.hire(Role.CLERK), size)
        assert answer.json() == {"length": size}

    def test_a_file_over_the_limit_is_refused_as_a_page(self, house: House) -> None:
        cookies = {**house.hire(Role.CLERK), "accept-language": "en"}
        answer = self.send(house, cookies, MAX_UPLOAD)
        assert answer.status_code == 413
        assert "What was sent is too large." in answer.text

    def test_nobody_s_file_is_read(self, house: House) -> None:
        cookies = house.hire(Role.CLERK)
        csrf = house.csrf(cookies)
        assert self.send(house, {}, MAX_UPLOAD + 1, csrf).status_code == 303
        agency = house.hire(Role.AGENCY, name="agency")
        assert self.send(house, agency, MAX_UPLOAD + 1, csrf).status_code == 403

    def test_a_file_needs_the_page_s_token(self, house: House) -> None:
        assert self.send(house, house.hire(Role.CLERK), 10, "guessed").status_code == 403

    def test_a_form_without_a_file_keeps_the_small_limit(self, house: House) -> None:
        cookies = house.hire(Role.CLERK)
        form = {"csrf": house.csrf(cookies), "kept": "x" * MAX_BODY}
        answer = house.send("POST", f"{BASE}/upload", headers=cookies, data=form)
        assert answer.status_code == 413

    @pytest.mark.parametrize("content", [b"", b"--x", b"--x\r\n\r\n", b"\xff" * 50])
    def test_what_is_no_form_is_refused(self, house: House, content: bytes) -> None:
        headers = {
            **house.hire(Role.CLERK),
            "content-type": "multipart/form-data; boundary=x",
        }
        answer = house.send("POST", f"{BASE}/upload", headers=headers, content=content)
        assert answer.status_code in {400, 403}

    @pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
    def test_a_form_without_a_boundary_is_refused(self, house: House, kind: str) -> None:
        headers = {**house.hire(Role.CLERK), "content-type": kind}
        answer = house.send("POST", f"{BASE}/upload", headers=headers, content=b"--x--")
        assert answer.status_code == 400


class TestSignInPage:
    def sign_in(self, house: House, passphrase: str, tenant: str = TENANT) -> object:
        form = {"name": "staff", "passphrase": passphrase}
        return house.send("POST", f"/{tenant}/counter/sign-in", data=form)

    def test_the_cookie_is_for_this_service_of_this_municipality_only(self, house: House) -> None:
        house.hire(Role.CLERK)
        form = {"name": "staff", "passphrase": "four words make sense"}
        answer = house.send("POST", f"{BASE}/sign-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("madang_counter=")
        for part in ("HttpOnly", "SameSite=strict", f"Path={BASE}", "Secure"):
            assert part in cookie

    @pytest.mark.parametrize("form", [{}, {"name": "staff"}, {"name": "staff", "passphrase": "x"}])
    def test_a_refusal_says_neither_which_part_was_wrong_nor_what_was_typed(
        self, house: House, form: dict[str, str]
    ) -> None:
        house.hire(Role.CLERK)
        answer = house.send("POST", f"{BASE}/sign-in", data=form)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert 'value="staff"' not in answer.text
        assert house.journal()[-1] == "sign_in.refused"

    def test_signing_out_ends_the_session(self, house: House) -> None:
        cookies = house.hire(Role.AUDITOR, Role.CLERK)
        form = {"csrf": house.csrf(cookies)}
        answer = house.send("POST", f"{BASE}/sign-out", headers=cookies, data=form)
        assert answer.headers["location"] == f"{BASE}/sign-in"
        assert house.send("GET", f"{BASE}/clerk", headers=cookies).status_code == 303

    def test_nobody_else_can_sign_somebody_out(self, house: House) -> None:
        cookies = house.hire(Role.CLERK)
        assert house.send("POST", f"{BASE}/sign-out", headers=cookies).status_code == 403
        assert house.send("GET", f"{BASE}/clerk", headers=cookies).status_code == 200


class TestReview:
    """The walk finds what is wrong, and only that."""

    def findings(self, house: House) -> tuple[Finding, ...]:
        reviewed = Reviewed(house.app, "counter", TENANT, OTHER, house.staff, NOW)
        return asyncio.run(review(reviewed))

    def test_a_route_without_a_mark(self, house: House) -> None:
        assert [(f.route.path, f.visitor) for f in self.findings(house)] == [
            ("/{tenant}/counter/unmarked", "reader of marks")
        ]

    def test_every_route_is_described(self, house: House) -> None:
        described = {(route.method, route.path) for route in describe_routes(house.app)}
        assert ("DELETE", "/{tenant}/counter/clerk") in described
        assert ("GET", "/{tenant}/counter/unmarked") in described
        assert ("GET", "/health") in described
        assert len(described) == 20

    def test_a_guard_that_lets_everybody_in(self, house: House) -> None:
        async def asleep(request: Request) -> None:
            """Let everybody in."""

        router = APIRouter(prefix="/{tenant}/counter")

        @router.post("/clerk")
        @staff(Role.CLERK)
        async def clerk() -> str:
            return "welcome"

        @router.get("/api")
        @service()
        async def api() -> str:
            return "welcome"

        pages = Pages(load_texts(CATALOG / "texts"), [], service="counter", tenants=TENANTS)
        refuser = Refuser(house.database, house.clock, pages)
        open_house = create_app(Parts("open", asleep, refuser, {}, [router], 1000))
        found = [
            (f.visitor, f.expected, f.got) for f in self.findings(replace(house, app=open_house))
        ]
        assert found == [
            ("anybody, in no municipality", 404, 200),
            ("nobody", 303, 200),
            ("staff without a role", 403, 200),
            ("staff of another municipality", 404, 200),
            ("a form without its token", 403, 200),
            ("anybody, in no municipality", 404, 200),
            ("a call without a token", 401, 200),
        ]

    @pytest.mark.parametrize(
        "mark", [public(""), protocol(""), staff(), staff(Role.CLERK), service()]
    )
    def test_a_mark_that_says_too_little(self, house: House, mark: Any) -> None:
        async def endpoint() -> None:
            """Do nothing."""

        house.app.add_api_route("/outside", mark(endpoint), methods=["GET"])
        visitors = {f.visitor for f in self.findings(house) if f.route.path == "/outside"}
        assert visitors == {"reader of marks"}
