"""Which parts of a payload are selectively disclosable, and where decoys go (RFC 9901 4.2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import Path

_NONE: Final[Mapping[Path, int]] = MappingProxyType({})


@dataclass(slots=True)
class SdFrame:
    """Which parts of a payload are selectively disclosable.

    Attributes:
        members: frame of each member or element that has or holds something disclosable;
            the key None stands for every element of an array.
        disclosable: whether this part itself is.
        decoys: digests without a disclosure that this object or array gets (RFC 9901
            sections 4.2.5 and 4.2.6), so that their number tells less.
    """

    members: "dict[str | int | None, SdFrame]" = field(default_factory=dict)
    disclosable: bool = False
    decoys: int = 0

    @classmethod
    def of(cls, paths: Iterable[Path], decoys: Mapping[Path, int] = _NONE) -> "SdFrame":
        """Build a frame in which exactly the parts at `paths` are disclosable.

        Args:
            paths: to members and elements.
            decoys: how many decoys the object or array at a path gets; () is the payload.
        """
        root = cls()
        for path in paths:
            root._at(path).disclosable = True
        for path, number in decoys.items():
            root._at(path).decoys = number
        return root

    def _at(self, path: Path) -> "SdFrame":
        frame = self
        for step in path:
            frame = frame.members.setdefault(step, SdFrame())
        return frame


def mismatch(steps: Iterable[object]) -> SdJwtError:
    """Return the refusal of a frame that names what the payload lacks."""
    named = ", ".join(sorted(map(repr, steps)))
    return SdJwtError(
        "frame_mismatch", "RFC 9901 6.1", f"the frame names {named}, which the payload lacks there"
    )
