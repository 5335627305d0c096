"""did:web: a document at an address that the DID names (W3C CCG did:web method)."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from madang.core.keys.jwk import PublicKey
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.identifier import specific
from madang.core.trust.did.model import JSON_WEB_KEY, DidDocument, VerificationMethod

METHOD: Final = "web"
MAX_PORT: Final = 65_535

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# A name of two labels at least, the last from a letter on: no machine's own name, no IP address,
# whose last number may also be hexadecimal.
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PLAIN = re.compile(r"[A-Za-z0-9._:/-]+")
_COLON = re.compile("%3A", re.IGNORECASE)


def location(did: str, *, allow_loopback_http: bool = False) -> str:
    """Return where the document of a did:web is: under the host's .well-known, or its own path.

    Args:
        did: the DID; the port's colon is percent-encoded, each other colon is a slash.
        allow_loopback_http: for development: also http on this machine.

    Raises:
        DidError: did_malformed, did_method; did_web_host for a host that is no domain name, an
            IP address among them, or a port that is none; did_web_path for a segment that is
            empty, `.` or `..`, or has other characters than letters, digits, `.`, `-` and `_`.
    """
    authority, *path = specific(did, METHOD).split(":")
    host, *port = _COLON.split(authority.lower())
    local = allow_loopback_http and host in _LOOPBACK
    if not local and not _DOMAIN.fullmatch(host):
        raise DidError("did_web_host", f"{host[:80]!r} is no domain name")
    if len(port) > 1 or not all(map(_is_port, port)):
        raise DidError("did_web_host", f"{authority[:80]!r} has no port behind its colon")
    for segment in path:
        if not _NAME.fullmatch(segment) or segment in {".", ".."}:
            raise DidError("did_web_path", f"{segment[:80]!r} is no segment of a path")
    scheme, place = "http" if local else "https", path or [".well-known"]
    return "/".join([f"{scheme}:/", ":".join([host, *port]), *place, "did.json"])


def identifier(url: str, *, allow_loopback_http: bool = False) -> str:
    """Return the did:web of an identifier that is an address, such as an issuer's.

    Args:
        url: https, without user, query or fragment; a slash at its end counts as none.
        allow_loopback_http: as of `location`.

    Raises:
        DidError: did_web_url, or an error of `location`.
    """
    # Asked before anything is taken apart: urlsplit drops white space and empty queries.
    if not _PLAIN.fullmatch(url):
        raise DidError("did_web_url", "an address without user, query and fragment was expected")
    parts = urlsplit(url)
    path = parts.path.removesuffix("/")
    did = f"did:{METHOD}:{parts.netloc.replace(':', '%3A')}{path.replace('/', ':')}"
    if not location(did, allow_loopback_http=allow_loopback_http).startswith(f"{parts.scheme}://"):
        raise DidError("did_web_url", f"{parts.scheme[:20]!r} is not the scheme of this host")
    return did


def issuer_document(did: str, keys: Sequence[tuple[str, PublicKey]]) -> DidDocument:
    """Return the document by which an issuer publishes the keys that it signs credentials with.

    Args:
        did: of the issuer.
        keys: each under its name, which becomes the fragment and the `kid` of the JWK.

    Raises:
        DidError: did_malformed, did_method; key_name for a name that cannot be a fragment, or
            that comes twice.
    """
    specific(did, METHOD)
    names = [name for name, _ in keys]
    if len(set(names)) != len(names) or not all(map(_NAME.fullmatch, names)):
        raise DidError("key_name", "each key has a name of its own, of letters, digits, . - _")
    methods = tuple(
        VerificationMethod(
            f"{did}#{name}", JSON_WEB_KEY, did, public_key_jwk={**key.to_jwk(), "kid": name}
        )
        for name, key in keys
    )
    return DidDocument(did, methods, assertion_method=tuple(method.id for method in methods))


def _is_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None and int(text) <= MAX_PORT
