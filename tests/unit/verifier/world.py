"""A city around one verifier: issuers with real chains, holders with keys, lists, a log, a desk."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from madang.access.service_token import Call, FolderServiceKeys, make
from madang.access.staff import Role, Staff
from madang.core.catalog.payload import build_payload
from madang.core.envelope import jwe, jws
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue
from madang.core.formats.sd_jwt.present import bind, present
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.oid4vp.request import RequestObject
from madang.core.protocol.oid4vp.request_check import verify_request
from madang.core.protocol.oid4vp.request_link import PlainRequest, parse_request_link
from madang.core.protocol.oid4vp.response import answer_form
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.status import token_cwt, token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import StatusList
from madang.core.trust.accreditation import Verifier, parse_document
from madang.infra import ca, journal
from madang.infra.anchors import load_anchors as load_roots
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.federation import load_authorities
from madang.infra.http import Answer, HttpError
from madang.infra.ids import SeededIds
from madang.infra.keystore import Keystore
from madang.infra.outbox import OutboxWorker
from madang.infra.setup import StateFolders, keystore, prepare_state
from madang.infra.tenancy import Addresses
from madang.infra.transaction_types import load_transaction_types
from madang.infra.trust import Trust, load_anchors, types_by_vct
from madang.infra.web.i18n import load_texts
from tests.accreditations import KeptTwin, RegistryTwin, founded_in
from tests.unit.verifier.published_log import PublishedLog
from verifier.app import Deps, build, load_log_keys
from verifier.keys.store import SqlKeyBook
from verifier.keys.usecases import Keyring
from verifier.presentations.attestations import load_attestations
from verifier.settings import Settings

CATALOG = Path(__file__).resolve().parents[3] / "catalog"
NOW = 1_770_000_000
"""2 February 2026 in Seoul."""
DAY = 86_400
TENANT, NEIGHBOUR = "hanbit", "saebyeol"
RENT = "youth_monthly_rent"
RENT_TYPES = {
    "identity": "digital_id",
    "residence": "resident_register_abstract",
    "income": "household_income",
    "lease": "lease",
    "support": "housing_support_none",
}
"""Query id to certificate type, as the rule has them."""

Path_ = tuple[str | int | None, ...]


class Web:
    """The network's twin: what is published, and how often each address was asked for."""

    def __init__(self) -> None:
        self.published: dict[str, bytes] = {}
        self.media_type = token_jwt.MEDIA_TYPE
        self.media_types: dict[str, str] = {}
        self.status = 200
        self.asked: list[str] = []

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,  # the port's shape
        content: bytes | None = None,  # noqa: ARG002  # the port's shape
    ) -> Answer:
        self.asked.append(url)
        await asyncio.sleep(0)  # others go on while one waits for the network
        if url not in self.published:
            raise HttpError(f"{method} {url}: nobody there")
        kind = self.media_types.get(url, self.media_type)
        headers = {"content-type": f"{kind}; charset=utf-8"}
        return Answer(self.status, headers, self.published[url])


class Browser:
    """Calls the application without a network, one request at a time; keeps cookies."""

    def __init__(self, app: FastAPI, base_url: str) -> None:
        self.app, self.base_url = app, base_url
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base_url)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._client.request(method, url, **options))

    def together(self, *posts: tuple[str, str]) -> list[httpx.Response]:
        """Post several bodies at the same time."""

        async def all_of_them() -> list[httpx.Response]:
            calls = (self._client.post(url, content=body) for url, body in posts)
            return await asyncio.gather(*calls)

        return asyncio.run(all_of_them())

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)


@dataclass(frozen=True, repr=False)
class Land:
    """What every test shares, because making keys and certificates takes time."""

    settings: Settings
    keys: Keystore
    holders: Sequence[Signer]
    stranger: Signer

    @property
    def folders(self) -> StateFolders:
        return StateFolders(self.settings.state_dir)

    def registry(self, catalogue: Catalogue, addresses: Addresses) -> RegistryTwin:
        return founded_in(self.folders, catalogue, addresses, NOW - 30 * DAY)


def found_land(state: Path) -> Land:
    """Make a state folder with all keys, holders, and an issuer whose root nobody trusts."""
    settings = Settings(state_dir=state, catalog_dir=CATALOG, key_passphrase="open sesame")
    catalogue = load_catalogue(CATALOG)
    addresses = Addresses(catalogue.tenants)
    prepare_state(settings, catalogue, addresses, FixedClock(NOW))
    root = ca.root(ec.generate_private_key(ec.SECP256R1()), "nobody", now=NOW)
    below = ca.intermediate(root, ec.generate_private_key(ec.SECP256R1()), "nobody's", now=NOW)
    stranger = certified(below, addresses.identifier(TENANT, "issuer"))
    holders = [generate_p256(f"holder-{number}") for number in range(2)]
    return Land(settings, keystore(settings), holders, stranger)


