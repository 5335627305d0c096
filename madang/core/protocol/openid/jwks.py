"""A provider's public keys, bounded in number and size (RFC 7517 section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm, RSAPSSAlgorithm
from jwt.exceptions import PyJWTError

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.jws import Jws
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import load
from madang.core.protocol.openid.errors import OpenIdError

MAX_KEYS: Final = 32
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 4096
ALGORITHMS: Final[Mapping[str, tuple[str, str]]] = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
    "PS256": ("RSA", ""),
    "RS256": ("RSA", ""),
}
"""Signatures of ID tokens that count, and the keys that make them; never ``none``, never a shared
secret. RS256 is the one that every provider has (OpenID Connect Core 1.0 section 15.1)."""
Key: TypeAlias = PublicKey | RSAPublicKey
_RSA: Final[Mapping[str, RSAAlgorithm]] = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
}
_BYTE = 8


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """One key that verifies signatures.

    Attributes:
        kid: its name; empty when it has none.
        alg: the one algorithm that it is for; empty when the provider does not say.
        kty: kind of key.
        crv: curve; empty for RSA.
        native: the key.
    """

    kid: str
    alg: str
    kty: str
    crv: str
    native: Key

    def fits(self, kid: str, alg: str) -> bool:
        """Tell whether a signature with this header may be this key's."""
        if (self.kty, self.crv) != ALGORITHMS[alg] or self.alg not in {"", alg}:
            return False
        return self.kid == kid or not kid

    def signed(self, opened: Jws) -> bool:
        """Tell whether a JWS that fits this key is signed by it."""
        if isinstance(self.native, PublicKey):
            return jws.verify(opened, checker_for(self.native))
        algorithm = _RSA[opened.header["alg"]]
        return algorithm.verify(opened.signing_input, self.native, opened.signature)


def parse_jwks(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> tuple[ProviderKey, ...]:
    """Return the keys of a set that verify signatures we take; others are passed over.

    Raises:
        OpenIdError: ``jwks``: no set, more than `MAX_KEYS` keys, or a key that is malformed, holds
            a private part, or is an RSA key of a size that does not count.
    """
    return read_jwks(load(data, limits.body_bytes, limits, _refuse))


def read_jwks(value: object) -> tuple[ProviderKey, ...]:
    """Return the same of a set that is read already; errors as of `parse_jwks`."""
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not all(isinstance(each, dict) for each in keys):
        raise _refuse("a JWK set is an object with an array of objects, keys")
    if len(keys) > MAX_KEYS:
        raise _refuse(f"{len(keys)} keys; at most {MAX_KEYS} are accepted")
    return tuple(_key(each) for each in keys if _is_for_us(each))


def _is_for_us(jwk: Mapping[str, Any]) -> bool:
    named = (jwk.get("kty"), jwk.get("crv", ""))
    return named in ALGORITHMS.values() and jwk.get("use", "sig") == "sig"


def _key(jwk: Mapping[str, Any]) -> ProviderKey:
    kid, alg = jwk.get("kid", ""), jwk.get("alg", "")
    if not isinstance(kid, str) or not isinstance(alg, str):
        raise _refuse("kid and alg of a key are texts")
    if "d" in jwk:
        raise _refuse("a published key holds its private part")
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}
    try:
        native = _rsa(public) if jwk["kty"] == "RSA" else PublicKey.from_jwk(public)
    except OpenIdError:
        raise
    except (PyJWTError, KeyFormatError, EncodingError, ValueError, TypeError, KeyError):
        raise _refuse(f"a key of the kind {jwk['kty']} cannot be read") from None
    return ProviderKey(kid, alg, jwk["kty"], jwk.get("crv", ""), native)


def _rsa(jwk: Mapping[str, Any]) -> RSAPublicKey:
    """Return an RSA key; its size is looked at before anything is computed with it."""
    bits = len(base64url.decode(jwk["n"]).lstrip(b"\0")) * _BYTE
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        raise _refuse(f"an RSA key has {MIN_RSA_BITS} to {MAX_RSA_BITS} bits, {bits} came")
    key = RSAAlgorithm.from_jwk(dict(jwk))
    if not isinstance(key, RSAPublicKey):
        raise _refuse("a published key holds its private part")
    return key


def _refuse(reason: str) -> OpenIdError:
    return OpenIdError("jwks", reason)
