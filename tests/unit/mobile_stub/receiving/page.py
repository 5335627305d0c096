"""The person: a browser in which she agrees, and the wallet in which she takes what is offered."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from madang.core.formats.sd_jwt.key_binding import holder_key
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.jwk import PublicKey
from tests.unit.mobile_stub.receiving.provider import REDIRECT
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import (
    NOW,
    World,
    credential,
    mdoc,
    run,
)


@dataclass
class Page:
    """The browser with a person in it who agrees.

    Attributes:
        office: whose page it is.
        changes: parameters of the answer instead of the good ones; None takes one away.
        redirect_uri: where it comes back to.
    """

    office: Office
    changes: dict[str, str | None] = field(default_factory=dict)
    redirect_uri: str = REDIRECT
    opened: list[str] = field(default_factory=list)

    async def authorize(self, url: str) -> str:
        self.opened.append(url)
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        office = self.office
        assert url.startswith(office.server_metadata["authorization_endpoint"])
        if "request_uri" in asked:
            assert asked.keys() == {"client_id", "request_uri"}
            asked = office.pushed.pop(asked["request_uri"])
        code = f"code-{len(self.opened)}-{len(office.codes)}"
        office.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": office.server, **self.changes}
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return f"{asked['redirect_uri']}?{query}"


def issue(name: str, key: PublicKey) -> str:
    """Issue in the format that a configuration's id ends with."""
    return mdoc(key) if name.endswith("mdoc") else credential(name, key)


def taken(
    world: World, link: str, page: Page | None = None, code: str | None = None
) -> list[dict[str, Any]]:
    """Open a link and accept what it offers."""
    scan = run(world.wallet.open(link))
    return run(world.wallet.receiver.accept(scan, code, NOW, page))


def bound_well(world: World) -> bool:
    """Tell whether every SD-JWT copy is bound to the key of its number."""
    return all(
        holder_key(parse(copy.credential).payload) == world.vault.signer(copy.number).public_key
        for copy in world.vault.copies()
        if copy.format == "dc+sd-jwt"
    )
