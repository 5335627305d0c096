"""Reads ``claims.json`` of a certificate type and checks the claims against one another."""

import re
from collections.abc import Mapping, Sequence

from madang.core.catalog.certificate_type import (
    Claim,
    Disclosure,
    Path,
    Texts,
    ValueType,
)
from madang.core.catalog.reader import Node, kind, shown
from madang.core.encoding.strict_json import Json

MAX_CLAIMS = 200
"""Most claims of one type."""
MAX_DEPTH = 6
"""Longest claim path."""
RESERVED = frozenset(
    ("iss", "sub", "aud", "nbf", "exp", "iat", "jti", "cnf", "vct", "vct#integrity", "status")
)
"""First path steps that belong to the issuer (RFC 7519, RFC 7800, SD-JWT VC)."""
_KEY = r"[A-Za-z0-9][A-Za-z0-9_]*"
_SOURCE = rf"{_KEY}(\.{_KEY}(\[\])?)+"
_SOURCE_FORM = "<group>.<key>, with [] after an array's key, for example household.members[].name"


def parse_claims(node: Node) -> tuple[Claim, ...]:
    """Return the claims of a type in the order of the file.

    Raises:
        CatalogError: a claim is malformed, or the claims do not fit one another.
    """
    node.only("claims")
    nodes = node.children("claims")
    if len(nodes) > MAX_CLAIMS:
        raise node.error("claims", f"at most {MAX_CLAIMS} claims", str(len(nodes)))
    claims: dict[Path, Claim] = {}
    for child in nodes:
        claim = _claim(child)
        if claim.path in claims:
            raise child.error("path", "a path that no other claim has", written(claim.path))
        _check_parents(child, claim, claims)
        claims[claim.path] = claim
    _check_containers(nodes, claims)
    return tuple(claims.values())


def written(path: Sequence[str | int | None]) -> str:
    """Return a path for a message: ``members.*.name``."""
    return ".".join("*" if step is None else str(step) for step in path)


def _claim(node: Node) -> Claim:
    node.only("path", "source", "value_type", "sd", "mandatory", "display", "values")
    value_type = ValueType(node.choice("value_type", [*ValueType]))
    path = _path(node)
    return Claim(
        path=path,
        source=_source(node, path, value_type),
        value_type=value_type,
        sd=_disclosure(node, value_type),
        mandatory=node.flag("mandatory"),
        display=node.texts("display"),
        values=_values(node, value_type),
    )


def _path(node: Node) -> Path:
    steps = node.array("path")
    if len(steps) > MAX_DEPTH:
        raise node.error("path", f"at most {MAX_DEPTH} steps", str(len(steps)))
    for index, step in enumerate(steps):
        _check_step(node, index, step)
    return tuple(step for step in steps if step is None or isinstance(step, str))


def _check_step(node: Node, index: int, step: Json) -> None:
    place = f"path[{index}]"
    if step is None and index > 0:
        return
    if not isinstance(step, str) or re.fullmatch(_KEY, step) is None:
        expected = "a key of letters, digits and _" + (" or null" if index else "")
        raise node.error(place, expected, shown(step))
    if index == 0 and step in RESERVED:
        raise node.error(place, "a claim that the issuer does not set itself", shown(step))


def _source(node: Node, path: Path, value_type: ValueType) -> str | None:
    if value_type is ValueType.OBJECT:
        if node.members.get("source") is not None:
            raise node.error("source", "none, for an object has only its members", "a source")
        return None
    source = node.matching("source", _SOURCE, _SOURCE_FORM)
    arrays, wildcards = source.count("[]"), path.count(None)
    if arrays != wildcards:
        expected = f"as many [] as the path has null: {wildcards}"
        raise node.error("source", expected, f"{arrays} in {shown(source)}")
    return source


def _disclosure(node: Node, value_type: ValueType) -> Disclosure:
    sd = Disclosure(node.choice("sd", [*Disclosure]))
    if value_type is ValueType.OBJECT and sd is not Disclosure.NEVER:
        raise node.error("sd", "never: an object's members are disclosed one by one", shown(sd))
    return sd


def _values(node: Node, value_type: ValueType) -> Mapping[str, Texts]:
    if value_type is not ValueType.CODE:
        if "values" in node.members:
            raise node.error("values", f"none for a {value_type}", kind(node.members["values"]))
        return {}
    child = node.child("values")
    if not child.members:
        raise node.error("values", "at least one code with its texts", "an empty object")
    return {code: child.texts(code) for code in child.members}


def _check_parents(node: Node, claim: Claim, claims: Mapping[Path, Claim]) -> None:
    """Each step on the way to a claim is a claim of its own, so that it has a label."""
    for length in range(1, len(claim.path)):
        parent, step = claim.path[:length], claim.path[length]
        needed = ValueType.ARRAY if step is None else ValueType.OBJECT
        if parent[-1] is None and step is not None:
            continue
        found = claims.get(parent)
        if found is None or found.value_type is not needed:
            expected = f"an earlier claim {written(parent)} of value_type {needed}"
            raise node.error("path", expected, "none" if found is None else found.value_type)


def _check_containers(nodes: Sequence[Node], claims: Mapping[Path, Claim]) -> None:
    """No container is empty, and one that must be there has something that must be there."""
    for node, claim in zip(nodes, claims.values(), strict=True):
        if claim.value_type not in (ValueType.ARRAY, ValueType.OBJECT):
            continue
        size = len(claim.path)
        below = [c for c in claims.values() if len(c.path) > size and c.path[:size] == claim.path]
        values = [c for c in below if c.source is not None]
        if not values:
            raise node.error("path", f"claims below {written(claim.path)}", "none")
        if claim.value_type is ValueType.ARRAY:
            _check_elements(node, values[0])
        elif claim.mandatory and not any(c.mandatory for c in values):
            raise node.error("path", f"a mandatory claim below {written(claim.path)}", "none")


def _check_elements(node: Node, first: Claim) -> None:
    """Elements are made by their first claim: were it optional, an element could vanish."""
    if not first.mandatory:
        expected = "a first claim of the elements that is mandatory"
        raise node.error("path", expected, f"{written(first.path)}, which is not")
