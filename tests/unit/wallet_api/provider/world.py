"""A wallet provider over real adapters in memory, and wallets that call it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from madang.access.service_token import Call, make
from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer, checker_for
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol import wallet_provider as wire
from madang.core.protocol.wallet_provider import INSTANCE_PROOF, KEY_PROOF, make_proof
from madang.core.status import token_jwt
from madang.core.trust.x509 import validate_chain
from madang.infra import ca, journal
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.tenancy import Addresses
from madang.infra.web.i18n import load_texts
from wallet_api.app import Deps, build
from wallet_api.settings import Settings

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
CATALOGUE = load_catalogue(CATALOG)
TEXTS = load_texts(CATALOG / "texts")
NOW = 1_795_402_800
TENANT, OTHER = "hanbit", "saebyeol"
ORIGIN = "https://id.hanbit.example"
PROVIDER = f"{ORIGIN}/{TENANT}/wallet"


class ProviderKeys:
    """Keys with chains, in memory."""

    def __init__(self) -> None:
        self.root = ca.root(_key(), "root", now=NOW)
        self._below = ca.intermediate(self.root, _key(), "below", now=NOW)
        self._signers: dict[tuple[str, str], Signer] = {}

    def signer(self, tenant: str, purpose: str, *, now: int) -> Signer:  # noqa: ARG002 - the port's
        if (tenant, purpose) not in self._signers:
            key, name = _key(), f"{tenant}/{purpose}"
            uri, dns = f"{ORIGIN}/{tenant}/wallet", "id.hanbit.example"
            leaf = ca.leaf(self._below, key.public_key(), name, uri=uri, dns=dns, now=NOW)
            self._signers[tenant, purpose] = SoftwareSigner(key, name, (leaf, self._below.der))
        return self._signers[tenant, purpose]


class Callers:
    """Public keys of the services that call."""

    def __init__(self) -> None:
        self.signers = {
            f"{ORIGIN}/{TENANT}/{name}": generate_p256(name) for name in ("counter", "verifier")
        }

    def key(self, issuer: str) -> PublicKey | None:
        found = self.signers.get(issuer)
        return None if found is None else found.public_key


@dataclass
class World:
    """The provider, its clock, and what is seen of it."""

    settings: Settings = field(default_factory=Settings)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    keys: ProviderKeys = field(default_factory=ProviderKeys)
    callers: Callers = field(default_factory=Callers)
    database: Database = field(default_factory=Database)

    def __post_init__(self) -> None:
        self.deps = Deps(
            clock=self.clock,
            ids=SeededIds("provider"),
            database=self.database,
            catalogue=CATALOGUE,
            addresses=Addresses(CATALOGUE.tenants),
            keys=self.keys,
            service_keys=self.callers,
            texts=TEXTS,
        )
        self.app = build(self.settings, self.deps)

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, url, **more)

        return asyncio.run(send())

    def post(self, path: str, body: object = None, provider: str = PROVIDER) -> httpx.Response:
        return self.request("POST", provider + path, json=body)

    def nonce(self, provider: str = PROVIDER) -> str:
        answer = self.post(wire.NONCE, provider=provider)
        assert answer.headers["cache-control"] == "no-store"
        return str(answer.json()["nonce"])

    def journal(self, tenant: str = TENANT) -> list[tuple[str, str | None]]:
        with self.database.reading() as session:
            return [(entry.code, entry.actor) for entry in journal.entries(session, tenant)]

    def codes(self) -> list[str]:
        return [code for code, _ in self.journal()]

    def opened(self, attestation: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims of what the provider signed, its chain checked."""
        parsed = jws.parse(attestation)
        chain = jws.decode_chain(parsed.header)
        key = validate_chain(chain, [self.keys.root.der], now=self.clock.now())
        assert jws.verify(parsed, checker_for(key))
        return parsed.header, jws.claims(parsed)

    def status(self, claims: dict[str, Any]) -> int:
        """Return what the list says of an attestation, the list's token checked."""
        entry = claims["status"]["status_list"]
        answer = self.request("GET", entry["uri"])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == token_jwt.MEDIA_TYPE
        parsed = token_jwt.parse(answer.content)
        chain = jws.decode_chain(parsed.header)
        key = validate_chain(chain, [self.keys.root.der], now=self.clock.now())
        token = token_jwt.verify(
            parsed, uri=entry["uri"], checker=checker_for(key), now=self.clock.now()
        )
        return token.packed.unpack().get(entry["idx"])

    def administrator(self, instance: str, *roles: str, service: str = "counter") -> httpx.Response:
        """Revoke a wallet as the municipality's staff do."""
        issuer = f"{ORIGIN}/{TENANT}/{service}"
        path = f"/{TENANT}/wallet/api/instances/revoke"
        body = strict_json.dumps({"instance": instance}).encode()
        token = make(
            self.callers.signers[issuer],
            Call(PROVIDER, "POST", path, body),
            issuer=issuer,
            actor="pseudonym",
            roles=roles,
            now=self.clock.now(),
        )
        headers = {"authorization": f"Bearer {token}"}
        return self.request("POST", ORIGIN + path, content=body, headers=headers)


@dataclass
class Wallet:
    """One instance."""

    world: World
    provider: str = PROVIDER
    signer: SoftwareSigner = field(default_factory=lambda: generate_p256("instance"))

    def proof(
        self, path: str, nonce: str, signer: SoftwareSigner | None = None, typ: str = ""
    ) -> str:
        return make_proof(
            signer or self.signer,
            typ or (INSTANCE_PROOF if signer is None else KEY_PROOF),
            endpoint=self.provider + path,
            nonce=nonce,
            issued_at=self.world.clock.now(),
        )

    def register(self) -> dict[str, str]:
        nonce = self.world.nonce(self.provider)
        body = {"proof": self.proof(wire.INSTANCES, nonce)}
        answer = self.world.post(wire.INSTANCES, body, self.provider)
        assert answer.status_code == 201, answer.text
        found: dict[str, str] = answer.json()
        return found

    def ask_wallet(self, key: SoftwareSigner) -> httpx.Response:
        path, nonce = wire.WALLET_ATTESTATION, self.world.nonce(self.provider)
        body = {"proof": self.proof(path, nonce), "key_proof": self.proof(path, nonce, key)}
        return self.world.post(path, body, self.provider)

    def ask_keys(self, *keys: SoftwareSigner, nonce: str | None = None) -> httpx.Response:
        path, own = wire.KEY_ATTESTATION, self.world.nonce(self.provider)
        proofs = [self.proof(path, own, key) for key in keys]
        body = {"proof": self.proof(path, own), "key_proofs": proofs}
        return self.world.post(path, body | ({"nonce": nonce} if nonce else {}), self.provider)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
