"""What wallets call: nonce, credential, deferred credential, notification and receipts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from issuer.calls import read_call, read_digest
from issuer.issuance.answers import Answers
from issuer.issuance.copies import Copies, CopyRecords, Desk, GrantedOffers, Shelf
from issuer.issuance.credential import (
    Asked,
    AskedAgain,
    PutOff,
    Token,
    answer_request,
    fetch_deferred,
    granted,
    named_configuration,
)
from issuer.issuance.deferral import Deferrals
from issuer.issuance.nonce import Nonces, UsedNonces
from issuer.issuance.notification import Events, take_notification
from issuer.issuance.press import Press
from issuer.issuance.proofs import ProofPolicy, ProvedKeys, check_proofs
from issuer.issuance.receipts import Drawer, HeldCopies, LoggedCopies, logged_copies
from issuer.issuance.wire import Wire
from issuer.licence import Licence
from issuer.office import Office
from issuer.secrets import Secrets
from issuer.sources.claims import ClaimSource
from issuer.status.routes import list_policy
from issuer.status.usecases import Lists
from issuer.types.model import Configuration, ConfigurationId, configurations
from issuer.types.rules import TypeRules
from madang.access.authorization.model import AccessTokens, PresentedToken
from madang.access.marks import protocol
from madang.core.catalog import metadata
from madang.core.catalog.certificate_type import TypeId
from madang.core.formats.mdoc.mso import KeyAuthorizations
from madang.core.formats.sd_jwt.type_metadata import integrity
from madang.core.keys.signing import Signer
from madang.core.merkle.note import VerifierKey
from madang.core.protocol import sealed_nonce
from madang.core.protocol.message import Array, Message
from madang.core.protocol.oid4vci.credential import (
    CredentialRequest,
    CredentialResponse,
    DeferredRequest,
    NonceResponse,
    deferred,
    issued,
    parse_credential_request,
    parse_deferred_request,
)
from madang.core.protocol.oid4vci.errors import invalid_credential_request, invalid_proof
from madang.core.protocol.oid4vci.notification import NotificationRequest, parse_notification
from madang.core.protocol.oid4vci.receipt_request import check_receipt_request
from madang.infra import outbox
from madang.infra.attestation_statuses import AttestationStatuses
from madang.infra.log_client import LogClient
from madang.infra.receipts import Logged, LogReader, receipts
from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import OBJECT, Content, describe

_ASKED = (OBJECT, Content("application/jwt"))
_ANSWERED = (CredentialResponse, Content("application/jwt"))


class ReceiptCall(Message):
    """A proof of possession, and whose receipts are asked for."""

    proof: str
    credential_digests: Array[str]


@dataclass(frozen=True, slots=True)
class Mint:
    """What copies and receipts are made with, and by whose word.

    Attributes:
        claims: makes claims.
        signer: a municipality's key as an issuer.
        log: reads the logs.
        log_key: the key of a municipality's log.
        licence: what a municipality may issue now.
        tokens: knows what an access token is good for.
        rules: what is asked for certain types.
        secrets: what a municipality keeps as an issuer.
        statuses: knows which key attestations were revoked, by the providers that are trusted.
        may_sign: what holders' keys may sign beside the session, of mdocs.
    """

    claims: ClaimSource
    signer: Callable[[str], Signer]
    log: LogClient
    log_key: Callable[[str], VerifierKey]
    licence: Licence
    tokens: AccessTokens
    rules: TypeRules
    secrets: Secrets
    statuses: AttestationStatuses
    may_sign: KeyAuthorizations


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores.

    Attributes:
        offers: finds offers by their names as grants.
        nonces: remembers used nonces.
        records: keeps the records of copies.
        lists: keeps the status lists.
        answers: keeps sealed answers.
        deferrals: keeps issues that were put off.
        events: keeps what wallets say.
        held: knows which copies are bound to a key.
        logged: knows which copies stand in the log.
    """

    offers: Callable[[Session], GrantedOffers]
    nonces: Callable[[Session], UsedNonces]
    records: Callable[[Session], CopyRecords]
    lists: Callable[[Session], Lists]
    answers: Callable[[Session], Answers]
    deferrals: Callable[[Session], Deferrals]
    events: Callable[[Session], Events]
    held: Callable[[Session], HeldCopies]
    logged: Callable[[Session], LoggedCopies]


