"""An issuer with clients of every kind, and what they send; nothing stands in for the server."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from issuer.app import server_of
from issuer.offers.entitlements import Entitlements
from issuer.offers.store import OfferStore
from issuer.office import Office
from issuer.settings import Settings
from madang.access.authorization.model import GrantId, browser_cookie
from madang.access.authorization.server import AuthorizationServer
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.oauth.authorization import AuthorizationRequest, read_answer
from madang.core.protocol.oauth.client_assertion import make_assertion
from madang.core.protocol.oauth.client_attestation import make_attestation, make_pop
from madang.core.protocol.oauth.details import AuthorizationDetail
from madang.core.protocol.oauth.dpop import make_dpop
from madang.core.protocol.oauth.names import (
    ASSERTION_TYPE,
    ATTEST_JWT_CLIENT_AUTH,
    CLIENT_ATTESTATION,
    CLIENT_ATTESTATION_POP,
    NONE,
    PRIVATE_KEY_JWT,
)
from madang.core.protocol.oauth.pkce import challenge_of
from madang.core.protocol.oauth.registration import ClientRegistration, read_registration
from madang.core.protocol.oauth.token import CodeRequest
from madang.infra.clock import FixedClock
from madang.infra.http import HttpClient, HttpxClient
from madang.infra.ids import SystemIds
from tests.unit.issuer.founding import open_world
from tests.unit.issuer.world import (
    CATALOG,
    NOW,
    ORIGIN,
    TENANT,
    World,
)
from tests.unit.madang.core.protocol.oauth.providers import Provider

CALLBACK = "https://wallet.example/cb"
COOKIE = "__Host-madang_authorization"
VERIFIER = "v" * 43
DETAIL = AuthorizationDetail(type="openid_credential", credential_configuration_id="lease")
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Party:
    """A client.

    Attributes:
        method: how it authenticates.
        key: of its assertions, or attested.
        dpop: of its DPoP proofs.
    """

    client_id: str
    method: str
    key: SoftwareSigner = field(default_factory=lambda: generate_p256("k1"))
    dpop: SoftwareSigner = field(default_factory=lambda: generate_p256("dpop"))

    def registered(self) -> ClientRegistration:
        jwks = {"keys": [{**self.key.public_key.to_jwk(), "kid": "k1"}]}
        value = {
            "client_id": self.client_id,
            "client_name": self.client_id.title(),
            "token_endpoint_auth_method": self.method,
            "redirect_uris": [CALLBACK],
            **({"jwks": jwks} if self.method == PRIVATE_KEY_JWT else {}),
        }
        return read_registration(value, ValueError)


ASSERTING, OTHER_ASSERTING = Party("office", PRIVATE_KEY_JWT), Party("bureau", PRIVATE_KEY_JWT)
PUBLIC = Party("kiosk", NONE)
ATTESTED, UNLISTED = Party("wallet", ATTEST_JWT_CLIENT_AUTH), Party("guest", ATTEST_JWT_CLIENT_AUTH)
LISTED = (ASSERTING, OTHER_ASSERTING, PUBLIC, ATTESTED)
PARTIES = (*LISTED, UNLISTED)
PROVIDER = Provider(now=NOW)


@dataclass
class Stage:
    """The issuer, and the hands of clients and browsers.

    Attributes:
        server: the same one's parts, for what the log-in feature does.
        grant: what a resident may fetch who has logged in.
    """

    world: World
    server: AuthorizationServer
    grant: GrantId

    @property
    def issuer(self) -> str:
        return self.world.identifier()

    @property
    def cookie(self) -> str:
        return browser_cookie(self.issuer)

    @property
    def now(self) -> int:
        return self.world.clock.now()

    def nonce(self) -> str:
        """Return a nonce, as it comes with the answer to anything."""
        return self.world.post("challenge").headers["dpop-nonce"]

    def proof(self, path: str, party: Party = ASSERTING, **more: Any) -> str:
        """Return a DPoP proof for an endpoint; `more` replaces what it says."""
        said = {"jti": SystemIds().token(), "issued_at": self.now, "nonce": self.nonce(), **more}
        url = said.pop("url", f"{self.issuer}/{path}")
        return make_dpop(party.dpop, said.pop("method", "POST"), url, **said)

    def assertion(self, party: Party = ASSERTING, **more: Any) -> str:
        said = {"jti": SystemIds().token(), "issued_at": self.now, **more}
        audience = said.pop("audience", self.issuer)
        return make_assertion(party.key, said.pop("client_id", party.client_id), audience, **said)

    def attestation(self, party: Party = ATTESTED, **more: Any) -> str:
        said = {
            "client_id": party.client_id,
            "key": party.key.public_key,
            "issued_at": self.now,
            "expires_at": self.now + 3600,
            **more,
        }
        return make_attestation(said.pop("by", PROVIDER.signer), **said)

    def pop(self, party: Party = ATTESTED, **more: Any) -> str:
        said = {
            "client_id": party.client_id,
            "audience": self.issuer,
            "jti": SystemIds().token(),
            "issued_at": self.now,
            "challenge": self.world.post("challenge").json()["attestation_challenge"],
            **more,
        }
        return make_pop(said.pop("by", party.key), **said)

    def credentials(self, party: Party) -> tuple[dict[str, str], dict[str, str]]:
        """Return the parameters and the headers that authenticate a client."""
        if party.method == PRIVATE_KEY_JWT:
            form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": ""}
            return form | {"client_assertion": self.assertion(party)}, {}
        if party.method == ATTEST_JWT_CLIENT_AUTH:
            attested = {CLIENT_ATTESTATION: self.attestation(party)}
            return {}, attested | {CLIENT_ATTESTATION_POP: self.pop(party)}
        return {}, {}

    def send(
        self,
        path: str,
        party: Party,
        form: Mapping[str, str | None],
        headers: Mapping[str, str | None] | None = None,
    ) -> httpx.Response:
        """Send a form as a client with a DPoP proof; None takes a parameter or header away."""
        own, authenticated = self.credentials(party)
        named = {"client_id": party.client_id, **own, **form}
        sent = {**FORM, **authenticated, "dpop": self.proof(path, party), **(headers or {})}
        return self.world.post(
            path,
            data={k: v for k, v in named.items() if v is not None},
            headers={k: v for k, v in sent.items() if v is not None},
        )

    def push(
        self, party: Party = ASSERTING, headers: Mapping[str, str | None] | None = None, **form: Any
    ) -> httpx.Response:
        request = AuthorizationRequest(
            party.client_id, CALLBACK, challenge_of(VERIFIER), "st", ("lease",)
        )
        return self.send("par", party, request.to_parameters() | form, headers)

    def pushed(self, party: Party = ASSERTING, **form: Any) -> str:
        answer = self.push(party, **form)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def open(
        self, request_uri: str, client_id: str = ASSERTING.client_id, browser: str = ""
    ) -> httpx.Response:
        """Open the authorization endpoint in a browser that knows a cookie or none."""
        cookies = {"cookie": f"{self.cookie}={browser}"} if browser else {}
        asked = {"client_id": client_id, "request_uri": request_uri}
        return self.world.client.get(f"/{TENANT}/issuer/authorize", params=asked, headers=cookies)

    def opened(self, request_uri: str, client_id: str) -> tuple[str, str]:
        """Return the id in the log-in page's address, and the browser's cookie."""
        answer = self.open(request_uri, client_id)
        assert answer.status_code == 303, answer.text
        page = answer.headers["location"]
        assert page.startswith(f"{self.issuer}/sign-in/")
        return page.rpartition("/")[2], str(answer.cookies[self.cookie])

    def approve(self, pending: str, configurations: Sequence[str] = ("lease",)) -> str:
        """Agree as the log-in feature does; return where the browser goes."""
        with self.world.deps.database.transaction() as session:
            approve = self.server.requests.approve
            return approve(session, TENANT, pending, self.grant, configurations, now=self.now)

    def code(self, party: Party = ASSERTING, **form: Any) -> str:
        pending, _ = self.opened(self.pushed(party, **form), party.client_id)
        return read_answer(self.approve(pending), issuer=self.issuer, state="st")

    def exchange(
        self,
        code: str,
        /,
        party: Party = ASSERTING,
        headers: Mapping[str, str | None] | None = None,
        **form: Any,
    ) -> httpx.Response:
        said = parse_qs(CodeRequest(code, VERIFIER, CALLBACK).to_form())
        return self.send("token", party, {k: v[0] for k, v in said.items()} | form, headers)

    def tokens(self, party: Party = ASSERTING, **form: Any) -> dict[str, Any]:
        answer = self.exchange(self.code(party, **form), party)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refresh(
        self,
        token: str,
        party: Party = ASSERTING,
        headers: Mapping[str, str | None] | None = None,
        **form: Any,
    ) -> httpx.Response:
        said = {"grant_type": "refresh_token", "refresh_token": token}
        return self.send("token", party, said | form, headers)

    def ask(self, token: str, headers: Mapping[str, str], query: str = "") -> httpx.Response:
        """Ask for a credential; a good token gets as far as the key proofs' refusal."""
        sent = {"authorization": f"DPoP {token}", "content-type": "application/json", **headers}
        proofs = self.world.proofs([generate_p256("h")], self.world.nonce())
        body = {"credential_configuration_id": "lease", "proofs": {"jwt": list(proofs)}}
        return self.world.post(f"credential{query}", json=body, headers=sent)

    def good(self, token: str, party: Party = ASSERTING) -> bool:
        """Tell whether an access token still counts."""
        proof = self.proof("credential", party, access_token=token)
        answer = self.ask(token, {"dpop": proof})
        # The key holds no Digital ID of the resident: that is what a good token is told.
        return answer.status_code == 400 and answer.json()["error"] == "credential_request_denied"


