"""Answer verifiers, with the person's consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.formats.mdoc.agreement import Agreement
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.match import Candidate
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpCode, VpError
from madang.core.protocol.oid4vp.request import FRAGMENT
from madang.core.protocol.oid4vp.response import answer_form, answer_members, error_form
from madang.core.protocol.oid4vp.wallet_answer import asked_of, mac_reader
from madang.core.protocol.urls import is_web_address
from madang.core.trust.registry import Registry
from mobile_stub.adapters.network import Network, Reply
from mobile_stub.errors import RequestRefusedError, WalletError
from mobile_stub.model import HeldCopy, Scan
from mobile_stub.presenting.federation import Places
from mobile_stub.presenting.model import Choices, Received, Trust, Wanted
from mobile_stub.presenting.notices import notice
from mobile_stub.presenting.presentations import Presenting
from mobile_stub.presenting.requests import FORM, OK, Requests
from mobile_stub.presenting.selection import Matched, match_copies, set_of

NOTHING_CHOSEN: Final[Choices] = {}
_VOUCHED: Final = (
    "; expected is a verifier in the registry of WALLET_ACCREDITATIONS, or below an authority that"
    " WALLET_REQUEST_ANCHORS names"
)


class Keeper(Protocol):
    """What presenting needs of the vault."""

    def copies(self) -> list[HeldCopy]:
        """Return every copy."""
        ...

    def signer(self, number: int) -> Signer:
        """Return a holder key."""
        ...

    def agreement(self, number: int) -> Agreement:
        """Return what agrees on secrets with the same key."""
        ...

    def presentation_set(
        self, client_id: str, available: int, *, keep: bool, reuse: bool = False
    ) -> int:
        """Return the set that this verifier sees, or would see; kept for it from now on if told."""
        ...

    def note(self, at: int, entry: dict[str, Any]) -> None:
        """Add a line to the person's own history."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A request that the person can decide on.

    Attributes:
        received: the request as it came.
        preview: who asks for what and why, and what would be shown.
    """

    received: Received
    preview: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Presenter:
    """Answers verifiers.

    Attributes:
        network: HTTP.
        vault: keys and certificates.
        requests: where requests come from.
        trust: the person's policy.
        sets: how many presentation sets there are.
        places: where issuers stand in a federation.
    """

    network: Network
    vault: Keeper
    requests: Requests
    trust: Trust
    sets: int
    places: Places

    async def open_link(self, link: str, now: int) -> Opened:
        """Fetch and check a request by link.

        Raises:
            WalletError: the request is not one that may be shown to the person.
        """
        registry = await self.requests.registry(now)
        try:
            received = await self.requests.by_link(link)
        except VpError as error:
            raise WalletError(error.reason, error.detail) from error
        return await self._opened(received, registry, now)

    async def open_page(self, origin: str, asked: object, now: int) -> Opened:
        """Check what a page asked by the Digital Credentials API.

        Args:
            origin: as the platform says.
            asked: what the page gave the API.
            now: seconds since the epoch.

        Raises:
            WalletError: as of `open_link`; where the page may be told, the error says what.
        """
        registry = await self.requests.registry(now)
        try:
            received = await self.requests.by_page(origin, asked)
        except VpError as error:
            raise WalletError(error.reason, error.detail) from error
        return await self._opened(received, registry, now)

    async def answer(
        self, scan: Scan, now: int, choices: Choices = NOTHING_CHOSEN
    ) -> dict[str, Any]:
        """Send what the preview showed, or less; return what became of it.

        Args:
            scan: the request with the preview that the person agreed to.
            now: seconds since the epoch.
            choices: which copies to show where there are several, and what to leave out.

        Returns:
            `status`, and `redirect_uri` where the person's browser is to go on; with the Digital
            Credentials API `protocol` and `data`.

        Raises:
            WalletError: the request changed, nothing can be shown, or the verifier refused.
        """
        wanted, received = await self._wanted(scan, now)
        matched = await self._match(wanted, now)
        preview = _preview(wanted, matched)
        if not preview["possible"]:
            raise WalletError("nothing_to_show", "the wallet lacks what is asked for")
        if preview != scan.preview:
            raise WalletError("request_changed", "the request is not the one that was shown")
        answer = matched.chosen(choices)
        request = wanted.verified.request
        presenting = Presenting(
            self.vault,
            matched.held,
            asked_of(wanted.verified),
            matched.transactions,
            self.trust.transaction_types,
            mac_reader(request),
            now,
        )
        tokens = presenting.tokens(answer)
        self._set(wanted, keep=True)
        told = {name: _paths(matched, found) for name, found in answer.items()}
        if wanted.verified.origin is not None:
            self._note(wanted, told, accepted=True, now=now)
            return {"status": "accepted", **_for_page(received, answer_members(request, tokens))}
        body = answer_form(request, tokens)
        if request.response_mode == FRAGMENT:
            self._note(wanted, told, accepted=True, now=now)
            return {"status": "accepted", "redirect_uri": f"{request.answer_to}#{body}"}
        reply = await self.network.post(request.answer_to or "", body, FORM)
        accepted = reply.status == OK
        self._note(wanted, told, accepted=accepted, now=now)
        if not accepted:
            raise WalletError("refused_by_verifier", f"the verifier answered {reply.status}")
        return {"status": "accepted", **self._redirect(reply)}

    async def decline(self, scan: Scan, now: int) -> dict[str, Any]:
        """Tell the verifier that the person does not agree; nothing personal is sent.

        Who signed nothing is told nothing.
        """
        wanted, received = await self._wanted(scan, now)
        self._note(wanted, {}, accepted=False, now=now)
        if wanted.anonymous:
            return {"status": "declined"}
        if wanted.verified.origin is not None:
            data = {"error": str(VpCode.ACCESS_DENIED)}
            return {"status": "declined", **_for_page(received, data)}
        request = wanted.verified.request
        if request.response_mode == FRAGMENT:
            error = error_form(VpCode.ACCESS_DENIED, state=request.state)
            return {"status": "declined", "redirect_uri": f"{request.answer_to}#{error}"}
        reply = await self._report(
            VpCode.ACCESS_DENIED, ReplyAddress(request.answer_to or "", request.state)
        )
        return {"status": "declined", **self._redirect(reply)}

    async def _opened(self, received: Received, registry: Registry | None, now: int) -> Opened:
        wanted = await self._check(received, registry, now)
        return Opened(received, _preview(wanted, await self._match(wanted, now)))

    async def _wanted(self, scan: Scan, now: int) -> tuple[Wanted, Received]:
        received = Received(**scan.progress["received"])
        registry = await self.requests.registry(now)
        return await self._check(received, registry, now), received

    async def _check(self, received: Received, registry: Registry | None, now: int) -> Wanted:
        """Verify a request; whoever was authenticated is told what is wrong with it."""
        try:
            return self.requests.check(received, registry, now)
        except VpError as error:
            if error.reply_to is not None and received.origin is None:
                await self._report(error.code, error.reply_to)
            told = None if error.reply_to is None else str(error.code)
            more = _VOUCHED if error.reason == "request_unknown_anchor" else ""
            raise RequestRefusedError(error.reason, error.detail + more, told) from error

    async def _report(self, code: VpCode, address: ReplyAddress) -> Reply:
        body = error_form(code, state=address.state)
        return await self.network.post(address.response_uri, body, FORM)

    def _set(self, wanted: Wanted, *, keep: bool) -> int:
        return self.vault.presentation_set(
            wanted.pseudonym, self.sets, keep=keep, reuse=self.trust.reuse
        )

    async def _match(self, wanted: Wanted, now: int) -> Matched:
        number = self._set(wanted, keep=False)
        copies = set_of(self.vault.copies(), number, reuse=self.trust.reuse)
        request = wanted.verified.request
        authorities = await self.places.authorities(request.dcql_query, copies, now)
        return match_copies(request, copies, authorities, now)

    def _redirect(self, reply: Reply) -> dict[str, str]:
        """Return where the person's browser is to go on (section 8.2), if anywhere."""
        try:
            body = strict_json.loads(reply.body)
        except EncodingError:
            return {}
        uri = body.get("redirect_uri") if isinstance(body, dict) else None
        allow = self.requests.allow_loopback_http
        if not isinstance(uri, str):
            return {}
        if not is_web_address(uri.partition("#")[0], allow_loopback_http=allow):
            raise WalletError("redirect_uri", "the verifier named no web address to go on to")
        return {"redirect_uri": uri}

    def _note(
        self, wanted: Wanted, told: Mapping[str, Sequence[str]], *, accepted: bool, now: int
    ) -> None:
        entry = {
            "verifier": [wanted.verifier],
            "standing": wanted.standing,
            "purpose": {} if wanted.use is None else dict(wanted.use.texts),
            "shown": {key: list(paths) for key, paths in told.items()} if accepted else {},
            "accepted": accepted,
        }
        self.vault.note(now, entry)


def _for_page(received: Received, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the platform gives back to the page (appendix A.4)."""
    return {"protocol": received.members["protocol"], "data": dict(data)}


def _paths(matched: Matched, found: Sequence[Candidate]) -> list[str]:
    return sorted({path for each in found for path in matched.shown(each)})


def _preview(wanted: Wanted, matched: Matched) -> dict[str, Any]:
    return {
        "verifier": [wanted.verifier],
        "client_id": wanted.verified.client_id,
        "standing": wanted.standing,
        "notice": notice(wanted.standing),
        "purpose": {} if wanted.use is None else dict(wanted.use.texts),
        "transactions": [dict(data.members) for data in matched.transactions],
        "credentials": {
            name: [matched.listed(each) for each in found] for name, found in matched.answer.items()
        },
        "others": {
            name: [matched.listed(each) for each in found]
            for name, found in matched.selection.candidates.items()
            if len(found) > len(matched.answer.get(name, ()))
        },
        "missing": matched.missing(),
        "possible": matched.possible,
    }
