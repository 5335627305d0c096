"""Fetch a request, find out who asks, and hold it against the registry and the person's policy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from madang.core.protocol.oid4vp.client_authentication import did_location
from madang.core.protocol.oid4vp.dc_api_check import clients_of, parse_digital, verify_digital
from madang.core.protocol.oid4vp.registration_check import check_registration
from madang.core.protocol.oid4vp.request import REQUEST_TYP
from madang.core.protocol.oid4vp.request_check import (
    VerifiedRequest,
    verify_plain,
    verify_request,
)
from madang.core.protocol.oid4vp.request_encryption import is_encrypted, open_encrypted
from madang.core.protocol.oid4vp.request_link import (
    PlainRequest,
    RequestByValue,
    RequestLink,
    parse_request_link,
)
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.core.protocol.oid4vp.wallet_metadata import wallet_post
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.trust.registry import Registry
from madang.core.trust.x509 import ChainError, validate_chain
from mobile_stub.accreditations import Accreditations
from mobile_stub.adapters import system
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.presenting.model import Received, Trust, Wanted

OK: Final = 200
FORM: Final = "application/x-www-form-urlencoded"
REQUEST_MEDIA_TYPE: Final = f"application/{REQUEST_TYP}"
DID_MEDIA_TYPE: Final = "application/did+json"


@dataclass(frozen=True, slots=True)
class Requests:
    """Where requests come from.

    Attributes:
        network: HTTP.
        accreditations: who may ask what; None where no registry is followed.
        trust: what counts besides.
        allow_loopback_http: for a first run.
    """

    network: Network
    accreditations: Accreditations | None
    trust: Trust
    allow_loopback_http: bool

    async def registry(self, now: int) -> Registry | None:
        """Return who may ask, None where no registry is followed.

        It comes first: nothing is fetched of a verifier while nobody's accreditation is known.

        Raises:
            WalletError: there is none that may be relied on.
        """
        return None if self.accreditations is None else await self.accreditations.registry(now)

    async def by_link(self, link: str) -> Received:
        """Fetch what a link leads to.

        Raises:
            VpError: the link cannot be used.
            WalletError: the verifier does not answer, or it comes in clear and may not.
        """
        found = parse_request_link(link, allow_loopback_http=self.allow_loopback_http)
        if not isinstance(found, RequestLink) or found.method != "post":
            self._in_clear()
        if isinstance(found, PlainRequest):
            return Received(str(found.members["client_id"]), members=found.members)
        documents = await self._did_documents([found.client_id])
        if isinstance(found, RequestByValue):
            return Received(found.client_id, found.compact, did_documents=documents)
        nonce = system.token() if found.method == "post" else None
        key = system.encryption_key() if nonce and self.trust.encrypted != "off" else None
        compact = self._opened(await self._fetched(found, nonce, key), key)
        return Received(found.client_id, compact, wallet_nonce=nonce, did_documents=documents)

    async def by_page(self, origin: str, asked: object) -> Received:
        """Take what a page gave the Digital Credentials API.

        Raises:
            VpError: nothing of it is known.
            WalletError: it comes in clear and may not.
        """
        self._in_clear()
        request = parse_digital(asked)
        documents = await self._did_documents(clients_of(request))
        return Received(members=request.to_json(), origin=origin, did_documents=documents)

    def check(self, received: Received, registry: Registry | None, now: int) -> Wanted:
        """Verify a request; VpError if it is not one that may be shown to the person."""
        roots = () if registry is None else tuple(registry.anchors.values())
        verified = self._verified(received, self._policy(received, roots, now))
        return Wanted(verified, self._use(verified, registry, roots, now))

    def _policy(self, received: Received, roots: tuple[bytes, ...], now: int) -> WalletPolicy:
        trust = self.trust
        return WalletPolicy(
            anchors=(*roots, *trust.anchors),
            now=now,
            wallet_nonce=received.wallet_nonce,
            allow_loopback_http=self.allow_loopback_http,
            clients=trust.clients,
            did_documents={at: text.encode() for at, text in received.did_documents.items()},
            unsigned=trust.unsigned,
            named=trust.named,
            any_signature=trust.any_signature,
            transaction_types=trust.transaction_types,
            scopes=trust.scopes,
        )

    def _verified(self, received: Received, policy: WalletPolicy) -> VerifiedRequest:
        if received.origin is not None:
            request = parse_digital(dict(received.members))
            return verify_digital(request, origin=received.origin, policy=policy)
        if received.compact:
            return verify_request(received.compact, client_id=received.client_id, policy=policy)
        return verify_plain(received.members, policy=policy)

    def _use(
        self,
        verified: VerifiedRequest,
        registry: Registry | None,
        roots: tuple[bytes, ...],
        now: int,
    ) -> Registration | None:
        """Return the registered use of a verifier below the registry's roots.

        Such a verifier asks for a registered purpose or not at all; whoever stands below other
        anchors, or is known by other means, is foreign.
        """
        if registry is None or not verified.chain:
            return None
        try:
            validate_chain(verified.chain, roots, now=now)
        except ChainError:
            return None
        return check_registration(verified, registry, now=now)

    async def _fetched(
        self, found: RequestLink, nonce: str | None, key: Mapping[str, str] | None
    ) -> str:
        if nonce is None:
            reply = await self.network.get(found.request_uri, REQUEST_MEDIA_TYPE)
        else:
            public = None if key is None else system.public_of(key)
            body = wallet_post(found.client_id, nonce, public)
            accept = {"accept": REQUEST_MEDIA_TYPE}
            reply = await self.network.post(found.request_uri, body, FORM, accept)
        if reply.status != OK:
            raise WalletError(
                "no_request",
                f"{reply.host} answered {reply.status} and gave no request: that was answered,"
                " declined, or is over; ask for another and scan that",
            )
        return reply.body.decode("ascii", "replace").strip()

    def _opened(self, compact: str, key: Mapping[str, str] | None) -> str:
        """Return the request object that came, in clear."""
        if key is None or not is_encrypted(compact):
            self._in_clear()
            return compact
        return open_encrypted(compact, key)

    def _in_clear(self) -> None:
        """Refuse a request in clear where the person wants none.

        The wallet's key goes with a POST alone (OpenID4VP 1.0 section 5.10), so whatever comes on
        another way is in clear.
        """
        if self.trust.encrypted == "required":
            told = "the request came in clear; ask the verifier for one fetched by POST, encrypted"
            raise WalletError("request_not_encrypted", told)

    async def _did_documents(self, clients: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for client_id in clients:
            location = did_location(client_id, allow_loopback_http=self.allow_loopback_http)
            if location is not None and location not in found:
                reply = await self.network.get(location, DID_MEDIA_TYPE)
                if reply.status == OK:
                    found[location] = reply.body.decode("utf-8", "replace")
        return found
