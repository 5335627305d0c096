"""What the pages do: each step in its own transactions, with calls to others in between."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from sqlmodel import Session

from issuer.authorization import usecases
from issuer.authorization.model import (
    Asked,
    AtProvider,
    Choosing,
    Device,
    Known,
    NotKnownYet,
    Presenting,
    SignIn,
    Trouble,
    UpstreamError,
    VerifierAway,
)
from issuer.authorization.upstream import Identified
from issuer.authorization.usecases import (
    Agreement,
    Books,
    Entitlements,
    House,
    Policy,
    Secrets,
    SignIns,
)
from issuer.authorization.verifier import Opened, PresentationState, Told
from issuer.licence import Licence
from issuer.offers.model import hash_of
from issuer.offers.usecases import Holders, Presentations, Presented
from issuer.office import Office
from issuer.proofing.usecases import Proofings
from issuer.work import Work
from madang.access.authorization.model import (
    AuthorizationRefused,
    Authorizations,
    PendingAuthorization,
)
from madang.core.catalog.certificate_type import Texts
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.result import check_result
from madang.core.protocol.openid.code_flow import Callback
from madang.core.protocol.typed_jwt import Window

SECRET_BYTES = 32
_ENDED = {
    PresentationState.EXPIRED: Trouble.PRESENTATION_EXPIRED,
    PresentationState.REFUSED: Trouble.PRESENTATION_REFUSED,
    PresentationState.GONE: Trouble.PRESENTATION_REFUSED,
}
_DECLINED = "access_denied"


class Verifier(Protocol):
    """The municipality's verifier, which asks wallets for the Digital ID."""

    async def ask(self, tenant: str, return_to: str | None) -> Opened:
        """Open a presentation; VerifierAway if that cannot be done."""
        ...

    async def told(self, tenant: str, presentation: str, response_code: str | None = None) -> Told:
        """Return how one stands; VerifierAway if that is not told."""
        ...