class _Wallets:
    """The endpoints' work, between a request's bytes and the answer."""

    def __init__(self, office: Office, mint: Mint, stores: Stores) -> None:
        self._office = office
        self._mint = mint
        self._stores = stores
        settings = office.settings
        self._lists = list_policy(settings)
        self._integrity = cache(self._integrity_of)
        self._known = cache(self._known_of)
        self._proofs = cache(self._proofs_of)
        self._desks: dict[str, Desk] = {}
        self._nonces = Nonces(lambda tenant: mint.secrets(tenant).secret, settings.nonce_seconds)
        self.wire = Wire(mint.secrets, settings.encryption_required)

    def nonce(self, tenant: str) -> NonceResponse:
        office = self._office
        chance, now = office.ids.bytes(sealed_nonce.CHANCE_BYTES), office.clock.now()
        made = self._nonces.new(tenant, office.identifier(tenant), chance, now=now)
        return NonceResponse(c_nonce=made)

    async def credential(
        self, presented: PresentedToken, request: CredentialRequest, tenant: str
    ) -> CredentialResponse:
        self.wire.check(request.encryption)
        keys = check_proofs(request, self._proofs(tenant), now=self._office.clock.now())
        for attestation in keys.attestations:
            if attestation.status is not None and not await self._mint.statuses.valid(
                attestation.status.uri, attestation.status.index
            ):
                raise invalid_proof("the key attestation was revoked, or its status is not known")
        return self._issued(presented, request, keys, tenant)

    def _issued(
        self, presented: PresentedToken, request: CredentialRequest, keys: ProvedKeys, tenant: str
    ) -> CredentialResponse:
        office, known = self._office, self._known(tenant)
        with office.database.transaction() as session:
            work = office.work(session, tenant)
            token = self._token(session, tenant, presented, now=work.now)
            wanted = named_configuration(request, token.authorized, known)
            self._mint.licence.require_format(tenant, wanted.type.id, wanted.format)
            asked, desk = Asked(token, wanted, keys), self._desk(tenant)
            shelf, deferrals = self._shelf(session, tenant), self._stores.deferrals(session)
            return self._told(answer_request(work, shelf, deferrals, desk, asked))

    def deferred(
        self, presented: PresentedToken, request: DeferredRequest, tenant: str
    ) -> CredentialResponse:
        self.wire.check(request.encryption)
        office, known = self._office, self._known(tenant)
        with office.database.transaction() as session:
            work = office.work(session, tenant)
            token = self._token(session, tenant, presented, now=work.now)
            asked, desk = AskedAgain(token, request.transaction_id, known), self._desk(tenant)
            shelf, deferrals = self._shelf(session, tenant), self._stores.deferrals(session)
            told = self._told(fetch_deferred(work, shelf, deferrals, desk, asked))
        if self._office.settings.deferred_notifications:
            return told
        return told.model_copy(update={"notification_id": None})

    def notified(self, presented: PresentedToken, sent: NotificationRequest, tenant: str) -> None:
        office = self._office
        with office.database.transaction() as session:
            work = office.work(session, tenant)
            token = self._token(session, tenant, presented, now=work.now)
            offer = granted(work, self._stores.offers(session), token.authorized)
            events, secret = self._stores.events(session), self._mint.secrets(tenant).secret
            take_notification(work, events, secret, offer.entitlement, sent)

    def _told(self, found: Copies | PutOff) -> CredentialResponse:
        if isinstance(found, Copies):
            return issued(found.texts, found.notification_id)
        return deferred(found.transaction_id, self._office.settings.deferred_interval_seconds)

    def _token(
        self, session: Session, tenant: str, presented: PresentedToken, *, now: int
    ) -> Token:
        authorized = self._mint.tokens.check(session, tenant, presented, now=now)
        return Token(presented.token, authorized)

    def _known_of(self, tenant: str) -> dict[ConfigurationId, Configuration]:
        return configurations(self._office.types(tenant))

    def _proofs_of(self, tenant: str) -> ProofPolicy:
        settings = self._office.settings
        return ProofPolicy(
            audience=self._office.identifier(tenant),
            max_age=settings.proof_seconds,
            max_skew=settings.skew_seconds,
            anchors=self._mint.statuses.anchors,
            batch_size=settings.batch_size,
        )

    def _desk(self, tenant: str) -> Desk:
        """Return the desk of a municipality with its key of now; it is the same while that is."""
        signer, known = self._mint.signer(tenant), self._desks.get(tenant)
        if known is None or known.press.signer is not signer:
            known = self._desks[tenant] = self._new_desk(tenant, signer)
        return known

    def _new_desk(self, tenant: str, signer: Signer) -> Desk:
        press = Press(
            claims=self._mint.claims,
            day=self._office.day,
            signer=signer,
            vct=self._office.vct,
            integrity=self._integrity,
            domain=self._office.catalogue.domain,
            lists=self._lists,
            may_sign=self._mint.may_sign,
        )
        secret, most = self._mint.secrets(tenant).secret, self._office.settings.copies_most
        return Desk(press, self._nonces, self._mint.rules, secret, most)

    def _shelf(self, session: Session, tenant: str) -> Shelf:
        stores = self._stores
        return Shelf(
            offers=stores.offers(session),
            nonces=stores.nonces(session),
            records=stores.records(session),
            lists=stores.lists(session),
            answers=stores.answers(session),
            register=partial(outbox.enqueue, session, tenant, now=self._office.clock.now()),
        )

    def _integrity_of(self, type_id: TypeId) -> str:
        document = metadata.encode(self._office.catalogue.types[type_id], self._office.vct(type_id))
        return integrity(document)

    async def receipts(self, body: bytes, tenant: str) -> dict[str, Any]:
        call = read_call(ReceiptCall, body)
        digests = {text: read_digest(text) for text in call.credential_digests}
        if not 0 < len(digests) <= self._office.settings.receipts_most:
            most = self._office.settings.receipts_most
            raise invalid_credential_request(f"1 to {most} credential_digests are needed")
        copies = self._logged(call.proof, list(digests.values()), tenant)
        log = LogReader(tenant, self._mint.log, self._mint.log_key(tenant))
        found = await receipts(log, copies)
        told = {digest: receipt.to_json() for digest, receipt in found.items()}
        return {"receipts": {text: told.get(digest) for text, digest in digests.items()}}

    def _logged(self, proof: str, digests: list[bytes], tenant: str) -> list[Logged]:
        policy = self._proofs(tenant)
        checked = check_receipt_request(
            proof,
            audience=policy.audience,
            now=self._office.clock.now(),
            max_age=policy.max_age,
            max_skew=policy.max_skew,
        )
        with self._office.database.transaction() as session:
            used, stores = self._stores.nonces(session), self._stores
            drawer = Drawer(self._nonces, used, stores.held(session), stores.logged(session))
            return logged_copies(self._office.work(session, tenant), drawer, checked, digests)