def certified(authority: ca.Authority, uri: str, *, now: int = NOW) -> SoftwareSigner:
    """Return a signer with a leaf below an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = ca.leaf(authority, key.public_key(), "leaf", uri=uri, dns="id.example", now=now)
    return SoftwareSigner(key, "k1", (leaf, authority.der))


@dataclass(repr=False)
class City:
    """One verifier with everything around it; made anew for each test."""

    land: Land
    settings: Settings
    clock: FixedClock
    web: Web
    log: PublishedLog
    deps: Deps
    client: Browser
    statuses: StatusList = field(default_factory=lambda: StatusList.of_size(64))

    @property
    def accreditations(self) -> KeptTwin:
        known = self.deps.accreditations
        assert isinstance(known, KeptTwin)
        return known

    @property
    def trust(self) -> Trust:
        return Trust(self.accreditations, types_by_vct(self.deps.catalogue, self.deps.addresses))

    # --- names

    def identifier(self, service: str, tenant: str = TENANT) -> str:
        return self.deps.addresses.identifier(tenant, service)

    @property
    def roots(self) -> tuple[bytes, ...]:
        return load_anchors(self.land.folders.anchors, TENANT)

    @property
    def list_uri(self) -> str:
        return f"{self.identifier('issuer')}/statuslists/1"

    def vct(self, type_id: str) -> str:
        return self.deps.catalogue.vct(self.deps.addresses, type_id)

    # --- the issuer

    def credential(
        self,
        type_id: str,
        *,
        signer: Signer | None = None,
        header: Mapping[str, object] | None = None,
        holder: int = 0,
        index: int = 7,
        record: Mapping[str, Mapping[str, object]] | None = None,
        **changes: object,
    ) -> str:
        """Issue the type's example; a change to None takes a member away."""
        by = signer or self.land.keys.signer(TENANT, "issuer")
        kind = self.deps.catalogue.types[type_id]  # type: ignore[index]
        groups = {**kind.example.record}
        for group, members in (record or {}).items():
            groups[group] = {**groups[group], **members}
        claims, sd_paths = build_payload(kind, groups)
        members = {
            "iss": self.identifier("issuer"),
            "vct": self.vct(type_id),
            "iat": NOW - DAY,
            "exp": NOW + 30 * DAY,
            "cnf": {"jwk": self.land.holders[holder].public_key.to_jwk()},
            "status": {"status_list": {"uri": self.list_uri, "idx": index}},
            **claims,
            **changes,
        }
        payload = {name: value for name, value in members.items() if value is not None}
        known = {"typ": "dc+sd-jwt", "x5c": jws.encode_chain(by.certificate_chain)}
        salts = (f"salt-{type_id}-{number}" for number in count())
        used = {name: value for name, value in {**known, **(header or {})}.items() if value}
        frame = SdFrame.of(path for path in sd_paths if path[0] in payload)
        return issue(payload, frame, signer=by, header=used, salts=salts).compact

    def publish_list(
        self,
        at: str | None = None,
        *,
        signer: Signer | None = None,
        statuses: StatusList | None = None,
        **changes: Any,  # of the token
    ) -> None:
        """Publish the status list as it stands, in the form that the network's twin serves."""
        by = signer or self.land.keys.signer(TENANT, "issuer")
        said = {
            "issued_at": NOW,
            "expires_at": NOW + DAY,
            "ttl": 60,
            "uri": self.list_uri,
            "packed": (statuses or self.statuses).pack(),
            **changes,
        }
        token = StatusListToken(**said)
        as_cwt = self.web.media_type == token_cwt.MEDIA_TYPE
        signed = token_cwt.encode(token, by) if as_cwt else token_jwt.encode(token, by).encode()
        self.web.published[at or self.list_uri] = signed

    # --- the counter and other services

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        roles: Sequence[str] = ("clerk",),
        tenant: str = TENANT,
        service: str = "counter",
    ) -> httpx.Response:
        """Call the API as a service of a municipality, the counter as a rule."""
        content = b"" if body is None else json.dumps(body).encode()
        call = Call(self.identifier("verifier", tenant), method, path, content)
        signer = self.land.keys.signer(tenant, f"service-{service}")
        issuer = self.identifier(service, tenant)
        bearer = make(
            signer, call, issuer=issuer, actor="clerk-1", roles=roles, now=self.clock.now()
        )
        headers = {"authorization": f"Bearer {bearer}"}
        return self.client.request(method, path, content=content, headers=headers)

    def ask_identity(self, purpose: str = "counter_identification") -> "Asked":
        """Open a presentation for the counter."""
        body = {"purpose": purpose, "audience": self.identifier("issuer")}
        return self.opened(self.call("POST", f"/{TENANT}/verifier/api/presentations", body))

    def ask_eligibility(self) -> "Asked":
        """Open a check of the rent support."""
        path = f"/{TENANT}/verifier/api/eligibility"
        return self.opened(self.call("POST", path, {"programme": RENT}, roles=["agency"]))

    def opened(self, answer: httpx.Response) -> "Asked":
        assert answer.status_code == 201, answer.text
        told = answer.json()
        link = parse_request_link(told["request_uri"])
        compact = self.client.get(link.request_uri).text
        policy = WalletPolicy(self.roots, self.clock.now())
        verified = verify_request(compact, client_id=link.client_id, policy=policy)
        return Asked(self, told["presentation_id"], link.request_uri, verified.request)

    # --- agencies' programs

    def key(self, tenant: str = TENANT) -> str:
        """Make a key for an agency's program."""
        keyring, now = Keyring(self.deps.ids), self.clock.now()
        with self.deps.database.transaction() as session:
            return keyring.make(SqlKeyBook(session), tenant, "a program", actor="a", now=now)

    def ask(self, wish: object, *, key: str = "", tenant: str = TENANT) -> httpx.Response:
        """Ask as an agency's program."""
        headers = {"authorization": f"Bearer {key or self.key(tenant)}"}
        path = f"/{tenant}/verifier/api/requests"
        return self.client.post(path, content=json.dumps(wish).encode(), headers=headers)

    def told(self, request: str, key: str, query: str = "") -> httpx.Response:
        """Ask how a request stands."""
        headers = {"authorization": f"Bearer {key}"}
        path = f"/{TENANT}/verifier/api/requests/{request}{query}"
        return self.client.get(path, headers=headers)

    def asked(self, told: Mapping[str, Any]) -> "Asked":
        """Read a request as a wallet that trusts every verifier reads it."""
        parameters = dict(parse_qsl(told["request_uri"].partition("?")[2]))
        if "request_uri" in parameters:
            post = parameters.get("request_uri_method") == "post"
            fetched = self.client.request("POST" if post else "GET", parameters["request_uri"])
            assert fetched.status_code == 200, fetched.text
            request = request_in(fetched.text)
        elif "request" in parameters:
            request = request_in(parameters["request"])
        else:
            link = parse_request_link(told["request_uri"])
            assert isinstance(link, PlainRequest)
            request = RequestObject.model_validate(link.members)
        assert request.client_id == parameters["client_id"]
        return Asked(self, told["request_id"], parameters.get("request_uri", ""), request)

    def state(self, asked: "Asked", kind: str = "presentations") -> dict[str, Any]:
        path = f"/{TENANT}/verifier/api/{kind}/{asked.id}"
        roles = ["clerk", "agency"]
        found: dict[str, Any] = self.call("GET", path, roles=roles).json()
        return found

    def journal(self, tenant: str = TENANT) -> list[str]:
        """Return the codes of the journal, without the openings."""
        with self.deps.database.reading() as session:
            codes = [entry.code for entry in journal.entries(session, tenant)]
        return [code for code in codes if code != "presentation.opened"]

    def deliver(self) -> None:
        """Enter in the log what waits for it."""
        asyncio.run(OutboxWorker(self.deps.database, self.log).deliver())

    def sign_in(self, *roles: Role, tenant: str = TENANT) -> None:
        """Sign a member of staff in with the client."""
        staff = Staff(self.deps.database, self.deps.ids, self.settings)
        name = "-".join(roles)
        staff.add(tenant, name, "a long passphrase", roles, now=self.clock.now())
        form = {"name": name, "passphrase": "a long passphrase"}
        answer = self.client.post(f"/{tenant}/verifier/sign-in", data=form)
        assert answer.status_code == 303


