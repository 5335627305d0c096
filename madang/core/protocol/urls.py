"""Which addresses a protocol message may name, and where well-known documents live."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_UNICAST: Final = IPv6Network("2000::/3")
"""All that is assigned to the public network (RFC 4291 section 2.4); what else there is leads to
local networks, or on to IPv4 by the rules of one."""
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""Addresses that lead to the IPv4 address in their last four bytes (RFC 6052 section 2.1)."""


class WellKnown(StrEnum):
    """Names of well-known documents."""

    CREDENTIAL_ISSUER = "openid-credential-issuer"
    AUTHORIZATION_SERVER = "oauth-authorization-server"
    JWT_VC_ISSUER = "jwt-vc-issuer"


def well_known(identifier: str, document: WellKnown) -> str:
    """Return where a document of an identifier is served: inserted before its path.

    Sources: OpenID4VCI 1.0 section 12.2.2, RFC 8414 section 3.1, SD-JWT VC section 5; the last two
    remove a trailing slash.
    """
    parts = urlsplit(identifier)
    path = parts.path
    if document is not WellKnown.CREDENTIAL_ISSUER:
        path = path.removesuffix("/")
    return f"{parts.scheme}://{parts.netloc}/.well-known/{document}{path}"


def host_of(url: str) -> str | None:
    """Return the host of an absolute address in lower case, without port; None if it has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def is_web_address(url: str, *, allow_loopback_http: bool = False) -> bool:
    """Tell whether an address is absolute https without user part or fragment.

    Args:
        url: what a message named.
        allow_loopback_http: for development: also http on this machine.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or "#" in url:
        return False
    return parts.scheme == "https" or (
        allow_loopback_http and parts.scheme == "http" and host in _LOOPBACK
    )


def is_public_address(text: str) -> bool:
    """Tell whether a numeric address is of the public network, by all that it leads on to.

    Not public are this machine, local and shared networks, groups, and numbers that are no address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return all(map(_is_public, _leads_to(address)))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return address in _TRANSLATED
    return address.is_global and not address.is_multicast


def _leads_to(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    inner = [address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED:
        inner.append(IPv4Address(address.packed[-4:]))
    return (address, *(each for each in inner if each is not None))
