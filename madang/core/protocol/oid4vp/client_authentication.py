"""The wallet's check of who asks, for each client identifier prefix (OpenID4VP 1.0 section 5.9.3).

Every way ends in a key that is held against the signature:

- ``x509_hash``, ``x509_san_dns``: a chain to an anchor, whose leaf the identifier names;
- ``verifier_attestation``: an attestation of a known attester for this identifier and key;
- ``decentralized_identifier``: a key of the DID, which ``kid`` names;
- no prefix: a key of the pre-registered client.

``redirect_uri`` cannot be signed; ``origin``, ``openid_federation`` and what is not known are
refused.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.oid4vp.client_id import (
    ClientId,
    Prefix,
    check_certificate,
    parse_client_id,
)
from madang.core.protocol.oid4vp.errors import refusing
from madang.core.protocol.oid4vp.known_clients import KnownClient, keys_of
from madang.core.protocol.oid4vp.verifier_attestation import check_attestation
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.core.protocol.typed_jwt import verified_claims
from madang.core.trust.did import web
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.model import DidDocument, Purpose
from madang.core.trust.did.resolution import key_for, resolve
from madang.core.trust.x509 import ChainError, validate_chain

ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "EdDSA"})
"""Algorithms that may sign a request; never ``none`` and never a shared secret."""
_CLAUSE: Final = "5.9.3"


class Standing(StrEnum):
    """What a wallet knows of who asks.

    ``certified``: an anchor of the wallet stands behind it. ``attested``: a known attester does.
    ``listed``: it is pre-registered. ``named``: its own identifier's key signed, and nobody
    vouches for it. ``unsigned``: nobody signed.
    """

    CERTIFIED = "certified"
    ATTESTED = "attested"
    LISTED = "listed"
    NAMED = "named"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks.

    Attributes:
        id: full identifier; of an unsigned request by the Digital Credentials API ``origin:`` and
            the origin.
        named: its identifier in parts; None where it has no prefix, or the origin stands for it.
        standing: what is known of it.
        chain: certificates of the signature, leaf first; empty for other prefixes.
        known: its entry among the pre-registered.
        redirect_uris: where answers may go, as far as an attestation or an entry says so.
    """

    id: str
    named: ClientId | None
    standing: Standing
    chain: tuple[bytes, ...] = ()
    known: KnownClient | None = None
    redirect_uris: tuple[str, ...] = ()


def identify(client_id: str, policy: WalletPolicy) -> ClientId | KnownClient:
    """Return whom an identifier names: a client by its prefix, or a pre-registered one.

    What stands before a colon and is no prefix here may still be a pre-registered client
    (section 5.9.2), such as an address.

    Raises:
        VpError: ``client_id_prefix``, or ``client_unknown`` without a colon.
    """
    prefix, colon, _ = client_id.partition(":")
    known = policy.clients.clients.get(client_id)
    if known is not None and prefix not in list(Prefix):
        return known
    if not colon:
        raise refusing("client_unknown", "5.9.2")("no client of this identifier is registered here")
    return parse_client_id(client_id)


def authenticate(opened: Jws, client_id: str, policy: WalletPolicy) -> Client:
    """Return the client whose signature a request bears.

    Args:
        opened: the request object, or one signature of a multi-signed one.
        client_id: the client that it names.
        policy: what can vouch for a verifier.

    Raises:
        VpError: nobody that the wallet can know signed it.
    """
    key, client = _signer(opened, identify(client_id, policy), policy)
    verified_claims(opened, key, refusing("request_signature", _CLAUSE))
    if client.chain and client.named is not None:
        check_certificate(client.named, client.chain[0])
    return client


def did_location(client_id: str, *, allow_loopback_http: bool = False) -> str | None:
    """Return where the document of a client's DID has to be fetched; None if nothing has to be.

    Raises:
        VpError: ``client_did``: it is a did:web that names no place.
    """
    did = client_id.removeprefix(f"{Prefix.DECENTRALIZED_IDENTIFIER}:")
    if did == client_id or not did.startswith(f"did:{web.METHOD}:"):
        return None
    try:
        return web.location(did, allow_loopback_http=allow_loopback_http)
    except DidError as error:
        raise refusing("client_did", _CLAUSE)(str(error)) from None


