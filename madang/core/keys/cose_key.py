"""COSE keys and algorithm numbers (RFC 9053 sections 2 and 7, RFC 9864)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url
from madang.core.keys.jwk import KeyFormatError, PublicKey

KTY: Final = 1
CRV, X, Y, D = -1, -2, -3, -4
OKP, EC2 = 1, 2

_CURVES: Final = MappingProxyType({1: "P-256", 2: "P-384", 3: "P-521", 6: "Ed25519"})
_NUMBERS: Final = MappingProxyType({name: number for number, name in _CURVES.items()})
_NATIVE: Final[Mapping[int, ec.EllipticCurve]] = MappingProxyType(
    {1: ec.SECP256R1(), 2: ec.SECP384R1(), 3: ec.SECP521R1()}
)

ALGORITHMS: Final = MappingProxyType(
    {-7: "ES256", -35: "ES384", -36: "ES512", -8: "EdDSA", -48: "ML-DSA-44", -49: "ML-DSA-65"}
    | {-9: "ES256", -51: "ES384", -52: "ES512", -19: "EdDSA"}
)
"""JOSE name of each COSE algorithm; the second row names the curve too (RFC 9864)."""
NUMBER_OF: Final = MappingProxyType(
    {"ES256": -7, "ES384": -35, "ES512": -36, "EdDSA": -8, "ML-DSA-44": -48, "ML-DSA-65": -49}
)
"""COSE number that is written for each JOSE name."""


def to_cose(key: PublicKey) -> dict[int, Any]:
    """Return the COSE_Key with its required members alone; KeyFormatError for other kinds."""
    number = _NUMBERS.get(key.crv or "")
    if number is None or key.x is None:
        raise KeyFormatError(f"{key.kty} {key.alg} has no COSE_Key here")
    x = base64url.decode(key.x)
    if key.y is None:
        return {KTY: OKP, CRV: number, X: x}
    return {KTY: EC2, CRV: number, X: x, Y: base64url.decode(key.y)}


def from_cose(members: object) -> PublicKey:
    """Read a public COSE_Key; members that do not define the key are ignored.

    Args:
        members: the decoded map. `y` may be the sign bit alone (RFC 9053 section 7.1.1).

    Raises:
        KeyFormatError: private members, another type or curve, or a point off the curve.
    """
    if not isinstance(members, Mapping):
        raise KeyFormatError("a COSE_Key is a map")
    if D in members:
        raise KeyFormatError("a public COSE_Key was expected, this one holds a private member")
    kind, curve, x, y = (members.get(label) for label in (KTY, CRV, X, Y))
    # True and 1.0 are equal to 1 and are no numbers of COSE.
    name = _CURVES.get(curve) if type(kind) is type(curve) is int else None
    if not isinstance(x, bytes) or name is None:
        raise KeyFormatError(f"COSE_Key of kty {kind!r} and crv {curve!r} with x is not known")
    if kind == OKP and y is None:
        return PublicKey.from_jwk({"kty": "OKP", "crv": name, "x": base64url.encode(x)})
    if kind == EC2 and isinstance(y, bool):
        return _from_sign(curve, x, odd=y)
    if kind == EC2 and isinstance(y, bytes):
        return PublicKey.from_point(name, x, y)
    raise KeyFormatError("a COSE_Key is OKP with x, or EC2 with x and y")


def _from_sign(curve: Any, x: bytes, *, odd: bool) -> PublicKey:  # noqa: ANN401 - a checked number
    native = _NATIVE.get(curve)
    if native is None:
        raise KeyFormatError(f"crv {curve!r} has no points with a sign")
    try:
        point = (b"\x03" if odd else b"\x02") + x
        return PublicKey.from_native(ec.EllipticCurvePublicKey.from_encoded_point(native, point))
    except ValueError as error:
        raise KeyFormatError("the point is not on the curve") from error
