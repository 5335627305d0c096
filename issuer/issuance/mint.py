"""Make the copies of one certificate: claims, times, key, status, signature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from issuer.status.model import Place
from issuer.status.usecases import list_uri
from madang.core.catalog.certificate_type import CertificateType
from madang.core.catalog.payload import Payload
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import SALT_BYTES, Issued, issue, salts_from
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.merkle.entry import hour_of

TYPE: Final = "dc+sd-jwt"
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Stamp:
    """What all copies of one issue have in common.

    Attributes:
        issuer: identifier.
        signer: the issuer's key.
        vct: address of the type.
        integrity: hash of the type's metadata as served.
        issued_at: epoch seconds of the hour, so that copies are not linked by a moment.
        expires_at: epoch seconds, rounded in the same way.
    """

    issuer: str
    signer: Signer
    vct: str
    integrity: str
    issued_at: int
    expires_at: int


def lifetime(certificate_type: CertificateType, now: int) -> tuple[int, int]:
    """Return the rounded times of issue and expiry."""
    issued_at = hour_of(now)
    return issued_at, issued_at + certificate_type.validity_days * DAY_SECONDS


def mint(
    payload: Payload, stamp: Stamp, key: PublicKey, place: Place, chance: Callable[[int], bytes]
) -> Issued:
    """Sign one copy (SD-JWT VC section 3).

    Args:
        payload: the certificate's own claims.
        stamp: what all copies have in common.
        key: the holder key.
        place: where the copy's status stands.
        chance: draws so many bytes.
    """
    claims: dict[str, Any] = {
        **payload.claims,
        "iss": stamp.issuer,
        "vct": stamp.vct,
        "vct#integrity": stamp.integrity,
        "iat": stamp.issued_at,
        "exp": stamp.expires_at,
        "cnf": {"jwk": key.to_jwk()},
        "status": {"status_list": _reference(stamp.issuer, place)},
    }
    return issue(
        claims,
        SdFrame.of(payload.sd_paths),
        signer=stamp.signer,
        header=_header(stamp.signer),
        salts=salts_from(chance(SALT_BYTES * len(payload.sd_paths))),
    )


def _reference(issuer: str, place: Place) -> Mapping[str, object]:
    return {"idx": place.index, "uri": list_uri(issuer, place.number)}


def _header(signer: Signer) -> dict[str, Any]:
    chain = jws.encode_chain(signer.certificate_chain)
    return {"typ": TYPE, "kid": signer.key_id, "x5c": chain}
