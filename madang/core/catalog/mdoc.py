"""A certificate type as an mdoc: its names, and its claims as elements (ISO/IEC 18013-5, ADR 0025).

An element is what a holder can show alone, so a claim inside an object is an element of its own,
called by its path: `age_equal_or_over.19`. An array is one element, whatever it holds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from math import isfinite
from typing import Any, NamedTuple

from madang.core.catalog.certificate_type import CertificateType, Claim, Path, ValueType
from madang.core.encoding import base64url
from madang.core.encoding.cbor import Cbor
from madang.core.encoding.strict_json import Json
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.times import day_of, full_date

Elements = Mapping[str, Mapping[str, Cbor]]
"""Values by namespace and identifier."""


class ElementName(NamedTuple):
    """Where an element stands: a claim path of DCQL for mdocs (OpenID4VP 1.0 section 7.2)."""

    name_space: str
    identifier: str


def reverse_domain(host: str) -> str:
    """Return a host name with its labels in reverse order, as document types begin."""
    return ".".join(reversed(host.split(".")))


def doc_type(domain: str, certificate_type: CertificateType) -> str:
    """Return the type's document type: a standard's, or one of ours.

    Args:
        domain: reversed domain of the lead municipality.
        certificate_type: the type.
    """
    if certificate_type.mdoc is not None:
        return certificate_type.mdoc.doc_type
    return _own_name(domain, certificate_type)


def element_name(domain: str, certificate_type: CertificateType, path: Path) -> ElementName:
    """Return the element in which a claim stands; what lies inside an array is its array's."""
    steps = path[: path.index(None)] if None in path else path
    identifier = ".".join(str(step) for step in steps if isinstance(step, str))
    names = certificate_type.mdoc
    if names is None or path[0] in names.own:
        return ElementName(_own_name(domain, certificate_type), identifier)
    return ElementName(names.name_space, identifier)


def element_paths(
    domain: str, certificate_type: CertificateType, paths: Iterable[Path]
) -> tuple[Path, ...]:
    """Return where the claims of some paths stand, each once and in the type's order.

    An object is all its members' elements. What lies inside an array is none: its element is the
    whole array, which is more.
    """
    wanted = tuple(paths)
    return tuple(
        tuple(element_name(domain, certificate_type, claim.path))
        for claim in elementary(certificate_type)
        if any(claim.path[: len(path)] == path for path in wanted)
    )


def elements(
    domain: str, certificate_type: CertificateType, payload: Mapping[str, Json]
) -> dict[str, dict[str, Cbor]]:
    """Return a payload's claims as elements: days as full-date, bytes as bytes.

    Args:
        domain: reversed domain of the lead municipality.
        certificate_type: the type.
        payload: the claims, as `build_payload` made them of this type.
    """
    kinds = _kinds(certificate_type)
    found: dict[str, dict[str, Cbor]] = {}
    for claim in elementary(certificate_type):
        value = _at(payload, claim.path)
        if value is not None:
            name_space, identifier = element_name(domain, certificate_type, claim.path)
            found.setdefault(name_space, {})[identifier] = _to_cbor(value, claim.path, kinds)
    return found


def payload(domain: str, certificate_type: CertificateType, shown: Elements) -> dict[str, Json]:
    """Return shown elements as claims, so that rules read both formats alike.

    Elements that the type does not know are left out.

    Args:
        domain: reversed domain of the lead municipality.
        certificate_type: the type.
        shown: the elements of a verdict.

    Raises:
        MdocError: a day or bytes were expected, or a value has no JSON.
    """
    kinds = _kinds(certificate_type)
    return _regrouped(
        domain, certificate_type, shown, lambda value, path: _to_json(value, path, kinds)
    )


def released(
    domain: str, certificate_type: CertificateType, shown: Mapping[str, object]
) -> dict[str, Json]:
    """Return elements that stand as JSON already, as a verifier releases them, as claims.

    Elements that the type does not know are left out.

    Args:
        domain: reversed domain of the lead municipality.
        certificate_type: the type.
        shown: JSON values by namespace and identifier.
    """
    return _regrouped(domain, certificate_type, shown, lambda value, _: value)


def _regrouped(
    domain: str,
    certificate_type: CertificateType,
    shown: Mapping[str, Any],
    convert: Callable[[Any, Path], Json],
) -> dict[str, Json]:
    claims: dict[str, Json] = {}
    for claim in elementary(certificate_type):
        name_space, identifier = element_name(domain, certificate_type, claim.path)
        members = shown.get(name_space, {})
        if identifier in members:
            *above, last = claim.path
            container = claims
            for step in above:
                container = container.setdefault(str(step), {})
            container[str(last)] = convert(members[identifier], claim.path)
    return claims


def _own_name(domain: str, certificate_type: CertificateType) -> str:
    return f"{domain}.{certificate_type.id}.{certificate_type.version}"


def _kinds(certificate_type: CertificateType) -> Mapping[Path, ValueType]:
    return {claim.path: claim.value_type for claim in certificate_type.claims}


def elementary(certificate_type: CertificateType) -> Iterator[Claim]:
    """Yield the claims that are elements: no objects, and nothing inside an array."""
    for claim in certificate_type.claims:
        if claim.value_type is not ValueType.OBJECT and None not in claim.path:
            yield claim


def _at(payload: Mapping[str, Json], path: Path) -> Json:
    value: Any = payload
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _to_cbor(value: Json, path: Path, kinds: Mapping[Path, ValueType]) -> Cbor:
    if isinstance(value, list):
        return [_to_cbor(inner, (*path, None), kinds) for inner in value]
    if isinstance(value, Mapping):
        return {name: _to_cbor(inner, (*path, name), kinds) for name, inner in value.items()}
    if kinds.get(path) is ValueType.DATE:
        return full_date(date.fromisoformat(str(value)))
    if kinds.get(path) is ValueType.BYTES:
        return base64url.decode(str(value))
    return value


def _to_json(value: Cbor, path: Path, kinds: Mapping[Path, ValueType]) -> Json:
    if isinstance(value, list | tuple):
        return [_to_json(inner, (*path, None), kinds) for inner in value]
    if isinstance(value, Mapping):
        return {str(name): _to_json(inner, (*path, name), kinds) for name, inner in value.items()}
    if kinds.get(path) is ValueType.DATE:
        return day_of(value).isoformat()
    if kinds.get(path) is ValueType.BYTES and isinstance(value, bytes):
        return base64url.encode(value)
    if kinds.get(path) is ValueType.BYTES or not _is_json(value):
        detail = f"{'.'.join(str(step) for step in path)} has no JSON as a claim of its type"
        raise MdocError("malformed_element", "ISO 18013-5 7.2.1", detail)
    return value


def _is_json(value: Cbor) -> bool:
    """Tell whether a single value is JSON too: no bytes, tag, undefined or infinite number."""
    if isinstance(value, float):
        return isfinite(value)
    return value is None or isinstance(value, str | int)
