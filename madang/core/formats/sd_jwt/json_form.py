"""The JWS JSON forms of an SD-JWT, to and from the compact one (RFC 9901 section 8).

The compact form carries everything: `sd_hash` is computed over it in either case (section 8.1),
so that presenting, processing and verifying know no other.
"""

from typing import Any, Final

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import MAX_BYTES, MAX_DISCLOSURES, parse

_OWN: Final = frozenset({"disclosures", "kb_jwt"})


def to_json(
    compact: str, *, max_bytes: int = MAX_BYTES, max_disclosures: int = MAX_DISCLOSURES
) -> dict[str, Any]:
    """Return the flattened JSON form (section 8.2) of a compact SD-JWT or SD-JWT+KB.

    Raises:
        SdJwtError: the text is no SD-JWT within the limits.
    """
    sd_jwt = parse(compact, max_bytes=max_bytes, max_disclosures=max_disclosures)
    protected, payload, signature = sd_jwt.issuer_compact.split(".")
    header: dict[str, Any] = {"disclosures": [d.encoded for d in sd_jwt.disclosures]}
    if sd_jwt.key_binding is not None:
        header["kb_jwt"] = sd_jwt.key_binding
    return {"payload": payload, "protected": protected, "signature": signature, "header": header}


def from_text(text: str, *, max_bytes: int = MAX_BYTES) -> str:
    """Return the compact form of a JSON form that came as text; SdJwtError if it is none."""
    try:
        value = strict_json.loads(text, max_bytes=max_bytes)
    except EncodingError as error:
        raise _malformed(str(error)) from error
    return to_compact(value)


def to_compact(value: object) -> str:
    """Return the compact form of a flattened (section 8.2) or general (8.3) JSON form.

    Of several signatures the first counts, the one beside the disclosures; the others are left
    to whoever knows their issuers. Unprotected members besides `disclosures` and `kb_jwt` decide
    nothing and are dropped. What stands in the parts is for `parse` to judge.

    Args:
        value: a JSON value as parsed.

    Raises:
        SdJwtError: members missing or of the wrong kind, both forms at once, disclosures or key
            binding beside a later signature, a name in both headers, or a part that holds a
            separator.
    """
    members = _object(value, "the JSON form")
    signed = _first(members)
    header = _object(signed.get("header", {}), "header")
    disclosures = header.get("disclosures", [])
    if not isinstance(disclosures, list):
        raise _malformed("header.disclosures is not an array")
    protected = _part(signed.get("protected"), ".~")
    _check_headers(protected, header)
    payload, signature = _part(members.get("payload"), ".~"), _part(signed.get("signature"), ".~")
    jwt = f"{protected}.{payload}.{signature}"
    binding = _part(header["kb_jwt"], "~") if "kb_jwt" in header else ""
    return "~".join([jwt, *(_part(text, ".~") for text in disclosures), binding])


def _first(members: dict[str, Any]) -> dict[str, Any]:
    """Return what stands beside the first signature (RFC 7515 sections 7.2.1, 7.2.2)."""
    if "signatures" not in members:
        return members
    if not members.keys().isdisjoint({"protected", "header", "signature"}):
        raise _malformed("signatures stands beside members of the flattened form")
    signatures = members["signatures"]
    if not isinstance(signatures, list) or not signatures:
        raise _malformed("signatures is not an array with elements")
    first, *others = [_object(signature, "a signature") for signature in signatures]
    for other in others:
        if not _OWN.isdisjoint(_object(other.get("header", {}), "header")):
            raise _malformed("disclosures or kb_jwt stands beside a later signature")
    return first


def _check_headers(protected: str, header: dict[str, Any]) -> None:
    """Refuse a name in both headers, and crit outside of what is signed (RFC 7515 5.2, 4.1.11)."""
    try:
        signed = _object(strict_json.loads(base64url.decode(protected)), "the protected header")
    except EncodingError as error:
        raise _malformed(f"protected header: {error}") from error
    if not header.keys().isdisjoint({*signed, "crit"}):
        raise _malformed("a name is in both headers, or crit in the unprotected header")


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(f"{what} is not an object")
    return value


def _part(text: object, separators: str) -> str:
    """Return a part of the compact form, which must not come apart in it."""
    if not isinstance(text, str) or not text:
        raise _malformed("a part is missing, empty or not text")
    if any(separator in text for separator in separators):
        raise _malformed("a part holds a separator of the compact form")
    return text


def _malformed(detail: str) -> SdJwtError:
    return SdJwtError("malformed_sd_jwt", "RFC 9901 8", detail)
