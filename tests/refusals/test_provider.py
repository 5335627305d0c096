"""A wallet that its provider revoked, at an issuer: rows I12 and I19, over the real provider.

The provider runs beside the issuer, reached as over the network; nothing stands in for its list.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol import wallet_provider as wire
from madang.core.protocol.oauth.names import CLIENT_ATTESTATION, CLIENT_ATTESTATION_POP
from madang.infra.http import Answer, HttpClient, HttpError, HttpxClient
from tests.authorizing import ATTESTED, PROVIDER, Stage, stage
from tests.unit.issuer.world import NOW, ORIGIN
from tests.unit.wallet_api.provider.world import ProviderKeys, Wallet, World
from wallet_api.settings import Settings


class OneKey(ProviderKeys):
    """The provider that the issuer knows signs everything by one key."""

    def signer(self, tenant: str, purpose: str, *, now: int) -> Signer:  # noqa: ARG002 - the port's
        return PROVIDER.signer


class Cut:
    """The network, which may be away."""

    def __init__(self, http: HttpClient) -> None:
        self.away = False
        self._http = http

    async def request(self, method: str, url: str, **more: object) -> Answer:
        if self.away:
            raise HttpError("nobody answers")
        return await self._http.request(method, url, **more)  # type: ignore[arg-type]


@dataclass
class Scene:
    """A wallet between its provider and an issuer."""

    on: Stage
    provider: World
    wallet: Wallet
    network: Cut

    def push(self) -> httpx.Response:
        """Come with a fresh attestation for a fresh key, as to any issuer."""
        key = generate_p256("for this issuer")
        answer = self.wallet.ask_wallet(key)
        return self.come(answer.json()["attestation"], key)

    def come(self, attestation: str, key: Signer) -> httpx.Response:
        headers = {CLIENT_ATTESTATION: attestation, CLIENT_ATTESTATION_POP: self.on.pop(by=key)}
        return self.on.push(ATTESTED, headers)


@contextmanager
def _opened(folder: Path) -> Iterator[Scene]:
    settings = Settings(wallet_client_id=ATTESTED.client_id)
    provider = World(settings, keys=OneKey())
    provider.clock.advance(NOW - provider.clock.now())
    network = Cut(HttpxClient(apps={ORIGIN: provider.app}))
    with stage(folder, network) as on:
        yield Scene(on, provider, Wallet(provider), network)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with _opened(tmp_path) as opened:
        yield opened


def refused(answer: httpx.Response, scene: Scene) -> None:
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client_attestation")
    assert answer.headers["cache-control"] == "no-store"
    assert scene.on.world.codes()[-1] == "client.invalid_client_attestation"


def test_i19_a_wallet_that_its_provider_attests_is_let_in(scene: Scene) -> None:
    scene.wallet.register()
    assert scene.push().status_code == 201


REVOKERS: dict[str, Callable[[Scene, dict[str, str]], httpx.Response]] = {
    "holder": lambda scene, told: scene.provider.post(wire.REVOCATION, told),
    "administrator": lambda scene, told: scene.provider.administrator(
        told["instance"], "administrator"
    ),
}


@pytest.mark.parametrize("by", REVOKERS)
def test_i19_an_attestation_of_a_wallet_that_was_revoked_since(scene: Scene, by: str) -> None:
    told, key = scene.wallet.register(), generate_p256("key")
    attestation = scene.wallet.ask_wallet(key).json()["attestation"]
    assert scene.come(attestation, key).status_code == 201
    assert REVOKERS[by](scene, told).status_code in {200, 204}
    # The list may be kept for its `ttl`, and no longer.
    scene.on.world.clock.advance(60)
    scene.provider.clock.advance(60)
    refused(scene.come(attestation, key), scene)


def test_i19_a_status_that_nobody_tells_is_not_good(scene: Scene) -> None:
    scene.wallet.register()
    key = generate_p256("key")
    attestation = scene.wallet.ask_wallet(key).json()["attestation"]
    scene.network.away = True
    refused(scene.come(attestation, key), scene)


def test_i19_a_status_that_names_no_list_is_not_good(scene: Scene) -> None:
    key = generate_p256("key")
    claims = {"status": {"elsewhere": 1}}
    attestation = scene.on.attestation(key=key.public_key, claims=claims)
    refused(scene.come(attestation, key), scene)
