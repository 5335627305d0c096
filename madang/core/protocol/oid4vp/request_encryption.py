"""Request objects that only the wallet can read (OpenID4VP 1.0 sections 5.10 and 10, RFC 9101 4).

A wallet that names a key in ``wallet_metadata`` gets the signed request object inside a JWE to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jwe
from madang.core.envelope.errors import EnvelopeError
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.errors import refusing

NESTED: Final = "JWT"
"""``cty`` of a JWE with a JWT inside (RFC 7519 section 5.2)."""
MAX_KEYS: Final = 10
"""Keys of a wallet that are looked at."""
_ALGS: Final = "request_object_encryption_alg_values_supported"
_ENCS: Final = (
    "request_object_encryption_enc_values_supported",
    "authorization_encryption_enc_values_supported",
)
"""Where a wallet says what it decrypts, that of RFC 9101 first; A128GCM where it does not say."""


@dataclass(frozen=True, slots=True)
class RequestEncryption:
    """How a wallet wants its request.

    Attributes:
        jwk: the wallet's public key.
        enc: content encryption.
    """

    jwk: Mapping[str, Any]
    enc: str

    def seal(self, compact: str) -> str:
        """Return the request object inside a JWE."""
        return jwe.encrypt(compact.encode(), self.jwk, enc=self.enc, content=NESTED)


def offer_encryption(public_jwk: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of ``wallet_metadata`` that ask for encryption.

    Args:
        public_jwk: of a key for this request alone, with its ``kid``.
    """
    return {
        "jwks": {"keys": [{**public_jwk, "use": "enc", "alg": jwe.ALG}]},
        _ALGS: [jwe.ALG],
        "request_object_encryption_enc_values_supported": list(jwe.ENCS),
    }


def wanted_request_encryption(metadata: str) -> RequestEncryption | None:
    """Return how a wallet wants its request, None for one in clear.

    Metadata that nobody can read, keys that nobody knows, and keys for signatures are passed over:
    the request holds no secret, and the wallet decides whether it takes one in clear.

    Args:
        metadata: ``wallet_metadata`` as it came.
    """
    try:
        found = strict_json.loads(metadata)
    except EncodingError:
        return None
    if not isinstance(found, dict):
        return None
    enc = _enc(found)
    jwks = found.get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    for jwk in keys[:MAX_KEYS] if enc and isinstance(keys, list) else ():
        wanted = RequestEncryption(jwk if isinstance(jwk, dict) else {}, str(enc))
        if _usable(wanted):
            return wanted
    return None


def _enc(metadata: Mapping[str, object]) -> str | None:
    algs = metadata.get(_ALGS, [jwe.ALG])
    if not isinstance(algs, list) or jwe.ALG not in algs:
        return None
    said = next((metadata[name] for name in _ENCS if name in metadata), [jwe.ENCS[0]])
    known = said if isinstance(said, list) else []
    return next((enc for enc in jwe.ENCS if enc in known), None)


def _usable(wanted: RequestEncryption) -> bool:
    try:
        wanted.seal("")
    except EnvelopeError:
        return False
    return True


def is_encrypted(compact: str) -> bool:
    """Tell whether a request came inside a JWE: in five parts, a signed one has three."""
    return compact.count(".") == 4  # noqa: PLR2004 - RFC 7516 section 7.1


def open_encrypted(
    compact: str, private_jwk: Mapping[str, str], *, limits: Limits = DEFAULT_LIMITS
) -> str:
    """Return the request object that came inside a JWE; it still has to be verified.

    Args:
        compact: the JWE.
        private_jwk: of the key that was offered, with its ``kid``.
        limits: bounds its length.

    Raises:
        VpError: ``request_form``: not to this key, in other algorithms, compressed, or altered.
    """
    refuse = refusing("request_form", "5.10")
    try:
        opened = jwe.decrypt(compact, {private_jwk["kid"]: private_jwk}, max_bytes=limits.jwe_bytes)
    except EnvelopeError as error:
        raise refuse(f"the encrypted request: {error}") from None
    return opened.decode("ascii", "replace").strip()
