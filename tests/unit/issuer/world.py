"""An issuer over twins, a counter and a verifier that call it, and a wallet."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from sqlmodel import Session, SQLModel, select

from issuer.app import Deps, build
from issuer.settings import Settings
from issuer.sources.model import PersonId
from issuer.sources.synthetic.register import SyntheticRegister
from issuer.status.store import CredentialRow
from madang.access.service_token import Call, make
from madang.core.encoding import base64url, strict_json
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.decided import Decided
from madang.core.keys.jwk import PublicKey
from madang.core.keys.ring import Ring, Taken
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_ml_dsa_44, generate_p256
from madang.core.protocol.oauth.names import PreAuthorizedCode
from madang.core.protocol.oauth.token import TokenRequest, parse_token_response
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.key_attestation import KeyAttestation, make_key_attestation
from madang.core.protocol.oid4vci.offer import CredentialOffer, parse_offer_uri
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.core.protocol.oid4vp.result import PresentationResult, sign_result
from madang.infra import ca, journal
from madang.infra.clock import FixedClock
from madang.infra.http import Answer, HttpError
from madang.infra.ids import SeededIds
from madang.infra.key_ring import SECOND, NoActiveKey, version_name
from madang.infra.outbox import OutboxRow
from madang.infra.tenancy import Addresses
from tests.accreditations import KeptTwin

CATALOG = Path(__file__).resolve().parents[3] / "catalog"
DAY = date(2026, 11, 23)
NOW = 1_795_402_800 + 1234
ORIGIN = "https://id.hanbit.example"
TENANT, OTHER = "hanbit", "saebyeol"
CACHE, LONGEST = 300, 1095 * 86_400
"""Of published keys, and of what is signed with them; seconds."""


class Client:
    """Sends requests to an application in this process."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def request(self, method: str, path: str, **more: object) -> httpx.Response:
        return asyncio.run(self._send(method, path, **more))

    async def _send(self, method: str, path: str, **more: object) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, path, **more)

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: object) -> httpx.Response:
        return self.request("POST", path, **more)


class ServiceKeysTwin:
    """Public keys of services, in memory."""

    def __init__(self) -> None:
        self.signers: dict[str, Signer] = {}
        self.hidden: set[str] = set()

    def signer(self, issuer: str) -> Signer:
        return self.signers.setdefault(issuer, generate_p256("service"))

    def key(self, issuer: str) -> PublicKey | None:
        signer = None if issuer in self.hidden else self.signers.get(issuer)
        return signer.public_key if signer else None


@dataclass
class Authorities:
    """A root for each municipality, and signers with chains below it."""

    addresses: Addresses
    roots: dict[str, tuple[ca.Authority, ca.Authority]] = field(default_factory=dict)
    signers: dict[tuple[str, str], Signer] = field(default_factory=dict)

    def authority(self, tenant: str) -> tuple[ca.Authority, ca.Authority]:
        if tenant not in self.roots:
            keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
            root = ca.root(keys[0], f"{tenant} root", now=NOW)
            self.roots[tenant] = root, ca.intermediate(root, keys[1], "services", now=NOW)
        return self.roots[tenant]

    def anchors(self, tenant: str) -> Sequence[bytes]:
        return (self.authority(tenant)[0].der,)

    def provider(self, number: int = 1) -> Signer:
        """Return a wallet provider's key, below the root `provider`."""
        below, key = self.authority("provider")[1], ec.generate_private_key(ec.SECP256R1())
        uri = "https://provider.example"
        leaf = ca.leaf(below, key.public_key(), "p", uri=uri, dns="provider.example", now=NOW)
        return SoftwareSigner(key, f"provider-{number}", (leaf, below.der))

    def signer(self, tenant: str, service: str) -> Signer:
        if (tenant, service) not in self.signers:
            below = self.authority(tenant)[1]
            key, uri = (
                ec.generate_private_key(ec.SECP256R1()),
                self.addresses.identifier(tenant, service.partition(".")[0]),
            )
            leaf = ca.leaf(below, key.public_key(), service, uri=uri, dns="id.example", now=NOW)
            signer = SoftwareSigner(key, f"{tenant}-{service}", (leaf, below.der))
            self.signers[tenant, service] = signer
        return self.signers[tenant, service]


