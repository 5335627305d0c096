"""What a held copy says, whichever its format."""

from collections.abc import Mapping
from typing import Any

from madang.core.encoding import base64url
from madang.core.encoding.cbor import Tag
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.formats.mdoc.model import IssuerSigned, parse_issuer_signed
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.verify import process
from mobile_stub.model import HeldCopy


def issuer_signed(copy: HeldCopy) -> IssuerSigned:
    """Return a copy of the format `mso_mdoc` taken apart."""
    return parse_issuer_signed(base64url.decode(copy.credential))


def claims_of(copy: HeldCopy) -> Mapping[str, Any]:
    """Return all claims as JSON values: of an mdoc, its elements by namespace."""
    if copy.format != MSO_MDOC:
        return process(parse(copy.credential))
    return {
        name: {item.element_identifier: _plain(item.element_value) for item in items}
        for name, items in issuer_signed(copy).name_spaces.items()
    }


def expires_at(copy: HeldCopy) -> int | None:
    """Return the end of validity in seconds since the epoch, None where there is none."""
    if copy.format == MSO_MDOC:
        return issuer_signed(copy).mso.validity.valid_until
    found = parse(copy.credential).payload.get("exp")
    return found if isinstance(found, int) else None


def _plain(value: Any) -> Any:  # noqa: ANN401 - any CBOR gives any JSON
    """Return CBOR as JSON (RFC 8949 section 6.1): tags fall away, bytes become base64url."""
    if isinstance(value, Tag):
        return _plain(value.value)
    if isinstance(value, bytes):
        return base64url.encode(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return value
