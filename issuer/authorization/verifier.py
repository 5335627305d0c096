"""The issuer's calls to its municipality's verifier, with the issuer's own key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field

from issuer.authorization.model import PresentationId, VerifierAway
from madang.access.service_token import Call, make
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import Array, Message, read_json
from madang.infra.clock import Clock
from madang.infra.http import Answer, HttpClient, HttpError
from madang.infra.tenancy import Addresses

SERVICE: Final = "issuer"
_LINK: Final = re.compile(r"[a-z][a-z0-9+.-]*://[\x21-\x7e]{1,7900}")
_NEVER: Final = ("javascript:", "data:", "vbscript:")
_HELD: Final = 403
"""Answered; the verifier holds the result for the code with which the browser comes back."""
_GONE: Final = frozenset({_HELD, 404})
_MULTIPLE_CHOICES: Final = 300


class PresentationState(StrEnum):
    """How a presentation stands; `GONE` is the verifier's word for what is not to be had."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"
    EXPIRED = "expired"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Opened:
    """A presentation that was opened.

    Attributes:
        id: the verifier's.
        link: what the wallet reads.
    """

    id: PresentationId
    link: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the verifier says of a presentation.

    Attributes:
        state: how it stands.
        result: the verifier's signed word; None unless it was answered, and for a presentation
            with an address to return to also until the code of its return is told.
        failures: codes of the last refused answer.
    """

    state: PresentationState
    result: str | None = None
    failures: tuple[str, ...] = ()


class _New(Message):
    presentation_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
    request_uri: str
    same_device_uri: str | None = None


class _State(Message):
    state: Annotated[PresentationState, Field(strict=False)]
    failures: Array[str] = ()
    result: str | None = None


@dataclass(frozen=True, slots=True)
class VerifierClient:
    """Asks wallets for the Digital ID by the verifier's API.

    Attributes:
        http: sends requests.
        addresses: identifiers.
        signer: a municipality's key for calls of this service.
        clock: tells the time.
        purpose: what it is asked for, as registered.
    """

    http: HttpClient
    addresses: Addresses
    signer: Callable[[str], Signer]
    clock: Clock
    purpose: str

    async def ask(self, tenant: str, return_to: str | None) -> Opened:
        """Open a presentation whose result this municipality's issuer may act on.

        Args:
            tenant: the municipality.
            return_to: where a wallet on the same device sends the browser; None for another device.

        Raises:
            VerifierAway: it did not open one.
        """
        content = {
            "purpose": self.purpose,
            "audience": self.addresses.identifier(tenant, SERVICE),
            **({} if return_to is None else {"return_to": return_to}),
        }
        got = await self._call(tenant, "POST", "presentations", content)
        if got.status >= _MULTIPLE_CHOICES:
            raise VerifierAway(f"the verifier answered {got.status}")
        told = read_json(_New, got.body, DEFAULT_LIMITS, VerifierAway)
        link = told.request_uri if return_to is None else told.same_device_uri or told.request_uri
        if not _LINK.fullmatch(link) or link.startswith(_NEVER):
            raise VerifierAway("a link for a wallet was expected")
        return Opened(PresentationId(told.presentation_id), link)

    async def told(self, tenant: str, presentation: str, response_code: str | None = None) -> Told:
        """Return how a presentation stands.

        Args:
            tenant: the municipality.
            presentation: the verifier's id.
            response_code: what the browser came back with from a wallet on the same device.

        Raises:
            VerifierAway: it does not tell.
        """
        query = "" if response_code is None else f"?{urlencode({'response_code': response_code})}"
        path = f"presentations/{quote(presentation, safe='')}{query}"
        got = await self._call(tenant, "GET", path, None)
        if got.status == _HELD and response_code is None:
            return Told(PresentationState.ANSWERED)
        if got.status in _GONE:
            return Told(PresentationState.GONE)
        if got.status >= _MULTIPLE_CHOICES:
            raise VerifierAway(f"the verifier answered {got.status}")
        told = read_json(_State, got.body, DEFAULT_LIMITS, VerifierAway)
        return Told(told.state, told.result, told.failures)

    async def _call(
        self, tenant: str, method: str, path: str, content: Mapping[str, str] | None
    ) -> Answer:
        verifier = self.addresses.identifier(tenant, "verifier")
        url = f"{verifier}/api/{path}"
        body = b"" if content is None else strict_json.dumps(dict(content)).encode()
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        token = make(
            self.signer(tenant),
            Call(verifier, method, target, body),
            issuer=self.addresses.identifier(tenant, SERVICE),
            actor=SERVICE,
            roles=(),
            now=self.clock.now(),
        )
        headers = {"authorization": f"Bearer {token}"}
        if body:
            headers["content-type"] = "application/json"
        try:
            return await self.http.request(method, url, headers=headers, content=body or None)
        except HttpError as error:
            raise VerifierAway(str(error)) from error
