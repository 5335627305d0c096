"""The wallet provider's endpoints (docs/formats/wallet-provider.md)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from madang.access.errors import WrongRole
from madang.access.marks import protocol, public, service
from madang.core.keys.signing import Signer
from madang.core.protocol import wallet_provider as wire
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import Message, read_json
from madang.core.protocol.typed_jwt import Window
from madang.core.protocol.wallet_provider import (
    InstanceCall,
    IssuedAttestation,
    KeyAttestationCall,
    ProviderNonce,
    RegisteredInstance,
    RevocationCall,
    WalletAttestationCall,
)
from madang.core.status import token_jwt
from madang.infra import journal
from madang.infra.authority import KEY_ATTESTATION, WALLET_PROVIDER
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.ids import Ids
from madang.infra.tenancy import Addresses
from madang.infra.web.errors import NO_STORE
from madang.infra.web.marks import Form
from madang.infra.web.negotiation import preferred
from madang.infra.web.openapi import Content, describe
from wallet_api.provider import usecases
from wallet_api.provider.attestations import Provider
from wallet_api.provider.model import Bounds, NoSuchList, Place, Statements, invalid_request
from wallet_api.provider.nonces import UsedNonces, new_nonce
from wallet_api.provider.proofs import Proved, check_proofs
from wallet_api.provider.usecases import Work

SERVICE = "wallet"
_MAX_DIGITS = 9
Call = TypeVar("Call", bound=Message)


class Keys(Protocol):
    """The provider's keys, as far as they sign now."""

    def signer(self, tenant: str, purpose: str, *, now: int) -> Signer:
        """Return the one that signs now; NoActiveKey if none may."""
        ...


class AdministratorCall(Message):
    """An administrator revokes a wallet."""

    instance: str


class RevokedInstance(Message):
    """Answer to an administrator."""

    instance: str
    status: str = "revoked"


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores."""

    instances: Callable[[Session], usecases.Instances]
    lists: Callable[[Session], usecases.Lists]
    used: Callable[[Session], UsedNonces]


@dataclass(frozen=True, slots=True)
class Office:
    """What the endpoints work with.

    Attributes:
        database: the service's own.
        clock: tells the time.
        ids: draws chance.
        addresses: identifiers.
        keys: of the provider.
        stores: in a transaction.
        statements: what is said of all wallets.
        bounds: times and sizes.
        secret: seals nonces.
    """

    database: Database
    clock: Clock
    ids: Ids
    addresses: Addresses
    keys: Keys
    stores: Stores
    statements: Statements
    bounds: Bounds
    secret: bytes

    def work(self, session: Session, tenant: str, actor: str | None = None) -> Work:
        """Begin a call in an open transaction."""
        now, stores = self.clock.now(), self.stores

        def note(code: str, reference: str | None) -> None:
            journal.record(session, tenant, code, at=now, actor=actor, reference=reference)

        return Work(
            tenant,
            now,
            self.ids,
            note,
            stores.instances(session),
            stores.lists(session),
            stores.used(session),
            self.secret,
        )

    def provider(self, tenant: str) -> Provider:
        """Return a municipality's provider."""
        return Provider(self.addresses.identifier(tenant, SERVICE), self.statements)

    def proved(self, tenant: str, path: str, proof: str, key_proofs: Sequence[str] = ()) -> Proved:
        """Check the proofs of a call to a path of the provider."""
        bounds = self.bounds
        window = Window(self.clock.now(), bounds.proof_seconds, bounds.skew_seconds)
        endpoint = self.provider(tenant).identifier + path
        return check_proofs(proof, key_proofs, endpoint=endpoint, window=window)

    def place(self, tenant: str, proved: Proved, seconds: int) -> Place:
        """Let a wallet have one more attestation that lives so long."""
        with self.database.transaction() as session:
            work = self.work(session, tenant)
            return usecases.attest(work, proved, self.bounds, until=work.now + seconds)


