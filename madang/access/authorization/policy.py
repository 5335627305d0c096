"""What an authorization server is made of, and how long everything it hands out lasts."""

from dataclasses import dataclass

from madang.core.protocol.oauth.server_nonce import ServerNonces
from madang.core.protocol.typed_jwt import Window
from madang.infra.attestation_statuses import AttestationStatuses
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.http import HttpClient
from madang.infra.ids import Ids
from madang.infra.tenancy import Addresses


@dataclass(frozen=True, slots=True)
class Policy:
    """Lives and bounds; all times in seconds.

    Attributes:
        token_seconds: life of an access token.
        bearer_seconds: longest life of one that is bound to no key; beyond five minutes it would be
            long-lived, which only bound ones may be (OpenID4VCI 1.0, Protecting the Access Token).
        refresh_seconds: life of a refresh token.
        code_seconds: life of an authorization code; 60 at most (FAPI 2.0 section 5.3.2.2).
        request_seconds: how long a pushed request may be opened; below 600 (the same).
        pending_seconds: how long a person may take to log in and agree.
        nonce_seconds: life of a DPoP nonce and of an attestation challenge.
        proof_seconds: oldest DPoP proof, and oldest proof of an attested key.
        assertion_seconds: how far ahead the end of a client assertion may be.
        skew_seconds: how far other clocks may be off.
        key_seconds: how long fetched keys of a client are kept.
        key_bytes: longest key set that is fetched.
        bearer_tokens: whether a wallet without a client may have a token that is bound to no key.
        allow_loopback_http: accept http addresses on this machine; for a first run only.
    """

    token_seconds: int = 600
    bearer_seconds: int = 300
    refresh_seconds: int = 30 * 86_400
    code_seconds: int = 60
    request_seconds: int = 300
    pending_seconds: int = 900
    nonce_seconds: int = 300
    proof_seconds: int = 120
    assertion_seconds: int = 3600
    skew_seconds: int = 60
    key_seconds: int = 300
    key_bytes: int = 64_000
    bearer_tokens: bool = True
    allow_loopback_http: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What all parts of the server stand on.

    Attributes:
        service: name of the service that it belongs to, as in paths.
        policy: lives and bounds.
        clock: tells the time.
        ids: draws chance.
        database: the service's own.
        addresses: identifiers.
        http: fetches key sets of clients.
        secret: of nonces and challenges, the same in all processes.
        anchors: DER of the authorities of wallet providers; empty when none is known.
        statuses: knows which wallets their providers revoked.
    """

    service: str
    policy: Policy
    clock: Clock
    ids: Ids
    database: Database
    addresses: Addresses
    http: HttpClient
    secret: bytes
    anchors: tuple[bytes, ...]
    statuses: AttestationStatuses

    def identifier(self, tenant: str) -> str:
        """Return the server's issuer identifier in a municipality."""
        return self.addresses.identifier(tenant, self.service)

    def window(self, now: int, max_age: int) -> Window:
        """Return when a signed statement of this age counts."""
        return Window(now, max_age, self.policy.skew_seconds)

    def dpop_nonces(self, tenant: str) -> ServerNonces:
        """Return what makes nonces for DPoP proofs."""
        return self._nonces(f"dpop {self.identifier(tenant)}")

    def challenges(self, tenant: str) -> ServerNonces:
        """Return what makes challenges for attested keys."""
        return self._nonces(f"attestation {self.identifier(tenant)}")

    def _nonces(self, purpose: str) -> ServerNonces:
        return ServerNonces(self.secret, purpose, self.policy.nonce_seconds)
