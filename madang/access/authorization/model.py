"""What the authorization server and the services around it tell one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol

from fastapi import Request
from sqlmodel import Session

from madang.core.protocol.oauth.errors import OAuthCode, OAuthError

GrantId = NewType("GrantId", str)
"""A service's own opaque name for what may be fetched; it is never sent to a client."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code was exchanged for.

    Attributes:
        id: the service's name for it.
        configurations: ids of the credential configurations that it is good for.
        seconds: how long a wallet without a client may come back for it by refresh tokens; None
            when it gets none.
    """

    id: GrantId
    configurations: tuple[str, ...]
    seconds: int | None = None


class GrantReason(StrEnum):
    """Why a grant is refused; for the journal, the client hears `invalid_grant`."""

    CODE_UNKNOWN = "code_unknown"
    CODE_USED = "code_used"
    CODE_EXPIRED = "code_expired"
    TX_CODE_WRONG = "tx_code_wrong"
    OFFER_BURNT = "offer_burnt"
    OTHER_CLIENT = "other_client"
    OTHER_ADDRESS = "other_address"
    OTHER_KEY = "other_key"
    VERIFIER_WRONG = "verifier_wrong"
    REFRESH_UNKNOWN = "refresh_unknown"
    REFRESH_USED = "refresh_used"
    REFRESH_EXPIRED = "refresh_expired"


class GrantRefused(OAuthError):  # noqa: N818 - a refusal, not a mistake of ours
    """A code, what proves it, or a refresh token is not good (RFC 6749 section 5.2).

    It is returned, not raised, where the refusal itself must be kept (a wrong try is counted, the
    tokens of a stolen code are revoked); the token endpoint raises it after the commit.

    Attributes:
        reason: for the journal.
    """

    def __init__(self, reason: GrantReason) -> None:
        told = "the code, what proves it or the refresh token is not valid; begin anew"
        super().__init__(OAuthCode.INVALID_GRANT, told)
        self.reason = reason


class PreAuthorizedCodes(Protocol):
    """Pre-authorized codes, kept by the service that hands them out."""

    def redeem(
        self, session: Session, tenant: str, code: str, tx_code: str | None, *, now: int
    ) -> Grant | GrantRefused:
        """Use a code up, in the caller's transaction.

        Raises:
            OAuthError: invalid_request, a transaction code is missing or was never asked for;
                nothing is counted.
        """
        ...


@dataclass(frozen=True, slots=True)
class Authorized:
    """What an access token is good for.

    Attributes:
        grant: the service's name for what may be fetched.
        client_id: None for anonymous use.
        configurations: ids of the credential configurations that may be asked for.
        identifiers: from credential identifier to configuration id; empty unless the client asked
            by `authorization_details`, and then what must be asked by.
        token_hash: names the token without giving it away.
        jkt: thumbprint of the key that it is bound to; None for a bearer token.
        expires_at: epoch seconds.
    """

    grant: GrantId
    client_id: str | None
    configurations: tuple[str, ...]
    identifiers: Mapping[str, str]
    token_hash: bytes
    jkt: str | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """An access token as it came with a request.

    Attributes:
        scheme: "Bearer" or "DPoP".
        token: the access token.
        dpop: the header DPoP; None when there was none.
        method: HTTP method of the request.
        url: its address as clients know it, without query.
    """

    scheme: str
    token: str
    dpop: str | None
    method: str
    url: str


class AccessTokens(Protocol):
    """Access tokens at the door of a resource."""

    def presented(self, request: Request, tenant: str) -> PresentedToken:
        """Take the token out of a request; only from the header (RFC 6750 section 2).

        Raises:
            TokenRefused: there is none, or it is in the address.
        """
        ...

    def fresh(self, tenant: str) -> Mapping[str, str]:
        """Return the header with a new nonce for DPoP proofs (RFC 9449 section 8.2)."""
        ...

    def check(
        self, session: Session, tenant: str, presented: PresentedToken, *, now: int
    ) -> Authorized:
        """Return what a token is good for; its DPoP proof is used up in the caller's transaction.

        Raises:
            TokenRefused: it is not good here, or not proved to be the sender's; with the headers
                WWW-Authenticate and DPoP-Nonce.
        """
        ...

    def revoke(self, session: Session, tenant: str, grant: GrantId) -> None:
        """Void every access and refresh token of a grant."""
        ...


@dataclass(frozen=True, slots=True)
class PendingAuthorization:
    """A client waits for a person to log in and to agree.

    Attributes:
        id: in the address of the log-in page.
        tenant: the municipality.
        client_id: who waits.
        client_name: for the person; the client_id where none is registered.
        configurations: ids of the credential configurations that are asked for.
        issuer_state: from the credential offer, None without one.
        redirect_uri: where the browser will go.
        expires_at: epoch seconds.
    """

    id: str
    tenant: str
    client_id: str
    client_name: str
    configurations: tuple[str, ...]
    issuer_state: str | None
    redirect_uri: str
    expires_at: int


class Authorizations(Protocol):
    """Authorization requests, for the feature that logs people in."""

    def pending(
        self, session: Session, tenant: str, pending: str, browser: str, *, now: int
    ) -> PendingAuthorization:
        """Return a request that waits, if this is the browser that brought it.

        Args:
            session: open transaction.
            tenant: the municipality.
            pending: id in the log-in page's address.
            browser: value of the cookie `BROWSER_COOKIE`; empty without one.
            now: epoch seconds.

        Raises:
            AuthorizationRefused: unknown, over, answered already, or another browser's.
        """
        ...

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
        """Give the client a code; return the address to send the browser to.

        Args:
            session: open transaction.
            tenant: the municipality.
            pending: id of the request.
            grant: the service's name for what may be fetched.
            configurations: those that the person agreed to, among those asked for.
            now: epoch seconds.

        Raises:
            AuthorizationRefused: unknown, over, or answered already.
        """
        ...

    def refuse(self, session: Session, tenant: str, pending: str, error: str, *, now: int) -> str:
        """Give the client an error (RFC 6749 section 4.1.2.1), such as "access_denied".

        Returns:
            The address to send the browser to.

        Raises:
            AuthorizationRefused: unknown, over, or answered already.
        """
        ...


BROWSER_COOKIE = "madang_authorization"
"""Binds a waiting authorization request to the browser that brought it."""


def browser_cookie(issuer: str) -> str:
    """Return the name of the cookie at an issuer.

    Over TLS no other host and no page in the clear can have set it (RFC 6265bis section 4.1.3.2).
    """
    return f"__Host-{BROWSER_COOKIE}" if issuer.startswith("https:") else BROWSER_COOKIE


class AuthorizationRefused(Exception):  # noqa: N818 - a refusal, not a mistake of ours
    """An authorization request cannot go on, and nobody may be sent anywhere with it.

    Attributes:
        code: fixed word, for the journal and the page.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotOpened(AuthorizationRefused):
    """The authorization endpoint sends a browser nowhere: nothing to go by was pushed."""


class TokenRefused(OAuthError):  # noqa: N818 - a refusal, not a mistake of ours
    """An access token is missing, unknown or not proved (RFC 6750 section 3.1, RFC 9449).

    Attributes:
        headers: of the answer.
    """

    def __init__(
        self, code: str, told: str, *, headers: Mapping[str, str], status: int = 401
    ) -> None:
        super().__init__(code, told, status)
        self.headers = headers


class Offering(Protocol):
    """What a service can be asked for."""

    def scopes(self, tenant: str) -> Mapping[str, str]:
        """Return the credential configuration id of each scope; every configuration has one."""
        ...