@contextmanager
def stage(
    folder: Path,
    http: HttpClient | None = None,
    anchors: tuple[bytes, ...] = (PROVIDER.anchor,),
    clock: Any = None,
    **changes: Any,
) -> Iterator[Stage]:
    """Open an issuer; `changes` replace settings, of which `origins` tell its address."""
    settings = Settings(state_dir=folder, catalog_dir=CATALOG, status_list_size=4096, **changes)
    world = open_world(
        settings,
        PROVIDER.signer,
        clock=clock or FixedClock(NOW),
        key_attestation_anchors=(PROVIDER.anchor,),
        http=http or HttpxClient(),
        wallet_anchors=anchors,
        clients={TENANT: {each.client_id: each.registered() for each in LISTED}},
    )
    deps, ids = world.deps, world.ids
    office = Office(settings, deps.clock, ids, deps.database, deps.catalogue, deps.addresses)
    # Its own chance: two servers that draw the same would hand out the same codes.
    server = server_of(office, replace(deps, ids=SystemIds()))
    (person, *_) = world.people("lease", "income")
    types = tuple(map(TypeId, ("lease", "digital_id", "household_income")))
    with deps.database.transaction() as session:
        entitle = Entitlements(OfferStore(session), 30 * 86_400).entitle
        grant = entitle(office.work(session, TENANT), person, IdentityLevel.HIGH, types)
    yield Stage(world, server, grant)
    deps.database.close()


def address(path: str, tenant: str = TENANT) -> str:
    return f"{ORIGIN}/{tenant}/issuer/{path}"


def location(answer: httpx.Response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer.headers["location"]).query)