@dataclass(frozen=True, repr=False)
class Asked:
    """An open presentation as a wallet sees it."""

    city: City
    id: str
    request_uri: str
    request: RequestObject

    def show(
        self,
        query_id: str,
        text: str | None = None,
        *,
        type_id: str | None = None,
        holder: int = 0,
        drop: Sequence[Path_] = (),
        **said: Any,  # of `present`
    ) -> str:
        """Present a credential with what was asked of it."""
        asked = self.request.dcql_query.credential(query_id)
        paths = [] if asked is None else [claim.path for claim in asked.claims or ()]
        binding = {
            "audience": self.request.client_id,
            "nonce": self.request.nonce,
            "issued_at": self.city.clock.now(),
            **said,
        }
        credential = text or self.city.credential(type_id or RENT_TYPES.get(query_id, query_id))
        signer = self.city.land.holders[holder]
        return present(credential, [p for p in paths if p not in drop], holder=signer, **binding)

    def everything(self, **instead: str) -> dict[str, list[str]]:
        """Present all as SD-JWT VC; presentations by query id take the place of the good."""
        asked = self.request.dcql_query.credentials
        ids = [query.id for query in asked if query.format == SD_JWT_VC]
        return {query_id: [instead.get(query_id) or self.show(query_id)] for query_id in ids}

    def post(self, body: str | bytes, *, to: str | None = None) -> httpx.Response:
        """Post a form body at the response address."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.city.client.post(to or self.request.response_uri, content=body, headers=headers)

    def answer(self, vp_token: Mapping[str, Sequence[str]]) -> httpx.Response:
        """Encrypt and post an answer."""
        return self.post(answer_form(self.request, vp_token))

    @property
    def key(self) -> dict[str, Any]:
        """The request's encryption key."""
        metadata = self.request.client_metadata
        keys = None if metadata is None else metadata.jwks
        assert keys is not None
        return keys.keys[0]

    def post_payload(self, payload: bytes | str) -> httpx.Response:
        """Encrypt any payload to the request's key, and post it."""
        data = payload.encode() if isinstance(payload, str) else payload
        return self.post(f"response={jwe.encrypt(data, self.key, enc='A128GCM')}")

    def bind(self, bound_part: str, *, holder: int = 0) -> str:
        """Add a proof of the holder's key to any part before it."""
        signer, now = self.city.land.holders[holder], self.city.clock.now()
        request = self.request
        return bind(bound_part, "sha-256", signer, request.client_id, request.nonce, now)