def router(office: Office, mint: Mint, stores: Stores) -> APIRouter:
    """Return the routes.

    Args:
        office: what all features share.
        mint: what copies and receipts are made with.
        stores: what gives a transaction's stores.
    """
    routes = APIRouter(prefix="/{tenant}/issuer")
    wallets, tokens = _Wallets(office, mint, stores), mint.tokens
    wire, batch_size = wallets.wire, office.settings.batch_size

    @routes.post("/nonce")
    @protocol("a nonce opens nothing by itself (OpenID4VCI 1.0 section 7)")
    @describe(gives={200: NonceResponse})
    async def nonce(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        headers = {**NO_STORE, **tokens.fresh(tenant)}
        return JSONResponse(wallets.nonce(tenant).to_json(), headers=headers)

    @routes.post("/credential")
    @protocol("the access token and the key proofs are checked")
    @describe(*_ASKED, gives={200: _ANSWERED, 202: _ANSWERED})
    async def credential(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        presented = tokens.presented(request, tenant)
        sent = wire.open(tenant, request.headers.get("content-type", ""), await request.body())
        asked = parse_credential_request(sent.body, batch_size=batch_size, encrypted=sent.encrypted)
        return wire.answer(await wallets.credential(presented, asked, tenant), asked.encryption)

    @routes.post("/deferred")
    @protocol("the access token and the transaction are checked")
    @describe(*_ASKED, gives={200: _ANSWERED, 202: _ANSWERED})
    async def deferred_credential(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's
        presented = tokens.presented(request, tenant)
        sent = wire.open(tenant, request.headers.get("content-type", ""), await request.body())
        asked = parse_deferred_request(sent.body, encrypted=sent.encrypted)
        return wire.answer(wallets.deferred(presented, asked, tenant), asked.encryption)

    @routes.post("/notification")
    @protocol("the access token is checked, and that it fetched what is spoken of")
    @describe(NotificationRequest, gives={204: None})
    async def notification(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's
        presented = tokens.presented(request, tenant)
        wallets.notified(presented, parse_notification(await request.body()), tenant)
        return Response(status_code=204, headers=NO_STORE)

    @routes.post("/receipts")
    @protocol("possession of the holder key is checked")
    @describe(ReceiptCall, gives={200: OBJECT})
    async def receipt(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return JSONResponse(await wallets.receipts(await request.body(), tenant), headers=NO_STORE)

    return routes
