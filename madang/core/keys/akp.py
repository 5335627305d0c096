"""Private keys of type AKP as JWKs: the seed of an ML-DSA key (draft-ietf-cose-dilithium)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import mldsa

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.keys.jwk import ML_DSA_44, ML_DSA_65, KeyFormatError, PublicKey

SEED_BYTES: Final = 32
MlDsaKey: TypeAlias = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey

_PRIVATE: Final[Mapping[str, Callable[[bytes], MlDsaKey]]] = MappingProxyType(
    {
        ML_DSA_44: mldsa.MLDSA44PrivateKey.from_seed_bytes,
        ML_DSA_65: mldsa.MLDSA65PrivateKey.from_seed_bytes,
    }
)


def to_private_jwk(key: MlDsaKey) -> dict[str, str]:
    """Return the JWK with `priv`, which is the seed that the whole key follows from."""
    public = PublicKey.from_native(key.public_key()).to_jwk()
    return {**public, "priv": base64url.encode(key.private_bytes_raw())}


def from_private_jwk(jwk: Mapping[str, object]) -> MlDsaKey:
    """Read a private JWK of ML-DSA-44 or ML-DSA-65.

    Raises:
        KeyFormatError: another type or algorithm, a `priv` that is no seed of 32 bytes, or a
            `pub` that is not this seed's.
    """
    public = PublicKey.from_jwk({name: value for name, value in jwk.items() if name != "priv"})
    if public.alg is None:
        raise KeyFormatError(f"kty {public.kty!r}, a key of type AKP was expected")
    key = _PRIVATE[public.alg](_seed(jwk.get("priv")))
    if PublicKey.from_native(key.public_key()) != public:
        raise KeyFormatError("pub is not the public half of priv")
    return key


def _seed(priv: object) -> bytes:
    try:
        seed = base64url.decode(priv) if isinstance(priv, str) else b""
    except EncodingError as error:
        raise KeyFormatError("JWK member 'priv' is not base64url") from error
    if len(seed) != SEED_BYTES:
        raise KeyFormatError(f"JWK member 'priv' is no text of {SEED_BYTES} bytes")
    return seed
