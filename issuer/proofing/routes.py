"""The counter's call to prove identity."""

import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlmodel import Session

from issuer.calls import MalformedCall, read_call
from issuer.office import Office
from issuer.proofing.model import LEVELS, EvidenceKind, Method
from issuer.proofing.usecases import Proofings, Shown, prove_identity
from issuer.sources.model import IdentityEvidence, Register
from madang.access.marks import service
from madang.core.protocol.message import Message
from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import OBJECT, describe

_Text = Annotated[str, Field(min_length=1, max_length=100)]


class ProofingCall(Message):
    """What the clerk read from the document."""

    name: _Text
    birthdate: _Text
    document_number: _Text
    method: Annotated[Method, Field(strict=False)]
    evidence: Annotated[EvidenceKind, Field(strict=False)]

    def shown(self) -> Shown:
        """Return the evidence; MalformedCall if the date is none, or no clerk can have seen it.

        Some keyboards send a Hangul syllable as its letters; registers hold it as one character.
        """
        try:
            birthdate = date.fromisoformat(self.birthdate)
        except ValueError:
            raise MalformedCall("birthdate: a date as YYYY-MM-DD was expected") from None
        if self.method not in LEVELS or self.evidence is EvidenceKind.ID_TOKEN:
            raise MalformedCall("method and evidence: a document that a clerk saw was expected")
        name = unicodedata.normalize("NFC", self.name)
        evidence = IdentityEvidence(name, birthdate, self.document_number)
        return Shown(evidence, self.method, self.evidence)


def router(
    office: Office, register: Register, proofings: Callable[[Session], Proofings]
) -> APIRouter:
    """Return the route.

    Args:
        office: what all features share.
        register: the civil register.
        proofings: gives a transaction's store.
    """
    routes = APIRouter(prefix="/{tenant}/issuer/api")

    @routes.post("/proofings")
    @service("clerk")
    @describe(ProofingCall, gives={201: OBJECT})
    async def prove(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        clerk = office.clerk(request, tenant)
        shown = read_call(ProofingCall, await request.body()).shown()
        with office.database.transaction() as session:
            work = office.work(session, tenant, clerk)
            proofing = prove_identity(work, register, proofings(session), shown)
        answer = {"proofing_id": proofing.id, "level": proofing.level.value}
        return JSONResponse(answer, 201, NO_STORE)

    return routes
