"""The wallet's checks of a request by link (OpenID4VP 1.0 sections 5 and 14.1, HAIP 1.0).

Steps, in this order; nothing is told to the verifier before step 4 has passed:
1. form, type and algorithm; 2. client_id inside equals that outside; 3. accepted prefix;
4. the key that the prefix leads to, and the signature by it (`client_authentication`);
5. members, times, where the answer goes, nonces; 6. transaction data of known types; 7. a format
and an encryption key the wallet can use.

A request that nobody signed passes steps 1 to 4 only where the wallet's policy lets it, and is told
nothing at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.client_authentication import (
    ALGORITHMS,
    Client,
    Standing,
    authenticate,
    identify,
    listed,
)
from madang.core.protocol.oid4vp.client_id import ClientId, Prefix
from madang.core.protocol.oid4vp.errors import VpError, refusing
from madang.core.protocol.oid4vp.request import REQUEST_TYP, RequestObject
from madang.core.protocol.oid4vp.request_members import read_members, reply_address
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy

NONE: Final = "none"
"""The algorithm of a request object that nobody signed (RFC 7518 section 3.6)."""


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request that may be shown to the person.

    Attributes:
        request: its claims, with what is known of the client beforehand in their place.
        client: who asks, and what is known of that.
        origin: of the page that asked by the Digital Credentials API; None for a link.
    """

    request: RequestObject
    client: Client
    origin: str | None = None

    @property
    def client_id(self) -> str:
        """Return the full identifier of who asks."""
        return self.client.id

    @property
    def chain(self) -> tuple[bytes, ...]:
        """Return the certificates of the signature, leaf first."""
        return self.client.chain

    @property
    def audience(self) -> str:
        """Return whom a presentation is for (sections 14.1.2 and A.4)."""
        return self.client.id if self.origin is None else f"origin:{self.origin}"


def verify_request(
    compact: str, *, client_id: str, policy: WalletPolicy, limits: Limits = DEFAULT_LIMITS
) -> VerifiedRequest:
    """Verify a request object that came in a link or from behind it.

    Args:
        compact: as it came.
        client_id: as it stood in the link.
        policy: trust, time and what was sent before.
        limits: bounds on sizes and counts.

    Raises:
        VpError: the first step that fails; ``reply_to`` is set only where the verifier was
            authenticated, and only there may the wallet answer.
    """
    opened = open_request(compact, limits)
    claims = request_claims(opened)
    if claims.get("client_id") != client_id:
        raise refusing("client_id_differs", "5.10.1")("client_id inside is not that of the link")
    unsigned = opened.header["alg"] == NONE
    who = _unsigned(client_id, policy) if unsigned else signed_client(opened, client_id, policy)
    return _verified(claims, who, policy, limits)


def verify_plain(
    members: Mapping[str, object], *, policy: WalletPolicy, limits: Limits = DEFAULT_LIMITS
) -> VerifiedRequest:
    """Verify a request whose parameters stand in the link.

    Raises:
        VpError: as of `verify_request`; it never names where to reply.
    """
    client = _unsigned(str(members.get("client_id", "")), policy)
    return _verified(members, client, policy, limits)


def open_request(compact: str, limits: Limits) -> Jws:
    """Take a request object apart and check type and algorithm; an unsigned one needs no type.

    Raises:
        VpError: ``request_form``.
    """
    refuse = refusing("request_form", "5")
    try:
        opened = jws.parse(compact, max_bytes=limits.jwt_bytes)
    except EnvelopeError as error:
        raise refuse(str(error)) from None
    algorithm = opened.header["alg"]
    if algorithm == NONE and not opened.signature:
        return opened
    if opened.header.get("typ") != REQUEST_TYP:
        raise refuse(f"the request's typ should be {REQUEST_TYP}")
    if algorithm not in ALGORITHMS:
        raise refuse(f"the request's alg should be one of {', '.join(sorted(ALGORITHMS))}")
    return opened


def request_claims(opened: Jws) -> dict[str, object]:
    """Return the claims of a request object, not verified; VpError ``request_form``."""
    try:
        return dict(jws.claims(opened))
    except EnvelopeError as error:
        raise refusing("request_form", "5")(str(error)) from None


def signed_client(opened: Jws, client_id: str, policy: WalletPolicy) -> Client:
    """Return the client that signed; VpError if it is not known, or nobody vouches for it."""
    client = authenticate(opened, client_id, policy)
    if client.standing is Standing.NAMED and not policy.named:
        refuse = refusing("client_unknown", "5.9.3")
        raise refuse("nobody that this wallet knows vouches for the DID; list it as a client")
    return client


def _unsigned(client_id: str, policy: WalletPolicy) -> Client:
    """Return the client of a request that nobody signed."""
    refuse = refusing("request_unsigned", "5.9.3")
    identity = identify(client_id, policy)
    if isinstance(identity, ClientId) and identity.prefix is not Prefix.REDIRECT_URI:
        raise refuse(f"a request of a client {identity.prefix}: must be signed")
    if not policy.unsigned:
        raise refuse("this wallet answers to no request that nobody signed")
    if isinstance(identity, ClientId):
        return Client(client_id, identity, Standing.UNSIGNED)
    if identity.jwks is not None:
        raise refuse("the keys of this pre-registered client are known; it must sign")
    return listed(identity, Standing.UNSIGNED)


def _verified(
    claims: Mapping[str, object], client: Client, policy: WalletPolicy, limits: Limits
) -> VerifiedRequest:
    try:
        return VerifiedRequest(read_members(claims, client, policy, limits), client)
    except VpError as error:
        raise error.replying_to(reply_address(claims, client, policy)) from None
