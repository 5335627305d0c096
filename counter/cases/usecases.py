"""What a clerk does with a case; calls to other services stand between transactions."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from counter.cases.model import (
    Asked,
    Case,
    CaseId,
    Document,
    Ground,
    Link,
    Offerable,
    Offered,
    OfferId,
    OfferState,
    PresentationId,
    PresentationState,
    TypeId,
    WalletEvent,
    WrongStep,
)
from counter.cases.offices import (
    Clerk,
    IssuerOffice,
    OfficeRefused,
    OfficeUnreachable,
    VerifierOffice,
)
from madang.infra.clock import Clock
from madang.infra.ids import Ids


class NoSuchCase(LookupError):  # noqa: N818 - a state of the counter
    """This municipality has no such case, or no longer."""


class NothingChosen(ValueError):  # noqa: N818 - a state of the form
    """No certificate was chosen, or one that is not offered here."""


class CaseBook(Protocol):
    """The cases of one municipality inside one transaction."""

    def get(self, case: str) -> Case | None:
        """Return a case."""
        ...

    def of_offer(self, offer: OfferId) -> CaseId | None:
        """Return the case that is at this offer."""
        ...

    def newest(self, most: int) -> tuple[Case, ...]:
        """Return cases, newest first."""
        ...

    def keep(self, case: Case) -> None:
        """Keep a new case, or a known one in its new stage."""
        ...

    def link(self, thing: str) -> Link | None:
        """Return what a wallet scans for an offer or presentation."""
        ...

    def keep_link(self, case: CaseId, link: Link) -> None:
        """Keep a link; every earlier one of the case is deleted."""
        ...

    def drop_links(self, case: CaseId) -> None:
        """Delete the links of a case."""
        ...

    def note(self, code: str, reference: str) -> None:
        """Add a line to the journal."""
        ...


Books = Callable[[Clerk], AbstractContextManager[CaseBook]]
"""Opens a transaction on the cases of the clerk's municipality."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as it is shown.

    Attributes:
        case: in its present stage.
        link: what the wallet scans now, if it may.
        trouble: why an office did not say how it stands, so that the stage may be old.
        events: what the wallet said became of what was offered, by certificate type.
    """

    case: Case
    link: Link | None
    trouble: OfficeRefused | OfficeUnreachable | None = None
    events: Mapping[TypeId, WalletEvent] = field(default_factory=dict)

    @property
    def renewable(self) -> bool:
        """Tell whether a new code would help: also where a code is good and its link was lost."""
        stage = self.case.stage
        if not isinstance(stage, Offered):
            return False
        return stage.renewable or (stage.state is OfferState.OFFERED and self.link is None)


@dataclass(frozen=True, slots=True)
class Counter:
    """The counter of all municipalities.

    Attributes:
        books: opens transactions.
        issuer: makes offers.
        verifier: asks for presentations.
        clock: tells the time.
        ids: draws ids.
    """

    books: Books
    issuer: IssuerOffice
    verifier: VerifierOffice
    clock: Clock
    ids: Ids

    def cases(self, clerk: Clerk, most: int) -> tuple[Case, ...]:
        """Return the municipality's cases, newest first."""
        with self.books(clerk) as book:
            return book.newest(most)

    def open(self, clerk: Clerk) -> Case:
        """Open a case."""
        case = Case(CaseId(self.ids.token()), clerk.tenant, self.clock.now())
        with self.books(clerk) as book:
            book.keep(case)
            book.note("case.opened", case.id)
        return case

    def case(self, clerk: Clerk, case: str) -> Case:
        """Return a case; NoSuchCase if this municipality has none."""
        with self.books(clerk) as book:
            return _known(book, case)

    async def prove_identity(self, clerk: Clerk, case_id: str, document: Document) -> None:
        """Compare the person's document with the register and offer what needs no Digital ID.

        Raises:
            NoSuchCase, WrongStep, OfficeRefused, OfficeUnreachable: why not.
        """
        self.case(clerk, case_id).unproven()
        types = tuple(t.id for t in await self.issuer.types(clerk) if not t.requires_digital_id)
        proofing = await self.issuer.prove(clerk, document)
        link = await self.issuer.offer_to_proven(clerk, proofing, types)
        with self.books(clerk) as book:
            case = _known(book, case_id).unproven()
            book.note("identity.proved", case.id)
            _keep_offer(book, case, Offered(OfferId(link.thing), Ground.DOCUMENT, types), link)

    async def ask(self, clerk: Clerk, case_id: str) -> None:
        """Ask the person to present the Digital ID.

        Raises:
            NoSuchCase, WrongStep, OfficeRefused, OfficeUnreachable: why not.
        """
        self.case(clerk, case_id).idle()
        link = await self.verifier.ask(clerk)
        with self.books(clerk) as book:
            case = _known(book, case_id).idle()
            book.keep(case.at(Asked(PresentationId(link.thing))))
            book.keep_link(case.id, link)
            book.note("presentation.asked", link.thing)

    async def offer(self, clerk: Clerk, case_id: str, chosen: tuple[str, ...]) -> None:
        """Offer certificates to the holder of the presented Digital ID.

        The verifier's word is fetched now and passed on; it is not kept here.

        Raises:
            NothingChosen: nothing, or what is not on the page.
            NoSuchCase, WrongStep, OfficeRefused, OfficeUnreachable: why not.
        """
        asked = self.case(clerk, case_id).answered()
        types = _chosen(chosen, await self.offerable(clerk))
        answer = await self.verifier.presentation(clerk, asked.presentation)
        link = await self.issuer.offer_to_holder(clerk, answer.result or "", types)
        with self.books(clerk) as book:
            case = _known(book, case_id)
            if case.answered() != asked:
                raise WrongStep
            _keep_offer(book, case, Offered(OfferId(link.thing), Ground.DIGITAL_ID, types), link)

    async def renew(self, clerk: Clerk, case_id: str, offer: str) -> None:
        """Give an offer a new code; the old one is void.

        When the form is sent twice, the last code is the one that is good, so each replaces the
        one before.

        Raises:
            NoSuchCase, WrongStep, OfficeRefused, OfficeUnreachable: why not.
        """
        case = self.case(clerk, case_id)
        stage = case.offered(offer)
        if not Seen(case, self.link(clerk, case)).renewable:
            raise WrongStep
        link = await self.issuer.renew(clerk, stage.offer)
        with self.books(clerk) as book:
            case = _known(book, case_id)
            before = case.offered(offer)
            renewed = Offered(OfferId(link.thing), before.ground, before.types)
            book.keep(case.at(renewed))
            book.keep_link(case.id, link)
            book.note("offer.renewed", renewed.offer)

    async def offerable(self, clerk: Clerk) -> tuple[Offerable, ...]:
        """Return what can be offered to the holder of a Digital ID."""
        return tuple(t for t in await self.issuer.types(clerk) if t.requires_digital_id)

    async def look(self, clerk: Clerk, case_id: str) -> Seen:
        """Return a case after asking how its offer or presentation stands.

        Raises:
            NoSuchCase: this municipality has none. An office that does not say is no error here.
        """
        case = self.case(clerk, case_id)
        trouble: OfficeRefused | OfficeUnreachable | None = None
        events: Mapping[TypeId, WalletEvent] = {}
        try:
            case, events = await self._brought_up(clerk, case)
        except (OfficeRefused, OfficeUnreachable) as error:
            trouble = error
        return Seen(case, self.link(clerk, case), trouble, events)

    def link(self, clerk: Clerk, case: Case) -> Link | None:
        """Return what the wallet can scan now, if anything."""
        thing = _scannable(case)
        if thing is None:
            return None
        with self.books(clerk) as book:
            return book.link(thing)

    def refused(self, clerk: Clerk, case: str, error: OfficeRefused) -> None:
        """Note a refusal that the page itself tells."""
        with self.books(clerk) as book:
            book.note(f"office.{error.code.value}", case)

    async def _brought_up(
        self, clerk: Clerk, case: Case
    ) -> tuple[Case, Mapping[TypeId, WalletEvent]]:
        stage = case.stage
        # A wallet says what became of it after it was issued, or days later that it was deleted.
        if isinstance(stage, Offered) and (stage.waiting or stage.state is OfferState.ISSUED):
            answer = await self.issuer.offered(clerk, stage.offer)
            return self._moved(clerk, case, replace(stage, state=answer.state)), answer.events
        if isinstance(stage, Asked) and stage.waiting:
            told = await self.verifier.presentation(clerk, stage.presentation)
            asked = Asked(stage.presentation, told.state, told.failures, told.status_as_of)
            return self._moved(clerk, case, asked), {}
        return case, {}

    def _moved(self, clerk: Clerk, before: Case, stage: Offered | Asked) -> Case:
        """Keep what an office said, unless the case went on in the meantime."""
        if stage == before.stage:
            return before
        with self.books(clerk) as book:
            case = _known(book, before.id)
            if case.stage != before.stage:
                return case
            moved = case.at(stage)
            book.keep(moved)
            if _scannable(moved) is None:
                book.drop_links(case.id)
            if _code(stage) != _code(before.stage):
                book.note(_code(stage), _thing(stage))
            return moved


