"""Server-rendered pages: Jinja templates that escape everything, in the reader's language."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from madang.infra.tenancy import Tenants
from madang.infra.web.i18n import COOKIE, LANGUAGES, Texts, language_of

_YEAR_SECONDS = 365 * 86_400
_OWN = Path(__file__).parent / "templates"


class Pages:
    """Renders pages.

    Args:
        texts: the words.
        folders: where the features keep their templates; looked through in order.
        service: name of the service, for the heading `service.<name>`.
        tenants: the municipalities, whose names stand in the heading.
    """

    def __init__(
        self, texts: Texts, folders: Sequence[Path], *, service: str, tenants: Tenants
    ) -> None:
        self._texts = texts
        self._service = service
        self._names = {str(tenant.id): tenant.names for tenant in tenants}
        self._environment = Environment(
            loader=FileSystemLoader([*folders, _OWN]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def text(self, request: Request, key: str, **values: object) -> str:
        """Return a text in the reader's language."""
        return self._texts.text(language_of(request), key, **values)

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,  # noqa: ANN401 - what the template shows
    ) -> HTMLResponse:
        """Return a page.

        Args:
            request: tells language, tenant and who is signed in.
            template: file name in one of the folders.
            status: HTTP status.
            headers: further headers.
            values: what the template shows.
        """
        language = language_of(request)
        tenant = str(request.path_params.get("tenant", ""))
        html = self._environment.get_template(template).render(
            t=partial(self._texts.text, language),
            known=partial(self._texts.has, language),
            language=language,
            languages=LANGUAGES,
            path=_address(request),
            method=request.method,
            tenant=tenant,
            municipality=self._names.get(tenant, {}).get(language, ""),
            service=self._service,
            base=f"/{tenant}/{self._service}",
            csrf=getattr(request.state, "csrf", ""),
            signed_in=getattr(request.state, "actor", None) is not None,
            **values,
        )
        response = HTMLResponse(html, status, {"cache-control": "no-store", **(headers or {})})
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                COOKIE, language, max_age=_YEAR_SECONDS, samesite="lax", httponly=True
            )
        return response


def _address(request: Request) -> str:
    """Return the page's address without the wish for a language.

    A path that begins with two slashes would lead to another host.
    """
    path = "/" + quote(request.scope["path"].lstrip("/"))
    query = request.url.remove_query_params("lang").query
    return f"{path}?{query}" if query else path
