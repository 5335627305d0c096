"""From a register's record to the claims of a credential; paths only, no certificate by name."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    """Select a certificate's claims from one record; see `Selection.payload`."""
    return Selection(certificate_type).payload(record)


class Selection:
    """What a certificate takes from a record, taken apart once.

    Args:
        certificate_type: the type to fill.

    Attributes:
        groups: of the register's records, those that the type needs.
    """

    def __init__(self, certificate_type: CertificateType) -> None:
        self.certificate_type = certificate_type
        self._own = {"issuing_authority": certificate_type.issuing_authority.name}
        own = {TYPE_GROUP, ATTESTER_GROUP}
        self._sources = [_Source.of(each) for each in certificate_type.claims if each.source]
        self.groups = frozenset(each.segments[0][0] for each in self._sources) - own

    def payload(self, record: Mapping[str, Json]) -> Payload:
        """Select the certificate's claims from a record.

        Args:
            record: the register's groups, and the group ``attester`` with ``name``, the official
                name of the municipality that attests.

        Raises:
            RecordError: a mandatory claim has no value, or a value has another form than the type
                says.
        """
        values: dict[str, Json] = {**record, TYPE_GROUP: self._own}
        claims: dict[str, Json] = {}
        sd_paths: list[Path] = []
        for source in self._sources:
            claim = source.claim
            for path, value in source.found(values):
                if value is not None:
                    _insert(claims, path, _checked(self.certificate_type, claim, value))
                    if claim.sd is not Disclosure.NEVER:
                        sd_paths.append(path)
                elif claim.mandatory:
                    expected = _EXPECTED.get(claim.value_type, "a value")
                    told = str(claim.source)
                    raise RecordError(self.certificate_type.id, told, expected, "nothing")
        return Payload(claims, tuple(sd_paths))


class _Source(NamedTuple):
    """Where a claim comes from.

    Attributes:
        claim: the claim.
        segments: names to follow, and whether every element of the array there is meant.
        arrays: whether there is such a segment.
    """

    claim: Claim
    segments: tuple[tuple[str, bool], ...]
    arrays: bool

    @classmethod
    def of(cls, claim: Claim) -> "_Source":
        """Take a claim's source apart."""
        texts = str(claim.source).split(".")
        segments = [(text.removesuffix("[]"), text.endswith("[]")) for text in texts]
        return cls(claim, tuple(segments), any(every for _, every in segments))

    def found(self, record: Mapping[str, Json]) -> Iterable[tuple[Path, Json]]:
        """Return each concrete path of the claim with its value."""
        if self.arrays:
            return self._elements(record)
        value: Json = record
        for key, _ in self.segments:
            value = value.get(key) if isinstance(value, dict) else None
        return ((self.claim.path, value),)

    def _elements(self, record: Mapping[str, Json]) -> Iterator[tuple[Path, Json]]:
        for indexes, value in _resolve(record, self.segments):
            steps = iter(indexes)
            yield tuple(next(steps) if step is None else step for step in self.claim.path), value


def _resolve(
    value: Json, segments: Sequence[tuple[str, bool]]
) -> Iterator[tuple[tuple[int, ...], Json]]:
    """Follow a source into a record; yield the array indexes passed and what stands there.

    What is absent and what is null are the same: the register has nothing to say.
    """
    if not segments:
        yield (), value
        return
    (key, every), rest = segments[0], segments[1:]
    found = value.get(key) if isinstance(value, dict) else None
    if not every:
        yield from _resolve(found, rest)
    elif isinstance(found, list):
        for index, element in enumerate(found):
            yield from (((index, *more), end) for more, end in _resolve(element, rest))


def _checked(certificate_type: CertificateType, claim: Claim, value: Json) -> Json:
    if not _fits(claim, value):
        expected = _EXPECTED.get(claim.value_type) or f"one of {', '.join(claim.values)}"
        raise RecordError(certificate_type.id, str(claim.source), expected, kind(value))
    return [] if claim.value_type is ValueType.ARRAY else value


def _fits(claim: Claim, value: Json) -> bool:
    wanted = claim.value_type
    if isinstance(value, str):
        if wanted is ValueType.CODE:
            return value in claim.values
        form = _FORMS.get(wanted)
        return form is not None and bool(value) and form(value)
    if wanted is ValueType.ARRAY:
        return isinstance(value, list)
    if wanted is ValueType.BOOLEAN:
        return isinstance(value, bool)
    return wanted is ValueType.INTEGER and type(value) is int and abs(value) <= MAX_INTEGER


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


_FORMS: Mapping[ValueType, Callable[[str], bool]] = {
    ValueType.STRING: bool,
    ValueType.DATE: is_date,
    ValueType.BYTES: is_base64url,
}
"""What a text has to be."""


def _insert(container: dict[str, Json], path: Path, value: Json) -> None:
    """Put a value at a path, making the objects on the way; elements come in their order."""
    if len(path) == 1:
        container.setdefault(str(path[0]), value)
        return
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
