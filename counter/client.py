"""The counter's calls to issuer and verifier, signed for the clerk who is signed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import Field, JsonValue

from counter.approvals.model import Approval
from counter.cases.model import (
    Document,
    Link,
    Offerable,
    OfferAnswer,
    OfferId,
    OfferState,
    PresentationAnswer,
    PresentationId,
    PresentationState,
    ProofingId,
    TypeId,
    WalletEvent,
)
from counter.cases.offices import Clerk, Office, OfficeRefused, OfficeUnreachable, Refused
from madang.access.service_token import Call, make
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import Array, Message, read_json
from madang.infra.clock import Clock
from madang.infra.http import Answer, HttpClient, HttpError
from madang.infra.tenancy import Addresses

METHOD: Final = "in_person_document"
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
Body = TypeVar("Body", bound=Message)
_EVENTS: Final = frozenset(WalletEvent)
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


class _Problem(Message):
    """RFC 9457, as far as the counter reads it.

    Attributes:
        title: a fixed word.
        detail: the certificate type, where nothing can be certified.
    """

    title: str = ""
    detail: str | None = None


class _Proofing(Message):
    proofing_id: _Id


class _Offer(Message):
    offer_id: _Id
    offer_uri: str
    tx_code: str = ""
    expires_at: int


class _Issued(Message):
    credential_configuration_id: str
    event: str | None = None


class _OfferTold(Message):
    state: Annotated[OfferState, Field(strict=False)]
    issued: Array[_Issued] = ()

    @property
    def events(self) -> dict[TypeId, WalletEvent]:
        """What the wallet said last, by type; the format, after a dot, is left out."""
        return {
            TypeId(each.credential_configuration_id.partition(".")[0]): WalletEvent(each.event)
            for each in self.issued
            if each.event in _EVENTS
        }


class _Type(Message):
    id: str
    names: dict[str, str]
    requires_digital_id: bool


class _Types(Message):
    types: Array[_Type]


class _Deferral(Message):
    id: _Id
    offer_id: _Id
    type: str = ""
    asked_at: int


class _Deferrals(Message):
    deferrals: Array[_Deferral]


class _Decided(Message):
    state: str


class _Presentation(Message):
    presentation_id: _Id
    request_uri: str
    expires_at: int


class _PresentationTold(Message):
    state: Annotated[PresentationState, Field(strict=False)]
    failures: Array[str] = ()
    result: str | None = None
    status_as_of: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends calls to the other services of a municipality.

    Attributes:
        http: sends requests.
        addresses: identifiers.
        signers: the counter's signing key, by municipality.
        clock: tells the time.
    """

    http: HttpClient
    addresses: Addresses
    signers: Mapping[str, Signer]
    clock: Clock

    async def call(
        self,
        clerk: Clerk,
        office: Office,
        path: str,
        answer: type[Body],
        content: Mapping[str, JsonValue] | None = None,
    ) -> Body:
        """GET, or POST when there is content; return what came.

        Args:
            clerk: for whom.
            office: whom.
            path: after `/{tenant}/{office}/api/`.
            answer: what a good answer is.
            content: JSON body.

        Raises:
            OfficeRefused: the other service refused; says why.
            OfficeUnreachable: it did not answer, or not in a form that we know.
        """
        body = b"" if content is None else strict_json.dumps(dict(content)).encode()
        method = "GET" if content is None else "POST"
        identifier = self.addresses.identifier(clerk.tenant, office.value)
        url = f"{identifier}/api/{path}"
        call = Call(identifier, method, urlsplit(url).path, body)
        headers = {"authorization": f"Bearer {self._token(clerk, call)}"}
        if body:
            headers["content-type"] = "application/json"
        try:
            got = await self.http.request(method, url, headers=headers, content=body or None)
        except HttpError as error:
            raise OfficeUnreachable(office) from error
        if got.status >= _CLIENT_ERROR:
            raise _refusal(office, got)
        return read_json(answer, got.body, DEFAULT_LIMITS, lambda _: OfficeUnreachable(office))

    def _token(self, clerk: Clerk, call: Call) -> str:
        return make(
            self.signers[clerk.tenant],
            call,
            issuer=self.addresses.identifier(clerk.tenant, "counter"),
            actor=clerk.pseudonym,
            roles=clerk.roles,
            now=self.clock.now(),
        )


