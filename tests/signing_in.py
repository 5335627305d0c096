"""A resident's browser at an issuer as it is built, with a verifier whose answers the test says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx

from issuer.sources.model import PersonId
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.infra.http import Answer, HttpError
from tests.authorizing import COOKIE, Stage
from tests.unit.issuer.world import TENANT

ABSTRACT = "resident_register_abstract"
VERIFIER = f"https://id.hanbit.example/{TENANT}/verifier/api/presentations"
LOOK_SECONDS = 2


@dataclass
class VerifierAtHand:
    """The network with a verifier behind it, whose answers the test says."""

    result: str | None = None
    away: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        if self.away:
            raise HttpError("nobody there")
        assert headers is not None
        assert headers["authorization"].startswith("Bearer ")
        if (method, url) == ("POST", VERIFIER):
            self.asked.append(strict_json.loads(content or b""))
            new = {"presentation_id": "p-1", "request_uri": "haip-vp://?client_id=x"}
            return Answer(201, {}, strict_json.dumps(new).encode())
        if (method, url) == ("GET", f"{VERIFIER}/p-1?response_code=guessed"):
            return Answer(403, {}, b"{}")
        if (method, url) == ("GET", f"{VERIFIER}/p-1"):
            state = {"state": "answered" if self.result else "open", "result": self.result}
            return Answer(200, {}, strict_json.dumps(state).encode())
        raise HttpError(f"nobody at {url}")


@dataclass
class Resident:
    """A person with a browser, a wallet of holder keys, and a Digital ID in it."""

    on: Stage
    verifier: VerifierAtHand
    person: PersonId
    keys: list[Signer]
    browser: str = ""

    def send(self, method: str, url: str, **more: str) -> httpx.Response:
        headers = {"accept": "text/html", "accept-language": "ko"}
        if self.browser:
            headers["cookie"] = f"{COOKIE}={self.browser}"
        data = more or None
        return self.on.world.client.request(method, url, headers=headers, data=data)

    def open(self, request_uri: str) -> str:
        """Open the wallet's link; return the address of the log-in page."""
        answer = self.on.open(request_uri)
        self.browser = str(answer.cookies[COOKIE])
        return str(answer.headers["location"])

    def form(self, page: str, action: str, **fields: str) -> httpx.Response:
        shown = self.send("GET", page)
        assert shown.status_code == 200, shown.text
        token = re.search(r'name="csrf" value="([^"]+)"', shown.text)
        assert token is not None
        return self.send("POST", f"{page}/{action}", csrf=token[1], **fields)

    def log_in(self, page: str) -> None:
        """Present the Digital ID."""
        compact = self.on.world.digital_id(self.person, self.keys)[0]
        assert self.form(page, "wallet", device="other").status_code == 303
        self.verifier.result = self.on.world.result(compact)
        self.on.world.clock.advance(LOOK_SECONDS)


def invited(resident: Resident, person: PersonId) -> str:
    """Have a clerk offer a certificate for a log-in; return the offer's `issuer_state`."""
    on = resident.on
    compact = on.world.digital_id(person, [generate_p256("at the counter")])[0]
    body = {
        "presentation_result": on.world.result(compact),
        "types": [ABSTRACT],
        "grant": "authorization_code",
    }
    answer = on.world.call("POST", "offers", body)
    assert answer.status_code == 201, answer.text
    offer = parse_qs(urlsplit(answer.json()["offer_uri"]).query)["credential_offer"][0]
    state: str = strict_json.loads(offer)["grants"]["authorization_code"]["issuer_state"]
    return state
