"""Hold a credential against the rules of its type (SD-JWT VC Claim Metadata).

Of a presentation only what is disclosed can be judged: a mandatory claim that is not there is a
failure where no digest is left that could be its own. Whoever has all disclosures, the issuer and
the holder on receipt, judges everything.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.model import NEVER_DISCLOSABLE, Path
from madang.core.formats.sd_jwt.type_metadata import ClaimMetadata, Sd, TypeMetadata
from madang.core.formats.sd_jwt.verdict import Failure
from madang.core.formats.sd_jwt.verify import Unfolded

MAX_SELECTED: Final = 10_000
"""How many elements one path may select."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A credential as somebody sees it.

    Attributes:
        payload: the claims that are seen, in their places.
        disclosed: places whose values are disclosures, or will be.
        withheld: places of objects and arrays in which digests are left.
    """

    payload: Mapping[str, Any]
    disclosed: Container[Path]
    withheld: Container[Path] = frozenset()

    @classmethod
    def of(cls, unfolded: Unfolded, *, complete: bool = False) -> "Seen":
        """Return what a verifier sees; `complete` for who has every disclosure there is."""
        disclosed = frozenset(place for place, _ in unfolded.places)
        return cls(unfolded.payload, disclosed, () if complete else unfolded.withheld)


def check_issue(metadata: TypeMetadata, payload: Mapping[str, Any], frame: SdFrame) -> None:
    """Hold what is about to be issued against its type.

    Raises:
        SdJwtError: the first rule that is broken; codes as of `failures`.
    """
    seen = Seen(payload, frozenset(_disclosable(payload, frame, ())))
    for failure in failures(metadata, seen):
        raise SdJwtError(failure.code, failure.clause, failure.detail)


def failures(metadata: TypeMetadata, seen: Seen) -> Iterator[Failure]:
    """Yield every broken rule in the order of the metadata.

    Codes: claim_path (a path leads through a value of another kind), claim_mandatory (a claim is
    not there), claim_sd_always (a claim is not disclosable by itself), claim_sd_never (a claim is
    or is in a disclosure).
    """
    for claim in metadata.claims:
        if not _kept(claim, seen):
            yield from _broken(claim, seen, metadata.optional)


def _kept(claim: ClaimMetadata, seen: Seen) -> bool:
    """Tell whether a claim is a member and its rules hold; of any other `_broken` judges."""
    path, sd = claim.path, claim.sd
    outer, name = path[:-1], path[-1]
    value: Any = seen.payload
    for step in outer:
        value = value.get(step) if type(value) is dict else None
    if type(value) is not dict or type(name) is not str:
        return False
    if name not in value:
        hidden = outer in seen.withheld and path[0] not in NEVER_DISCLOSABLE
        return not claim.mandatory or (hidden and sd is not Sd.NEVER)
    if sd is Sd.NEVER:
        return not outer and path not in seen.disclosed
    return sd is Sd.ALLOWED or path in seen.disclosed


def _broken(claim: ClaimMetadata, seen: Seen, optional: Container[Path]) -> Iterator[Failure]:
    path, sd = claim.path, claim.sd
    try:
        places, gaps = _select(path, seen)
    except _Unselectable as reason:
        yield Failure("claim_path", "SD-JWT VC Claim Path", f"{list(path)}: {reason}")
        return
    if gaps and claim.mandatory and any(_lacking(gap, claim, seen, optional) for gap in gaps):
        clause = "SD-JWT VC Claim Mandatory Metadata"
        yield Failure("claim_mandatory", clause, f"{list(path)} is mandatory and not there")
    clause = "SD-JWT VC Claim Selective Disclosure Metadata"
    if sd is Sd.ALWAYS and places and any(place not in seen.disclosed for place in places):
        yield Failure("claim_sd_always", clause, f"{list(path)} cannot be withheld by itself")
    if sd is Sd.NEVER and places and any(_concealed(place, seen) for place in places):
        yield Failure("claim_sd_never", clause, f"{list(path)} came in a disclosure")


class _Unselectable(Exception):  # noqa: N818 - a jump out of the walk, never seen outside
    pass


_TOO_MANY: Final = f"selects more than {MAX_SELECTED} elements"


def _select(path: Path, seen: Seen) -> tuple[list[Path], list[Path]]:
    """Return the places that a path selects, and those at which it ends too early."""
    value: Any = seen.payload
    for walked, name in enumerate(path):
        if not isinstance(name, str) or not isinstance(value, dict):
            return _select_below(path[walked:], (path[:walked], value), seen)
        if name not in value:
            return [], [path[: walked + 1]]
        value = value[name]
    return [path], []


def _select_below(
    steps: Path, start: tuple[Path, Any], seen: Seen
) -> tuple[list[Path], list[Path]]:
    """Do the same from a place on, where a path may lead to several."""
    selected = [start]
    gaps: list[Path] = []
    for step in steps:
        found: list[tuple[Path, Any]] = []
        for place, value in selected:
            # What is withheld moves the others up: an index means the whole array.
            moved = isinstance(step, int) and place in seen.withheld
            inside = {} if moved else _inside(value, step)
            if step is None:
                found += [((*place, index), inner) for index, inner in inside.items()]
            elif step in inside:
                found.append(((*place, step), inside[step]))
            else:
                gaps.append((*place, step))
            if len(found) > MAX_SELECTED:
                raise _Unselectable(_TOO_MANY)
        selected = found
    return [place for place, _ in selected], gaps


def _inside(value: Any, step: str | int | None) -> Mapping[str | int, Any]:  # noqa: ANN401 - JSON
    """Return the members or elements among which a step selects."""
    if isinstance(step, str) and isinstance(value, Mapping):
        return value
    if isinstance(step, int) and isinstance(value, list | tuple):
        return {step: value[step]} if step < len(value) else {}
    if step is None and isinstance(value, list | tuple):
        if len(value) > MAX_SELECTED:
            raise _Unselectable(_TOO_MANY)
        return dict(enumerate(value))
    raise _Unselectable("leads through a value of another kind")


def _lacking(gap: Path, claim: ClaimMetadata, seen: Seen, optional: Container[Path]) -> bool:
    """Tell whether a mandatory claim is missing at a gap, and not just out of sight.

    A claim inside of an optional one is mandatory where that one is there.
    """
    if claim.path[: len(gap)] in optional:
        return False
    if gap[:-1] not in seen.withheld:
        return True
    # Among elements that moved up, one in clear may be there at another index.
    in_clear = claim.sd is Sd.NEVER or gap[0] in NEVER_DISCLOSABLE
    return in_clear and not isinstance(gap[-1], int)


def _concealed(place: Path, seen: Seen) -> bool:
    return any(place[:end] in seen.disclosed for end in range(1, len(place) + 1))


def _disclosable(value: Any, frame: SdFrame, place: Path) -> Iterator[Path]:  # noqa: ANN401 - JSON
    """Yield the place of everything that a frame makes disclosable."""
    if frame.disclosable:
        yield place
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, Mapping):
        inside = list(value.items())
    elif isinstance(value, list | tuple):
        inside = list(enumerate(value))
    every = frame.members.get(None)
    for step, inner in inside:
        below = frame.members.get(step, every if isinstance(step, int) else None)
        if below is not None:
            yield from _disclosable(inner, below, (*place, step))
