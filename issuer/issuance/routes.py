"""What wallets call: nonce, credential and receipts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlmodel import Session

from issuer.calls import read_call, read_digest
from issuer.issuance.answers import Answers
from issuer.issuance.credential import (
    Asked,
    CopyRecords,
    Shelf,
    TokenOffers,
    issue_copies,
    named_configuration,
)
from issuer.issuance.nonce import Nonces, new_nonce
from issuer.issuance.press import Press
from issuer.issuance.proofs import ProofPolicy, check_proofs
from issuer.issuance.receipts import Drawer, HeldCopies, LoggedCopies, logged_copies
from issuer.licence import Licence
from issuer.office import Office
from issuer.sources.claims import ClaimSource
from issuer.status.routes import list_policy
from issuer.status.usecases import Lists
from issuer.types.model import configurations
from madang.access.authorization.model import AccessTokens, PresentedToken
from madang.access.marks import protocol
from madang.core.catalog import metadata
from madang.core.catalog.certificate_type import TypeId
from madang.core.formats.sd_jwt.type_metadata import integrity
from madang.core.keys.signing import Signer
from madang.core.merkle.note import VerifierKey
from madang.core.protocol.message import Array, Message
from madang.core.protocol.oid4vci.credential import (
    NonceResponse,
    issued,
    parse_credential_request,
)
from madang.core.protocol.oid4vci.errors import invalid_credential_request
from madang.core.protocol.oid4vci.receipt_request import check_receipt_request
from madang.infra import outbox
from madang.infra.log_client import LogClient
from madang.infra.receipts import Logged, LogReader, receipts
from madang.infra.web.errors import NO_STORE


class ReceiptCall(Message):
    """A proof of possession, and whose receipts are asked for."""

    proof: str
    credential_digests: Array[str]


@dataclass(frozen=True, slots=True)
class Mint:
    """What copies and receipts are made with.

    Attributes:
        claims: makes claims.
        signer: a municipality's key as an issuer.
        log: reads the logs.
        log_key: the key of a municipality's log.
        licence: what a municipality may issue now.
        tokens: what access tokens are good for.
    """

    claims: ClaimSource
    signer: Callable[[str], Signer]
    log: LogClient
    log_key: Callable[[str], VerifierKey]
    licence: Licence
    tokens: AccessTokens


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores.

    Attributes:
        tokens: finds the offers that access tokens are for.
        nonces: keeps nonces.
        records: keeps the records of copies.
        lists: keeps the status lists.
        answers: keeps sealed answers.
        held: knows which copies are bound to a key.
        logged: knows which copies stand in the log.
    """

    tokens: Callable[[Session], TokenOffers]
    nonces: Callable[[Session], Nonces]
    records: Callable[[Session], CopyRecords]
    lists: Callable[[Session], Lists]
    answers: Callable[[Session], Answers]
    held: Callable[[Session], HeldCopies]
    logged: Callable[[Session], LoggedCopies]


class _Wallets:
    """The endpoints' work, between a request's bytes and the answer."""

    def __init__(self, office: Office, mint: Mint, stores: Stores) -> None:
        self._office = office
        self._mint = mint
        self._stores = stores
        self._lists = list_policy(office.settings)
        self._integrity = cache(self._integrity_of)

    def nonce(self, tenant: str) -> NonceResponse:
        with self._office.database.transaction() as session:
            work, nonces = self._office.work(session, tenant), self._stores.nonces(session)
            nonce = new_nonce(work, nonces, self._office.settings.nonce_seconds)
        return NonceResponse(c_nonce=nonce)

    def credential(self, presented: PresentedToken, body: bytes, tenant: str) -> dict[str, Any]:
        office, known = self._office, configurations(self._office.types(tenant))
        request = parse_credential_request(body, batch_size=office.settings.batch_size)
        keys = check_proofs(request.proofs, self._proofs(tenant), now=office.clock.now())
        press = self._press(tenant)
        with office.database.transaction() as session:
            work, shelf = office.work(session, tenant), self._shelf(session, tenant)
            authorized = self._mint.tokens.check(session, tenant, presented, now=work.now)
            wanted = named_configuration(request, authorized, known)
            self._mint.licence.require_format(tenant, wanted.type.id, wanted.format)
            asked = Asked(presented, authorized, wanted, keys)
            copies = issue_copies(work, shelf, press, asked)
        return issued(copies).to_json()

    def _proofs(self, tenant: str) -> ProofPolicy:
        settings = self._office.settings
        audience = self._office.identifier(tenant)
        return ProofPolicy(audience, settings.proof_seconds, settings.skew_seconds)

    def _press(self, tenant: str) -> Press:
        return Press(
            claims=self._mint.claims,
            day=self._office.day,
            signer=self._mint.signer(tenant),
            vct=self._office.vct,
            integrity=self._integrity,
            domain=self._office.catalogue.domain,
            lists=self._lists,
        )

    def _shelf(self, session: Session, tenant: str) -> Shelf:
        stores = self._stores
        return Shelf(
            offers=stores.tokens(session),
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
            stores = self._stores
            drawer = Drawer(stores.nonces(session), stores.held(session), stores.logged(session))
            return logged_copies(self._office.work(session, tenant), drawer, checked, digests)


def router(office: Office, mint: Mint, stores: Stores) -> APIRouter:
    """Return the routes.

    Args:
        office: what all features share.
        mint: what copies and receipts are made with.
        stores: what gives a transaction's stores.
    """
    routes = APIRouter(prefix="/{tenant}/issuer")
    wallets = _Wallets(office, mint, stores)

    @routes.post("/nonce")
    @protocol("a nonce opens nothing by itself (OpenID4VCI 1.0 section 7)")
    async def nonce(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return JSONResponse(wallets.nonce(tenant).to_json(), headers=NO_STORE)

    @routes.post("/credential")
    @protocol("the access token and the key proofs are checked")
    async def credential(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        presented = mint.tokens.presented(request, tenant)
        answer = wallets.credential(presented, await request.body(), tenant)
        return JSONResponse(answer, headers=NO_STORE)

    @routes.post("/receipts")
    @protocol("possession of the holder key is checked")
    async def receipt(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return JSONResponse(await wallets.receipts(await request.body(), tenant), headers=NO_STORE)

    return routes