@dataclass
class KeysTwin:
    """Keys that turn, in memory; version n of a purpose is the authorities' `<purpose>.n`."""

    authorities: Authorities
    rings: dict[tuple[str, str], Ring] = field(default_factory=dict)

    def ring(self, tenant: str, purpose: str) -> Ring:
        first = Decided(self._key(tenant, purpose, 1).key_id, 0, 0, LONGEST)
        return self.rings.setdefault((tenant, purpose), Ring((first,)))

    def _key(self, tenant: str, purpose: str, number: int) -> Signer:
        name = version_name(purpose, number)
        if purpose == SECOND:
            made = self.authorities.signers.get((tenant, name)) or generate_ml_dsa_44(
                f"{tenant}-{name}"
            )
            return self.authorities.signers.setdefault((tenant, name), made)
        return self.authorities.signer(tenant, name)

    def rotate(self, tenant: str, purpose: str, *, now: int) -> Signer:
        ring = self.ring(tenant, purpose)
        key = self._key(tenant, purpose, len(ring.decided) + 1)
        ring = ring.announce(key.key_id, now=now, cache=CACHE, longest=LONGEST)
        self.rings[tenant, purpose] = ring
        return key

    def compromise(self, tenant: str, purpose: str, number: int, *, now: int) -> None:
        self.rings[tenant, purpose] = self.ring(tenant, purpose).compromise(number, now=now)

    def signer(self, tenant: str, purpose: str, *, now: int) -> Signer:
        active = self.ring(tenant, purpose).active(now)
        if active is None:
            raise NoActiveKey("none")
        return self._key(tenant, purpose, active.number)

    def published(self, tenant: str, purpose: str, *, now: int) -> Sequence[Signer]:
        found = self.ring(tenant, purpose).published(now)
        return [self._key(tenant, purpose, each.number) for each in found]

    def taken(self, tenant: str, purpose: str, *, now: int) -> Sequence[Taken]:
        return self.ring(tenant, purpose).taken(now)


class ListsTwin:
    """The network: what providers publish, by address."""

    def __init__(self) -> None:
        self.published: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        assert (method, content) == ("GET", None)
        assert headers == {"accept": "application/statuslist+jwt"}
        self.asked.append(url)
        if url not in self.published:
            raise HttpError("nobody is there")
        return Answer(200, {}, self.published[url])


