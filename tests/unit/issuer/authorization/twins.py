"""In-memory twins of what the log-in works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from sqlmodel import Session

from issuer.authorization.model import PresentationId, UpstreamError, VerifierAway
from issuer.authorization.upstream import Identified
from issuer.authorization.usecases import Secrets
from issuer.authorization.verifier import Opened, PresentationState, Told
from issuer.offers.model import Offered
from issuer.sources.model import PersonId
from issuer.work import Work
from madang.access.authorization.model import (
    AuthorizationRefused,
    GrantId,
    PendingAuthorization,
)
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.core.protocol.openid.code_flow import Callback

BROWSER = "browser-1"
ISS = "https://id.hanbit.example/hanbit/issuer"


@dataclass
class AuthorizationsTwin:
    """Requests that wait, in memory.

    Attributes:
        waiting: by tenant and id, with the browser that brought it.
        approved: grant and configurations by id.
        refused: error by id.
    """

    waiting: dict[tuple[str, str], tuple[str, PendingAuthorization]] = field(default_factory=dict)
    approved: dict[str, tuple[GrantId, tuple[str, ...]]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, pending: PendingAuthorization, browser: str = BROWSER) -> None:
        self.waiting[pending.tenant, pending.id] = browser, pending

    def pending(
        self, _session: Session, tenant: str, pending: str, browser: str, *, now: int
    ) -> PendingAuthorization:
        known, found = self.waiting.get((tenant, pending), ("", None))
        if found is None or now >= found.expires_at:
            raise AuthorizationRefused("request_unknown")
        if browser != known:
            raise AuthorizationRefused("other_browser")
        return found

    def approve(
        self,
        _session: Session,
        tenant: str,
        pending: str,
        grant: GrantId,
        configurations: Sequence[str],
        *,
        now: int,
    ) -> str:
        found = self._answered(tenant, pending, now)
        self.approved[pending] = grant, tuple(configurations)
        return f"{found.redirect_uri}?{urlencode({'code': 'code-1', 'iss': ISS})}"

    def refuse(self, _session: Session, tenant: str, pending: str, error: str, *, now: int) -> str:
        found = self._answered(tenant, pending, now)
        self.refused[pending] = error
        return f"{found.redirect_uri}?{urlencode({'error': error, 'iss': ISS})}"

    def _answered(self, tenant: str, pending: str, now: int) -> PendingAuthorization:
        _, found = self.waiting.pop((tenant, pending), ("", None))
        if found is None or now >= found.expires_at:
            raise AuthorizationRefused("request_unknown")
        return found


@dataclass
class EntitlementsTwin:
    """What may be fetched, in memory.

    Attributes:
        offers: by `issuer_state`.
        made: what was entitled, by grant.
    """

    offers: dict[str, Offered] = field(default_factory=dict)
    made: dict[GrantId, tuple[PersonId, IdentityLevel, tuple[TypeId, ...]]] = field(
        default_factory=dict
    )

    def entitle(
        self, work: Work, person: PersonId, level: IdentityLevel, types: tuple[TypeId, ...]
    ) -> GrantId:
        grant = GrantId(work.ids.token())
        self.made[grant] = person, level, types
        return grant

    def offered(self, _work: Work, issuer_state: str) -> Offered | None:
        return self.offers.get(issuer_state)


@dataclass
class VerifierTwin:
    """A verifier whose answers the test says.

    Attributes:
        asked: where each presentation returns to, by id.
        says: what it says of each, by id; open when it is not told.
        codes: what it says to a response code, by id and code.
        calls: how often it was asked how one stands.
    """

    away: bool = False
    link: str = "haip-vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fid.example%2Fr"
    asked: dict[str, str | None] = field(default_factory=dict)
    says: dict[str, Told] = field(default_factory=dict)
    codes: dict[tuple[str, str], Told] = field(default_factory=dict)
    calls: int = 0

    async def ask(self, _tenant: str, return_to: str | None) -> Opened:
        if self.away:
            raise VerifierAway("away")
        number = PresentationId(f"presentation-{len(self.asked) + 1}")
        self.asked[number] = return_to
        return Opened(number, self.link)

    async def told(self, _tenant: str, presentation: str, response_code: str | None = None) -> Told:
        self.calls += 1
        if self.away:
            raise VerifierAway("away")
        if response_code is not None:
            return self.codes.pop((presentation, response_code), Told(PresentationState.GONE))
        return self.says.get(presentation, Told(PresentationState.OPEN))

    def answer(self, result: str) -> None:
        """Have the last presentation answered."""
        last = list(self.asked)[-1]
        told = Told(PresentationState.ANSWERED, result)
        if self.asked[last] is None:
            self.says[last] = told
        else:
            self.says[last] = replace(told, result=None)
            self.codes[last, "response-1"] = told


@dataclass
class ProvidersTwin:
    """An OpenID provider whose answers the test says."""

    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    identified: Identified | UpstreamError | None = None
    away: UpstreamError | None = None
    secrets: list[Secrets] = field(default_factory=list)
    finished: list[tuple[Callback, str, str]] = field(default_factory=list)

    def names(self, tenant: str) -> Mapping[str, str] | None:
        return self.named.get(tenant)

    async def begin(self, _tenant: str, secrets: Secrets, language: str) -> str:
        if self.away is not None:
            raise self.away
        self.secrets.append(secrets)
        return f"https://login.example/auth?{urlencode({'ui_locales': language})}"

    async def finish(
        self, _tenant: str, callback: Callback, nonce: str, code_verifier: str
    ) -> Identified:
        self.finished.append((callback, nonce, code_verifier))
        if isinstance(self.identified, UpstreamError):
            raise self.identified
        assert self.identified is not None
        return self.identified
