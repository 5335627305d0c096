"""What a held copy says, whichever its format."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from madang.core.encoding import base64url
from madang.core.envelope import cose, jws
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.formats.mdoc.as_json import as_json
from madang.core.formats.mdoc.model import IssuerSigned, parse_issuer_signed
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.verify import process
from madang.core.keys.jwk import EDDSA, ES256
from madang.core.protocol.dcql.authorities import Authorities
from madang.core.protocol.dcql.credential import Credential
from madang.core.protocol.oid4vp.request import MAC_P256
from madang.core.protocol.oid4vp.wallet_answer import ES256_NUMBERS
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy

_COSE_ALG: Final = 1
_FULLY: Final[Mapping[int, frozenset[int]]] = MappingProxyType(
    {
        -7: ES256_NUMBERS,
        -35: frozenset({-35, -51}),
        -36: frozenset({-36, -52}),
        -8: frozenset({-8, -19}),
    }
)
"""COSE algorithms of issuers, each with the name that says its curve too (appendix B.2.2)."""


def issuer_signed(copy: HeldCopy) -> IssuerSigned:
    """Return a copy of the format `mso_mdoc` taken apart."""
    return parse_issuer_signed(base64url.decode(copy.credential))


def claims_of(copy: HeldCopy) -> Mapping[str, Any]:
    """Return all claims as JSON values: of an mdoc, its elements by namespace."""
    if copy.format != MSO_MDOC:
        return process(parse(copy.credential))
    return {
        name: {item.element_identifier: as_json(item.element_value) for item in items}
        for name, items in issuer_signed(copy).name_spaces.items()
    }


def credential_of(
    copy: HeldCopy, types: Collection[str], authorities: Authorities, *, now: int
) -> Credential:
    """Return what a query sees of a copy.

    Args:
        copy: held.
        types: of the trusted authorities that the query names.
        authorities: what is known of issuers besides their certificates.
        now: seconds since the epoch.
    """
    trust_chain = None
    if copy.format == MSO_MDOC:
        chain, bound = cose.x5chain(issuer_signed(copy).issuer_auth), True
    else:
        parsed = parse(copy.credential)
        chain, bound = jws.decode_chain(parsed.issuer_jws.header), "cnf" in parsed.payload
        trust_chain = parsed.issuer_jws.header.get("trust_chain")
    return Credential(
        copy.format,
        frozenset({copy.type}),
        claims_of(copy),
        bound,
        chain,
        authorities=authorities.of(types, copy.issuer, chain, trust_chain, now=now),
    )


def supported_by(
    copy: HeldCopy, formats: Mapping[str, Any] | None, *, encrypted: bool = False
) -> bool:
    """Tell whether a verifier that lists what it supports can check a copy (appendices B.2, B.3).

    Args:
        copy: held.
        formats: `vp_formats_supported`; None or an empty entry where nothing is said.
        encrypted: whether the answer is encrypted: then a device has a key to make a MAC for.
    """
    if formats is None:
        return True
    listed = formats.get(copy.format)
    if not isinstance(listed, Mapping):
        return False
    return all(
        not isinstance(listed.get(name), list) or any(each in listed[name] for each in known)
        for name, known in _algorithms(copy, encrypted=encrypted).items()
    )


def _algorithms(copy: HeldCopy, *, encrypted: bool) -> dict[str, frozenset[Any]]:
    """Return the names by which a copy's algorithms may be listed."""
    if copy.format == MSO_MDOC:
        algorithm = issuer_signed(copy).issuer_auth.header.get(_COSE_ALG, 0)
        issuer = _FULLY.get(algorithm, frozenset())
        device = ES256_NUMBERS | ({MAC_P256} if encrypted else frozenset())
        return {"issuerauth_alg_values": issuer, "deviceauth_alg_values": device}
    signed = parse(copy.credential).issuer_jws.header["alg"]
    fully = frozenset({signed, "Ed25519"} if signed == EDDSA else {signed})
    return {"sd-jwt_alg_values": fully, "kb-jwt_alg_values": frozenset({ES256})}


def expires_at(copy: HeldCopy) -> int | None:
    """Return the end of validity in seconds since the epoch, None where there is none."""
    if copy.format == MSO_MDOC:
        return issuer_signed(copy).mso.validity.valid_until
    found = parse(copy.credential).payload.get("exp")
    return found if isinstance(found, int) else None


def listed(copy: HeldCopy) -> dict[str, Any]:
    """Return what a list tells of a copy: nothing that it says of the person."""
    return {
        "digest": copy.digest,
        "issuer": copy.issuer,
        "format": copy.format,
        "type": copy.type,
        "set": copy.number,
        "expires_at": expires_at(copy),
        "has_receipt": copy.receipt is not None,
    }


def shown(copies: Iterable[HeldCopy], digest: str) -> dict[str, Any]:
    """Return everything that a copy says; WalletError if there is none of that digest."""
    for copy in copies:
        if copy.digest == digest:
            return {**listed(copy), "claims": dict(claims_of(copy))}
    raise WalletError("unknown_copy", "there is no copy of that digest; list them first")
