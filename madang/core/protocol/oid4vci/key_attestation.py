"""Key attestations: a wallet's provider says how holder keys are kept.

OpenID4VCI 1.0 appendix D.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Refusal
from madang.core.protocol.oid4vci.errors import invalid_proof
from madang.core.protocol.oid4vci.names import KEY_ATTESTATION_TYP
from madang.core.protocol.typed_jwt import (
    ALGORITHMS,
    Window,
    check_window,
    open_typed,
    sign_typed,
    text_claim,
    verified_claims,
)
from madang.core.trust.x509 import ChainError, validate_chain

_PRIVATE = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"})


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """Where the status of an attestation stands (Token Status List section 6.2)."""

    uri: str
    index: int


@dataclass(frozen=True, slots=True)
class KeyAttestation:
    """What is said of holder keys.

    Attributes:
        keys: those attested, at least one.
        key_storage: how hard it is to get at them, such as ``iso_18045_high``; may be empty.
        user_authentication: the same of who may use them.
        nonce: of the credential issuer; None when there is none.
        expires_at: epoch seconds; None for no end.
        status: where it says whether it was revoked; None when nowhere.
        issuer: the claim ``iss``; None when there is none.
        certification: address of the key storage's certification; None when there is none.
    """

    keys: tuple[PublicKey, ...]
    key_storage: tuple[str, ...] = ()
    user_authentication: tuple[str, ...] = ()
    nonce: str | None = None
    expires_at: int | None = None
    status: StatusPlace | None = None
    issuer: str | None = None
    certification: str | None = None


def make_key_attestation(attested: KeyAttestation, signer: Signer, *, issued_at: int) -> str:
    """Return a key attestation (appendix D.1).

    Args:
        attested: what is said.
        signer: the provider's key, with its certificates.
        issued_at: epoch seconds.
    """
    status = attested.status
    claims: dict[str, object] = {
        "iss": attested.issuer,
        "iat": issued_at,
        "exp": attested.expires_at,
        "attested_keys": [key.to_jwk() for key in attested.keys],
        "key_storage": list(attested.key_storage) or None,
        "user_authentication": list(attested.user_authentication) or None,
        "certification": attested.certification,
        "nonce": attested.nonce,
        "status": status and {"status_list": {"uri": status.uri, "idx": status.index}},
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    header = jws.chain_header(signer.certificate_chain)
    return sign_typed(KEY_ATTESTATION_TYP, kept, header, signer)


def check_key_attestation(
    compact: str,
    *,
    anchors: Sequence[bytes],
    window: Window,
    limits: Limits = DEFAULT_LIMITS,
    refuse: Refusal = invalid_proof,
) -> KeyAttestation:
    """Check a key attestation: type, chain, signature, time, keys; not its nonce nor its status.

    Keys of kinds that nothing here is bound to are left out.

    Args:
        compact: the JWT.
        anchors: DER of the providers' roots that are trusted.
        window: when it counts; ``max_age`` is how old one without ``exp`` may be.
        limits: bounds on size and number of keys.
        refuse: makes the error to raise out of a reason.
    """
    opened = open_typed(compact, typ=KEY_ATTESTATION_TYP, max_bytes=limits.jwt_bytes, refuse=refuse)
    try:
        signer = validate_chain(jws.decode_chain(opened.header), anchors, now=window.now)
    except (EnvelopeError, ChainError) as error:
        raise refuse(f"the key attestation's x5c leads to no trusted provider: {error}") from None
    claims = verified_claims(opened, signer, refuse)
    # One that says when it ends counts until then, however long ago it was made.
    age = window.now if "exp" in claims else window.max_age
    check_window(claims, Window(window.now, age, window.max_skew), refuse)
    return _attested(claims, limits, refuse)


def _attested(claims: Mapping[str, object], limits: Limits, refuse: Refusal) -> KeyAttestation:
    expires_at = claims.get("exp")
    return KeyAttestation(
        keys=_keys(claims.get("attested_keys"), limits, refuse),
        key_storage=_texts(claims, "key_storage", limits, refuse),
        user_authentication=_texts(claims, "user_authentication", limits, refuse),
        nonce=_optional(claims, "nonce", refuse),
        expires_at=expires_at if isinstance(expires_at, int) else None,
        status=_place(claims.get("status"), refuse),
        issuer=_optional(claims, "iss", refuse),
        certification=_optional(claims, "certification", refuse),
    )


def _keys(value: object, limits: Limits, refuse: Refusal) -> tuple[PublicKey, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= limits.proofs:
        raise refuse(f"attested_keys should be an array of 1 to {limits.proofs} public keys")
    found: dict[str, PublicKey] = {}
    for jwk in value:
        if not isinstance(jwk, Mapping) or _PRIVATE & jwk.keys():
            raise refuse("every member of attested_keys should be a public JWK")
        try:
            key = PublicKey.from_jwk(jwk)
        except KeyFormatError:
            continue  # such as a key for encryption beside those for signatures
        if key.algorithm in ALGORITHMS:
            found[key.thumbprint()] = key
    if not found:
        raise refuse("attested_keys has no key of a kind that a credential can be bound to")
    return tuple(found.values())


def _texts(
    claims: Mapping[str, object], name: str, limits: Limits, refuse: Refusal
) -> tuple[str, ...]:
    value = claims.get(name, [])
    texts = [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(texts) < len(value) or len(texts) > limits.values:
        raise refuse(f"{name} should be an array of at most {limits.values} strings")
    return tuple(texts)


def _optional(claims: Mapping[str, object], name: str, refuse: Refusal) -> str | None:
    return text_claim(claims, name, refuse) if name in claims else None


def _place(value: object, refuse: Refusal) -> StatusPlace | None:
    if value is None:
        return None
    # Another mechanism than a list is not understood, and what cannot be asked is not trusted.
    listed = value.get("status_list") if isinstance(value, Mapping) else None
    if isinstance(listed, Mapping):
        uri, index = listed.get("uri"), listed.get("idx")
        if isinstance(uri, str) and type(index) is int and index >= 0:
            return StatusPlace(uri, index)
    raise refuse("status should hold a status_list with uri and idx")