def narrowed(city: City, purpose: str, vct: str, paths: Sequence[Path_] | None) -> None:
    """Register the verifier anew, with other claims of a type for a purpose; None for none."""
    twin = city.accreditations.twin
    record = twin.record_of(city.identifier("verifier"))
    document = parse_document(twin.documents[record])
    assert isinstance(document, Verifier)
    purposes = []
    for each in document.purposes:
        asks = {name: found for name, found in each.asks.items() if name != vct}
        more = {} if paths is None else {vct: tuple(paths)}
        purposes.append(replace(each, asks={**asks, **more}) if each.id == purpose else each)
    twin.remove(record)
    twin.add(replace(document, purposes=tuple(purposes)))


@contextmanager
def open_city(land: Land, **changes: object) -> Iterator[City]:
    """Build the real application on twins."""
    settings = land.settings.model_copy(update=changes)
    catalogue = load_catalogue(settings.catalog_dir)
    addresses = Addresses(catalogue.tenants, settings.origins)
    clock, web, log = FixedClock(NOW), Web(), PublishedLog(land.keys, addresses)
    deps = Deps(
        clock=clock,
        ids=SeededIds("verifier"),
        database=Database(settings.database_url or "sqlite://"),
        catalogue=catalogue,
        addresses=addresses,
        accreditations=KeptTwin(land.registry(catalogue, addresses)),
        signers=land.keys,
        service_keys=FolderServiceKeys(land.folders.services),
        http=web,
        log=log,
        log_keys=load_log_keys(land.folders.log_keys),
        texts=load_texts(settings.catalog_dir / "texts"),
        attestations=load_attestations(settings.verifier_attestations),
        anchors=load_roots(settings.credential_anchors),
        authorities=load_authorities(settings.federation_anchors, settings.trusted_lists),
        transaction_types=load_transaction_types(settings.transaction_types),
    )
    app = build(settings, deps)
    client = Browser(app, addresses.origin(TENANT, "verifier"))
    city = City(land, settings, clock, web, log, deps, client)
    city.publish_list()
    yield city
    deps.database.close()


def request_in(compact: str) -> RequestObject:
    """Return the request in a signed object, whoever signed it."""
    claims = json.loads(jws.parse(compact, max_bytes=100_000).payload)
    return RequestObject.model_validate(claims)


def digest_of(credential: str) -> bytes:
    """Return the digest of the issuer-signed JWT."""
    return hashlib.sha256(credential.split("~", maxsplit=1)[0].encode()).digest()
