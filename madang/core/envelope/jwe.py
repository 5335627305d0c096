"""JSON Web Encryption, compact form, ECDH-ES with AES-GCM (RFC 7516, RFC 7518 section 4.6)."""

from collections.abc import Mapping
from typing import Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import PublicKey

ALG: Final = "ECDH-ES"
ENCS: Final = ("A128GCM", "A256GCM")
CURVE: Final = "P-256"
MAX_BYTES = 1_000_000
_PARTS = 5


def encrypt(payload: bytes, recipient_jwk: Mapping[str, object], *, enc: str) -> str:
    """Encrypt to a recipient's public key; the header names the key by its `kid`.

    Args:
        payload: what to encrypt.
        recipient_jwk: P-256 JWK with `kid`, and `alg` ECDH-ES if it has one.
        enc: A128GCM or A256GCM.

    Raises:
        EnvelopeError: the key or the algorithms are not among those.
    """
    if enc not in ENCS or recipient_jwk.get("alg", ALG) != ALG:
        raise EnvelopeError(f"{recipient_jwk.get('alg')} with {enc}: {ALG} and {ENCS} are known")
    header = {"alg": ALG, "enc": enc, "kid": str(recipient_jwk.get("kid", ""))}
    try:
        recipient = PublicKey.from_jwk(recipient_jwk)
        if recipient.crv != CURVE:
            raise EnvelopeError(f"a key on {recipient.crv or recipient.kty}, {CURVE} was expected")
        public: dict[str, str | list[str]] = {**recipient.to_jwk()}
        key = ECKey.import_key(public)
        return jwe.encrypt_compact(header, payload, key, registry=_registry(enc))
    except (JoseError, ValueError) as error:
        raise EnvelopeError(f"cannot encrypt to this key: {error}") from error


def decrypt(
    compact: str,
    private_jwks: Mapping[str, Mapping[str, object]],
    *,
    allowed_enc: tuple[str, ...] = ENCS,
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """Decrypt with the key that the header names.

    Args:
        compact: the JWE.
        private_jwks: private P-256 JWKs by `kid`.
        allowed_enc: content encryption that was offered.
        max_bytes: the longest JWE accepted; compression is refused, so no plaintext is longer.

    Raises:
        EnvelopeError: malformed, another algorithm, compressed, an unknown key, or altered.
    """
    kid = _header(compact, allowed_enc, max_bytes).get("kid")
    if not isinstance(kid, str) or kid not in private_jwks:
        raise EnvelopeError("the JWE is not encrypted to the key of this request")
    return decrypt_with(compact, private_jwks[kid], allowed_enc=allowed_enc, max_bytes=max_bytes)


def decrypt_with(
    compact: str,
    private_jwk: Mapping[str, object],
    *,
    allowed_enc: tuple[str, ...] = ENCS,
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """Decrypt with this private P-256 JWK, whatever key the header names; otherwise as `decrypt`.

    Raises:
        EnvelopeError: malformed, another algorithm, compressed, another key's, or altered.
    """
    _header(compact, allowed_enc, max_bytes)
    try:
        key = ECKey.import_key({name: str(v) for name, v in private_jwk.items()})
        opened = jwe.decrypt_compact(compact, key, registry=_registry(*allowed_enc))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise EnvelopeError("the JWE cannot be decrypted") from error
    if opened.plaintext is None:
        raise EnvelopeError("the JWE cannot be decrypted")
    return opened.plaintext


def _registry(*encs: str) -> JWERegistry:
    """Allow these algorithms alone, and texts up to the bound that was checked before."""
    registry = JWERegistry(algorithms=[ALG, *encs])
    registry.max_ciphertext_length = MAX_BYTES
    return registry


def _header(compact: str, allowed_enc: tuple[str, ...], max_bytes: int) -> dict[str, object]:
    """Return the header of a JWE that is of the accepted kind (RFC 7516 section 5.2)."""
    header = _json_header(compact, max_bytes)
    if header.get("alg") != ALG or header.get("enc") not in allowed_enc:
        raise EnvelopeError(
            f"alg {header.get('alg')!r} with enc {header.get('enc')!r}; {ALG} with one of "
            f"{', '.join(allowed_enc)} was expected"
        )
    unsupported = {"zip", "crit"} & header.keys()
    if unsupported:
        raise EnvelopeError(f"the JWE header has {unsupported.pop()}, which is not accepted")
    return header


def _json_header(compact: str, max_bytes: int) -> dict[str, object]:
    if len(compact) > max_bytes:
        raise EnvelopeError(f"JWE of {len(compact)} characters, at most {max_bytes} are accepted")
    parts = compact.split(".")
    if len(parts) != _PARTS:
        raise EnvelopeError(f"compact JWE of {len(parts)} parts, {_PARTS} were expected")
    try:
        header = strict_json.loads(base64url.decode(parts[0]))
    except EncodingError as error:
        raise EnvelopeError(f"JWE header: {error}") from error
    if not isinstance(header, dict):
        raise EnvelopeError("the JWE header is not a JSON object")
    return header
