"""Present certificates: OpenID4VP 1.0 from the wallet's side, with the person's consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from madang.core.formats.sd_jwt.present import present
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.credential import Credential
from madang.core.protocol.dcql.match import Candidate, HeldCredential, Selection, match
from madang.core.protocol.dcql.path import locate, show
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpCode, VpError
from madang.core.protocol.oid4vp.registration_check import check_registration
from madang.core.protocol.oid4vp.request_check import VerifiedRequest, WalletPolicy, verify_request
from madang.core.protocol.oid4vp.request_link import parse_request_link
from madang.core.protocol.oid4vp.response import answer_form, error_form
from madang.core.protocol.oid4vp.verifier_info import Registration
from mobile_stub.accreditations import Accreditations
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.held import claims_of
from mobile_stub.model import HeldCopy, Scan

OK = 200
FORM = "application/x-www-form-urlencoded"
REQUEST_MEDIA_TYPE = "application/oauth-authz-req+jwt"


class Keeper(Protocol):
    """What presenting needs of the vault."""

    def copies(self) -> list[HeldCopy]:
        """Return every copy."""
        ...

    def signer(self, number: int) -> Signer:
        """Return a holder key."""
        ...

    def presentation_set(self, client_id: str, available: int, *, keep: bool) -> int:
        """Return the set that this verifier sees, or would see; kept for it from now on if told."""
        ...

    def note(self, at: int, entry: dict[str, Any]) -> None:
        """Add a line to the person's own history."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a verifier asks, and the use that it is registered for."""

    verified: VerifiedRequest
    use: Registration

    @property
    def client_id(self) -> str:
        """Return the verifier's full identifier in this request."""
        return str(self.verified.client_id)