def _signer(
    opened: Jws, identity: ClientId | KnownClient, policy: WalletPolicy
) -> tuple[PublicKey, Client]:
    if isinstance(identity, KnownClient):
        return _listed(opened, identity)
    known = policy.clients.clients.get(str(identity))
    match identity.prefix:
        case Prefix.X509_HASH | Prefix.X509_SAN_DNS:
            key, client = _certified(opened, identity, policy)
        case Prefix.VERIFIER_ATTESTATION:
            key, client = _attested(opened, identity, policy)
        case Prefix.DECENTRALIZED_IDENTIFIER:
            key, client = _named(opened, identity, policy)
            if known is not None:
                client = replace(client, standing=Standing.LISTED)
        case Prefix.REDIRECT_URI:
            refuse = refusing("client_id_prefix", _CLAUSE)
            raise refuse("a request of a client redirect_uri: cannot be signed")
    return key, replace(client, known=known)


def _certified(opened: Jws, identity: ClientId, policy: WalletPolicy) -> tuple[PublicKey, Client]:
    try:
        chain = jws.decode_chain(opened.header)
        key = validate_chain(chain, policy.anchors, now=policy.now)
    except ChainError as error:
        raise refusing(f"request_{error.code}", _CLAUSE)(str(error)) from None
    except EnvelopeError as error:
        raise refusing("request_chain_malformed", _CLAUSE)(str(error)) from None
    return key, Client(str(identity), identity, Standing.CERTIFIED, chain)


def _attested(opened: Jws, identity: ClientId, policy: WalletPolicy) -> tuple[PublicKey, Client]:
    refuse, compact = refusing("verifier_attestation", "12"), opened.header.get("jwt")
    if not isinstance(compact, str):
        raise refuse("the header should hold a verifier attestation as jwt")
    issuers, skew = policy.clients.attesters, policy.max_skew
    found = check_attestation(compact, issuers=issuers, now=policy.now, max_skew=skew)
    if found.subject != identity.value:
        raise refuse("the attestation is for another client")
    uris = found.redirect_uris or ()
    return found.key, Client(str(identity), identity, Standing.ATTESTED, redirect_uris=uris)


def _named(opened: Jws, identity: ClientId, policy: WalletPolicy) -> tuple[PublicKey, Client]:
    refuse = refusing("client_did", _CLAUSE)
    kid = opened.header.get("kid")
    if not isinstance(kid, str):
        raise refuse("the header should name a key of the DID as kid")
    allow = policy.allow_loopback_http
    location = did_location(str(identity), allow_loopback_http=allow)
    try:
        fetched = None if location is None else policy.did_documents.get(location)
        key = _did_key(resolve(identity.value, fetched), kid)
    except DidError as error:
        raise refuse(f"{error.code}: {error}") from None
    return key, Client(str(identity), identity, Standing.NAMED)


def _did_key(document: DidDocument, kid: str) -> PublicKey:
    """Return a key of a document that may sign; which of both purposes it has is left open."""
    try:
        return key_for(document, kid, Purpose.AUTHENTICATION)
    except DidError as error:
        if error.code != "key_purpose":
            raise
        return key_for(document, kid, Purpose.ASSERTION_METHOD)


def _listed(opened: Jws, known: KnownClient) -> tuple[PublicKey, Client]:
    kid, algorithm = opened.header.get("kid"), opened.header["alg"]
    jwks = () if known.jwks is None else known.jwks.keys
    candidates = [
        key
        for jwk, key in zip(jwks, keys_of(known.jwks), strict=True)
        if key.algorithm == algorithm and kid in {None, jwk.get("kid")}
    ]
    if len(candidates) != 1:
        refuse = refusing("request_signature", "5.9.2")
        raise refuse("kid should name one key of the pre-registered client")
    return candidates[0], listed(known, Standing.LISTED)


def listed(known: KnownClient, standing: Standing) -> Client:
    """Return a pre-registered client."""
    return Client(known.client_id, None, standing, (), known, known.redirect_uris)