@dataclass
class World:
    """The issuer and everybody around it.

    Attributes:
        log_signer: the key of the log of TENANT.
        provider: a wallet provider's key, under an anchor of the issuer.
        http: where the provider publishes its status lists.
    """

    client: Client
    deps: Deps
    settings: Settings
    clock: FixedClock
    ids: SeededIds
    keys: ServiceKeysTwin
    authorities: Authorities
    register: SyntheticRegister
    log_signer: Signer
    issuer_keys: KeysTwin
    provider: Signer
    http: ListsTwin

    @property
    def accreditations(self) -> KeptTwin:
        known = self.deps.accreditations
        assert isinstance(known, KeptTwin)
        return known

    def identifier(self, service: str = "issuer", tenant: str = TENANT) -> str:
        return self.deps.addresses.identifier(tenant, service)

    def evidence(self, person: PersonId, tenant: str = TENANT) -> dict[str, str]:
        resident = next(r for r in self.register.residents(tenant) if r.id == person)
        return {
            "name": resident.name,
            "birthdate": resident.birthdate.isoformat(),
            "document_number": resident.document_number,
            "method": "in_person_document",
            "evidence": "resident_card",
        }

    def people(self, *groups: str, tenant: str = TENANT) -> list[PersonId]:
        """Return residents of whom the register knows all the groups."""
        return [
            each.id
            for each in self.register.residents(tenant)
            if {*groups} <= self.register.record(tenant, each.id, DAY).keys()
        ]

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str = "clerk",
        tenant: str = TENANT,
        service: str = "counter",
        of: str | None = None,
    ) -> httpx.Response:
        """Call the API of `tenant` as a service of `of`."""
        content = b"" if body is None else strict_json.dumps(body).encode()
        issuer = self.identifier(service, of or tenant)
        target = f"/{tenant}/issuer/api/{path}"
        call = Call(self.identifier(tenant=tenant), method, target, content)
        token = make(
            self.keys.signer(issuer),
            call,
            issuer=issuer,
            actor="staff-1",
            roles=[role],
            now=self.clock.now(),
        )
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return self.client.request(method, target, content=content, headers=headers)

    def prove(self, person: PersonId, tenant: str = TENANT) -> str:
        answer = self.call("POST", "proofings", self.evidence(person, tenant), tenant=tenant)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["proofing_id"])

    def offer(self, person: PersonId, tenant: str = TENANT) -> dict[str, Any]:
        """Offer a Digital ID."""
        body = {"proofing_id": self.prove(person, tenant), "types": ["digital_id"]}
        answer = self.call("POST", "offers", body, tenant=tenant)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def result(self, compact: str, tenant: str = TENANT, **changes: object) -> str:
        """Return the verifier's word that a copy was presented."""
        digest, holder = digest_of(compact), holder_of(compact)
        result = PresentationResult(
            verifier=self.identifier("verifier", tenant),
            issuer=self.identifier(tenant=tenant),
            presentation_id=self.ids.token(),
            credential_type="digital_id",
            credential_digest=digest,
            holder=holder,
            issued_at=self.clock.now(),
            expires_at=self.clock.now() + 300,
        )
        return sign_result(replace(result, **changes), self.authorities.signer(tenant, "verifier"))

    def certificates(self, compact: str, *types: str, **changes: object) -> httpx.Response:
        """Ask for an offer to the holder of a presented Digital ID."""
        body = {"presentation_result": self.result(compact, **changes), "types": list(types)}
        return self.call("POST", "offers", body)

    def post(self, path: str, tenant: str = TENANT, **more: object) -> httpx.Response:
        return self.client.post(f"/{tenant}/issuer/{path}", **more)

    def redeem(self, offer: Mapping[str, Any], tenant: str = TENANT) -> str:
        """Return an access token for an offer."""
        answer = self.token_request(offer["offer_uri"], offer["tx_code"], tenant)
        assert answer.status_code == 200, answer.text
        return parse_token_response(answer.content).access_token

    def token_request(
        self, offer_uri: str, tx_code: str | None, tenant: str = TENANT
    ) -> httpx.Response:
        asked = TokenRequest(self.code_of(offer_uri), tx_code)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.post("token", tenant, content=asked.to_form(), headers=headers)

    def code_of(self, offer_uri: str) -> PreAuthorizedCode:
        """Return the code in an offer's link."""
        parsed = parse_offer_uri(offer_uri)
        assert isinstance(parsed, CredentialOffer)
        assert parsed.pre_authorized is not None
        return parsed.pre_authorized.pre_authorized_code

    def nonce(self, tenant: str = TENANT) -> str:
        return str(self.post("nonce", tenant).json()["c_nonce"])

    def proofs(self, keys: Sequence[Signer], nonce: str, audience: str = "") -> tuple[str, ...]:
        audience = audience or self.identifier()
        return tuple(make_proof_jwt(key, audience, nonce, self.clock.now()) for key in keys)

    def ask(self, token: str, body: object, tenant: str = TENANT) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return self.post("credential", tenant, content=strict_json.dumps(body), headers=headers)

    def fetch(
        self, token: str, type_id: str, keys: Sequence[Signer], **changes: object
    ) -> httpx.Response:
        """Send a credential request; `changes` replace members of its body."""
        proofs = self.proofs(keys, self.nonce())
        body = CredentialRequest(type_id, None, proofs).to_json() | changes
        return self.ask(token, {k: v for k, v in body.items() if v is not None})

    def attest(self, keys: Sequence[Signer], signer: Signer | None = None, **changes: Any) -> str:
        """Return the provider's word on holder keys; `changes` replace parts of it."""
        issued_at = changes.pop("issued_at", self.clock.now())
        attested = KeyAttestation(
            keys=tuple(key.public_key for key in keys),
            key_storage=("iso_18045_moderate",),
            user_authentication=("iso_18045_moderate",),
            nonce=self.nonce(),
            expires_at=self.clock.now() + 300,
        )
        return make_key_attestation(
            replace(attested, **changes), signer or self.provider, issued_at=issued_at
        )

    def proved(self, token: str, proofs: object, **changes: object) -> httpx.Response:
        """Ask for a Digital ID with these proofs; `changes` replace members of the body."""
        body = {"credential_configuration_id": "digital_id", "proofs": proofs} | changes
        return self.ask(token, {k: v for k, v in body.items() if v is not None})

    def rebuilt(self, **changes: object) -> "World":
        """Return the same world with an issuer that was started anew, by other settings."""
        settings = Settings.model_validate(self.settings.model_dump() | changes)
        return replace(self, settings=settings, client=Client(build(settings, self.deps)))

    def metadata(self) -> dict[str, Any]:
        """Return the credential issuer metadata."""
        path = f"/.well-known/openid-credential-issuer/{TENANT}/issuer"
        told: dict[str, Any] = self.client.get(path).json()
        return told

    def digital_id(self, person: PersonId, keys: Sequence[Signer]) -> list[str]:
        """Return the copies of a Digital ID."""
        answer = self.fetch(self.redeem(self.offer(person)), "digital_id", keys)
        assert answer.status_code == 200, answer.text
        return [each["credential"] for each in answer.json()["credentials"]]

    def set_status(self, compact: str, status: str, **more: str) -> httpx.Response:
        """Change a certificate's status as an officer."""
        digest = base64url.encode(digest_of(compact))
        body = {"credential_digest": digest, "status": status, "reason_code": "lost_device"}
        return self.call("POST", "credentials/status", body, role="officer", **more)

    def session(self) -> AbstractContextManager[Session]:
        return self.deps.database.reading()

    def count(self, model: type[SQLModel]) -> int:
        with self.session() as session:
            return len(session.exec(select(model)).all())

    def codes(self, tenant: str = TENANT) -> list[str]:
        with self.session() as session:
            return [entry.code for entry in journal.entries(session, tenant)]

    @contextmanager
    def refused(self, journal_code: str, tenant: str = TENANT) -> Iterator[None]:
        """Hold that the block leaves one line in the journal, and that nothing is issued."""
        codes, kept = self.codes(tenant), self.kept()
        yield
        assert self.codes(tenant) == [*codes, journal_code]
        assert self.kept() == kept

    def kept(self) -> tuple[int, int]:
        """Return how many copies were issued and how many log entries wait."""
        return self.count(CredentialRow), self.count(OutboxRow)


def digest_of(compact: str) -> bytes:
    return hashlib.sha256(compact.partition("~")[0].encode()).digest()


def payload_of(compact: str) -> dict[str, Any]:
    loaded: dict[str, Any] = strict_json.loads(parse(compact).issuer_jws.payload)
    return loaded


def holder_of(compact: str) -> str:
    return PublicKey.from_jwk(payload_of(compact)["cnf"]["jwk"]).thumbprint()
