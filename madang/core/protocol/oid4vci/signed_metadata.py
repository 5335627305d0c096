"""Credential issuer metadata as a signed JWT (OpenID4VCI 1.0 section 12.2.3)."""

from collections.abc import Mapping, Sequence

from madang.core.encoding.strict_json import Json
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vci.errors import invalid_metadata
from madang.core.protocol.oid4vci.metadata import IssuerMetadata, checked_metadata
from madang.core.protocol.oid4vci.names import SIGNED_METADATA_TYP
from madang.core.protocol.typed_jwt import (
    Window,
    check_window,
    open_typed,
    sign_typed,
    verified_claims,
)
from madang.core.trust.x509 import ChainError, validate_chain


def sign_metadata(
    metadata: Mapping[str, Json], signer: Signer, *, issued_at: int, expires_at: int
) -> str:
    """Return metadata signed by the issuer, its certificates in ``x5c``.

    Args:
        metadata: the members as they are published unsigned.
        signer: the issuer's key.
        issued_at: epoch seconds.
        expires_at: epoch seconds.
    """
    issuer = metadata["credential_issuer"]
    claims = {**metadata, "iss": issuer, "sub": issuer, "iat": issued_at, "exp": expires_at}
    header = jws.chain_header(signer.certificate_chain)
    return sign_typed(SIGNED_METADATA_TYP, claims, header, signer)


def parse_signed_metadata(
    data: bytes,
    *,
    issuer: str,
    anchors: Sequence[bytes],
    window: Window,
    allow_loopback_http: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> IssuerMetadata:
    """Read fetched signed metadata in the wallet.

    Args:
        data: the JWT, as received.
        issuer: the identifier it was fetched for; ``sub`` and ``credential_issuer`` must be it.
        anchors: DER of the roots that are trusted for the signer's ``x5c``.
        window: when it counts.
        allow_loopback_http: accept http addresses on this machine.
        limits: bounds on size, nesting and number of configurations.

    Raises:
        Oid4vciError: ``invalid_metadata``.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise invalid_metadata("signed metadata is a JWT, which is ASCII text") from None
    opened = open_typed(
        text, typ=SIGNED_METADATA_TYP, max_bytes=limits.body_bytes, refuse=invalid_metadata
    )
    try:
        key = validate_chain(jws.decode_chain(opened.header), anchors, now=window.now)
    except (EnvelopeError, ChainError) as error:
        raise invalid_metadata(f"the signer of the metadata is not trusted: {error}") from None
    claims = verified_claims(opened, key, invalid_metadata)
    check_window(claims, window, invalid_metadata)
    if claims.get("sub") != issuer:
        raise invalid_metadata("sub is not the issuer that the metadata was fetched for")
    return checked_metadata(
        claims, issuer=issuer, allow_loopback_http=allow_loopback_http, limits=limits
    )
