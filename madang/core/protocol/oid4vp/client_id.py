"""Client identifiers and their prefixes (OpenID4VP 1.0 section 5.9)."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from madang.core.protocol.oid4vp.errors import refusing
from madang.core.protocol.urls import host_of
from madang.core.trust.did import identifier
from madang.core.trust.x509 import ChainError, leaf_hash, san_dns


class Prefix(StrEnum):
    """The prefixes that requests here may use; all but the first need a signature."""

    REDIRECT_URI = "redirect_uri"
    X509_SAN_DNS = "x509_san_dns"
    X509_HASH = "x509_hash"
    DECENTRALIZED_IDENTIFIER = "decentralized_identifier"
    VERIFIER_ATTESTATION = "verifier_attestation"


CERTIFIED: Final = (Prefix.X509_HASH, Prefix.X509_SAN_DNS)
"""Those whose key is in the chain of the request's ``x5c``."""


@dataclass(frozen=True, slots=True)
class ClientId:
    """A client identifier, taken apart at its first colon."""

    prefix: Prefix
    value: str

    def __str__(self) -> str:
        """Return the full identifier, as it stands everywhere on the wire."""
        return f"{self.prefix}:{self.value}"


def x509_hash_client_id(leaf: bytes) -> ClientId:
    """Return the identifier of whoever holds the key of this DER certificate."""
    return ClientId(Prefix.X509_HASH, leaf_hash(leaf))


def x509_san_dns_client_id(name: str) -> ClientId:
    """Return the identifier of a DNS name that the certificate must hold."""
    return ClientId(Prefix.X509_SAN_DNS, name)


def redirect_uri_client_id(address: str) -> ClientId:
    """Return the identifier of whoever is answered at this address; it signs nothing."""
    return ClientId(Prefix.REDIRECT_URI, address)


def did_client_id(did: str) -> ClientId:
    """Return the identifier of a DID; DidError if it is none."""
    identifier.split(did)
    return ClientId(Prefix.DECENTRALIZED_IDENTIFIER, did)


def attested_client_id(name: str) -> ClientId:
    """Return the identifier of the ``sub`` of a verifier attestation (section 12)."""
    return ClientId(Prefix.VERIFIER_ATTESTATION, name)


def parse_client_id(text: str, *, accepted: Collection[Prefix] = tuple(Prefix)) -> ClientId:
    """Take a client identifier apart.

    Args:
        text: as it stands in the request.
        accepted: the prefixes that may be used where it was found.

    Raises:
        VpError: no prefix, or one that is not accepted; ``origin`` never is.
    """
    prefix, _, value = text.partition(":")
    if prefix not in list(accepted) or not value:
        wanted = ", ".join(accepted)
        raise refusing("client_id_prefix", "5.9.3")(f"client_id should begin with {wanted}")
    return ClientId(Prefix(prefix), value)


def check_certificate(client_id: ClientId, leaf: bytes) -> None:
    """Require that the identifier is the certificate's (section 5.9.3).

    Raises:
        VpError: ``client_id_certificate``.
    """
    refuse = refusing("client_id_certificate", "5.9.3")
    if client_id.prefix is Prefix.X509_HASH:
        if client_id.value != leaf_hash(leaf):
            raise refuse("client_id is not the hash of the leaf certificate")
        return
    try:
        names = san_dns(leaf)
    except ChainError as error:
        raise refuse(str(error)) from None
    if client_id.value not in names:
        raise refuse("client_id is not a DNS name of the leaf certificate")


def check_response_host(client_id: ClientId, response_uri: str) -> None:
    """Require that an identifier which is an address, or a host, gets its answers there (5.9.3).

    The others name no host; their signature alone vouches for the address.

    Raises:
        VpError: ``response_uri_host``.
    """
    refuse = refusing("response_uri_host", "5.9.3")
    if client_id.prefix is Prefix.X509_SAN_DNS and host_of(response_uri) != client_id.value.lower():
        raise refuse("response_uri is not at the client's host")
    if client_id.prefix is Prefix.REDIRECT_URI and response_uri != client_id.value:
        raise refuse("response_uri is not the client's address")
