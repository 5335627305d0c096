"""The token endpoint: one transaction, which takes the proofs, checks the grant, keeps the token.

A refusal that changes something (a wrong try, a stolen code) is returned, so that the change stays.
"""

from dataclasses import dataclass, replace

from sqlmodel import Session

from madang.access.authorization.asking import (
    Wanted,
    answered_details,
    answered_scope,
    narrowed,
)
from madang.access.authorization.callers import Caller
from madang.access.authorization.model import (
    GrantReason,
    GrantRefused,
    Offering,
    PreAuthorizedCodes,
)
from madang.access.authorization.policy import Ground
from madang.access.authorization.proving import proof_id
from madang.access.authorization.requests import (
    APPROVED,
    REDEEMED,
    SECRET_BYTES,
    replayed_client,
)
from madang.access.authorization.store import (
    AuthorizationRow,
    KeptToken,
    Requests,
    Tokens,
    UsedId,
    hash_of,
    revoke,
    take,
)
from madang.core.protocol.oauth.dpop import DpopProof
from madang.core.protocol.oauth.errors import (
    invalid_client,
    invalid_dpop_proof,
    invalid_request,
)
from madang.core.protocol.oauth.names import BEARER, DPOP, PRIVATE_KEY_JWT, AccessToken
from madang.core.protocol.oauth.pkce import fits
from madang.core.protocol.oauth.token import (
    AnyTokenRequest,
    CodeRequest,
    RefreshRequest,
    TokenRequest,
    TokenResponse,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One token request.

    Attributes:
        tenant: the municipality.
        caller: the client.
        asked: what it sent.
        proof: of possession of its key, None without one.
        now: epoch seconds.
    """

    tenant: str
    caller: Caller
    asked: AnyTokenRequest
    proof: DpopProof | None
    now: int

    @property
    def jkt(self) -> str:
        """Return the thumbprint of the key; empty for none."""
        return "" if self.proof is None else self.proof.jkt


@dataclass(frozen=True, slots=True)
class _Granted:
    """What is granted, and whether a refresh token comes with it.

    Attributes:
        shown: whether the answer tells the scope.
        seconds: life of the refresh token; None for the usual one.
    """

    grant: str
    wanted: Wanted
    family: str = ""
    refresh: bool = False
    shown: bool = False
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Exchanger:
    """Exchanges codes and refresh tokens for access tokens.

    Attributes:
        ground: clock, chance, policy, identifiers.
        codes: pre-authorized codes.
        offering: what can be asked for.
    """

    ground: Ground
    codes: PreAuthorizedCodes
    offering: Offering

    def check(self, exchange: Exchange) -> None:
        """Check what needs no transaction: who may have which kind of token.

        Raises:
            OAuthError: invalid_client or invalid_request.
        """
        anonymous = exchange.caller.client_id is None
        if anonymous and isinstance(exchange.asked, CodeRequest):
            raise invalid_client("this grant is for clients that are known here")
        if exchange.proof is None and not (anonymous and self.ground.policy.bearer_tokens):
            raise invalid_request("a DPoP proof is needed: tokens are bound to a key here")

    def exchange(self, session: Session, exchange: Exchange) -> TokenResponse | GrantRefused:
        """Return a token answer, or why not; as `check`, in an open transaction.

        Of a request that comes a second time it is told that the code is used, before that the
        client's proof is: what came of the code is void then.

        Raises:
            OAuthError: nothing of the transaction stays.
        """
        new = self._take(session, exchange)
        match exchange.asked:
            case TokenRequest() as asked:
                granted = self._pre_authorized(session, exchange, asked)
            case CodeRequest() as asked:
                granted = self._code(session, exchange, asked)
            case RefreshRequest() as asked:
                granted = self._refreshed(session, exchange, asked)
        if isinstance(granted, GrantRefused):
            return granted
        if not new:
            raise replayed_client()
        return self._issue(session, exchange, granted)

    def _take(self, session: Session, exchange: Exchange) -> bool:
        """Use up the proofs; tell whether those of the client are new."""
        if exchange.proof is not None:
            url = f"{self.ground.identifier(exchange.tenant)}/token"
            used = proof_id(self.ground, exchange.tenant, exchange.proof, url, exchange.now)
            if not take(session, used):
                raise invalid_dpop_proof("this proof was used before; make one for each request")
        return all(take(session, used) for used in exchange.caller.proofs)

    def _pre_authorized(
        self, session: Session, exchange: Exchange, asked: TokenRequest
    ) -> _Granted | GrantRefused:
        code, now = asked.pre_authorized_code, exchange.now
        found = self.codes.redeem(session, exchange.tenant, code, asked.tx_code, now=now)
        if isinstance(found, GrantRefused):
            return found
        whole = Wanted(found.configurations)
        wanted = self._narrowed(exchange, whole) if asked.authorization_details else whole
        if exchange.caller.client_id is not None:
            return _Granted(found.id, wanted, refresh=True)
        return _Granted(found.id, wanted, refresh=found.seconds is not None, seconds=found.seconds)

    def _code(
        self, session: Session, exchange: Exchange, asked: CodeRequest
    ) -> _Granted | GrantRefused:
        """Steps: known, this client's, not used, not over, this address, verifier and key."""
        requests = Requests(session)
        row = requests.find(exchange.tenant, code_hash=hash_of(asked.code))
        if row is None:
            return GrantRefused(GrantReason.CODE_UNKNOWN)
        fault = _fault(row, exchange, asked)
        if fault is GrantReason.CODE_USED:
            revoke(session, exchange.tenant, grant=row.grant, family=row.id)
        if fault is not None:
            return GrantRefused(fault)
        # Known as used for as long as what comes of it can last.
        lasting = exchange.now + self.ground.policy.refresh_seconds
        requests.change(row.id, phase=REDEEMED, expires_at=lasting)
        whole = Wanted(tuple(row.configurations.split()), tuple(row.identified.split()))
        wanted = self._narrowed(exchange, whole)
        return _Granted(row.grant, wanted, row.id, refresh=True, shown=True)

    def _refreshed(
        self, session: Session, exchange: Exchange, asked: RefreshRequest
    ) -> _Granted | GrantRefused:
        """Refresh tokens are not exchanged for new ones: client and key bind them (FAPI 2.0).

        One that nothing binds is good once (RFC 9700 section 4.14.2): two hold it who use it twice.
        """
        kept = Tokens.refresh(session).find(exchange.tenant, hash_of(asked.refresh_token))
        if kept is None:
            return GrantRefused(GrantReason.REFRESH_UNKNOWN)
        fault = _refresh_fault(kept, exchange)
        if fault is not None:
            return GrantRefused(fault)
        wanted = self._narrowed(exchange, Wanted(kept.configurations, kept.identified))
        if kept.client_id is not None or kept.key:
            return _Granted(kept.grant, wanted, kept.family, shown=bool(kept.family))
        used = UsedId(("refresh", exchange.tenant, asked.refresh_token), kept.expires_at)
        if not take(session, used):
            revoke(session, exchange.tenant, grant=kept.grant)
            return GrantRefused(GrantReason.REFRESH_USED)
        rest = kept.expires_at - exchange.now
        return _Granted(kept.grant, wanted, kept.family, refresh=True, seconds=rest)

    def _narrowed(self, exchange: Exchange, whole: Wanted) -> Wanted:
        asked = exchange.asked
        return narrowed(
            whole,
            asked.scope if isinstance(asked, RefreshRequest) else (),
            asked.authorization_details,
            scopes=self.offering.scopes(exchange.tenant),
            issuer=self.ground.identifier(exchange.tenant),
        )

    def _issue(self, session: Session, exchange: Exchange, granted: _Granted) -> TokenResponse:
        policy, ids, tenant = self.ground.policy, self.ground.ids, exchange.tenant
        bound = policy.token_seconds
        seconds = bound if exchange.jkt else min(bound, policy.bearer_seconds)
        kept = KeptToken(
            grant=granted.grant,
            family=granted.family,
            client_id=exchange.caller.client_id,
            configurations=granted.wanted.configurations,
            identified=granted.wanted.identified,
            key=exchange.jkt,
            expires_at=exchange.now + seconds,
        )
        access, refresh = AccessToken(ids.token(SECRET_BYTES)), None
        Tokens(session).add(tenant, hash_of(access), kept)
        if granted.refresh:
            refresh = ids.token(SECRET_BYTES)
            until = exchange.now + (granted.seconds or policy.refresh_seconds)
            lasting = replace(kept, key=_binding(exchange), expires_at=until)
            Tokens.refresh(session).add(tenant, hash_of(refresh), lasting)
        scopes = self.offering.scopes(tenant) if granted.shown else {}
        return TokenResponse(
            access_token=access,
            token_type=DPOP if exchange.jkt else BEARER,
            expires_in=seconds,
            refresh_token=refresh,
            scope=answered_scope(granted.wanted, scopes) if granted.shown else None,
            authorization_details=answered_details(granted.grant, granted.wanted.identified),
        )


def _fault(row: AuthorizationRow, exchange: Exchange, asked: CodeRequest) -> GrantReason | None:
    """Return the first reason why a code is not good here."""
    keys = row.jkt or exchange.jkt, row.instance
    faults = {
        GrantReason.OTHER_CLIENT: row.client_id != exchange.caller.client_id,
        GrantReason.CODE_USED: row.phase != APPROVED,
        GrantReason.CODE_EXPIRED: exchange.now >= row.expires_at,
        GrantReason.OTHER_ADDRESS: asked.redirect_uri not in (None, row.redirect_uri),
        GrantReason.VERIFIER_WRONG: not fits(asked.code_verifier, row.code_challenge),
        GrantReason.OTHER_KEY: keys != (exchange.jkt, exchange.caller.instance),
    }
    return next((reason for reason, holds in faults.items() if holds), None)


def _refresh_fault(kept: KeptToken, exchange: Exchange) -> GrantReason | None:
    """Return the first reason why a refresh token is not good here."""
    faults = {
        GrantReason.OTHER_CLIENT: kept.client_id != exchange.caller.client_id,
        GrantReason.REFRESH_EXPIRED: exchange.now >= kept.expires_at,
        GrantReason.OTHER_KEY: kept.key != _binding(exchange),
    }
    return next((reason for reason, holds in faults.items() if holds), None)


def _binding(exchange: Exchange) -> str:
    """Return the key that a refresh token is bound to beside the client; empty for none.

    A public client's is its DPoP key (RFC 9449 section 5), an attested one's the attested key; a
    client with keys of its own may change its DPoP key.
    """
    if exchange.caller.method == PRIVATE_KEY_JWT:
        return ""
    return exchange.caller.instance or exchange.jkt
