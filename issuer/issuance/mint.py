"""Make the copies of one certificate: claims, times, key, status, signature."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from issuer.status.model import Place
from issuer.status.usecases import list_uri
from madang.core.catalog.certificate_type import CertificateType, Path
from madang.core.catalog.certificate_type import Disclosure as Sd
from madang.core.catalog.payload import Payload
from madang.core.envelope import jws
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import SALT_BYTES, Issued, issue_copies, salts_from
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.merkle.entry import hour_of

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


@dataclass(frozen=True, slots=True)
class Bound:
    """What one copy is bound to.

    Attributes:
        key: the holder key.
        place: where the copy's status stands.
    """

    key: PublicKey
    place: Place


def mint_copies(
    certificate_type: CertificateType,
    payload: Payload,
    stamp: Stamp,
    bounds: Sequence[Bound],
    chance: Callable[[int], bytes],
) -> tuple[Issued, ...]:
    """Sign one copy for each of `bounds` (SD-JWT VC section 3).

    Copies have no more in common with one another than with other people's of the same type and
    hour: key, status, salts, digests and their order are each copy's own, and decoys stand for
    the claims that a person lacks.

    Args:
        certificate_type: the type.
        payload: the certificate's own claims.
        stamp: what all copies have in common.
        bounds: what each copy is bound to.
        chance: draws so many bytes.
    """
    decoys = _decoys(certificate_type, payload)
    salts = (len(payload.sd_paths) + sum(decoys.values())) * len(bounds)
    common: dict[str, Any] = {
        **payload.claims,
        "iss": stamp.issuer,
        "vct": stamp.vct,
        "vct#integrity": stamp.integrity,
        "iat": stamp.issued_at,
        "exp": stamp.expires_at,
    }
    return issue_copies(
        common,
        SdFrame.of(payload.sd_paths, decoys),
        [_own(stamp.issuer, bound) for bound in bounds],
        signer=stamp.signer,
        header=_header(stamp.signer),
        salts=salts_from(chance(SALT_BYTES * salts)),
    )


def _own(issuer: str, bound: Bound) -> dict[str, Any]:
    place = {"idx": bound.place.index, "uri": list_uri(issuer, bound.place.number)}
    return {"cnf": {"jwk": bound.key.to_jwk()}, "status": {"status_list": place}}


def _decoys(certificate_type: CertificateType, payload: Payload) -> dict[Path, int]:
    """Return how many claims of the type a person lacks in each object that stands in clear.

    The number of digests would tell it otherwise, to whom nothing was disclosed. What is inside
    of a disclosure is seen by nobody else.
    """
    concealed = {claim.path for claim in certificate_type.claims if claim.sd is not Sd.NEVER}
    missing: dict[Path, int] = {}
    for path in concealed.difference(payload.sd_paths):
        parents = [path[:end] for end in range(1, len(path))]
        if None not in path and concealed.isdisjoint(parents) and _holds(payload.claims, path[:-1]):
            missing[path[:-1]] = missing.get(path[:-1], 0) + 1
    return missing


def _holds(claims: Mapping[str, Any], path: Path) -> bool:
    value: Any = claims
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return isinstance(value, Mapping)


def _header(signer: Signer) -> dict[str, Any]:
    chain = jws.chain_header(signer.certificate_chain)
    return {"typ": SD_JWT_VC, "kid": signer.key_id, **chain}
