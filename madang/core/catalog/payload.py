"""From a register's record to the claims of a credential; paths only, no certificate by name."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from madang.core.catalog.certificate_type import (
    CertificateType,
    Claim,
    Disclosure,
    Path,
    ValueType,
)
from madang.core.catalog.errors import RecordError
from madang.core.catalog.reader import kind
from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json

MAX_INTEGER = 2**53 - 1
"""Largest whole number that every JSON reader keeps exact (RFC 8259 section 6)."""
TYPE_GROUP = "type"
"""The group of a record that the type itself fills: what is the same on every certificate."""
ATTESTER_GROUP = "attester"
"""The group of a record that the issuing service fills: the municipality that attests."""
_EXPECTED = {
    ValueType.STRING: "a string that is not empty",
    ValueType.INTEGER: "a whole number below 2^53",
    ValueType.BOOLEAN: "a boolean",
    ValueType.DATE: "a date as YYYY-MM-DD",
    ValueType.ARRAY: "an array",
    ValueType.BYTES: "bytes in base64url",
}


class Payload(NamedTuple):
    """What is signed, and what of it the holder can keep back.

    Attributes:
        claims: the credential's own claims; ``iss``, ``vct``, ``cnf``, ``status`` and the times
            are added by the issuer.
        sd_paths: concrete paths (array elements by index) of everything selectively disclosable,
            an array before its elements. A path inside another one is a recursive disclosure
            (RFC 9901 section 4.2.6).
    """

    claims: dict[str, Json]
    sd_paths: tuple[Path, ...]


def build_payload(certificate_type: CertificateType, record: Mapping[str, Json]) -> Payload:
    """Select a certificate's claims from a record.

    Args:
        certificate_type: the type to fill.
        record: the register's groups, and the group ``attester`` with ``name``, the official name
            of the municipality that attests.

    Raises:
        RecordError: a mandatory claim has no value, or a value has another form than the type says.
    """
    values: dict[str, Json] = {**record, TYPE_GROUP: _own_group(certificate_type)}
    claims: dict[str, Json] = {}
    sd_paths: list[Path] = []
    for claim in certificate_type.claims:
        for path, value in _selected(certificate_type, claim, values):
            _insert(claims, path, _checked(certificate_type, claim, value))
            if claim.sd is not Disclosure.NEVER:
                sd_paths.append(path)
    return Payload(claims, tuple(sd_paths))


def _own_group(certificate_type: CertificateType) -> dict[str, Json]:
    return {"issuing_authority": certificate_type.issuing_authority.name}


def _selected(
    certificate_type: CertificateType, claim: Claim, record: Mapping[str, Json]
) -> Iterator[tuple[Path, Json]]:
    """Yield each concrete path of a claim with its value."""
    if claim.source is None:
        return
    for indexes, value in _resolve(record, claim.source.split(".")):
        if value is not None:
            steps = iter(indexes)
            yield tuple(next(steps) if step is None else step for step in claim.path), value
        elif claim.mandatory:
            expected = _EXPECTED.get(claim.value_type, "a value")
            raise RecordError(certificate_type.id, claim.source, expected, "nothing")


def _resolve(
    value: Json | Mapping[str, Json], segments: Sequence[str]
) -> Iterator[tuple[tuple[int, ...], Json]]:
    """Follow a source into a record; yield the array indexes passed and what stands there.

    What is absent and what is null are the same: the register has nothing to say.
    """
    if not segments:
        yield (), value
        return
    key, every = segments[0].removesuffix("[]"), segments[0].endswith("[]")
    found = value.get(key) if isinstance(value, Mapping) else None
    if not every:
        yield from _resolve(found, segments[1:])
    elif isinstance(found, list):
        for index, element in enumerate(found):
            yield from (((index, *rest), end) for rest, end in _resolve(element, segments[1:]))


def _checked(certificate_type: CertificateType, claim: Claim, value: Json) -> Json:
    expected = _EXPECTED.get(claim.value_type) or f"one of {', '.join(claim.values)}"
    if not _fits(claim, value):
        raise RecordError(certificate_type.id, str(claim.source), expected, kind(value))
    return [] if claim.value_type is ValueType.ARRAY else value


def _fits(claim: Claim, value: Json) -> bool:
    if claim.value_type is ValueType.ARRAY:
        return isinstance(value, list)
    if claim.value_type is ValueType.BOOLEAN:
        return isinstance(value, bool)
    if claim.value_type is ValueType.INTEGER:
        return type(value) is int and abs(value) <= MAX_INTEGER
    if not isinstance(value, str) or not value:
        return False
    if claim.value_type is ValueType.CODE:
        return value in claim.values
    form = {ValueType.DATE: is_date, ValueType.BYTES: is_base64url}.get(claim.value_type)
    return form is None or form(value)


def is_date(text: str) -> bool:
    """Tell whether a text is a full date of RFC 3339, and no other form of ISO 8601."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_base64url(text: str) -> bool:
    """Tell whether a text stands for bytes."""
    try:
        base64url.decode(text)
    except EncodingError:
        return False
    return True


def _insert(container: dict[str, Json], path: Path, value: Json) -> None:
    """Put a value at a path, making the objects on the way; elements come in their order."""
    node: Json = container
    for step, following in zip(path, (*path[1:], None), strict=True):
        last = following is None
        fresh: Json = value if last else {}
        if isinstance(node, dict):
            node = node.setdefault(str(step), fresh)
        elif isinstance(node, list):
            if step == len(node):
                node.append(fresh)
            node = node[int(str(step))]
