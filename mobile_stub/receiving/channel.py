"""Requests to one issuer and its authorization server: DPoP and client authentication in them.

A server may ask for its own nonce or challenge by a refusal; the request is then repeated with it,
once for each of the two (RFC 9449 sections 8 and 9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from madang.core.keys.signing import Signer
from madang.core.protocol.form import encode_form
from madang.core.protocol.oauth.dpop import make_dpop
from madang.core.protocol.oauth.metadata import AuthorizationServerMetadata
from madang.core.protocol.oauth.names import DPOP, DPOP_NONCE
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Network, Reply
from mobile_stub.receiving.client import Client, error_of
from mobile_stub.receiving.model import Granted

FORM: Final = "application/x-www-form-urlencoded"
_ALGORITHM: Final = "ES256"
_USE_NONCE: Final = "use_dpop_nonce"
_AT_SERVER, _AT_ISSUER = "server", "issuer"


@dataclass(slots=True)
class Channel:
    """The wallet's talk with one issuer.

    Attributes:
        network: HTTP.
        server: the authorization server.
        client: the wallet as that server knows it.
        key: for DPoP, made for this server alone.
        nonces: the newest of each side; the two are not mixed up (RFC 9449 section 9).
    """

    network: Network
    server: AuthorizationServerMetadata
    client: Client
    key: Signer
    nonces: dict[str, str] = field(default_factory=dict)

    @property
    def uses_dpop(self) -> bool:
        """Tell whether the server understands the wallet's DPoP proofs."""
        return _ALGORITHM in (self.server.dpop_signing_alg_values_supported or ())

    async def ask(self, address: str, form: Mapping[str, str | None], now: int) -> Reply:
        """Post a form to the authorization server, as the client."""
        asked_again: set[str] = set()
        while True:
            own = await self.client.parameters(now)
            headers = dict(own.headers)
            if self.uses_dpop:
                headers[DPOP] = self._proof(address, _AT_SERVER, None, now)
            body = encode_form({**form, **own.form})
            reply = await self.network.post(address, body, FORM, headers)
            why = self._why_again(reply, _AT_SERVER, challenged=self.client.heard(reply))
            if why is None or why in asked_again:
                return reply
            asked_again.add(why)

    async def call(
        self, address: str, body: bytes | str, kind: str, granted: Granted, now: int
    ) -> Reply:
        """Post a body of the media type `kind` to the issuer, with the access token."""
        asked_again: set[str] = set()
        while True:
            token = granted.access_token
            headers = {"authorization": f"{granted.token_type} {token}"}
            if granted.token_type == DPOP:
                headers[DPOP] = self._proof(address, _AT_ISSUER, token, now)
            reply = await self.network.post(address, body, kind, headers)
            why = self._why_again(reply, _AT_ISSUER, challenged=False)
            if why is None or why in asked_again:
                return reply
            asked_again.add(why)

    def heard(self, reply: Reply) -> None:
        """Take in the nonce of an answer of the issuer that was asked without a token."""
        self._why_again(reply, _AT_ISSUER, challenged=False)

    def _proof(self, address: str, side: str, token: str | None, now: int) -> str:
        return make_dpop(
            self.key,
            "POST",
            address,
            jti=system.token(),
            issued_at=now,
            nonce=self.nonces.get(side),
            access_token=token,
        )

    def _why_again(self, reply: Reply, side: str, *, challenged: bool) -> str | None:
        nonce = reply.headers.get(DPOP_NONCE.lower())
        if nonce is not None:
            self.nonces[side] = nonce
        if challenged:
            return "challenge"
        told = f'error="{_USE_NONCE}"' in reply.headers.get("www-authenticate", "")
        return _USE_NONCE if nonce and (told or error_of(reply) == _USE_NONCE) else None
