"""Access tokens: for a pre-authorized code, for an authorization code, and their renewal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from madang.core.protocol.oauth.errors import OAuthError, parse_error
from madang.core.protocol.oauth.names import (
    AUTHORIZATION_CODE_GRANT,
    BEARER,
    DPOP,
    PRE_AUTHORIZED_CODE,
    PRE_AUTHORIZED_CODE_GRANT,
    REFRESH_TOKEN_GRANT,
    TX_CODE,
)
from madang.core.protocol.oauth.token import TokenResponse, parse_token_response
from mobile_stub.errors import WalletError
from mobile_stub.receiving.authorization import Code
from mobile_stub.receiving.channel import Channel
from mobile_stub.receiving.model import Granted

OK: Final = 200
"""Status of a token answer."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token endpoint of one authorization server.

    Attributes:
        channel: the way there.
        issuer: the credential issuer that tokens are for.
    """

    channel: Channel
    issuer: str

    async def for_pre_authorized(self, code: str, tx_code: str | None, now: int) -> Granted:
        """Return what a pre-authorized code gives (section 6.1); WalletError if refused."""
        form = {
            "grant_type": PRE_AUTHORIZED_CODE_GRANT,
            PRE_AUTHORIZED_CODE: code,
            TX_CODE: tx_code,
        }
        return await self._granted(form, now)

    async def for_code(self, code: Code, wanted: Sequence[str], now: int) -> Granted:
        """Return what an authorization code gives; WalletError if refused or less than needed."""
        form = {
            "grant_type": AUTHORIZATION_CODE_GRANT,
            "code": code.code,
            "code_verifier": code.verifier,
            "redirect_uri": code.redirect_uri,
        }
        granted = await self._granted(form, now)
        if code.detailed and not {*granted.identifiers} & {*wanted}:
            raise WalletError(
                "nothing_granted",
                "the authorization server named no credential_identifiers for what was asked for",
            )
        return granted

    async def renewed(self, granted: Granted, now: int) -> Granted:
        """Return a grant with a new access token.

        Raises:
            WalletError: token_over where there is no refresh token, or the server's refusal.
        """
        if granted.refresh_token is None:
            raise WalletError(
                "token_over", f"the permission of {self.issuer} is over; ask for the offer again"
            )
        form = {"grant_type": REFRESH_TOKEN_GRANT, "refresh_token": granted.refresh_token}
        found = await self._granted(form, now)
        return replace(
            found,
            refresh_token=found.refresh_token or granted.refresh_token,
            identifiers=found.identifiers or granted.identifiers,
        )

    async def _granted(self, form: Mapping[str, str | None], now: int) -> Granted:
        try:
            reply = await self.channel.ask(self.channel.server.token_endpoint, form, now)
            if reply.status != OK:
                raise parse_error(reply.body, reply.status)
            answer = parse_token_response(reply.body)
        except OAuthError as error:
            told = f"the authorization server: {error.description}"
            raise WalletError(str(error.code), told) from error
        lasts = answer.expires_in
        return Granted(
            self.issuer,
            self.channel.server.issuer,
            answer.access_token,
            self._kind(answer),
            None if lasts is None else now + lasts,
            answer.refresh_token,
            _identifiers(answer),
            self.channel.client.client_id is None,
        )

    def _kind(self, answer: TokenResponse) -> str:
        if answer.token_type.lower() == BEARER.lower():
            return BEARER
        if not self.channel.uses_dpop:
            raise WalletError(
                "invalid_response", f"a token of the type {DPOP} came for a request without a proof"
            )
        return DPOP


def _identifiers(answer: TokenResponse) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for detail in answer.authorization_details or ():
        if detail.credential_identifiers:  # of one configuration there may be several details
            known = found.setdefault(detail.credential_configuration_id, [])
            known.extend(detail.credential_identifiers)
    return found
