"""Authorization requests: pushed, opened in a browser, approved or refused."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from madang.access.authorization.asking import wanted
from madang.access.authorization.callers import Caller
from madang.access.authorization.model import (
    AuthorizationRefused,
    GrantId,
    NotOpened,
    Offering,
    PendingAuthorization,
)
from madang.access.authorization.policy import Ground
from madang.access.authorization.proving import proof_id
from madang.access.authorization.store import AuthorizationRow, Requests, hash_of, take
from madang.core.protocol.oauth.authorization import (
    REQUEST_URI_PREFIX,
    AuthorizationRequest,
    PushedResponse,
    code_answer,
    error_answer,
    is_redirect_uri,
    read_authorization_request,
)
from madang.core.protocol.oauth.dpop import DpopProof
from madang.core.protocol.oauth.errors import (
    OAuthError,
    invalid_client,
    invalid_dpop_proof,
    invalid_request,
)

PUSHED: Final = "pushed"
APPROVED: Final = "approved"
REDEEMED: Final = "redeemed"
REFUSED: Final = "refused"
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Pushed:
    """A pushed request with what came beside it.

    Attributes:
        caller: the client.
        form: its parameters.
        proof: of possession of the key that the code will be for, None without one.
    """

    caller: Caller
    form: dict[str, str]
    proof: DpopProof | None


@dataclass(frozen=True, slots=True)
class AuthorizationRequests:
    """The whole life of an authorization request; see `model.Authorizations`.

    Attributes:
        ground: clock, chance, policy, identifiers.
        offering: what can be asked for.
    """

    ground: Ground
    offering: Offering

    def push(self, session: Session, tenant: str, pushed: Pushed, *, now: int) -> PushedResponse:
        """Keep a request (RFC 9126 section 2).

        Raises:
            OAuthError: what is wrong with it.
        """
        ground, caller = self.ground, pushed.caller
        if caller.client_id is None:
            raise invalid_client("the authorization code is for clients that are known here")
        asked = read_authorization_request({"client_id": caller.client_id, **pushed.form})
        self._check_address(caller, asked.redirect_uri)
        jkt = _key(asked, pushed.proof)
        found = wanted(
            asked.scope,
            asked.details,
            scopes=self.offering.scopes(tenant),
            issuer=ground.identifier(tenant),
        )
        self.take(session, tenant, pushed, now)
        name = ground.ids.token(SECRET_BYTES)
        row = AuthorizationRow(
            id=ground.ids.token(),
            request_hash=hash_of(name),
            tenant=tenant,
            client_id=caller.client_id,
            client_name=caller.name,
            redirect_uri=asked.redirect_uri,
            state=asked.state,
            code_challenge=asked.code_challenge,
            configurations=" ".join(found.configurations),
            identified=" ".join(found.identified),
            issuer_state=asked.issuer_state,
            jkt=jkt,
            instance=caller.instance,
            phase=PUSHED,
            expires_at=now + ground.policy.request_seconds,
        )
        Requests(session).add(row)
        seconds = ground.policy.request_seconds
        return PushedResponse(request_uri=f"{REQUEST_URI_PREFIX}{name}", expires_in=seconds)

    def take(self, session: Session, tenant: str, pushed: Pushed, now: int) -> None:
        """Use up what the request proved itself with."""
        if not all(take(session, used) for used in pushed.caller.proofs):
            raise replayed_client()
        if pushed.proof is not None:
            url = f"{self.ground.identifier(tenant)}/par"
            if not take(session, proof_id(self.ground, tenant, pushed.proof, url, now)):
                raise invalid_dpop_proof("this proof was used before; make one for each request")

    def _check_address(self, caller: Caller, address: str) -> None:
        loopback = self.ground.policy.allow_loopback_http
        if caller.redirect_uris is None:
            if not is_redirect_uri(address, allow_loopback_http=loopback):
                raise invalid_request("redirect_uri should be https, or a private scheme")
        elif address not in caller.redirect_uris:
            raise invalid_request("redirect_uri is not registered for this client")

    def open(
        self, session: Session, tenant: str, client_id: str, request_uri: str, browser: str
    ) -> str:
        """Bind a pushed request to the browser that brings it; return its id.

        Until it is answered it may be opened again. In another browser it gets another id: nobody
        goes on with what somebody did elsewhere. The time of the first opening stays.

        Raises:
            NotOpened: not pushed here, another client's, over, or answered.
        """
        now = self.ground.clock.now()
        if not request_uri.startswith(REQUEST_URI_PREFIX):
            raise NotOpened("not_pushed")
        requests, name = Requests(session), request_uri.removeprefix(REQUEST_URI_PREFIX)
        try:
            row = _waiting(requests.find(tenant, request_hash=hash_of(name)), now)
        except AuthorizationRefused as error:
            raise NotOpened(error.code) from None
        if row.client_id != client_id:
            raise NotOpened("other_client")
        pending, opened = row.id, hash_of(browser)
        if not row.browser:
            until = now + self.ground.policy.pending_seconds
            requests.change(pending, browser=opened, expires_at=until)
        elif not hmac.compare_digest(row.browser, opened):
            pending = self.ground.ids.token()
            requests.change(row.id, id=pending, browser=opened)
        return pending

    def pending(
        self, session: Session, tenant: str, pending: str, browser: str, *, now: int
    ) -> PendingAuthorization:
        """Return a request that waits; see `model.Authorizations`."""
        row = _waiting(Requests(session).find(tenant, id=pending), now)
        if not browser or not hmac.compare_digest(row.browser, hash_of(browser)):
            raise AuthorizationRefused("other_browser")
        return _told(row)

    def approve(
        self,
        session: Session,
        tenant: str,
        pending: str,
        grant: GrantId,
        configurations: Sequence[str],
        *,
        now: int,
    ) -> str:
        """Give the client a code; see `model.Authorizations`."""
        requests = Requests(session)
        row = _waiting(requests.find(tenant, id=pending), now)
        agreed = [each for each in row.configurations.split() if each in configurations]
        if not agreed or len(agreed) < len({*configurations}):
            raise AuthorizationRefused("not_asked_for")
        code = self.ground.ids.token(SECRET_BYTES)
        requests.change(
            row.id,
            phase=APPROVED,
            grant=grant,
            configurations=" ".join(agreed),
            identified=" ".join(each for each in row.identified.split() if each in agreed),
            code_hash=hash_of(code),
            expires_at=now + self.ground.policy.code_seconds,
        )
        issuer = self.ground.identifier(tenant)
        return code_answer(row.redirect_uri, code=code, state=row.state, issuer=issuer)

    def refuse(self, session: Session, tenant: str, pending: str, error: str, *, now: int) -> str:
        """Give the client an error; see `model.Authorizations`."""
        requests = Requests(session)
        row = _waiting(requests.find(tenant, id=pending), now)
        requests.change(row.id, phase=REFUSED)
        issuer = self.ground.identifier(tenant)
        return error_answer(row.redirect_uri, error=error, state=row.state, issuer=issuer)


def replayed_client() -> OAuthError:
    """Return the refusal of what a client proved itself with before."""
    return invalid_client("what authenticates the client was used before; make a new one")


def _key(asked: AuthorizationRequest, proof: DpopProof | None) -> str:
    """Return the key that the code is for (RFC 9449 section 10.1); empty for any."""
    if proof is not None and asked.dpop_jkt not in (None, proof.jkt):
        raise invalid_dpop_proof("dpop_jkt is not the key of the proof")
    return proof.jkt if proof is not None else asked.dpop_jkt or ""


def _waiting(row: AuthorizationRow | None, now: int) -> AuthorizationRow:
    if row is None:
        raise AuthorizationRefused("request_unknown")
    if row.phase != PUSHED:
        raise AuthorizationRefused("request_used")
    if now >= row.expires_at:
        raise AuthorizationRefused("request_expired")
    return row


def _told(row: AuthorizationRow) -> PendingAuthorization:
    return PendingAuthorization(
        id=row.id,
        tenant=row.tenant,
        client_id=row.client_id,
        client_name=row.client_name,
        configurations=tuple(row.configurations.split()),
        issuer_state=row.issuer_state,
        redirect_uri=row.redirect_uri,
        expires_at=row.expires_at,
    )
