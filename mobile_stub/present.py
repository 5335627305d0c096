"""Present certificates: OpenID4VP 1.0 from the wallet's side, with the person's consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.present import present
from madang.core.formats.sd_jwt.verify import process
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.credential import Credential
from madang.core.protocol.dcql.match import Candidate, HeldCredential, Selection, match
from madang.core.protocol.dcql.path import locate, show
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpCode, VpError
from madang.core.protocol.oid4vp.request_check import VerifiedRequest, WalletPolicy, verify_request
from madang.core.protocol.oid4vp.request_link import parse_request_link
from madang.core.protocol.oid4vp.response import encrypt_answer, error_form
from madang.core.trust.x509 import san_uris
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy, Scan

OK = 200
FORM = "application/x-www-form-urlencoded"
# An anchor stands above all services of a municipality; only its verifiers may ask.
_OFFICE = "/verifier"
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
class Presenter:
    """Answers verifiers.

    Attributes:
        network: HTTP.
        vault: keys and certificates.
        anchors: DER of the roots that verifiers' certificates lead to.
        sets: how many presentation sets there are.
        allow_loopback_http: for a first run.
    """

    network: Network
    vault: Keeper
    anchors: tuple[bytes, ...]
    sets: int
    allow_loopback_http: bool

    async def preview(self, link: str, now: int) -> dict[str, Any]:
        """Return who asks for what and why, and what would be shown.

        Raises:
            WalletError: the request is not one that may be shown to the person.
        """
        verified = await self._request(link, now)
        return _preview(verified, *self._select(verified))

    async def answer(self, scan: Scan, now: int) -> dict[str, Any]:
        """Send what the preview showed, and nothing else; return what the verifier said.

        Raises:
            WalletError: the request changed, nothing can be shown, or the verifier refused.
        """
        verified = await self._request(scan.link, now)
        held, selection = self._select(verified)
        preview = _preview(verified, held, selection)
        if not preview["possible"]:
            raise WalletError("nothing_to_show", "the wallet lacks what is asked for")
        if preview != scan.preview:
            raise WalletError("request_changed", "the request is not the one that was shown")
        answer = _answer(selection)
        self.vault.presentation_set(str(verified.client_id), self.sets, keep=True)
        body = encrypt_answer(verified.request, self._tokens(verified, held, answer, now))
        reply = await self.network.post(verified.request.response_uri, body, FORM)
        accepted = reply.status == OK
        told = {query_id: sorted(_shown(held, found)) for query_id, found in answer.items()}
        self._note(verified, told, accepted=accepted, now=now)
        if not accepted:
            raise WalletError("refused_by_verifier", f"the verifier answered {reply.status}")
        return {"status": "accepted"}

    async def decline(self, scan: Scan, now: int) -> dict[str, Any]:
        """Tell the verifier that the person does not agree; nothing personal is sent."""
        verified = await self._request(scan.link, now)
        request = verified.request
        await self._report(VpCode.ACCESS_DENIED, ReplyAddress(request.response_uri, request.state))
        self._note(verified, {}, accepted=False, now=now)
        return {"status": "declined"}

    async def _request(self, link: str, now: int) -> VerifiedRequest:
        allow = self.allow_loopback_http
        try:
            found = parse_request_link(link, allow_loopback_http=allow)
            reply = await self.network.get(found.request_uri, REQUEST_MEDIA_TYPE)
            if reply.status != OK:
                raise WalletError("no_request", f"the verifier answered {reply.status}; scan again")
            policy = WalletPolicy(self.anchors, now, allow_loopback_http=allow)
            compact = reply.body.decode("ascii", "replace")
            verified = verify_request(compact, client_id=found.client_id, policy=policy)
        except VpError as error:
            if error.reply_to is not None:
                await self._report(error.code, error.reply_to)
            raise WalletError(error.reason, error.detail) from error
        if not any(uri.endswith(_OFFICE) for uri in san_uris(verified.chain[0])):
            raise WalletError(
                "not_a_verifier", "the certificate is that of another kind of service"
            )
        return verified

    async def _report(self, code: VpCode, address: ReplyAddress) -> None:
        await self.network.post(address.response_uri, error_form(code, state=address.state), FORM)

    def _select(self, verified: VerifiedRequest) -> tuple[dict[str, HeldCopy], Selection]:
        number = self.vault.presentation_set(str(verified.client_id), self.sets, keep=False)
        held = {copy.digest: copy for copy in self.vault.copies() if copy.number == number}
        credentials = [HeldCredential(copy.digest, _credential(copy)) for copy in held.values()]
        return held, match(verified.request.dcql_query, credentials)

    def _tokens(
        self,
        verified: VerifiedRequest,
        held: Mapping[str, HeldCopy],
        answer: Mapping[str, Candidate],
        now: int,
    ) -> dict[str, Sequence[str]]:
        return {
            query_id: [
                present(
                    held[found.handle].compact,
                    found.paths,
                    holder=self.vault.signer(held[found.handle].number),
                    audience=str(verified.client_id),
                    nonce=verified.request.nonce,
                    issued_at=now,
                )
            ]
            for query_id, found in answer.items()
        }

    def _note(
        self,
        verified: VerifiedRequest,
        told: Mapping[str, Sequence[str]],
        *,
        accepted: bool,
        now: int,
    ) -> None:
        entry = {
            "verifier": list(san_uris(verified.chain[0])),
            "purpose": verified.request.madang_purpose or {},
            "shown": {key: list(paths) for key, paths in told.items()} if accepted else {},
            "accepted": accepted,
        }
        self.vault.note(now, entry)


def _preview(
    verified: VerifiedRequest, held: Mapping[str, HeldCopy], selection: Selection
) -> dict[str, Any]:
    answer = _answer(selection)
    return {
        "verifier": list(san_uris(verified.chain[0])),
        "client_id": str(verified.client_id),
        "purpose": verified.request.madang_purpose or {},
        "credentials": {
            query_id: {"vct": held[found.handle].vct, "claims": _shown(held, found)}
            for query_id, found in answer.items()
        },
        "missing": {
            query.id: list(query.meta.vct_values or ())
            for query in verified.request.dcql_query.credentials
            if query.id not in answer
        },
        "possible": selection.satisfied and bool(answer),
    }


def _credential(copy: HeldCopy) -> Credential:
    claims = process(parse(copy.compact))
    return Credential(SD_JWT_VC, frozenset({copy.vct}), claims, holder_bound=True)


def _answer(selection: Selection) -> dict[str, Candidate]:
    """Return what to send: what is required, and of each optional set what the wallet has."""
    chosen = list(selection.chosen)
    chosen += [query_id for options in selection.optional for query_id in next(iter(options), ())]
    return {query_id: selection.candidates[query_id][0] for query_id in dict.fromkeys(chosen)}


def _shown(held: Mapping[str, HeldCopy], found: Candidate) -> dict[str, Any]:
    """Return each asked claim with its value, by its path in words."""
    claims = process(parse(held[found.handle].compact))
    return {show(place): value for path in found.paths for place, value in locate(claims, path)}
