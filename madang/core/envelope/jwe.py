"""JSON Web Encryption, compact form, ECDH-ES with AES-GCM (RFC 7516, RFC 7518 section 4.6)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import ENCRYPTION, KeyFormatError, PublicKey

ALG: Final = "ECDH-ES"
ENCS: Final = ("A128GCM", "A256GCM")
CURVE: Final = "P-256"
_P256: Final = ec.SECP256R1()
MAX_BYTES = 1_000_000
_PARTS = 5
_KEY_BYTES: Final = MappingProxyType({"A128GCM": 16, "A256GCM": 32})
_IV_BYTES, _TAG_BYTES = 12, 16
_PARTY_BYTES: Final = 1_000
"""Longest apu or apv."""


def encrypt(
    payload: bytes, recipient_jwk: Mapping[str, object], *, enc: str, content: str = ""
) -> str:
    """Encrypt to a recipient's public key; the header names the key by its `kid` if it has one.

    Args:
        payload: what to encrypt.
        recipient_jwk: P-256 JWK, and `alg` ECDH-ES if it has one.
        enc: A128GCM or A256GCM.
        content: `cty`, what the payload is; left out when empty.

    Raises:
        EnvelopeError: the key or the algorithms are not among those.
    """
    if enc not in ENCS or recipient_jwk.get("alg", ALG) != ALG:
        raise EnvelopeError(f"{recipient_jwk.get('alg')} with {enc}: {ALG} and {ENCS} are known")
    try:
        recipient = _on_curve(PublicKey.from_jwk(recipient_jwk, use=ENCRYPTION))
    except KeyFormatError as error:
        raise EnvelopeError(f"cannot encrypt to this key: {error}") from error
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    epk = PublicKey.from_native(ephemeral.public_key()).to_jwk()
    kid = recipient_jwk.get("kid")
    named = {"kid": kid} if isinstance(kid, str) and kid else {}
    typed = {"cty": content} if content else {}
    header = {"alg": ALG, "enc": enc, **named, **typed, "epk": epk}
    protected = base64url.encode(strict_json.dumps(header).encode())
    key = _agreed(ephemeral, recipient, enc, b"", b"")
    iv = AESGCM.generate_key(128)[:_IV_BYTES]
    box = AESGCM(key).encrypt(iv, payload, protected.encode())
    parts = (iv, box[:-_TAG_BYTES], box[-_TAG_BYTES:])
    return f"{protected}..{'.'.join(map(base64url.encode, parts))}"


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
    parts = _parts(compact, max_bytes)
    header = _header(parts[0], allowed_enc)
    kid = header.get("kid")
    if not isinstance(kid, str) or kid not in private_jwks:
        raise EnvelopeError("the JWE is not encrypted to the key of this request")
    return _opened(parts, header, private_jwks[kid])


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
    parts = _parts(compact, max_bytes)
    return _opened(parts, _header(parts[0], allowed_enc), private_jwk)


def _opened(
    parts: list[str], header: Mapping[str, object], private_jwk: Mapping[str, object]
) -> bytes:
    protected, encrypted_key, *rest = parts
    if encrypted_key:
        raise EnvelopeError(f"the JWE has an encrypted key; {ALG} has none")
    try:
        iv, text, tag = map(base64url.decode, rest)
        parties = [_party(header, name) for name in ("apu", "apv")]
        epk = header.get("epk")
        given = epk if isinstance(epk, dict) else {}
        ephemeral = _on_curve(PublicKey.from_jwk(given, use=ENCRYPTION))
        private = _private_key(private_jwk)
    except (EncodingError, KeyFormatError, ValueError) as error:
        raise EnvelopeError("the JWE cannot be decrypted") from error
    if len(iv) != _IV_BYTES or len(tag) != _TAG_BYTES:
        raise EnvelopeError("the JWE cannot be decrypted: nonce or tag have another length")
    key = _agreed(private, ephemeral, str(header["enc"]), *parties)
    try:
        return AESGCM(key).decrypt(iv, text + tag, protected.encode())
    except InvalidTag:
        raise EnvelopeError("the JWE cannot be decrypted") from None


def _private_key(jwk: Mapping[str, object]) -> ec.EllipticCurvePrivateKey:
    """Return the key; with its point it need not be computed from the number."""
    if jwk.get("crv") != CURVE:
        raise KeyFormatError(f"a private key on {jwk.get('crv')}, {CURVE} was expected")
    x, y, d = (int.from_bytes(base64url.decode(str(jwk.get(name)))) for name in ("x", "y", "d"))
    point = ec.EllipticCurvePublicNumbers(x, y, _P256)
    return ec.EllipticCurvePrivateNumbers(d, point).private_key()


def _on_curve(key: PublicKey) -> ec.EllipticCurvePublicKey:
    if key.crv != CURVE:
        raise EnvelopeError(f"a key on {key.crv or key.kty}, {CURVE} was expected")
    return cast("ec.EllipticCurvePublicKey", key.native)


def _party(header: Mapping[str, object], name: str) -> bytes:
    """Return apu or apv, empty where there is none (RFC 7518 sections 4.6.1.2 and 4.6.1.3)."""
    value = header.get(name, "")
    if not isinstance(value, str) or len(value) > _PARTY_BYTES:
        raise EnvelopeError(f"the JWE header's {name} is not text of at most {_PARTY_BYTES} bytes")
    return base64url.decode(value)


def _agreed(
    private: ec.EllipticCurvePrivateKey,
    public: ec.EllipticCurvePublicKey,
    enc: str,
    apu: bytes,
    apv: bytes,
) -> bytes:
    """Return the key that both sides derive (RFC 7518 section 4.6.2, direct key agreement)."""
    size = _KEY_BYTES[enc]
    named = b"".join(len(each).to_bytes(4) + each for each in (enc.encode(), apu, apv))
    info = named + (8 * size).to_bytes(4)
    secret = private.exchange(ec.ECDH(), public)
    return ConcatKDFHash(SHA256(), size, info).derive(secret)


def _header(protected: str, allowed_enc: tuple[str, ...]) -> dict[str, object]:
    """Return the header of a JWE that is of the accepted kind (RFC 7516 section 5.2)."""
    header = _json_header(protected)
    if header.get("alg") != ALG or header.get("enc") not in allowed_enc:
        raise EnvelopeError(
            f"alg {header.get('alg')!r} with enc {header.get('enc')!r}; {ALG} with one of "
            f"{', '.join(allowed_enc)} was expected"
        )
    unsupported = {"zip", "crit"} & header.keys()
    if unsupported:
        raise EnvelopeError(f"the JWE header has {unsupported.pop()}, which is not accepted")
    return header


def _parts(compact: str, max_bytes: int) -> list[str]:
    if len(compact) > max_bytes:
        raise EnvelopeError(f"JWE of {len(compact)} characters, at most {max_bytes} are accepted")
    parts = compact.split(".")
    if len(parts) != _PARTS:
        raise EnvelopeError(f"compact JWE of {len(parts)} parts, {_PARTS} were expected")
    return parts


def _json_header(protected: str) -> dict[str, object]:
    try:
        header = strict_json.loads(base64url.decode(protected))
    except EncodingError as error:
        raise EnvelopeError(f"JWE header: {error}") from error
    if not isinstance(header, dict):
        raise EnvelopeError("the JWE header is not a JSON object")
    return header
