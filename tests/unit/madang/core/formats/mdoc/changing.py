"""Security objects that an issuer signs again, with some members changed."""

from madang.core.encoding import cbor
from madang.core.envelope import cose
from madang.core.formats.mdoc.model import IssuerSigned, parse_issuer_signed
from madang.core.keys.signing import Signer


def signed_again(encoded: bytes, issuer: Signer, **members: object) -> bytes:
    """Return an IssuerSigned with other members in its MSO; one that is None is left out."""
    issued = parse_issuer_signed(encoded)
    changed = {**issued.mso.members, **members}
    payload = cbor.dumps(cbor.encoded({k: v for k, v in changed.items() if v is not None}))
    auth = cose.sign1(payload, {}, issuer, unprotected=issued.issuer_auth.unprotected)
    return cbor.dumps({**issued.value, "issuerAuth": auth.value})


def mso_with(issued: IssuerSigned, issuer: Signer, **members: object) -> IssuerSigned:
    """Return the same, read."""
    return parse_issuer_signed(signed_again(cbor.dumps(issued.value), issuer, **members))
