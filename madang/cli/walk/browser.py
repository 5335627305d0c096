"""A person at a page: follows links and sends forms, without scripts.

The main path uses the pages that people use, so what breaks a page breaks the path.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

_VOID_OF_TEXT = {"script", "style"}
_EMPTY_ELEMENTS = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}


class PageError(RuntimeError):
    """A page did not hold what a person would have looked for."""


@dataclass(slots=True)
class Form:
    """One form of a page: where it goes and what its fields hold already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collect forms, images, links and the text of elements that have an id."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.images: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._open: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", "")))
        elif tag == "input" and self.forms and values.get("name"):
            self._field(values)
        elif tag == "img":
            self.images[values.get("id", values.get("src", ""))] = values.get("src", "")
        if values.get("id"):
            self.texts.setdefault(values["id"], "")
        if tag not in _EMPTY_ELEMENTS:
            self._open.append((tag, values.get("id")))

    def _field(self, values: dict[str, str]) -> None:
        if values.get("type") in {"checkbox", "radio", "submit"}:
            return
        self.forms[-1].fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, _ = self._open.pop()
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if any(tag in _VOID_OF_TEXT for tag, _ in self._open):
            return
        for _, identifier in self._open:
            if identifier:
                self.texts[identifier] += data


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was answered."""

    url: str
    status: int
    forms: tuple[Form, ...]
    images: dict[str, str]
    texts: dict[str, str]

    def form(self, ending: str) -> Form:
        """Return the form whose action ends with `ending`; PageError if there is none."""
        for form in self.forms:
            if form.action.split("?")[0].endswith(ending):
                return form
        actions = ", ".join(form.action for form in self.forms) or "none"
        raise PageError(f"{self.url} has no form that goes to …{ending}; its forms: {actions}")

    def text(self, identifier: str) -> str:
        """Return the text of the element with this id; PageError if it is not on the page."""
        if identifier not in self.texts:
            raise PageError(f"{self.url} has no element with the id {identifier}")
        return self.texts[identifier].strip()

    def image(self, identifier: str) -> str:
        """Return the address of the picture with this id; PageError if it is not on the page."""
        if identifier not in self.images:
            raise PageError(f"{self.url} has no picture with the id {identifier}")
        return urljoin(self.url, self.images[identifier])


class Browser:
    """Cookies of one person and the pages that person opens.

    Args:
        client: an HTTP client of this person's own, because it keeps the cookies.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(self, url: str) -> Page:
        """Open an address; PageError if the answer is not a page."""
        return _page(await self._client.get(url, follow_redirects=True))

    async def send(self, page: Page, ending: str, **values: str | list[str]) -> Page:
        """Fill the form that goes to `…ending` with `values`, send it, return the page after it."""
        form = page.form(ending)
        data: dict[str, str | list[str]] = {**form.fields, **values}
        address = urljoin(page.url, form.action)
        return _page(await self._client.post(address, data=data, follow_redirects=True))

    async def bytes(self, url: str) -> bytes:
        """Load a picture or a document."""
        answer = await self._client.get(url)
        if answer.status_code != httpx.codes.OK:
            raise PageError(f"{url} answered {answer.status_code}, expected 200")
        return answer.content

    async def try_json(self, url: str) -> dict[str, Any] | None:
        """Load a JSON document; None while there is none at this address."""
        answer = await self._client.get(url)
        if answer.status_code != httpx.codes.OK:
            return None
        found: dict[str, Any] = answer.json()
        return found


def _page(answer: httpx.Response) -> Page:
    reader = _Reader()
    reader.feed(answer.text)
    url = str(answer.url)
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        title = reader.texts.get("error", "").strip() or answer.text[:200]
        raise PageError(f"{url} answered {answer.status_code}: {title}")
    return Page(url, answer.status_code, tuple(reader.forms), reader.images, reader.texts)
