"""What the authorization server refuses, and how each refusal is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from madang.access.authorization.model import (
    AuthorizationRefused,
    GrantRefused,
    NotOpened,
    TokenRefused,
)
from madang.core.protocol.error_body import printable
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError
from madang.infra.web.errors import Refusal, Table


class Area(StrEnum):
    """Which endpoint refuses: the first word of the journal's code."""

    AUTHORIZATION = "authorization"
    TOKEN = "token"  # noqa: S105  # a word and no secret


_AREAS: Final = {
    OAuthCode.INVALID_DPOP_PROOF: "dpop",
    OAuthCode.USE_DPOP_NONCE: "dpop",
    OAuthCode.INVALID_CLIENT: "client",
    OAuthCode.UNAUTHORIZED_CLIENT: "client",
    OAuthCode.INVALID_CLIENT_ATTESTATION: "client",
    OAuthCode.USE_ATTESTATION_CHALLENGE: "client",
}
"""Refusals that are the same at every endpoint."""


class EndpointRefused(OAuthError):  # noqa: N818 - a refusal, not a mistake of ours
    """An endpoint of the authorization server refuses.

    Attributes:
        journal: fixed code.
        headers: of the answer.
    """

    def __init__(self, error: OAuthError, journal: str, headers: Mapping[str, str]) -> None:
        super().__init__(error.code, error.description, error.status)
        self.journal = journal
        self.headers = headers


class ClientRefused(ValueError):  # noqa: N818 - a state of the call
    """An administrator's call about a client is refused; the text names place and expectation.

    Attributes:
        code: fixed word.
        status: HTTP status.
    """

    def __init__(
        self, detail: str, code: str = "invalid_client_metadata", status: int = 400
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status


@contextmanager
def told_at(area: Area, headers: Mapping[str, str]) -> Iterator[None]:
    """Tell whatever is refused inside as a refusal of this endpoint, with these headers."""
    try:
        yield
    except GrantRefused as error:
        raise EndpointRefused(error, f"{area}.{error.reason}", headers) from None
    except OAuthError as error:
        first = _AREAS.get(OAuthCode(error.code), area)
        raise EndpointRefused(error, f"{first}.{error.code}", headers) from None


def _told(error: EndpointRefused) -> Refusal:
    detail = printable(error.description)
    return Refusal(error.status, error.code, error.journal, detail, error.headers)


def _token(error: TokenRefused) -> Refusal:
    first = _AREAS.get(OAuthCode(error.code), "credential")
    detail = printable(error.description)
    return Refusal(error.status, error.code, f"{first}.{error.code}", detail, error.headers)


TABLE: Table = {
    EndpointRefused: _told,
    TokenRefused: _token,
    NotOpened: lambda error: Refusal(400, "invalid_request", f"authorization.{error.code}"),
    AuthorizationRefused: lambda error: Refusal(
        404, "invalid_request", f"authorization.refused.{error.code}"
    ),
    ClientRefused: lambda error: Refusal(
        error.status, error.code, f"client.{error.code}", printable(str(error))
    ),
}
"""Refusals of the authorization server, the same in every service that has one."""