@dataclass(frozen=True, slots=True)
class Presenter:
    """Answers verifiers.

    Attributes:
        network: HTTP.
        vault: keys and certificates.
        accreditations: who may ask what.
        sets: how many presentation sets there are.
        allow_loopback_http: for a first run.
    """

    network: Network
    vault: Keeper
    accreditations: Accreditations
    sets: int
    allow_loopback_http: bool

    async def preview(self, link: str, now: int) -> dict[str, Any]:
        """Return who asks for what and why, and what would be shown.

        Raises:
            WalletError: the request is not one that may be shown to the person.
        """
        wanted = await self._request(link, now)
        return _preview(wanted, *self._select(wanted))

    async def answer(self, scan: Scan, now: int) -> dict[str, Any]:
        """Send what the preview showed, and nothing else; return what the verifier said.

        Raises:
            WalletError: the request changed, nothing can be shown, or the verifier refused.
        """
        wanted = await self._request(scan.link, now)
        held, selection = self._select(wanted)
        preview = _preview(wanted, held, selection)
        if not preview["possible"]:
            raise WalletError("nothing_to_show", "the wallet lacks what is asked for")
        if preview != scan.preview:
            raise WalletError("request_changed", "the request is not the one that was shown")
        answer, request = _answer(selection), wanted.verified.request
        self.vault.presentation_set(wanted.client_id, self.sets, keep=True)
        body = answer_form(request, self._tokens(wanted, held, answer, now))
        reply = await self.network.post(request.response_uri or "", body, FORM)
        accepted = reply.status == OK
        told = {query_id: sorted(_shown(held, found)) for query_id, found in answer.items()}
        self._note(wanted, told, accepted=accepted, now=now)
        if not accepted:
            raise WalletError("refused_by_verifier", f"the verifier answered {reply.status}")
        return {"status": "accepted"}

    async def decline(self, scan: Scan, now: int) -> dict[str, Any]:
        """Tell the verifier that the person does not agree; nothing personal is sent."""
        wanted = await self._request(scan.link, now)
        request = wanted.verified.request
        await self._report(
            VpCode.ACCESS_DENIED, ReplyAddress(request.response_uri or "", request.state)
        )
        self._note(wanted, {}, accepted=False, now=now)
        return {"status": "declined"}

    async def _request(self, link: str, now: int) -> Wanted:
        """Fetch a request and hold it against the registry; whoever fails there hears nothing."""
        allow = self.allow_loopback_http
        registry = await self.accreditations.registry(now)
        try:
            found = parse_request_link(link, allow_loopback_http=allow)
            reply = await self.network.get(found.request_uri, REQUEST_MEDIA_TYPE)
            if reply.status != OK:
                raise WalletError("no_request", f"the verifier answered {reply.status}; scan again")
            anchors = tuple(registry.anchors.values())
            policy = WalletPolicy(anchors, now, allow_loopback_http=allow)
            compact = reply.body.decode("ascii", "replace")
            verified = verify_request(compact, client_id=found.client_id, policy=policy)
            return Wanted(verified, check_registration(verified, registry, now=now))
        except VpError as error:
            if error.reply_to is not None:
                await self._report(error.code, error.reply_to)
            raise WalletError(error.reason, error.detail) from error

    async def _report(self, code: VpCode, address: ReplyAddress) -> None:
        await self.network.post(address.response_uri, error_form(code, state=address.state), FORM)

    def _select(self, wanted: Wanted) -> tuple[dict[str, HeldCopy], Selection]:
        number = self.vault.presentation_set(wanted.client_id, self.sets, keep=False)
        held = {copy.digest: copy for copy in self.vault.copies() if copy.number == number}
        credentials = [HeldCredential(copy.digest, _credential(copy)) for copy in held.values()]
        return held, match(wanted.verified.request.dcql_query, credentials)

    def _tokens(
        self,
        wanted: Wanted,
        held: Mapping[str, HeldCopy],
        answer: Mapping[str, Candidate],
        now: int,
    ) -> dict[str, Sequence[str]]:
        return {
            query_id: [
                present(
                    held[found.handle].credential,
                    found.paths,
                    holder=self.vault.signer(held[found.handle].number),
                    audience=wanted.client_id,
                    nonce=wanted.verified.request.nonce,
                    issued_at=now,
                )
            ]
            for query_id, found in answer.items()
        }

    def _note(
        self,
        wanted: Wanted,
        told: Mapping[str, Sequence[str]],
        *,
        accepted: bool,
        now: int,
    ) -> None:
        entry = {
            "verifier": [wanted.use.verifier],
            "purpose": dict(wanted.use.texts),
            "shown": {key: list(paths) for key, paths in told.items()} if accepted else {},
            "accepted": accepted,
        }
        self.vault.note(now, entry)


def _preview(wanted: Wanted, held: Mapping[str, HeldCopy], selection: Selection) -> dict[str, Any]:
    answer = _answer(selection)
    return {
        "verifier": [wanted.use.verifier],
        "client_id": wanted.client_id,
        "purpose": dict(wanted.use.texts),
        "credentials": {
            query_id: {"vct": held[found.handle].type, "claims": _shown(held, found)}
            for query_id, found in answer.items()
        },
        "missing": {
            query.id: list(query.meta.vct_values or ())
            for query in wanted.verified.request.dcql_query.credentials
            if query.id not in answer
        },
        "possible": selection.satisfied and bool(answer),
    }


def _credential(copy: HeldCopy) -> Credential:
    return Credential(copy.format, frozenset({copy.type}), claims_of(copy), holder_bound=True)


def _answer(selection: Selection) -> dict[str, Candidate]:
    """Return what to send: what is required, and of each optional set what the wallet has."""
    chosen = list(selection.chosen)
    chosen += [query_id for options in selection.optional for query_id in next(iter(options), ())]
    return {query_id: selection.candidates[query_id][0] for query_id in dict.fromkeys(chosen)}


def _shown(held: Mapping[str, HeldCopy], found: Candidate) -> dict[str, Any]:
    """Return each asked claim with its value, by its path in words."""
    claims = claims_of(held[found.handle])
    return {show(place): value for path in found.paths for place, value in locate(claims, path)}