def provider_router(office: Office) -> APIRouter:
    """Return the routes that wallets and readers of lists call."""
    router = APIRouter(prefix="/{tenant}/wallet")

    @router.post(wire.NONCE)
    @protocol("a nonce opens nothing by itself")
    @describe(gives={200: ProviderNonce})
    async def nonce(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        seconds = office.bounds.nonce_seconds
        until = office.clock.now() + seconds
        made = new_nonce(office.secret, tenant, office.ids, until=until)
        return _answer(ProviderNonce(nonce=made, expires_in=seconds))

    @router.post(wire.INSTANCES)
    @protocol("possession of the instance's key is checked")
    @describe(InstanceCall, gives={201: RegisteredInstance})
    async def register(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        call = _read(InstanceCall, await request.body())
        proved = office.proved(tenant, wire.INSTANCES, call.proof)
        with office.database.transaction() as session:
            instance, code = usecases.register(office.work(session, tenant), proved)
        client_id = office.provider(tenant).client_id
        answer = RegisteredInstance(instance=instance.id, revocation_code=code, client_id=client_id)
        return _answer(answer, 201)

    @router.post(wire.WALLET_ATTESTATION)
    @protocol("possession of the instance's key and of the attested key is checked")
    @describe(WalletAttestationCall, gives={200: IssuedAttestation})
    async def wallet(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        call = _read(WalletAttestationCall, await request.body())
        proved = office.proved(tenant, wire.WALLET_ATTESTATION, call.proof, [call.key_proof])
        return _answer(_wallet_attestation(office, tenant, proved))

    @router.post(wire.KEY_ATTESTATION)
    @protocol("possession of the instance's key and of the attested keys is checked")
    @describe(KeyAttestationCall, gives={200: IssuedAttestation})
    async def keys(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        call = _read(KeyAttestationCall, await request.body())
        proved = office.proved(tenant, wire.KEY_ATTESTATION, call.proof, call.key_proofs)
        return _answer(_key_attestation(office, tenant, proved, call.nonce))

    @router.post(wire.REVOCATION)
    @protocol("possession of the instance's key, or the revocation code, is checked")
    @describe(RevocationCall, gives={204: None})
    async def revoke(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        call = _read(RevocationCall, await request.body())
        with office.database.transaction() as session:
            _revoke(office, office.work(session, tenant), call)
        return Response(status_code=204, headers=NO_STORE)

    @router.get("/statuslists/{number}")
    @public("anybody who was shown an attestation checks its status", Form.PROBLEM)
    @describe(gives={200: Content(token_jwt.MEDIA_TYPE)})
    async def status_list(request: Request, tenant: str, number: str) -> Any:  # noqa: ANN401 - FastAPI's response
        if preferred(request.headers.get("accept"), [token_jwt.MEDIA_TYPE]) is None:
            raise NoSuchList
        token = _status_list(office, tenant, _number(number))
        headers = {
            "cache-control": f"public, max-age={office.bounds.list_ttl // 5}",
            "access-control-allow-origin": "*",
        }
        return Response(token, media_type=token_jwt.MEDIA_TYPE, headers=headers)

    return router


def administration_router(office: Office) -> APIRouter:
    """Return the routes that the municipality's staff call through their own service."""
    router = APIRouter(prefix="/{tenant}/wallet/api")

    @router.post(wire.REVOCATION)
    @service("administrator", "officer")
    @describe(AdministratorCall, gives={200: RevokedInstance})
    async def revoke(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        identity = request.state.actor
        if identity.issuer != office.addresses.identifier(tenant, "counter"):
            raise WrongRole
        call = _read(AdministratorCall, await request.body())
        with office.database.transaction() as session:
            work = office.work(session, tenant, identity.actor)
            usecases.revoke_by_administrator(work, call.instance)
        return _answer(RevokedInstance(instance=call.instance))

    return router


def _wallet_attestation(office: Office, tenant: str, proved: Proved) -> IssuedAttestation:
    seconds, now = office.statements.wallet_seconds, office.clock.now()
    signer = office.keys.signer(tenant, WALLET_PROVIDER, now=now)
    place, key = office.place(tenant, proved, seconds), proved.keys[0]
    made = office.provider(tenant).wallet(key, place, now=now, signer=signer)
    return IssuedAttestation(attestation=made, expires_at=now + seconds)


def _key_attestation(
    office: Office, tenant: str, proved: Proved, nonce: str | None
) -> IssuedAttestation:
    seconds, now = office.statements.key_seconds, office.clock.now()
    signer = office.keys.signer(tenant, KEY_ATTESTATION, now=now)
    place = office.place(tenant, proved, seconds)
    made = office.provider(tenant).keys(proved.keys, place, nonce, now=now, signer=signer)
    return IssuedAttestation(attestation=made, expires_at=now + seconds)


def _revoke(office: Office, work: Work, call: RevocationCall) -> None:
    match call:
        case RevocationCall(proof=str(proof)):
            usecases.revoke_by_key(work, office.proved(work.tenant, wire.REVOCATION, proof))
        case RevocationCall(instance=str(instance), revocation_code=str(code)):
            usecases.revoke_by_code(work, instance, code)
        case _:
            raise invalid_request("proof, or instance and revocation_code, are needed")


def _status_list(office: Office, tenant: str, number: int) -> str:
    now = office.clock.now()
    with office.database.reading() as session:
        statuses = office.stores.lists(session).statuses(tenant, number)
    if statuses is None:
        raise NoSuchList
    signer = office.keys.signer(tenant, WALLET_PROVIDER, now=now)
    return office.provider(tenant).list(number, statuses, office.bounds, now=now, signer=signer)


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > _MAX_DIGITS:
        raise NoSuchList
    return int(text)


def _read(model: type[Call], body: bytes) -> Call:
    return read_json(model, body, DEFAULT_LIMITS, invalid_request)


def _answer(message: Message, status: int = 200) -> JSONResponse:
    return JSONResponse(message.to_json(), status, NO_STORE)
