"""What an agency has chosen on the page, and the DCQL query that follows from it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from madang.core.catalog.certificate_type import Path
from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC

ALWAYS, WELCOME = "always", "welcome"
GROUPS: Final = ("a", "b", "c")
"""Alternatives: of the certificates of one group, one is enough."""
NEEDS: Final = (ALWAYS, *GROUPS, WELCOME)
FORMATS: Final = (SD_JWT_VC, MSO_MDOC)
MOST_PARTS: Final = 16
MOST_CLAIMS: Final = 60

Scalar = str | int | bool


class DraftError(ValueError):
    """What was typed on the page makes no query; the code names a text for the reader.

    Attributes:
        code: draft_path, draft_parts, draft_claims, draft_type or draft_empty.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Chosen:
    """A claim, and the values that it may have; none for any."""

    path: Path
    values: tuple[Scalar, ...] = ()

    def query(self) -> dict[str, Json]:
        """Return the claims query (OpenID4VP 1.0 section 6.3)."""
        values: dict[str, Json] = {"values": list(self.values)} if self.values else {}
        return {"path": list(self.path), **values}


@dataclass(frozen=True, slots=True)
class Part:
    """One certificate that is asked for.

    Attributes:
        id: of the credential query.
        format: the credential format.
        type: its `vct` or `docType`.
        need: always, welcome, or the group of which one is enough.
    """

    id: str
    format: str
    type: str
    need: str = ALWAYS
    claims: tuple[Chosen, ...] = ()

    def query(self) -> dict[str, Json]:
        """Return the credential query (section 6.1)."""
        mdoc = self.format == MSO_MDOC
        meta: Json = {"doctype_value": self.type} if mdoc else {"vct_values": [self.type]}
        claims: dict[str, Json] = {}
        if self.claims:
            claims = {"claims": [each.query() for each in self.claims]}
        return {"id": self.id, "format": self.format, "meta": meta, **claims}


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole request as it was composed.

    Attributes:
        purpose: a registered purpose; empty outside the registry.
    """

    purpose: str = ""
    parts: tuple[Part, ...] = field(default=())

    def with_part(
        self, format_: str, type_: str, need: str = ALWAYS, claims: tuple[Chosen, ...] = ()
    ) -> "Draft":
        """Return the draft with one more certificate; DraftError when there are too many."""
        if len(self.parts) >= MOST_PARTS:
            raise DraftError("draft_parts")
        taken = {part.id for part in self.parts}
        fresh = next(name for n in range(MOST_PARTS + 1) if (name := f"c{n + 1}") not in taken)
        return replace(self, parts=(*self.parts, Part(fresh, format_, type_, need, claims)))

    def without(self, part: str) -> "Draft":
        """Return the draft without a certificate."""
        return replace(self, parts=tuple(each for each in self.parts if each.id != part))

    def query(self) -> dict[str, Any]:
        """Return the DCQL query (section 6)."""
        query: dict[str, Any] = {"credentials": [part.query() for part in self.parts]}
        sets = list(self._sets())
        if any(part.need != ALWAYS for part in self.parts):
            query["credential_sets"] = sets
        return query

    def _sets(self) -> Iterator[dict[str, Json]]:
        for part in self.parts:
            if part.need == ALWAYS:
                yield {"options": [[part.id]]}
        for group in GROUPS:
            options: list[Json] = [[part.id] for part in self.parts if part.need == group]
            if options:
                yield {"options": options}
        for part in self.parts:
            if part.need == WELCOME:
                yield {"options": [[part.id]], "required": False}

    def to_json(self) -> dict[str, Any]:
        """Return what is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return what was kept."""
        return cls(value["purpose"], tuple(map(_part, value["parts"])))


def _part(value: Mapping[str, Any]) -> Part:
    claims = (Chosen(tuple(each["path"]), tuple(each["values"])) for each in value["claims"])
    return Part(value["id"], value["format"], value["type"], value["need"], tuple(claims))


def read_lines(text: str) -> tuple[Chosen, ...]:
    """Read claims that were typed: a line each, `a.b`, or `a.b = one | other`.

    A step of digits is a place in an array, `*` every place. A path that holds a dot in a name is
    written as JSON, as in a query.

    Raises:
        DraftError: draft_path for a line that is none, draft_claims for too many.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_CLAIMS:
        raise DraftError("draft_claims")
    return tuple(map(_line, lines))


def _line(line: str) -> Chosen:
    path, _, values = line.partition("=")
    return Chosen(_path(path.strip()), read_values(values))


def _path(text: str) -> Path:
    if text.startswith("["):
        return _json_path(text)
    steps = text.split(".")
    if not all(steps):
        raise DraftError("draft_path")
    return tuple(map(_step, steps))


def _json_path(text: str) -> Path:
    try:
        steps = json.loads(text)
    except (ValueError, RecursionError):
        raise DraftError("draft_path") from None
    if not isinstance(steps, list) or not steps or not all(map(_is_step, steps)):
        raise DraftError("draft_path")
    return tuple(steps)


def _is_step(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return value is None or isinstance(value, str) or (isinstance(value, int) and value >= 0)


def _step(text: str) -> str | int | None:
    if text == "*":
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text  # noqa: PLR2004  # digits


def read_values(text: str) -> tuple[Scalar, ...]:
    """Read allowed values: separated by `|`; whole numbers, true and false are no text.

    What should be text all the same stands in double quotes.
    """
    return tuple(_scalar(each.strip()) for each in text.split("|") if each.strip())


def _scalar(text: str) -> Scalar:
    if text in {"true", "false"}:
        return text == "true"
    if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 16:  # noqa: PLR2004  # digits
        return int(text)
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quoted else text


def write_values(values: tuple[Scalar, ...]) -> str:
    """Write values as they are typed."""
    return " | ".join(map(_typed, values))


def _typed(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if _scalar(value) == value and value.strip() == value else f'"{value}"'


def write_lines(claims: tuple[Chosen, ...]) -> str:
    """Write claims as they are typed."""
    return "\n".join(
        " = ".join(filter(None, (_written(each.path), write_values(each.values))))
        for each in claims
    )


def _written(path: Path) -> str:
    plain = ".".join("*" if step is None else str(step) for step in path)
    try:
        same = _path(plain) == path
    except DraftError:
        same = False
    return plain if same and "=" not in plain else json.dumps(list(path), ensure_ascii=False)