def _refusal(office: Office, got: Answer) -> OfficeRefused | OfficeUnreachable:
    if got.status >= _SERVER_ERROR:
        return OfficeUnreachable(office)
    unknown = OfficeRefused(office, Refused.OTHER)
    problem = _Problem()
    try:
        problem = read_json(_Problem, got.body, DEFAULT_LIMITS, lambda _: unknown)
        code = Refused(problem.title)
    except (OfficeRefused, ValueError):
        return unknown
    concerns_type = code is Refused.NOTHING_TO_CERTIFY
    return OfficeRefused(office, code, problem.detail if concerns_type else None)


@dataclass(frozen=True, slots=True)
class IssuerClient:
    """Implements `IssuerOffice` and `ApprovalOffice` by the issuer's API."""

    caller: Caller

    async def waiting(self, clerk: Clerk) -> tuple[Approval, ...]:
        """Return what waits for a clerk, oldest first."""
        told = await self.caller.call(clerk, Office.ISSUER, "deferrals", _Deferrals)
        return tuple(
            Approval(each.id, OfferId(each.offer_id), TypeId(each.type), each.asked_at)
            for each in told.deferrals
        )

    async def decide(self, clerk: Clerk, approval: str, *, approved: bool) -> None:
        """Approve or refuse."""
        path = f"deferrals/{quote(approval, safe='')}/{'approve' if approved else 'refuse'}"
        await self.caller.call(clerk, Office.ISSUER, path, _Decided, {})

    async def types(self, clerk: Clerk) -> tuple[Offerable, ...]:
        """Return what this municipality may attest."""
        told = await self.caller.call(clerk, Office.ISSUER, "types", _Types)
        return tuple(Offerable(TypeId(t.id), t.names, t.requires_digital_id) for t in told.types)

    async def prove(self, clerk: Clerk, document: Document) -> ProofingId:
        """Compare a document with the register."""
        content: dict[str, JsonValue] = {
            "name": document.name,
            "birthdate": document.birthdate,
            "document_number": document.document_number,
            "method": METHOD,
            "evidence": document.evidence.value,
        }
        told = await self.caller.call(clerk, Office.ISSUER, "proofings", _Proofing, content)
        return ProofingId(told.proofing_id)

    async def offer_to_proven(
        self, clerk: Clerk, proofing: ProofingId, types: tuple[TypeId, ...]
    ) -> Link:
        """Offer to the person of a proofing."""
        return await self._offer(clerk, "offers", {"proofing_id": proofing, "types": [*types]})

    async def offer_to_holder(self, clerk: Clerk, result: str, types: tuple[TypeId, ...]) -> Link:
        """Offer to the holder of a presented Digital ID."""
        return await self._offer(
            clerk, "offers", {"presentation_result": result, "types": [*types]}
        )

    async def renew(self, clerk: Clerk, offer: OfferId) -> Link:
        """Give an offer a new code."""
        return await self._offer(clerk, f"offers/{quote(offer, safe='')}/renew", {})

    async def offered(self, clerk: Clerk, offer: OfferId) -> OfferAnswer:
        """Return how an offer stands."""
        path = f"offers/{quote(offer, safe='')}"
        told = await self.caller.call(clerk, Office.ISSUER, path, _OfferTold)
        return OfferAnswer(told.state, told.events)

    async def _offer(self, clerk: Clerk, path: str, content: Mapping[str, JsonValue]) -> Link:
        told = await self.caller.call(clerk, Office.ISSUER, path, _Offer, content)
        return Link(told.offer_id, told.offer_uri, told.tx_code, told.expires_at)


@dataclass(frozen=True, slots=True)
class VerifierClient:
    """Implements `VerifierOffice` by the verifier's API."""

    caller: Caller
    purpose: str

    async def ask(self, clerk: Clerk) -> Link:
        """Open a presentation whose result this municipality's issuer may act on."""
        audience = self.caller.addresses.identifier(clerk.tenant, "issuer")
        content: dict[str, JsonValue] = {"purpose": self.purpose, "audience": audience}
        told = await self.caller.call(
            clerk, Office.VERIFIER, "presentations", _Presentation, content
        )
        return Link(told.presentation_id, told.request_uri, "", told.expires_at)

    async def presentation(self, clerk: Clerk, presentation: PresentationId) -> PresentationAnswer:
        """Return how a presentation stands."""
        path = f"presentations/{quote(presentation, safe='')}"
        told = await self.caller.call(clerk, Office.VERIFIER, path, _PresentationTold)
        return PresentationAnswer(told.state, told.failures, told.result, told.status_as_of)
