"""DPoP proofs: a request is bound to a key by a JWT that the key signs (RFC 9449)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from madang.core.encoding import base64url
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oauth.errors import invalid_dpop_proof
from madang.core.protocol.typed_jwt import (
    Window,
    check_window,
    open_typed,
    sign_typed,
    text_claim,
    verified_claims,
)

DPOP_TYP = "dpop+jwt"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_PATH_SAFE = "/:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that holds; the caller checks the nonce and takes the id.

    Attributes:
        jkt: thumbprint of the key.
        jti: the proof's own id, to be taken once.
        nonce: the server's nonce inside, None without one.
    """

    jkt: str
    jti: str
    nonce: str | None


def make_dpop(
    signer: Signer,
    method: str,
    url: str,
    *,
    jti: str,
    issued_at: int,
    nonce: str | None = None,
    access_token: str | None = None,
) -> str:
    """Return the header's value for one request (section 4.2).

    Args:
        signer: the client's key.
        method: HTTP method of the request.
        url: its address; query and fragment are left out.
        jti: at least 96 bits of chance, new for each proof.
        issued_at: seconds since 1970.
        nonce: the newest that the server gave, None when it gave none.
        access_token: the one that the request carries, None at the authorization server.
    """
    claims: dict[str, object] = {
        "jti": jti,
        "htm": method,
        "htu": url.partition("#")[0].partition("?")[0],
        "iat": issued_at,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if access_token is not None:
        claims["ath"] = token_hash(access_token)
    return sign_typed(DPOP_TYP, claims, {"jwk": signer.public_key.to_jwk()}, signer)


def check_dpop(
    compact: str,
    *,
    method: str,
    url: str,
    window: Window,
    access_token: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> DpopProof:
    """Check a proof, all but nonce and replay (section 4.3).

    Steps, by the section's numbers: 2. a JWT; 4. its type; 5. its algorithm; 7. a public key in it;
    6. its signature; 3. and 11. its id and time; 8. the method; 9. the address; 12. the token.

    Args:
        compact: the header's value.
        method: HTTP method of the request.
        url: its address as clients know it.
        window: how old a proof may be.
        access_token: the one that came with it, None where none has to.
        limits: bounds on size.

    Raises:
        OAuthError: ``invalid_dpop_proof``.
    """
    opened = open_typed(
        compact, typ=DPOP_TYP, max_bytes=limits.jwt_bytes, refuse=invalid_dpop_proof
    )
    key = _own_key(opened.header)
    claims = verified_claims(opened, key, invalid_dpop_proof)
    check_window(claims, window, invalid_dpop_proof)
    jti = text_claim(claims, "jti", invalid_dpop_proof)
    if len(jti) > limits.text_chars:
        raise invalid_dpop_proof(f"the claim jti is longer than {limits.text_chars} characters")
    if claims.get("htm") != method:
        raise invalid_dpop_proof(f"the claim htm should be {method}")
    if normalised(text_claim(claims, "htu", invalid_dpop_proof)) != normalised(url):
        raise invalid_dpop_proof("the claim htu should be this endpoint's address")
    if access_token is not None and claims.get("ath") != token_hash(access_token):
        raise invalid_dpop_proof("the claim ath should be the hash of the access token")
    nonce = text_claim(claims, "nonce", invalid_dpop_proof) if "nonce" in claims else None
    return DpopProof(key.thumbprint(), jti, nonce)


def token_hash(access_token: str) -> str:
    """Return what ``ath`` has of an access token (section 4.2)."""
    return base64url.encode(hashlib.sha256(access_token.encode("utf-8", "replace")).digest())


def normalised(url: str) -> str | None:
    """Return an address for comparison, without query and fragment; None if it is none.

    Scheme and host in lower case, no default port, an empty path as "/", percent-encoding one way
    (section 4.3, RFC 3986 sections 6.2.2 and 6.2.3).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.scheme not in _DEFAULT_PORTS:
        return None
    where = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    path = quote(unquote(parts.path, errors="replace"), safe=_PATH_SAFE, errors="replace")
    return f"{parts.scheme}://{host}{where}{path or '/'}"


def _own_key(header: Mapping[str, object]) -> PublicKey:
    jwk = header.get("jwk")
    if not isinstance(jwk, Mapping):
        raise invalid_dpop_proof("the header jwk should be the public key as an object")
    try:
        return PublicKey.from_jwk(jwk)
    except KeyFormatError as error:
        raise invalid_dpop_proof(f"the header jwk: {error}") from None