def _known(book: CaseBook, case: str) -> Case:
    found = book.get(case)
    if found is None:
        raise NoSuchCase
    return found


def _keep_offer(book: CaseBook, case: Case, offered: Offered, link: Link) -> None:
    book.keep(case.at(offered))
    book.keep_link(case.id, link)
    book.note("offer.made", offered.offer)


def _chosen(wanted: tuple[str, ...], offerable: tuple[Offerable, ...]) -> tuple[TypeId, ...]:
    types = tuple(each.id for each in offerable if each.id in wanted)
    if not types or len(types) != len(wanted):
        raise NothingChosen
    return types


def _scannable(case: Case) -> str | None:
    """Return the id of the thing that a wallet can scan now."""
    stage = case.stage
    if isinstance(stage, Offered) and stage.state is OfferState.OFFERED:
        return stage.offer
    if isinstance(stage, Asked) and stage.state is PresentationState.OPEN:
        return stage.presentation
    return None


def _thing(stage: Offered | Asked) -> str:
    return stage.offer if isinstance(stage, Offered) else stage.presentation


def _code(stage: object) -> str:
    if isinstance(stage, Offered):
        return f"offer.{stage.state.value}"
    if isinstance(stage, Asked):
        return f"presentation.{stage.state.value}"
    return ""
