"""Process an SD-JWT: put the disclosed values in their places (RFC 9901 section 7.1)."""

from collections.abc import Mapping
from typing import Any

from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import (
    ELLIPSIS,
    SD,
    SD_ALG,
    Disclosure,
    Path,
    SdJwt,
    digests_of,
)

MAX_DEPTH = 16
_CLAUSE = "RFC 9901 7.1"
_TEXT = frozenset({str})
_NESTED = frozenset({dict, list})


def process(sd_jwt: SdJwt, *, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Return the payload with every disclosed value in its place and all digests removed.

    The signature is not checked here.

    Raises:
        SdJwtError: a digest or a disclosure twice, a disclosure that nothing refers to, one of
            the wrong kind, a name that is there already, an unknown `_sd_alg`, too much depth.
    """
    return Unfolded(sd_jwt, max_depth=max_depth).payload


class Unfolded:
    """A processed payload, and where each disclosure went.

    Attributes:
        payload: the processed payload.
        places: the path of each disclosure in the processed payload, parents before children.
        withheld: the paths of objects and arrays in which digests are left, decoys among them.
        positions: of each array in which digests are left, where its remaining elements stand in
            what the issuer signed, digests counted.
    """

    def __init__(self, sd_jwt: SdJwt, *, max_depth: int = MAX_DEPTH) -> None:
        self._max_depth = max_depth
        self._open = _by_digest(sd_jwt)
        self._seen: set[str] = set()
        self.places: list[tuple[Path, Disclosure]] = []
        self.withheld: set[Path] = set()
        self.positions: dict[Path, tuple[int, ...]] = {}
        self.payload = self._members(sd_jwt.payload, ())
        self.payload.pop(SD_ALG, None)
        if self._open:
            raise _refusal("unreferenced_disclosure", "a disclosure's digest is nowhere")

    def _value(self, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            return self._members(value, path)
        if isinstance(value, list):
            return self._elements(value, path)
        return value

    def _members(self, value: Mapping[str, Any], path: Path) -> dict[str, Any]:
        self._check_depth(path)
        if ELLIPSIS in value:
            raise _refusal("misplaced_digest", "'...' stands outside an array element")
        result = {}
        for name, member in value.items():
            if name != SD:
                nested = type(member) in _NESTED
                result[name] = self._value(member, (*path, name)) if nested else member
        if SD in value:
            self._disclosed(value[SD], path, result)
        return result

    def _disclosed(self, digests: object, path: Path, result: dict[str, Any]) -> None:
        """Add the disclosed members of an object."""
        if not isinstance(digests, list) or not _TEXT.issuperset(map(type, digests)):
            raise _refusal("malformed_digests", "_sd is not an array of text")
        self._mark(digests)
        taken = self._open.pop
        for digest in digests:
            disclosure = taken(digest, None)
            if disclosure is None:
                self.withheld.add(path)
                continue
            _, _, name, value = disclosure
            if name is None:
                raise _refusal("wrong_disclosure", "a member's digest has an element's disclosure")
            if name in result:
                raise _refusal("name_twice", "a disclosed name is in the object already")
            place = (*path, name)
            self.places.append((place, disclosure))
            result[name] = self._value(value, place) if type(value) in _NESTED else value

    def _elements(self, value: list[Any], path: Path) -> list[Any]:
        self._check_depth(path)
        result: list[Any] = []
        kept: list[int] = []
        for position, element in enumerate(value):
            # Counted without what is withheld: a path means the processed payload.
            place, content = (*path, len(result)), element
            if isinstance(element, dict) and element.keys() == {ELLIPSIS}:
                disclosure = self._element(element[ELLIPSIS])
                if disclosure is None:
                    self.withheld.add(path)
                    continue
                self.places.append((place, disclosure))
                content = disclosure.value
            kept.append(position)
            result.append(self._value(content, place))
        if len(kept) < len(value):
            self.positions[path] = tuple(kept)
        return result

    def _element(self, digest: object) -> Disclosure | None:
        if not isinstance(digest, str):
            raise _refusal("malformed_digests", "a digest is not text")
        self._mark([digest])
        disclosure = self._open.pop(digest, None)
        if disclosure is not None and disclosure.name is not None:
            raise _refusal("wrong_disclosure", "an element's digest has a member's disclosure")
        return disclosure

    def _mark(self, digests: list[str]) -> None:
        """Refuse a digest that was there before."""
        before = len(self._seen)
        self._seen.update(digests)
        if len(self._seen) < before + len(digests):
            raise _refusal("digest_twice", "a digest occurs twice")

    def _check_depth(self, path: Path) -> None:
        if len(path) > self._max_depth:
            raise _refusal("too_deep", f"nests deeper than {self._max_depth}")


def _by_digest(sd_jwt: SdJwt) -> dict[str, Disclosure]:
    digests = digests_of([d.encoded.encode("ascii") for d in sd_jwt.disclosures], sd_jwt.hash_name)
    by_digest = dict(zip(digests, sd_jwt.disclosures, strict=True))
    if len(by_digest) != len(sd_jwt.disclosures):
        raise _refusal("disclosure_twice", "a disclosure occurs twice")
    return by_digest


def _refusal(code: str, detail: str) -> SdJwtError:
    return SdJwtError(code, _CLAUSE, detail)
