"""What a resident sees of a log-in: the choice of ways, the wallet's turn, the agreement."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from issuer.authorization.desk import Desk, Seen
from issuer.authorization.model import Choosing, Known, Presenting, SignIn
from issuer.types.model import ConfigurationId, type_of
from madang.access.authorization.model import PendingAuthorization
from madang.infra.web.i18n import language_of
from madang.infra.web.limits import HEADERS, WITH_SCRIPT
from madang.infra.web.pages import Pages

PAGES: Final = Path(__file__).parent / "pages"
_POLICY: Final = "content-security-policy"
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,300}")
_ASKING: Final = {_POLICY: f"{WITH_SCRIPT[_POLICY]}; connect-src 'self'"}


@dataclass(frozen=True, slots=True)
class View:
    """Shows log-ins.

    Attributes:
        desk: what the pages do.
        pages: renders.
    """

    desk: Desk
    pages: Pages

    def show(self, request: Request, tenant: str, seen: Seen, sign_in: SignIn) -> Response:
        """Return the page for how a log-in stands, which may have changed behind the door."""
        request.state.csrf = sign_in.visit.csrf
        if isinstance(sign_in, Presenting):
            return self._wallet(request, tenant, sign_in)
        if isinstance(sign_in, Known):
            return self._consent(request, tenant, seen.pending, sign_in)
        return self._choose(request, tenant, seen.pending, sign_in)

    def _choose(
        self, request: Request, tenant: str, pending: PendingAuthorization, sign_in: SignIn
    ) -> Response:
        names, language = self.names(request, tenant), language_of(request)
        provider = self.desk.providers.names(tenant)
        trouble = sign_in.trouble if isinstance(sign_in, Choosing) else None
        asked = dict.fromkeys(type_of(ConfigurationId(name)) for name in pending.configurations)
        return self.pages.render(
            request,
            "choose.html",
            headers=leaving(pending.redirect_uri),
            here=here(tenant, pending.id),
            client=pending.client_name,
            certificates=[names.get(type_id, type_id) for type_id in asked],
            provider=None if provider is None else provider[language],
            trouble=None if trouble is None else trouble.value,
            ways=sign_in.visit.tries < self.desk.policy.tries,
        )

    def _wallet(self, request: Request, tenant: str, sign_in: Presenting) -> Response:
        return self.pages.render(
            request,
            "wallet.html",
            headers=_ASKING,
            here=here(tenant, sign_in.visit.authorization),
            device=sign_in.device.value,
            link=sign_in.link,
            seconds=self.desk.policy.look_seconds,
        )

    def _consent(
        self, request: Request, tenant: str, pending: PendingAuthorization, known: Known
    ) -> Response:
        language, types = language_of(request), self.desk.office.types(tenant)
        asked = self.desk.asked(tenant, pending, known)
        return self.pages.render(
            request,
            "consent.html",
            headers=leaving(pending.redirect_uri),
            here=here(tenant, pending.id),
            client=pending.client_name,
            address=shown_address(pending.redirect_uri),
            given=[each for each in asked if each.missing is None],
            missing=[each for each in asked if each.missing is not None],
            names=self.names(request, tenant),
            descriptions={type_id: each.descriptions[language] for type_id, each in types.items()},
        )

    def names(self, request: Request, tenant: str) -> Mapping[str, str]:
        """Return the names of what a municipality attests, in the reader's language."""
        types, language = self.desk.office.types(tenant), language_of(request)
        return {type_id: each.names[language] for type_id, each in types.items()}


def here(tenant: str, authorization: str) -> str:
    """Return the path of a log-in's page."""
    return f"/{tenant}/issuer/sign-in/{authorization}"


def shown_address(redirect_uri: str) -> str:
    """Return where a browser will go, as people can read it: host, or scheme of an app."""
    parts = urlsplit(redirect_uri)
    return parts.netloc or f"{parts.scheme}:"


def leaving(redirect_uri: str) -> Mapping[str, str]:
    """Return the headers of a page whose form leads to the client, which browsers else forbid.

    Some hold the addresses that a form's answer redirects to against `form-action` as well.
    """
    parts = urlsplit(redirect_uri)
    is_web = parts.scheme in {"http", "https"}
    if is_web and not _HOST.fullmatch(parts.netloc):
        return HEADERS
    source = f"{parts.scheme}://{parts.netloc}" if is_web else f"{parts.scheme}:"
    widened = HEADERS[_POLICY].replace("form-action 'self'", f"form-action 'self' {source}")
    return {_POLICY: widened}
