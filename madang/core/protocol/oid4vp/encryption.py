"""Which key and algorithm an answer is encrypted with (OpenID4VP 1.0 section 8.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from madang.core.envelope.jwe import ALG, ENCS
from madang.core.keys.jwk import ENCRYPTION, KeyFormatError, PublicKey
from madang.core.protocol.oid4vp.errors import refusing
from madang.core.protocol.oid4vp.request import DEFAULT_ENC, ClientMetadata

_CURVE = "P-256"


@dataclass(frozen=True, slots=True)
class Encryption:
    """A usable choice.

    Attributes:
        jwk: the verifier's public key, with its ``kid``.
        enc: content encryption.
    """

    jwk: Mapping[str, JsonValue]
    enc: str


def choose_encryption(metadata: ClientMetadata | None) -> Encryption:
    """Choose the first key and the first content encryption that this wallet can use.

    Raises:
        VpError: ``encryption_key`` or ``encryption_enc``, when nothing is usable.
    """
    metadata = metadata or ClientMetadata()
    keys = () if metadata.jwks is None else metadata.jwks.keys
    jwk = next((key for key in keys if _usable(key)), None)
    if jwk is None:
        wanted = f"with kid and alg {ALG}"
        raise refusing("encryption_key", "8.3")(
            f"client_metadata.jwks has no {_CURVE} key {wanted}"
        )
    offered = metadata.encrypted_response_enc_values_supported or (DEFAULT_ENC,)
    enc = next((name for name in offered if name in ENCS), None)
    if enc is None:
        raise refusing("encryption_enc", "8.3")(f"one of {', '.join(ENCS)} should be offered")
    return Encryption(jwk, enc)


def _usable(jwk: Mapping[str, JsonValue]) -> bool:
    if jwk.get("alg") != ALG or jwk.get("use", "enc") != "enc":
        return False
    if not isinstance(jwk.get("kid"), str) or jwk.get("crv") != _CURVE:
        return False
    try:
        PublicKey.from_jwk(jwk, use=ENCRYPTION)
    except KeyFormatError:
        return False
    return True
