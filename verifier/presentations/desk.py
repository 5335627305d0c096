"""The life of a presentation, transaction by transaction.

An answer costs one look and one commit: it is read, verified outside of any transaction, and then
the row changes together with all that follows from it, or nothing does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.errors import VpCode, VpError
from madang.core.protocol.oid4vp.response import PostedError
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.ids import Ids
from verifier.presentations import answering
from verifier.presentations.answering import AnswerRefusedError, Conclusion, Examiner
from verifier.presentations.model import (
    GIVEN,
    Answered,
    Checked,
    Open,
    Presentation,
    Reason,
    Terms,
    Use,
    refusal,
)
from verifier.presentations.opening import (
    Opener,
    Presentations,
    UnknownPresentationError,
    Wanted,
    present_open,
)
from verifier.presentations.same_device import (
    OtherBrowserError,
    ResponseCodeError,
    fits,
    hashed,
    with_code,
)
from verifier.presentations.sending import Channel, Sender
from verifier.presentations.watch import Watch


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes need.

    Attributes:
        presentations: gives a transaction's store.
        conclusions: what an accepted answer of each use leads to, in a transaction.
        tries: refused answers after which a presentation is closed.
        watch: wakes who waits.
    """

    database: Database
    clock: Clock
    ids: Ids
    presentations: Callable[[Session], Presentations]
    opener: Opener
    sender: Sender
    examiner: Examiner
    conclusions: Mapping[Use, Callable[[Session], Conclusion]]
    limits: Limits
    tries: int
    watch: Watch

    def open(self, wanted: Wanted) -> Open:
        """Open a presentation; errors as of `Opener.open`."""
        with self.database.transaction() as session:
            return self.opener.open(self.presentations(session), wanted, now=self.clock.now())

    def find(self, tenant: str, presentation: str) -> Presentation:
        """Return a presentation; UnknownPresentationError if the tenant has none of this id."""
        with self.database.reading() as session:
            now = self.clock.now()
            found = self.presentations(session).find(tenant, presentation, now=now)
        if found is None:
            raise UnknownPresentationError(presentation)
        return found

    def waiting(self, tenant: str, presentation: str) -> Open:
        """Return a presentation that waits for an answer; errors as of `present_open`."""
        with self.database.reading() as session:
            store = self.presentations(session)
            return present_open(store, tenant, presentation, self.clock.now())

    def forget(self) -> None:
        """Delete keys, results and what is personal of requests, where their time is over."""
        with self.database.transaction() as session:
            self.presentations(session).forget(now=self.clock.now())

    # --- the wallet

    async def answer(
        self, tenant: str, presentation: str, body: bytes, channel: Channel
    ) -> str | None:
        """Verify what was posted, and only then answer.

        Returns:
            Where the wallet sends the browser; None where no browser waits.

        Raises:
            AnswerRefusedError: it was refused and counted.
            OtherBrowserError: no browser waits for an answer on the same device.
        """
        waiting = self.waiting(tenant, presentation)
        if channel is Channel.SAME_DEVICE and waiting.browser is None:
            raise OtherBrowserError(presentation)
        terms, asked = waiting.terms, self.sender.asked(waiting, channel)
        keys = {waiting.key["kid"]: waiting.key}
        try:
            came = answering.read_posted(body, asked, keys, self.limits)
        except VpError as error:
            raise self._refused(terms, answering.unread(error), wire=error.code) from None
        if isinstance(came, PostedError):
            self._declined(terms, came, asked.state)
            return self._return_address(terms, channel)
        checked = await self.examiner.check(terms, came, asked, now=self.clock.now())
        if checked.judged.reasons:
            raise self._refused(terms, checked)
        return self._accepted(waiting, checked, channel)

    def _accepted(self, waiting: Open, checked: Checked, channel: Channel) -> str | None:
        terms = waiting.terms
        address = self._return_address(terms, channel)
        code = None if address is None else self.ids.token()
        with self.database.transaction() as session:
            answering.accept(
                self.presentations(session),
                waiting,
                checked,
                self.conclusions[terms.use](session),
                held=None if code is None else hashed(code),
                now=self.clock.now(),
            )
        self.watch.changed(terms.id)
        return None if address is None or code is None else with_code(address, code)

    def _refused(
        self, terms: Terms, checked: Checked, *, wire: str = VpCode.INVALID_REQUEST
    ) -> AnswerRefusedError:
        with self.database.transaction() as session:
            store, now = self.presentations(session), self.clock.now()
            answering.refuse(store, terms, checked, most=self.tries, now=now)
        self.watch.changed(terms.id)
        return AnswerRefusedError(wire)

    def _declined(self, terms: Terms, posted: PostedError, state: str | None) -> None:
        with self.database.transaction() as session:
            store, now = self.presentations(session), self.clock.now()
            closed = answering.decline(store, terms, posted, state=state, now=now)
        if not closed:
            raise self._refused(terms, refusal(Reason("state")))
        self.watch.changed(terms.id)

    def _return_address(self, terms: Terms, channel: Channel) -> str | None:
        """Return where the browser goes on: the caller's page, or that of the request itself."""
        if terms.manner.return_to:
            return terms.manner.return_to
        here = channel is Channel.SAME_DEVICE
        return self.sender.page(terms, "done") if here else None

    # --- whoever asked

    def result(self, tenant: str, presentation: str, code: str | None) -> Presentation:
        """Return a presentation with its result, which is given once where a code holds it.

        Args:
            tenant: who asked.
            presentation: its id.
            code: the response code that came back with the browser, or None.

        Raises:
            UnknownPresentationError: the tenant has none of this id.
            ResponseCodeError: the result is held, and this is not the code that it is held for; or
                a code came that nothing is held for.
        """
        found = self.find(tenant, presentation)
        held = found.held if isinstance(found, Answered) else None
        if not found.terms.manner.return_to or not isinstance(found, Answered):
            if code is not None:
                raise ResponseCodeError(presentation)
            return found
        if not fits(code, held):
            raise ResponseCodeError(presentation)
        self._release(found, given=GIVEN)
        return replace(found, held=None)

    def _release(self, answered: Answered, *, given: bytes | None) -> None:
        with self.database.transaction() as session:
            store, terms = self.presentations(session), answered.terms
            if not store.release(answered, given=given):
                raise ResponseCodeError(terms.id)
            code, now = "presentation.returned", self.clock.now()
            store.note(terms.tenant, code, now=now, reference=terms.id, actor=None)
        self.watch.changed(answered.terms.id)

    # --- the browser that opened the request's page

    def visit(self, tenant: str, presentation: str, token: str | None) -> Presentation:
        """Return a presentation for its page.

        Raises:
            UnknownPresentationError: as above.
            OtherBrowserError: it belongs to another browser.
        """
        found = self.find(tenant, presentation)
        bound = found.browser if isinstance(found, Open | Answered) else None
        if bound is not None and not fits(token, bound):
            raise OtherBrowserError(presentation)
        return found

    def bind(self, tenant: str, presentation: str) -> str:
        """Let the answer come back to this browser alone, and return the token that it keeps.

        It is asked for by a person's click: what looks at addresses in messages binds nothing.

        Raises:
            OtherBrowserError: another browser was first.
            UnknownPresentationError, ClosedPresentationError: as of `present_open`.
        """
        waiting, fresh = self.waiting(tenant, presentation), self.ids.token()
        with self.database.transaction() as session:
            if not self.presentations(session).bind(waiting, hashed(fresh)):
                raise OtherBrowserError(presentation)
        return fresh

    def own(self, tenant: str, presentation: str, token: str | None) -> Open:
        """Return a presentation that waits, for the browser that opened its page.

        Raises:
            OtherBrowserError: this is not that browser.
            UnknownPresentationError, ClosedPresentationError: as of `present_open`.
        """
        waiting = self.waiting(tenant, presentation)
        if not fits(token, waiting.browser):
            raise OtherBrowserError(presentation)
        return waiting

    def returned(
        self, tenant: str, presentation: str, code: str | None, token: str | None
    ) -> Presentation:
        """Take a browser back, and let whoever asked have the result.

        Raises:
            UnknownPresentationError: as above.
            OtherBrowserError: it is not the browser that opened the page.
            ResponseCodeError: the code is not this session's, or was used before.
        """
        found = self.find(tenant, presentation)
        if not isinstance(found, Answered):
            return found
        if not fits(token, found.browser):
            raise OtherBrowserError(presentation)
        if not fits(code, found.held) or found.terms.manner.return_to:
            raise ResponseCodeError(presentation)
        self._release(found, given=None)
        return replace(found, held=None)
