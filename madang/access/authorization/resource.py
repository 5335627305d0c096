"""Access tokens at the door of a resource (RFC 6750 section 3, RFC 9449 section 7)."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from sqlmodel import Session

from madang.access.authorization import store
from madang.access.authorization.asking import identifiers
from madang.access.authorization.model import Authorized, GrantId, PresentedToken, TokenRefused
from madang.access.authorization.policy import Ground
from madang.access.authorization.proving import checked_proof, proof_id
from madang.access.authorization.store import KeptToken, Tokens, hash_of, take
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError, invalid_dpop_proof
from madang.core.protocol.oauth.names import BEARER, DPOP, DPOP_NONCE
from madang.core.protocol.typed_jwt import ALGORITHMS

_SCHEMES = {BEARER.lower(): BEARER, DPOP.lower(): DPOP}
_ALGS = " ".join(sorted(ALGORITHMS))
_NEEDED = "a valid access token of this issuer is needed"


@dataclass(frozen=True, slots=True)
class ResourceTokens:
    """See `model.AccessTokens`.

    Attributes:
        ground: clock, policy, identifiers, nonces.
    """

    ground: Ground

    def presented(self, request: Request, tenant: str) -> PresentedToken:
        """Take the token out of a request; see `model.AccessTokens`."""
        if request.scope["query_string"] and "access_token" in request.query_params:
            told = "the access token belongs into the header Authorization, never into the address"
            challenge = _challenge(BEARER, OAuthCode.INVALID_REQUEST)
            raise TokenRefused(OAuthCode.INVALID_REQUEST, told, headers=challenge, status=400)
        headers = request.headers
        scheme, _, token = headers.get("authorization", "").partition(" ")
        named = _SCHEMES.get(scheme.lower())
        if named is None or not token:
            raise self._needed()
        proofs = headers.getlist(DPOP)
        if len(proofs) > 1:
            raise self._told(tenant, invalid_dpop_proof("one header DPoP was expected"))
        origin = self.ground.addresses.origin(tenant, self.ground.service)
        url = f"{origin}{request.scope['path']}"
        return PresentedToken(named, token, proofs[0] if proofs else None, request.method, url)

    def fresh(self, tenant: str) -> Mapping[str, str]:
        """Return the header with a new nonce; see `model.AccessTokens`."""
        now = self.ground.clock.now()
        return {DPOP_NONCE: self.ground.dpop_nonces(tenant).make(now)}

    def check(
        self, session: Session, tenant: str, presented: PresentedToken, *, now: int
    ) -> Authorized:
        """Return what a token is good for; see `model.AccessTokens`."""
        token_hash = hash_of(presented.token)
        kept = Tokens(session).find(tenant, token_hash)
        scheme = presented.scheme
        if kept is None or now >= kept.expires_at or bool(kept.key) != (scheme == DPOP):
            raise self._invalid(DPOP if kept is not None and kept.key else scheme)
        if kept.key:
            try:
                self._prove(session, tenant, presented, kept, now)
            except OAuthError as error:
                raise self._told(tenant, error) from None
        return Authorized(
            grant=GrantId(kept.grant),
            client_id=kept.client_id,
            configurations=kept.configurations,
            identifiers=identifiers(kept.grant, kept.identified),
            token_hash=token_hash,
            jkt=kept.key or None,
            expires_at=kept.expires_at,
        )

    def revoke(self, session: Session, tenant: str, grant: GrantId) -> None:
        """Void every access and refresh token of a grant."""
        store.revoke(session, tenant, grant=grant)

    def _prove(
        self, session: Session, tenant: str, presented: PresentedToken, kept: KeptToken, now: int
    ) -> None:
        proof = checked_proof(
            self.ground,
            tenant,
            () if presented.dpop is None else (presented.dpop,),
            method=presented.method,
            url=presented.url,
            now=now,
            access_token=presented.token,
        )
        if proof is None:
            raise invalid_dpop_proof("a DPoP proof is needed: this token is bound to a key")
        if proof.jkt != kept.key:
            raise invalid_dpop_proof("the proof is not by the key that the token is bound to")
        if not take(session, proof_id(self.ground, tenant, proof, presented.url, now)):
            raise invalid_dpop_proof("this proof was used before; make one for each request")

    def _needed(self) -> TokenRefused:
        """Say which tokens are taken, without an error code (RFC 6750 section 3.1)."""
        taken = f'{DPOP} algs="{_ALGS}"'
        if self.ground.policy.bearer_tokens:
            taken = f"{BEARER}, {taken}"
        headers = {"www-authenticate": taken}
        return TokenRefused(OAuthCode.INVALID_TOKEN, _NEEDED, headers=headers)

    def _invalid(self, scheme: str) -> TokenRefused:
        challenge = _challenge(scheme, OAuthCode.INVALID_TOKEN)
        return TokenRefused(OAuthCode.INVALID_TOKEN, _NEEDED, headers=challenge)

    def _told(self, tenant: str, error: OAuthError) -> TokenRefused:
        headers = {**_challenge(DPOP, error.code), **self.fresh(tenant)}
        return TokenRefused(error.code, error.description, headers=headers)


def _challenge(scheme: str, code: str) -> Mapping[str, str]:
    algs = f', algs="{_ALGS}"' if scheme == DPOP else ""
    return {"www-authenticate": f'{scheme} error="{code}"{algs}'}