class Providers(Protocol):
    """The municipalities' OpenID providers; see `issuer.authorization.upstream`."""

    def names(self, tenant: str) -> Texts | None:
        """Return what a municipality's provider is called; None if it has none."""
        ...

    async def begin(self, tenant: str, secrets: Secrets, language: str) -> str:
        """Return the address where the person logs in; NoProvider or UpstreamError."""
        ...

    async def finish(
        self, tenant: str, callback: Callback, nonce: str, code_verifier: str
    ) -> Identified:
        """Return whom the provider names; NoProvider or UpstreamError."""
        ...


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores."""

    sign_ins: Callable[[Session], SignIns]
    proofings: Callable[[Session], Proofings]
    entitlements: Callable[[Session], Entitlements]
    holders: Callable[[Session], Holders]
    presentations: Callable[[Session], Presentations]


@dataclass(frozen=True, slots=True)
class Seen:
    """A log-in as a browser sees it.

    Attributes:
        pending: who waits.
        sign_in: how the log-in stands.
    """

    pending: PendingAuthorization
    sign_in: SignIn

    @property
    def csrf(self) -> str:
        """Return the token that this log-in's forms carry."""
        return self.sign_in.visit.csrf


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of the log-in."""

    session: Session = field(repr=False)
    work: Work
    books: Books


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Logs residents in.

    Attributes:
        office: what all features share.
        authorizations: the requests that wait.
        stores: what gives a transaction's stores.
        verifier: asks wallets.
        providers: log people in elsewhere.
        house: register, claims, policy.
        anchors: roots of a municipality's own verifier.
        licence: what a municipality may issue now.
    """

    office: Office
    authorizations: Authorizations
    stores: Stores
    verifier: Verifier
    providers: Providers
    house: House
    anchors: Callable[[str], Sequence[bytes]]
    licence: Licence

    @property
    def policy(self) -> Policy:
        """Return lives and tries."""
        return self.house.policy

    @contextmanager
    def step(self, tenant: str) -> Iterator[Step]:
        """Open a transaction."""
        stores = self.stores
        with self.office.database.transaction() as session:
            sign_ins, proofings = stores.sign_ins(session), stores.proofings(session)
            books = Books(sign_ins, proofings, stores.entitlements(session))
            yield Step(session, self.office.work(session, tenant), books)

    def see(self, tenant: str, authorization: str, browser: str) -> Seen:
        """Return the log-in for a request that waits; begin it when it is new.

        Raises:
            AuthorizationRefused: the request is not this browser's, or waits no more.
        """
        with self.step(tenant) as step:
            now = step.work.now
            pending = self.authorizations.pending(
                step.session, tenant, authorization, browser, now=now
            )
            return Seen(pending, usecases.visit(step.work, step.books, self.policy, pending))

    def begun(self, tenant: str, seen: Seen) -> Choosing:
        """Count that a way is begun; TooManyTries when it is one too many."""
        with self.step(tenant) as step:
            found = usecases.visit(step.work, step.books, self.policy, seen.pending)
            return usecases.tried(step.work, step.books, self.policy, found)

    async def ask_wallet(self, tenant: str, seen: Seen, device: Device, return_to: str) -> None:
        """Have a wallet asked for the Digital ID; TooManyTries as `begun`."""
        begun = self.begun(tenant, seen)
        try:
            back = return_to if device is Device.THIS else None
            opened = await self.verifier.ask(tenant, back)
        except VerifierAway:
            self.failed(tenant, begun, Trouble.VERIFIER_AWAY)
            return
        with self.step(tenant) as step:
            more = device, opened.id, opened.link
            usecases.ask_wallet(step.work, step.books, begun, *more)

    async def look(self, tenant: str, seen: Seen, response_code: str | None = None) -> SignIn:
        """Ask the verifier how a presentation stands; at most once in a while without a code."""
        found = seen.sign_in
        if not isinstance(found, Presenting):
            return found
        if response_code is None and not self._is_due(tenant, found):
            return found
        try:
            told = await self.verifier.told(tenant, found.presentation, response_code)
        except VerifierAway:
            return found
        with self.step(tenant) as step:
            now = step.work.now
            still = step.books.sign_ins.find(tenant, found.visit.authorization, now=now)
            if isinstance(still, Presenting) and still.presentation == found.presentation:
                self._told(step, still, told, seen.pending.issuer_state)
            after = step.books.sign_ins.find(tenant, found.visit.authorization, now=now)
        return found if after is None else after

    def _is_due(self, tenant: str, found: Presenting) -> bool:
        with self.step(tenant) as step:
            return usecases.look(step.work, step.books, self.policy, found)

    def _told(self, step: Step, found: Presenting, told: Told, issuer_state: str | None) -> None:
        work, books = step.work, step.books
        if told.state in _ENDED:
            declined = told.failures == (_DECLINED,)
            trouble = Trouble.PRESENTATION_DECLINED if declined else _ENDED[told.state]
            usecases.fail(work, books, found, trouble)
        elif told.state is PresentationState.ANSWERED and told.result is not None:
            settings = self.office.settings
            try:
                result = check_result(
                    told.result,
                    verifier=self.office.addresses.identifier(work.tenant, "verifier"),
                    issuer=work.issuer,
                    anchors=self.anchors(work.tenant),
                    window=Window(work.now, settings.presentation_seconds, settings.skew_seconds),
                )
            except VpError as error:
                usecases.fail(work, books, found, Trouble.PRESENTATION_REFUSED, error.reason)
                return
            holders = self.stores.holders(step.session)
            shown = Presented(result, holders, self.stores.presentations(step.session))
            usecases.presented(work, books, self.policy, found, shown, issuer_state)

    async def ask_provider(self, tenant: str, seen: Seen, language: str) -> str | None:
        """Return where the person logs in elsewhere; None when that cannot be.

        Raises:
            TooManyTries: as `begun`.
            NoProvider: the municipality has no provider.
        """
        begun, ids = self.begun(tenant, seen), self.office.ids
        secrets = Secrets(*(ids.token(SECRET_BYTES) for _ in range(3)))
        try:
            address = await self.providers.begin(tenant, secrets, language)
        except UpstreamError as error:
            self.failed(tenant, begun, error.trouble, error.code)
            return None
        with self.step(tenant) as step:
            usecases.ask_provider(step.work, step.books, begun, secrets)
        return address

    async def came_back(self, tenant: str, callback: Callback, browser: str) -> str:
        """Take what a provider sent the browser back with; return the id of the request.

        Raises:
            AuthorizationRefused: no request of this browser waits for it.
        """
        seen, asked = self._use_state(tenant, callback.state, browser)
        try:
            got = await self.providers.finish(tenant, callback, asked.nonce, asked.code_verifier)
        except UpstreamError as error:
            self.failed(tenant, asked, error.trouble, error.code)
            return seen.pending.id
        with self.step(tenant) as step:
            register, state = self.house.register, seen.pending.issuer_state
            work, books = step.work, step.books
            usecases.identified(work, books, register, asked, got.evidence, got.level, state)
        return seen.pending.id

    def _use_state(self, tenant: str, state: str, browser: str) -> tuple[Seen, AtProvider]:
        """Find what was asked of a provider, and let nobody come back with it again."""
        with self.step(tenant) as step:
            work, books = step.work, step.books
            asked = books.sign_ins.by_state(tenant, hash_of(state), now=work.now)
            if asked is None:
                raise AuthorizationRefused("state_unknown")
            pending = self.authorizations.pending(
                step.session, tenant, asked.visit.authorization, browser, now=work.now
            )
            books.sign_ins.keep(tenant, Choosing(asked.visit))
            return Seen(pending, asked), asked

    def failed(self, tenant: str, found: SignIn, trouble: Trouble, code: str = "") -> None:
        """Go back to the choice, and say why."""
        with self.step(tenant) as step:
            usecases.fail(step.work, step.books, found, trouble, code)

    def leave(self, tenant: str, seen: Seen) -> None:
        """Go back to the choice of ways; who is known stays known."""
        with self.step(tenant) as step:
            found = usecases.visit(step.work, step.books, self.policy, seen.pending)
            if not isinstance(found, Known):
                step.books.sign_ins.keep(tenant, Choosing(found.visit))

    def asked(self, tenant: str, pending: PendingAuthorization, known: Known) -> tuple[Asked, ...]:
        """Return each certificate that is asked for, and whether the person can have it."""
        with self.step(tenant) as step:
            return self._asked(step, pending, known)

    def _asked(self, step: Step, pending: PendingAuthorization, known: Known) -> tuple[Asked, ...]:
        types = self.office.types(step.work.tenant)
        return usecases.asked(step.work, step.books, self.house, types, pending, known)

    def agree(self, tenant: str, seen: Seen) -> str:
        """Give the client a code; return where the browser goes.

        Raises:
            NotKnownYet: nobody has logged in.
            NothingToGive: nothing that is asked for can be given.
            NotAccredited: the municipality may not issue it now.
            AuthorizationRefused: the request waits no more.
        """
        with self.step(tenant) as step:
            work, books = step.work, step.books
            known = books.sign_ins.find(tenant, seen.pending.id, now=work.now)
            if not isinstance(known, Known):
                raise NotKnownYet
            asked = self._asked(step, seen.pending, known)
            self.licence.require(tenant, (e.type_id for e in asked if e.missing is None))
            agreement = Agreement(seen.pending, known, asked)
            return usecases.agree(
                work, books, self.policy, step.session, self.authorizations, agreement
            )

    def refuse(self, tenant: str, seen: Seen) -> str:
        """Tell the client that the person does not go on; return where the browser goes."""
        with self.step(tenant) as step:
            return usecases.refuse(
                step.work, step.books, step.session, self.authorizations, seen.pending
            )
